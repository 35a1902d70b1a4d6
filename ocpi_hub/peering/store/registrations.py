"""How a peer comes to be registered: invitations, tokens, and the parties it speaks for.

Every function is a step of the caller's transaction. One that raises has refused the step, and the
transaction must be rolled back: nothing has changed then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.peering.store.peers import PeerStatus, TokenKind
from ocpi_hub.protocol.errors import InvalidParameters, Unauthorized
from ocpi_hub.protocol.party import Party

# How long a replaced token may still be used while its successor was not (AUTH-18).
GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Registration:
    """What a handshake brought: `token_out` is the peer's token for us, encrypted.

    `endpoints` are {identifier, role, url}, `roles` as in the peer's Credentials; `ours` is the
    party that it registers with.
    """

    ours: Party
    version: str
    versions_url: str
    token_out: bytes
    endpoints: Sequence[Mapping[str, str]]
    roles: Sequence[Mapping[str, Any]]


_OPEN = """
INSERT INTO peers AS p (id, name, status, bound_to)
VALUES (%(id)s, %(name)s, 'invited', %(bound_to)s)
ON CONFLICT (name) DO UPDATE
SET status = CASE WHEN p.status = 'removed' THEN 'invited' ELSE p.status END,
    bound_to = coalesce(excluded.bound_to, p.bound_to)
RETURNING id
"""

_HELD_ELSEWHERE = """
SELECT p.name, r.role ->> 'country_code', r.role ->> 'party_id', r.role ->> 'role'
FROM peers p CROSS JOIN jsonb_array_elements(p.roles) AS r (role)
JOIN jsonb_array_elements(%(roles)s) AS claimed (role)
    ON claimed.role ->> 'role' = r.role ->> 'role'
    AND lower(claimed.role ->> 'country_code') = lower(r.role ->> 'country_code')
    AND lower(claimed.role ->> 'party_id') = lower(r.role ->> 'party_id')
WHERE p.id <> %(id)s AND p.status = 'registered'
LIMIT 1
"""

_HELD = """
SELECT bound_to, CASE WHEN status = 'registered' THEN roles ELSE '[]' END FROM peers WHERE id = %s
"""

_KNOWN_ELSEWHERE = """
SELECT 1 FROM client_infos WHERE peer_id <> %(id)s AND party = %(party)s
UNION ALL
SELECT 1 FROM peers p CROSS JOIN jsonb_array_elements(p.roles) AS r (role)
WHERE p.id <> %(id)s AND p.status = 'registered'
    AND lower(concat_ws('/', r.role ->> 'country_code', r.role ->> 'party_id')) = %(party)s
LIMIT 1
"""

_ENTER = """
UPDATE peers
SET status = 'registered', version = %(version)s, versions_url = %(versions_url)s,
    token_out = %(token_out)s, endpoints = %(endpoints)s, roles = %(roles)s,
    presence = 'CONNECTED', last_seen = %(now)s,
    presence_since = CASE WHEN presence = 'CONNECTED' THEN presence_since ELSE %(now)s END,
    clients_read_at = CASE WHEN status = 'registered' THEN clients_read_at END,
    registered_at = coalesce(registered_at, %(now)s)
