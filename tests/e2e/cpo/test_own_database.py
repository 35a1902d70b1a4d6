"""`cpo-adapter up` on a database of its own, killed in the middle of a session."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.databases import data_folder
from tests.e2e.cpo.process import CpoProcess, cpo_process, offer
from tests.serving import free_port


@pytest.fixture
async def own() -> AsyncIterator[CpoProcess]:
    """An adapter with a database of its own, furnished."""
    with data_folder() as folder:
        cpo = cpo_process({"DATA_DIR": str(folder), "PORT": str(free_port())}, command="up")
        try:
            await cpo.start()
            await offer(cpo.commands, folder)
            yield cpo
        finally:
            await cpo.stop()


async def test_it_goes_on_where_it_was_killed(own: CpoProcess) -> None:
    await own.run("token", "add", "WORKSHOP")
    async with own.station() as station:
        transaction = await station.start("WORKSHOP", meter=0)
        await own.kill()
    await own.start()
    async with own.connected() as station:
        running = await own.sessions("--open")
        await station.stop(transaction, 2_000)
        (ended,) = await own.sessions()

    assert [each["transaction_id"] for each in running] == [str(transaction.id)]
    assert (ended["id"], ended["state"], ended["kwh"]) == (running[0]["id"], "completed", 2)
