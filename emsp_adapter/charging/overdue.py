"""What never came: starts and stops without news, reservations whose time is over, and amounts
that were held for charges that came to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from emsp_adapter import payments
from emsp_adapter.charging import charges, reservations
from emsp_adapter.charging.course import Event, State
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store import reservations as reservation_store
from emsp_adapter.store.reservations import Reservation
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.steady import steadily

_PAUSE = 0.5
_AT_ONCE = 100

_SILENCE = {
    State.STARTING: "The charge did not begin in time. Is the cable plugged in at both ends?"
    " If the car charges after all, you will see it here.",
    State.STOPPING: "The station did not stop in time. Try again, or end the charge at the car.",
}
_NOT_CONFIRMED = "The operator did not confirm the reservation in time."
_NOT_CANCELLED = "The operator did not confirm in time that the reservation is cancelled."


@dataclass(frozen=True, slots=True)
class Overdue:
    """Gives up what has been waited for long enough."""

    office: Office

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("what is overdue", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """All that is over now."""
        office = self.office
        async with office.db.hot_transaction() as conn:
            for charge in await store.overdue(conn, now=office.now(), limit=_AT_ONCE):
                reason = _SILENCE.get(State(charge.state))
                await charges.happen(
                    conn, office, charge, Event.SILENT, reason=reason, deadline=None
                )
        async with office.db.hot_transaction() as conn:
            for each in await reservation_store.over(conn, now=office.now(), limit=_AT_ONCE):
                await self._over(conn, each)
        await self._release()

    async def _over(self, conn: Hot, reservation: Reservation) -> None:
        office = self.office
        if reservation.until < office.now():
            await reservations.expire(conn, office, reservation)
        elif reservation.state == reservations.State.REQUESTED:
            await reservations.end(
                conn, office, reservation, reservations.State.REFUSED, reason=_NOT_CONFIRMED
            )
        else:
            await reservation_store.change(
                conn, reservation.id, deadline=None, reason=_NOT_CANCELLED
            )

    async def _release(self) -> None:
        office = self.office
        async with office.db.hot() as conn:
            due = await store.to_release(conn, limit=_AT_ONCE)
        for charge_id in due:
            await payments.release(office, charge_id)
            async with office.db.hot() as conn:
                await store.released(conn, charge_id)
