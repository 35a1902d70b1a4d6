"""What a station is shown for a token: the uid of a card, or a name made up for everything else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cpo_adapter.ocpp.events import IdToken
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store import aliases as store
from cpo_adapter.store.aliases import Alias
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

_LONGEST = {Version.V16: 20, Version.V201: 36}
# Some stations take nothing but capital hex digits.
_ALIAS_BYTES = 10
_CARD, _MADE_UP = "ISO14443", "Central"


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that its eMSP lets charge: by a command, or by its answer to a question."""

    owner: Party
    token: Mapping[str, Any]
    authorization_reference: str | None = None
    command_id: str | None = None


def made_up() -> str:
    """A name that no card has."""
    return secrets.token_hex(_ALIAS_BYTES).upper()


def is_card(token: Mapping[str, Any]) -> bool:
    """Whether a driver holds it before a reader."""
    return bool(token["type"] == TokenType.RFID)


async def shown(
    conn: Hot,
    grant: Grant,
    *,
    station_id: str,
    version: Version,
    now: datetime,
    window: timedelta,
    make_up: Callable[[], str] = made_up,
) -> IdToken:
    """What the station is shown for a token; whoever comes with it is let in without a question.

    2.2.1 tokens, real-time authorization: after START_SESSION a card within the window, APP_USER
    and AD_HOC_USER at any time.
    """
    card = is_card(grant.token)
    as_it_is = card and len(grant.token["uid"]) <= _LONGEST[version]
    id_tag = grant.token["uid"] if as_it_is else make_up()
    expires_at = now + window if card else None
    await keep(conn, grant, id_tag, station_id=station_id, now=now, expires_at=expires_at)
    return id_token(id_tag, version=version, card=card)


async def keep(
    conn: Hot,
    grant: Grant,
    id_tag: str,
    *,
    station_id: str,
    now: datetime,
    expires_at: datetime | None,
) -> None:
    """Let in whoever comes with this tag until then."""
    alias = Alias(
        id_tag=id_tag,
        owner=grant.owner.key,
        token=dict(grant.token),
        authorization_reference=grant.authorization_reference,
        command_id=grant.command_id,
        station_id=station_id,
        created_at=now,
        expires_at=expires_at,
    )
    await store.put(conn, alias)


def id_token(value: str, *, version: Version, card: bool) -> IdToken:
    """The token in the words of a version; 1.6 has no types."""
    if version is Version.V16:
        return IdToken(value)
    return IdToken(value, _CARD if card else _MADE_UP)