WHERE id = %(id)s
"""

_PROMOTE = """
WITH promoted AS (
    UPDATE peer_tokens SET kind = 'C' WHERE hash = %(hash)s AND kind = 'P' RETURNING peer_id
)
DELETE FROM peer_tokens t USING promoted
WHERE t.peer_id = promoted.peer_id AND t.hash <> %(hash)s
"""

_REMOVE = (
    "DELETE FROM peer_tokens WHERE peer_id = %s",
    "DELETE FROM client_infos WHERE peer_id = %s",
    "DELETE FROM cursors WHERE peer_id = %s",
    "DELETE FROM parked WHERE peer_id = %s",
    "UPDATE peers SET status = 'removed', token_out = NULL, presence = 'OFFLINE',"
    " clients_read_at = NULL, registered_at = NULL WHERE id = %s",
)


async def invite(
    conn: Hot,
    name: str,
    *,
    new_id: str,
    token_hash: bytes,
    expires_at: datetime,
    bound_to: Sequence[str] | None = None,
) -> str:
    """The id of the peer, which now has this invitation (token A) and no other token.

    `bound_to` holds the only parties and roles it may register, as NL/TNM/CPO; None: those of its
    last invitation, or without one any that is not known here (CRE-19).
    """
    peer_id = await _opened(conn, name, new_id=new_id, bound_to=bound_to)
    await _drop_tokens(conn, peer_id)
    await _add_token(conn, peer_id, token_hash, TokenKind.INVITATION, expires_at=expires_at)
    return peer_id


async def prepare(conn: Hot, name: str, *, new_id: str, token_hash: bytes) -> str:
    """The id of the peer we are about to call, which may use this token besides its own.

    It calls back during POST and PUT credentials. Then comes `register`, or `withdraw`.
    """
    peer_id = await _opened(conn, name, new_id=new_id)
    await _add_token(conn, peer_id, token_hash, TokenKind.HANDED_OVER)
    return peer_id


async def withdraw(conn: Hot, token_hash: bytes) -> None:
    """Forgets a token whose exchange failed; the peer's other tokens stand."""
    await conn.execute("DELETE FROM peer_tokens WHERE hash = %s", (token_hash,))


async def register(
    conn: Hot,
    peer_id: str,
    *,
    presented: bytes,
    token_hash: bytes,
    registration: Registration,
    now: datetime,
) -> None:
    """Makes the peer registered with one token, `token_hash`; every other one is gone.

    `presented` is the token the exchange ran under: the invitation, or for a POST or PUT of ours
    the token we handed over, which is then `token_hash` too.
    """
    await _enter(conn, peer_id, presented=presented, registration=registration, now=now)
    await _drop_tokens(conn, peer_id)
    await _add_token(conn, peer_id, token_hash, TokenKind.REGISTERED)


async def update_registration(
    conn: Hot,
    peer_id: str,
    *,
    presented: bytes,
    token_hash: bytes,
    registration: Registration,
    now: datetime,
) -> None:
    """Carries out a PUT credentials: `token_hash` is provisional until `promote`.

    The peer may not have heard the answer, so the token it had stays good for 24 hours.
    """
    await _enter(conn, peer_id, presented=presented, registration=registration, now=now)
    # A peer that comes with the last answer's token has heard that answer.
    await promote(conn, presented)
    await conn.execute(
        "DELETE FROM peer_tokens WHERE peer_id = %s AND kind = %s",
        (peer_id, TokenKind.PROVISIONAL),
    )
    await conn.execute(
        "UPDATE peer_tokens SET expires_at = %s WHERE peer_id = %s", (now + GRACE, peer_id)
    )
    await _add_token(conn, peer_id, token_hash, TokenKind.PROVISIONAL)


async def promote(conn: Hot, token_hash: bytes) -> None:
    """Makes a provisional token the peer's only one, because it was used."""
    await conn.execute(_PROMOTE, {"hash": token_hash})


async def remove(conn: Hot, peer_id: str) -> None:
    """Carries out a DELETE credentials: no token is left in either direction (CRE-12).

    Its cursors are gone too, so that it gets everything when it registers again.
    """
    for statement in _REMOVE:
        await conn.execute(statement, (peer_id,))


async def _opened(
    conn: Hot, name: str, *, new_id: str, bound_to: Sequence[str] | None = None
) -> str:
    bound = None if bound_to is None else Jsonb(list(bound_to))
    (peer_id,) = await one_row(conn, _OPEN, {"id": new_id, "name": name, "bound_to": bound})
    return str(peer_id)


