"""Which database a service and a command use, and that one service at a time works on a folder."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ocpi_hub.service import database
from ocpi_hub.service.refusals import AlreadyRunning, DatabaseError
from tests.service import clusters


async def test_a_second_service_is_refused_with_the_first_ones_pid(data_dir: Path) -> None:
    async with database.for_service(None, data_dir):
        with pytest.raises(AlreadyRunning) as refused:
            await AsyncExitStack().enter_async_context(database.for_service(None, data_dir))
        with pytest.raises(AlreadyRunning):
            database.refuse_second(data_dir)

    assert f"process {os.getpid()} works on {data_dir}" in str(refused.value)
    assert refused.value.exit_code == 75
    database.refuse_second(data_dir)


async def test_a_command_borrows_the_database_of_the_running_service(data_dir: Path) -> None:
    async with database.for_service(None, data_dir) as own:
        async with database.for_command(None, data_dir) as dsn:
            assert dsn == own.dsn
        assert await clusters.kept(own.dsn) == [1]


async def test_a_command_without_a_service_starts_and_stops_the_database(data_dir: Path) -> None:
    async with database.for_command(None, data_dir) as dsn:
        assert await clusters.kept(dsn) == [1]

    assert not clusters.runs(data_dir)


async def test_a_service_waits_for_a_command_to_finish(data_dir: Path) -> None:
    async with AsyncExitStack() as command:
        dsn = await command.enter_async_context(database.for_command(None, data_dir))
        service = asyncio.create_task(_serve_one_row(data_dir))
        await asyncio.sleep(0.3)
        assert await clusters.kept(dsn) == [1]
    await service

    async with database.for_command(None, data_dir) as dsn:
        assert await clusters.kept(dsn) == [1, 2]


async def _serve_one_row(data_dir: Path) -> None:
    async with database.for_service(None, data_dir) as own:
        await clusters.add_row(own.dsn)


async def test_a_database_that_loses_commits_is_refused(empty_database_url: str) -> None:
    name = conninfo_to_dict(empty_database_url)["dbname"]
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())

    with pytest.raises(DatabaseError, match="synchronous_commit=off: expected on"):
        await database.assert_durable(empty_database_url)


async def test_a_database_that_is_not_there_is_one_sentence_without_its_password() -> None:
    url = "postgresql://hub:open-sesame@127.0.0.1:1/hub"

    with pytest.raises(DatabaseError, match="the database cannot be reached: ") as refused:
        await AsyncExitStack().enter_async_context(database.for_service(url, Path("/nowhere")))

    assert "open-sesame" not in str(refused.value)
    assert "\n" not in str(refused.value)
