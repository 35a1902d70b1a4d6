"""Cards that are used as no driver uses one (T20): what may be a copy is refused.

Its driver and staff hear of it. A card is refused for as long as that goes on and not for good: a
driver at a broken charger tries often, too. Whoever wants it to charge no more blocks it.

What a CPO says without a yes of ours refuses the card at that CPO alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from emsp_adapter.drivers import notifications
from emsp_adapter.office import Office
from emsp_adapter.store import authorizations, sessions, tokens
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
# Some CPOs tell late that a Session is over, and who has driven on must be able to charge.
_LATELY = timedelta(minutes=15)


class Sign(StrEnum):
    """What no driver does with one card."""

    TOO_MANY_STARTS = "too_many_starts"
    TOKEN_AT_TWO_PLACES = "token_at_two_places"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a card was seen to do, and a sentence for its driver."""

    sign: Sign
    message: str


async def suspicion_of(
    conn: Hot, office: Office, token: TokenRow, *, cpo: Party, location_id: str | None
) -> Suspicion | None:
    """Why a card that is in order may be a copy at that place and is to be refused."""
    now, most = office.now(), office.settings.starts_per_hour
    if await sessions.running_elsewhere(
        conn, token.id, owner=cpo, location_id=location_id, since=now - _LATELY
    ):
        said = "This card is charging at another place at the moment."
        return Suspicion(Sign.TOKEN_AT_TWO_PLACES, said)
    if most and await authorizations.uses(conn, token.id, cpo=cpo, since=now - _HOUR) >= most:
        said = f"This card was used {most} times within an hour, more than a driver does."
        return Suspicion(Sign.TOO_MANY_STARTS, said)
    return None


async def remark(conn: Hot, office: Office, token: TokenRow, suspicion: Suspicion) -> None:
    """Keep it for staff and have the driver told, once in an hour."""
    now = office.now()
    found = {
        "rule": suspicion.sign.value,
        "message": suspicion.message,
        "at": format_datetime(now),
    }
    if not await tokens.suspect(conn, token.id, found, before=now - _HOUR):
        return
    about = {"rule": suspicion.sign.value, "contract_id": token.contract_id}
    log.warning("a card is suspicious", extra=about)
    await audit.record(
        conn, "emsp-adapter", action="card suspected", subject=token.id, detail=about
    )
    await notifications.note(
        conn,
        token.driver_id,
        notifications.Notification.CARD_SUSPECTED,
        subject_id=f"{token.id} {found['at']}",
        facts={
            "card_id": token.id,
            "card": token.label or token.uid,
            "reason": suspicion.message,
        },
        now=now,
    )
