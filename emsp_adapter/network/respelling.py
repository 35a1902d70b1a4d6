"""Places that an earlier version described are described anew: they are found by more now."""

from __future__ import annotations

from dataclasses import dataclass

from emsp_adapter.network.location_writes import describe_again
from emsp_adapter.office import Office
from emsp_adapter.store import places
from ocpi_hub.node.steady import steadily

# While an update goes on, another process may still describe places as before.
_PAUSE = 3600.0
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Respelling:
    """Looks for them now and then."""

    office: Office

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("the words of places", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Once over all of them, each in a transaction of its own."""
        after = ("", "")
        while True:
            async with self.office.db.hot() as conn:
                found = await places.without_weights(conn, after=after, limit=_AT_ONCE)
            for owner, location_id in found:
                async with self.office.db.hot_transaction() as conn:
                    await describe_again(conn, owner, location_id)
            if len(found) < _AT_ONCE:
                return
            after = (found[-1][0].key, found[-1][1])
