"""What is kept for a while only, and then forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from emsp_adapter.identity import keys
from emsp_adapter.office import Office
from emsp_adapter.store import authorizations, commands, expired, idempotency, notifications, places
from ocpi_hub.node.steady import steadily

_PAUSE = 600.0
_ANSWERS_KEPT = timedelta(days=1)
# So long nothing is told twice.
_NOTIFICATIONS_KEPT = timedelta(days=90)
# CDRs name the permission they rest on, and one whose permission is forgotten is disputed. They
# come weeks late, and are corrected until a year's books are closed.
_PERMISSIONS_KEPT = timedelta(days=400)
# So long support can see what an operator answered.
_COMMANDS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Tidying:
    """Forgets what is old, now and then."""

    office: Office

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("tidying", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Once over everything."""
        now = self.office.now()
        async with self.office.db.hot() as conn:
            await idempotency.purge(conn, before=now - _ANSWERS_KEPT)
            await notifications.purge(conn, before=now - _NOTIFICATIONS_KEPT)
            await commands.purge(conn, before=now - _COMMANDS_KEPT)
            await authorizations.purge(conn, before=now - _PERMISSIONS_KEPT)
        async with self.office.db.hot_transaction() as conn:
            await places.forget_hours(conn)
            await expired.purge(conn, now=now)
        async with self.office.db.hot_transaction() as conn:
            await keys.turn(conn, self.office.vault, now=now)
