"""How reservations end without having been used: by time, by the station, or by a broken EVSE.

The Session that stands for one ends with it, and its CDR has what the tariff asks for the time
(2.2.1 sessions, SessionStatus RESERVATION; tariffs, ReservationRestrictionType).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from cpo_adapter import expectations, statuses
from cpo_adapter.asking import command_result
from cpo_adapter.ocpp.calls import CancelReservation, Command
from cpo_adapter.ocpp.events import ReservationStatus
from cpo_adapter.rules import Rules
from cpo_adapter.store import commands
from cpo_adapter.store import reservations as store
from cpo_adapter.store.commands import Command as OwedCommand
from cpo_adapter.store.reservations import Reservation
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.v2_2_1.commands import CommandResultType

_PAUSE_SECONDS = 1.0
_EXPIRED = "Expired"


@dataclass(frozen=True, slots=True)
class Reservations:
    """Ends what is over; `poke` says that a result is owed or a Session has changed.

    `ask` has a station do something that nobody waits for.
    """

    db: Database
    rules: Rules
    now: Callable[[], datetime]
    poke: Callable[[], None]
    ask: Callable[[str, Command], None]

    async def run(self) -> None:
        """Look for what is over, until cancelled."""
        await steadily("reservations", self.look, pause=_PAUSE_SECONDS)

    async def look(self) -> None:
        """End those whose time is over, those whose station never answered, as far as we were
        there to hear it, and those whose EVSE can no longer charge."""
        async with self.db.hot_transaction() as conn:
            over = await store.overdue(conn, now=self.now())
            for each in over:
                await close(conn, each, "expired", rules=self.rules, now=self.now())
            unanswered = await store.unanswered(conn)
            for each in unanswered:
                await close(conn, each, "refused", rules=self.rules, now=self.now())
            broken = await store.broken(conn)
            for each in broken:
                await self._taken_back(conn, each, "faulted")
        for each in (*unanswered, *broken):
            # Or the station would go on to keep it, once it can charge again.
            self.ask(each.station_id, CancelReservation(each.id))
        if over or unanswered or broken:
            self.poke()

    async def reported(self, event: ReservationStatus) -> None:
        """ReservationStatusUpdate of 2.0.1: Expired, or Removed."""
        if event.reservation_id is None:
            return
        async with self.db.hot_transaction() as conn:
            found = await store.find(conn, event.reservation_id)
            if found is None or not found.is_open or found.station_id != event.station_id:
                return
            if event.status == _EXPIRED:
                await close(conn, found, "expired", rules=self.rules, now=self.now())
            else:
                await self._taken_back(conn, found, "cancelled")
        self.poke()

    async def take_back(self, number: int) -> Reservation | None:
        """An operator ends a reservation: the partner is told, and the station lets go of it. None
        when there is no open one of that number."""
        async with self.db.hot_transaction() as conn:
            found = await store.find(conn, number)
            if found is None or not found.is_open:
                return None
            await self._taken_back(conn, found, "cancelled")
        self.ask(found.station_id, CancelReservation(number))
        self.poke()
        return found

    async def _taken_back(self, conn: Hot, reservation: Reservation, state: str) -> None:
        """Ended by us: the partner hears CANCELED_RESERVATION where it asked (CMD-20)."""
        await close(conn, reservation, state, rules=self.rules, now=self.now())
        if reservation.response_url is None or reservation.peer_id is None:
            return
        result = command_result(
            CommandResultType.CANCELED_RESERVATION, "the EVSE can no longer be kept"
        )
        await commands.owe(conn, _owed(reservation, now=self.now()), result=result)


async def close(
    conn: Hot, reservation: Reservation, state: str, *, rules: Rules, now: datetime
) -> None:
    """End a reservation that nobody used, with the Session that stands for it."""
    at = min(now, reservation.expires_at)
    await store.end(conn, reservation.id, state=state, at=at)
    if reservation.transaction_id is not None:
        await expectations.reservation_ended(conn, reservation.transaction_id, rules=rules, now=now)
    if reservation.evse_uid is not None:
        await statuses.rederive(conn, [reservation.evse_uid], now=now, settle=rules.status_settle)


def _owed(reservation: Reservation, *, now: datetime) -> OwedCommand:
    command_id = str(uuid4())
    return OwedCommand(
        id=command_id,
        kind="RESERVE_NOW",
        owner=reservation.owner or "",
        peer_id=reservation.peer_id or "",
        response_url=reservation.response_url or "",
        correlation_id=command_id,
        station_id=reservation.station_id,
        transaction_id=reservation.transaction_id,
        request={"reservation_id": reservation.reservation_id},
        created_at=now,
    )
