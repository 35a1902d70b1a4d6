"""Fan-out: from rows changed to answers recorded, for 200 receivers, per CPU-second.

The baseline is a loop of httpx on the aiohttp transport that PATCHes the same sinks and does
nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from httpx_aiohttp import AiohttpTransport

from ocpi_hub.node.engine import one_row
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from tests.bench import children
from tests.bench.children import Child
from tests.bench.figures import Figure, compare
from tests.bench.stage import (
    CPO,
    HUB,
    STATUSES,
    Locations,
    Stage,
    endpoints,
    request_headers,
    stage,
)

_RECEIVERS = 200
_GOAL = 4.0
_LOCATIONS = Locations(first=0, count=2_000, evses=2)
# Rows of one transaction, and transactions of one round.
_TOGETHER, _TRANSACTIONS = 50, 6
_LOOP_SECONDS = 2.0
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.05

_CHANGE = """
UPDATE catalogue
SET document = document || jsonb_build_object('status', %(status)s::text,
        'last_updated', '2026-01-16T00:00:00Z'),
    last_updated = '2026-01-16', xid = pg_current_xact_id(), seq = nextval('change_seq')
WHERE module = 'locations' AND sub = ANY(%(subs)s)
"""
_BEHIND = """
SELECT count(*) FROM cursors
WHERE module = 'locations' AND (xid, seq) < (
    SELECT xid, seq FROM catalogue WHERE module = 'locations' ORDER BY xid DESC, seq DESC LIMIT 1
)
"""


@dataclass(slots=True)
class Told:
    """A hub, and the sink in which all receivers are."""

    stage: Stage
    hub: Child
    sink: Child
    client: httpx.AsyncClient
    _round: int = 0

    async def by_hub(self) -> float:
        """Deliveries per CPU-second of the hub."""
        before, used = await self._count(), self.hub.cpu_seconds()
        for number in range(_TRANSACTIONS):
            await self._change(number)
        await self.caught_up()
        used = self.hub.cpu_seconds() - used
        delivered = await self._count() - before
        if delivered != _TRANSACTIONS * _TOGETHER * _RECEIVERS:
            raise RuntimeError(f"{delivered} deliveries, expected one per row and receiver")
        return delivered / used

    async def by_loop(self) -> float:
        """Deliveries per CPU-second of this process, which does nothing else meanwhile."""
        sent, used = 0, time.process_time()
        end = time.monotonic() + _LOOP_SECONDS
        headers = request_headers(CPO, HUB)
        body = b'{"status":"CHARGING","last_updated":"2026-01-16T00:00:00Z"}'

        async def tell(receiver: int) -> None:
            nonlocal sent
            url = f"{self.sink.url}/r{receiver}/receiver/locations/NL/CPO/LOC1/LOC1-1"
            while time.monotonic() < end:
                response = await self.client.patch(url, content=body, headers=headers)
                response.raise_for_status()
                sent += 1

        async with asyncio.TaskGroup() as tasks:
            for receiver in range(_RECEIVERS):
                tasks.create_task(tell(receiver))
        return sent / (time.process_time() - used)

    async def caught_up(self) -> None:
        """Waits until the cursors of all receivers stand behind the last change."""
        async with asyncio.timeout(_WAIT_SECONDS):
            while True:
                async with self.stage.db.hot() as conn:
                    (cursors,) = await one_row(conn, "SELECT count(*) FROM cursors")
                    (behind,) = await one_row(conn, _BEHIND)
                if cursors >= _RECEIVERS and not behind:
                    return
                await asyncio.sleep(_POLL_SECONDS)

    async def _change(self, number: int) -> None:
        """Another status for some EVSEs, each in a Location of its own."""
        self._round += number == 0
        first = number * _TOGETHER
        values = {
            "status": STATUSES[self._round % len(STATUSES)],
            "subs": [f"loc{n}-1" for n in range(first, first + _TOGETHER)],
        }
        async with self.stage.db.hot() as conn:
            await conn.execute(_CHANGE, values)

    async def _count(self) -> int:
        answer = await self.client.get(f"{self.sink.url}/count")
        return int(answer.json()["data"])


async def bench(postgres_url: str) -> list[Figure]:
    """One figure."""
    async with _told(postgres_url) as told:
        await told.caught_up()
        for measure in (told.by_hub, told.by_loop):
            await measure()  # opens the connections
        return [
            await compare(
                f"fan-out to {_RECEIVERS} receivers",
                told.by_hub,
                told.by_loop,
                unit="per CPU-second",
                goal=_GOAL,
            )
        ]


@asynccontextmanager
async def _told(postgres_url: str) -> AsyncIterator[Told]:
    async with (
        stage(postgres_url, "bench_fanout") as own,
        children.running("tests.bench.sink") as sink,
        httpx.AsyncClient(
            transport=AiohttpTransport(limits=httpx.Limits(max_connections=_RECEIVERS)),
            timeout=_WAIT_SECONDS,
        ) as client,
    ):
        await own.seed(_LOCATIONS)
        for number in range(_RECEIVERS):
            url = f"{sink.url}/r{number}"
            receiver = Party("DE", f"R{number:02X}")
            served = endpoints(url, "locations", side=Interface.RECEIVER)
            await own.enrol(receiver, Role.EMSP, served)
        served = endpoints(sink.url, "commands", side=Interface.RECEIVER)
        await own.enrol(CPO, Role.CPO, served)
        async with own.hub() as hub:
            yield Told(own, hub, sink, client)
