"""`make bench`: hub and adapters beside bare servers and loops, as ratios; about seven minutes.

Absolute figures are the machine's of that moment. `python -m tests.bench under_load` runs one part.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from ocpi_hub.service import database
from tests.bench import authorize, map_search, ocpp, pricing, sizes, telling, under_load, wrk
from tests.bench.figures import Figure, print_table, say

PARTS: dict[str, Callable[[str], Awaitable[list[Figure]]]] = {
    "pricing": pricing.bench,
    "under_load": under_load.bench,
    "telling": telling.bench,
    "sizes": sizes.bench,
    "ocpp": ocpp.bench,
    "authorize": authorize.bench,
    "map_search": map_search.bench,
}


async def main(names: Sequence[str]) -> None:
    """Runs the parts on a Postgres made for them, and prints one table."""
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="ocpi-bench-") as folder:
        async with database.for_service(None, Path(folder)) as postgres:
            for name in names:
                say(f"{name} …")
                figures += await PARTS[name](postgres.dsn)
    print_table(figures)


if __name__ == "__main__":
    wrk.ensure_installed()
    uvloop.run(main(sys.argv[1:] or list(PARTS)))