async def _enter(
    conn: Hot, peer_id: str, *, presented: bytes, registration: Registration, now: datetime
) -> None:
    # Exchanges happen one after the other, so that no role is taken twice.
    await conn.execute("LOCK TABLE peers IN SHARE ROW EXCLUSIVE MODE")
    await _check_token(conn, peer_id, presented=presented, now=now)
    await _check_roles(conn, peer_id, registration.roles, ours=registration.ours)
    values = {
        "id": peer_id,
        "version": registration.version,
        "versions_url": registration.versions_url,
        "token_out": registration.token_out,
        "endpoints": Jsonb(registration.endpoints),
        "roles": Jsonb(registration.roles),
        "now": now,
    }
    await conn.execute(_ENTER, values)


async def _check_token(conn: Hot, peer_id: str, *, presented: bytes, now: datetime) -> None:
    """Unauthorized when the token was used up or replaced since the request came in."""
    stands = await conn.execute(
        "SELECT FROM peer_tokens t JOIN peers p ON p.id = t.peer_id WHERE t.hash = %s"
        " AND p.id = %s AND p.status <> %s AND (t.expires_at IS NULL OR t.expires_at > %s)",
        (presented, peer_id, PeerStatus.REMOVED, now),
    )
    if stands.rowcount == 0:
        raise Unauthorized("the credentials token was replaced during the exchange")


async def _check_roles(
    conn: Hot, peer_id: str, roles: Sequence[Mapping[str, Any]], *, ours: Party
) -> None:
    """CRE-18, CRE-19: a peer speaks for the parties that it was invited for, else for those that
    nobody else is known to speak for, we ourselves among them."""
    bound_to, held = await one_row(conn, _HELD, (peer_id,))
    if bound_to is None:
        added = _names(roles).keys() - _names(held).keys()
        await _check_unknown(conn, peer_id, added, ours=ours)
    else:
        _check_invited(roles, bound_to)
    await _check_free(conn, peer_id, roles)


def _names(roles: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """NL/TNM/CPO for each, by itself in lower case."""
    named = [f"{each['country_code']}/{each['party_id']}/{each['role']}" for each in roles]
    return {name.lower(): name for name in named}


def _check_invited(roles: Sequence[Mapping[str, Any]], bound_to: Sequence[str]) -> None:
    invited = {name.lower() for name in bound_to}
    for key, name in _names(roles).items():
        if key not in invited:
            raise InvalidParameters(f"roles: {name} is not among the invited roles")


async def _check_unknown(conn: Hot, peer_id: str, added: Collection[str], *, ours: Party) -> None:
    for name in sorted(added):
        party, _, _role = name.rpartition("/")
        known = await conn.execute(_KNOWN_ELSEWHERE, {"id": peer_id, "party": party})
        if known.rowcount or party == ours.key:
            raise InvalidParameters(
                f"roles: {party.upper()} is known here already, as our own, behind a hub or as"
                " another peer; expected an invitation that names it"
            )


async def _check_free(conn: Hot, peer_id: str, roles: Sequence[Mapping[str, Any]]) -> None:
    found = await conn.execute(_HELD_ELSEWHERE, {"id": peer_id, "roles": Jsonb(roles)})
    row = await found.fetchone()
    if row is not None:
        name, country_code, party_id, role = row
        raise InvalidParameters(
            f"roles: {country_code}/{party_id} is registered as {role} by another peer, {name}"
        )


async def _drop_tokens(conn: Hot, peer_id: str) -> None:
    await conn.execute("DELETE FROM peer_tokens WHERE peer_id = %s", (peer_id,))


async def _add_token(
    conn: Hot,
    peer_id: str,
    token_hash: bytes,
    kind: TokenKind,
    *,
    expires_at: datetime | None = None,
) -> None:
    await conn.execute(
        "INSERT INTO peer_tokens (hash, peer_id, kind, expires_at) VALUES (%s, %s, %s, %s)",
        (token_hash, peer_id, kind, expires_at),
    )
