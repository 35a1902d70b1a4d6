"""What is counted in the database for whoever watches the adapter; what happens in a process is
counted where it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from emsp_adapter.office import Office
from emsp_adapter.store import figures
from ocpi_hub.node.metrics import Metrics
from ocpi_hub.node.steady import steadily

_PAUSE = 60.0
_DAY = timedelta(days=1)
_STATES = ("received", "accepted", "held", "billed", "disputed", "refused", "cancelled")


@dataclass(slots=True)
class Figures:
    """Counts now and then."""

    office: Office
    _cdrs: dict[str, int] = field(default_factory=dict)
    _suspected: int = 0

    def show(self, metrics: Metrics) -> None:
        """From now on they can be asked for."""
        states = {state: partial(self._in, state) for state in _STATES}
        metrics.watch_each("cdrs", "CDRs by what became of them.", "state", states)
        seen = "Cards that may have been copied, seen within a day."
        metrics.watch("cards_suspected", seen, lambda: self._suspected)

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("figures", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Once."""
        async with self.office.db.hot() as conn:
            self._cdrs = await figures.cdrs(conn)
            since = self.office.now() - _DAY
            self._suspected = await figures.cards_suspected(conn, since=since)

    def _in(self, state: str) -> int:
        return self._cdrs.get(state, 0)
