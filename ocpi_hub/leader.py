"""One process of several does it: a lease with a name, kept for as long as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ocpi_hub.node.engine import Database
from ocpi_hub.store import leases

SECONDS = 10.0


@dataclass(slots=True)
class Leader:
    """A lease that is taken or renewed each time it is asked about."""

    db: Database
    name: str
    holder: str
    _epoch: int | None = None

    async def held(self) -> bool:
        """Whether this process has it, for the next ten seconds."""
        async with self.db.hot() as conn:
            if self._epoch is not None and await leases.renew(
                conn, {self.name: self._epoch}, seconds=SECONDS
            ):
                return True
            self._epoch = await leases.acquire(conn, self.name, holder=self.holder, seconds=SECONDS)
        return self._epoch is not None
