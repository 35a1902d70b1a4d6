"""Who is behind a hub, as its HubClientInfo says. Source: 2.2.1 HubClientInfo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus


@dataclass(frozen=True, slots=True)
class Client:
    """One role of a party behind a hub."""

    party: Party
    role: Role
    status: ConnectionStatus
    last_updated: datetime


# A party with two roles has two ClientInfo objects under one URL (HCI-07).
_PUT = """
INSERT INTO client_infos AS c
    (peer_id, party, role, country_code, party_id, status, last_updated, told_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (peer_id, party, role) DO UPDATE
SET country_code = excluded.country_code, party_id = excluded.party_id,
    status = excluded.status, last_updated = excluded.last_updated, told_at = excluded.told_at
WHERE c.last_updated <= excluded.last_updated
"""

# What a hub lists no longer it has removed (HCI-05), unless it told us while we read its list.
_GONE = """
UPDATE client_infos SET status = 'SUSPENDED'
WHERE peer_id = %s AND told_at < %s AND (party, role) NOT IN (
    SELECT * FROM unnest(%s::text[], %s::text[])
)
"""


async def put(conn: Hot, peer_id: str, client: Client, *, now: datetime) -> None:
    """Keeps what a hub says of a party, unless something newer is known."""
    party = client.party
    values = (party.key, client.role, party.country_code, party.party_id, client.status)
    await conn.execute(_PUT, (peer_id, *values, client.last_updated, now))


async def replace_all(conn: Hot, peer_id: str, clients: Sequence[Client], *, now: datetime) -> None:
    """Keeps a hub's whole list, whose reading began `now`, in the caller's transaction."""
    for client in clients:
        await put(conn, peer_id, client, now=now)
    keys = [client.party.key for client in clients], [client.role.value for client in clients]
    await conn.execute(_GONE, (peer_id, now, *keys))


async def mark_read(conn: Hot, peer_id: str, *, now: datetime) -> None:
    """Notes that it is known who is behind a hub."""
    await conn.execute("UPDATE peers SET clients_read_at = %s WHERE id = %s", (now, peer_id))
