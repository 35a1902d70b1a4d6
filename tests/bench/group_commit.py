"""Group commit against one prepared UPDATE and commit per request, on the same table.

Run with a database of its own: `python -m tests.bench.group_commit postgresql://…/scratch`.
Prints writes per second and latencies; takes about 20 seconds.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import uvloop

from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.node.group_commit import GroupCommit
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.patches import Patch, apply_patches
from ocpi_hub.store.schema import HUB_SCHEMA
from ocpi_hub.store.tables import SCHEMA
from tests import samples

_KEYS = 10_000
_SECONDS = 3.0
_ROUNDS = (1, 32, 128)
_POOL = 8

_SEED = """
INSERT INTO catalogue (module, id, owner, sub, document, position, last_updated, correlation_id)
SELECT 'locations', 'loc' || n, 'nl/cpo', 'evse', %s::jsonb, 1, '2020-01-01', 'seed'
FROM generate_series(0, %s) n
"""
_ONE_UPDATE = """
UPDATE catalogue
SET document = document || %(patch)s::jsonb, last_updated = %(stamp)s::timestamptz,
    received_at = now(), correlation_id = 'bench', xid = pg_current_xact_id(),
    seq = nextval('change_seq')
WHERE module = 'locations' AND id = %(id)s AND owner = 'nl/cpo' AND sub = 'evse' AND NOT absent
    AND last_updated <= %(stamp)s::timestamptz
"""

Write = Callable[[str, str], Awaitable[object]]


async def main(url: str) -> None:
    """Runs every round with both ways of writing."""
    await HUB_SCHEMA.migrate(url)
    async with open_database(url, schema=SCHEMA, pool_size=_POOL) as db:
        commits: GroupCommit[Patch, Outcome] = GroupCommit(
            db, write=apply_patches, key=lambda patch: patch.key
        )
        running = asyncio.create_task(commits.run())
        for callers in _ROUNDS:
            alone = await _round(db, callers, "alone", _alone(db))
            grouped = await _round(db, callers, "grouped", _grouped(commits))
            _say(f"{callers:4} callers: grouped / alone = {grouped / alone:.2f}")
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _alone(db: Database) -> Write:
    async def write(id_: str, stamp: str) -> None:
        values = {"id": id_, "stamp": stamp, "patch": _patch(stamp)}
        async with db.hot() as conn:
            await conn.execute(_ONE_UPDATE, values)

    return write


def _grouped(commits: GroupCommit[Patch, Outcome]) -> Write:
    async def write(id_: str, stamp: str) -> None:
        await commits.submit(
            Patch.of(
                "locations",
                "nl/cpo",
                id_,
                sub="EVSE",
                patch={"status": "CHARGING", "last_updated": stamp},
                text=_patch(stamp),
                correlation_id="bench",
            )
        )

    return write


def _patch(stamp: str) -> str:
    return f'{{"status": "CHARGING", "last_updated": "{stamp}"}}'


async def _round(db: Database, callers: int, name: str, write: Write) -> float:
    await _seed(db)
    numbers, keys = itertools.count(), random.Random(callers)
    beginning = datetime(2026, 1, 1, tzinfo=UTC)
    end = time.perf_counter() + _SECONDS
    took: list[float] = []

    async def caller() -> None:
        while (started := time.perf_counter()) < end:
            stamp = format_datetime(beginning + timedelta(milliseconds=next(numbers)))
            await write(f"loc{keys.randrange(_KEYS)}", stamp)
            took.append(time.perf_counter() - started)

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(caller())
    took.sort()
    p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
    _say(f"{callers:4} {name:8} {len(took) / _SECONDS:7.0f}/s  p50 {p50:.2f} ms  p99 {p99:.2f} ms")
    return len(took) / _SECONDS


async def _seed(db: Database) -> None:
    async with db.hot() as conn:
        await conn.execute("TRUNCATE catalogue")
        await conn.execute(_SEED, (dumps(samples.evse()).decode(), _KEYS - 1))
        await conn.execute("VACUUM ANALYZE catalogue")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
