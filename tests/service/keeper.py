"""A service that does nothing but keep its database: a process for tests to stop and to kill.

    python -m tests.service.keeper DATA_DIR [UID]

Prints its database's address once that is up; ends with 0 after SIGTERM, with 3 when the database
ends first, and with a refusal's own code and sentence.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

from ocpi_hub.service import database, lifecycle
from ocpi_hub.service.refusals import Refusal

_DATABASE_ENDED = 3


async def keep(data_dir: Path) -> int:
    """Runs until a signal or the end of the database."""
    with lifecycle.stop_signals() as stop:
        async with database.for_service(None, data_dir) as postgres:
            print(postgres.dsn, flush=True)  # noqa: T201
            waits = [asyncio.create_task(event.wait()) for event in (stop, postgres.failed)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            return _DATABASE_ENDED if postgres.failed.is_set() else 0


def become(uid: int) -> None:
    """Goes on as another user, for whom the running Python may be out of reach."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    if not os.access(sys.executable, os.X_OK):
        sys.executable = shutil.which("python3", path="/usr/bin:/usr/local/bin") or ""


def main() -> int:
    if len(sys.argv) > 2:
        become(int(sys.argv[2]))
    try:
        return lifecycle.run(keep(Path(sys.argv[1])))
    except Refusal as refusal:
        print(refusal, flush=True)  # noqa: T201
        return refusal.exit_code


if __name__ == "__main__":
    sys.exit(main())
