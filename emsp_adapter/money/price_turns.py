"""What a kWh costs at a place, taken over from the Tariffs that it names.

A Tariff that changes is taken over with the change at as many places as can wait for that, at the
others soon after. Tariffs also begin and end by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from emsp_adapter.office import Office
from emsp_adapter.store import places, tariffs
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.party import Party

_PAUSE = 2.0
_AT_ONCE = 1_000


async def take_over(
    conn: Hot, party: Party, tariff_id: str, *, now: datetime, after: str = ""
) -> None:
    """Takes over the price of a Tariff at places from one on, in the caller's transaction; the
    CPO's prices are locked."""
    found = await places.naming(conn, party, tariff_id, after=after, limit=_AT_ONCE)
    await places.reprice(conn, party, found, now=now)
    more = len(found) == _AT_ONCE
    await tariffs.spread(conn, party, tariff_id, to=found[-1] if more else None)


@dataclass(frozen=True, slots=True)
class PriceTurns:
    """Takes over what is due."""

    office: Office

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("prices of places", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Everything that is due, some at once so that nobody waits for long."""
        while await self._changed() or await self._begun_or_ended():
            pass

    async def _changed(self) -> bool:
        async with self.office.db.hot() as conn:
            found = await tariffs.spreading(conn, limit=_AT_ONCE)
        for party, tariff_id in found:
            async with self.office.db.hot_transaction() as conn:
                await places.lock_prices(conn, party)
                after = await tariffs.spread_to(conn, party, tariff_id)
                if after is not None:
                    now = self.office.now()
                    await take_over(conn, party, tariff_id, now=now, after=after)
        return bool(found)

    async def _begun_or_ended(self) -> bool:
        now = self.office.now()
        async with self.office.db.hot() as conn:
            due = await places.due(conn, now=now, limit=_AT_ONCE)
        for party, location_ids in due:
            async with self.office.db.hot_transaction() as conn:
                await places.lock_prices(conn, party)
                await places.reprice(conn, party, location_ids, now=now)
        return bool(due)
