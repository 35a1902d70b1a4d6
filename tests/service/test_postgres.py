"""The service's own Postgres: private, durable, off the network, and whose it is."""

from __future__ import annotations

import os
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ocpi_hub.service import account as accounts
from ocpi_hub.service import binaries, database
from ocpi_hub.service.data_dir import DSN, LOCK, POSTGRES
from ocpi_hub.service.refusals import DatabaseError
from tests.service import clusters

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
    "server_encoding": "UTF8",
    "password_encryption": "scram-sha-256",
    "listen_addresses": "",
    "idle_in_transaction_session_timeout": "15s",
}


@pytest.mark.parametrize("source", ["bundled", "system"])
async def test_data_survives_a_restart(
    reachable: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require(source, monkeypatch)
    data_dir = reachable / source

    await clusters.make(data_dir)
    async with database.for_service(None, data_dir) as own:
        assert await clusters.kept(own.dsn) == [1]


def _require(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if source == "system":
        monkeypatch.setattr(binaries, "_bundled", lambda: None)
    if not list(binaries._folders()):
        pytest.skip(f"no {source} PostgreSQL here")


async def test_a_creation_that_was_cut_short_begins_again(reachable: Path) -> None:
    half_made = reachable / "cut" / f"{POSTGRES}.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")
    (reachable / "cut" / LOCK).touch()

    async with database.for_service(None, reachable / "cut") as own:
        assert await clusters.ask(own.dsn, "SELECT 1") == [(1,)]


async def test_it_is_durable_private_and_off_the_network(data_dir: Path) -> None:
    async with database.for_service(None, data_dir) as own:
        rows = await clusters.ask(own.dsn, "SELECT name, current_setting(name) FROM pg_settings")

        assert SETTINGS.items() <= dict(rows).items()
        assert clusters.mode(data_dir) == 0o700
        assert clusters.mode(data_dir / POSTGRES) == 0o700
        assert clusters.mode(data_dir / DSN) == 0o600
        assert clusters.mode(data_dir / LOCK) == 0o600


async def test_the_service_is_not_superuser_and_nobody_else_gets_in(data_dir: Path) -> None:
    async with database.for_service(None, data_dir) as own:
        role = await clusters.ask(
            own.dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        given = conninfo_to_dict(own.dsn)

        assert role == [(False,)]
        with pytest.raises(psycopg.OperationalError, match="no pg_hba"):
            await clusters.ask(f"host={given['host']} user=postgres dbname=ocpi", "SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await clusters.ask(f"host={given['host']} user=ocpi password=x dbname=ocpi", "SELECT 1")


@as_root
async def test_started_by_root_it_runs_as_an_unprivileged_user(data_dir: Path) -> None:
    async with database.for_service(None, data_dir):
        uid = clusters.uid_of(clusters.postmaster(data_dir))

    assert uid == accounts.for_data(data_dir).uid
    assert uid != 0


@as_root
def test_started_by_an_ordinary_user_it_runs_as_that_user(reachable: Path) -> None:
    (reachable / "theirs").mkdir()
    os.chown(reachable / "theirs", NOBODY, NOBODY)

    with clusters.keeper(reachable / "theirs", str(NOBODY)) as service:
        assert clusters.first_line(service).startswith("postgresql://")
        assert clusters.uid_of(clusters.postmaster(reachable / "theirs")) == NOBODY
        service.terminate()
        assert service.wait(10) == 0


@as_root
async def test_binaries_in_a_private_place_are_copied_with_their_libraries(
    data_dir: Path, reachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require("bundled", monkeypatch)
    package = next(binaries._folders()).parents[1]
    private = reachable / "private"
    private.mkdir(mode=0o700)
    shutil.copytree(package, private / package.name)
    shutil.copytree(f"{package}.libs", private / f"{package.name}.libs")
    hidden = private / package.name / "pginstall" / "bin"
    monkeypatch.setattr(binaries, "_bundled", lambda: hidden)

    async with database.for_service(None, data_dir) as own:
        assert await clusters.kept(own.dsn) == [1]
        running = clusters.program_of(clusters.postmaster(data_dir))

    assert running.is_relative_to(data_dir / "binaries")
    assert clusters.mode(private) == 0o700


async def test_a_long_data_dir_has_its_socket_elsewhere(made: Path, reachable: Path) -> None:
    long = clusters.copy(made, reachable / ("long" * 25))

    async with database.for_service(None, long) as own:
        assert await clusters.kept(own.dsn) == [1]
        socket_dir = Path(str(conninfo_to_dict(own.dsn)["host"]))

    assert not socket_dir.is_relative_to(reachable)
    assert clusters.mode(socket_dir) == 0o700
    shutil.rmtree(socket_dir)


async def test_a_lost_password_is_replaced(data_dir: Path) -> None:
    (data_dir / DSN).unlink()

    async with database.for_service(None, data_dir) as own:
        assert await clusters.kept(own.dsn) == [1]


async def test_data_of_another_major_version_is_refused_with_the_way_to_move(
    data_dir: Path,
) -> None:
    (data_dir / POSTGRES / "PG_VERSION").write_text("9\n")

    with pytest.raises(DatabaseError, match="made by PostgreSQL 9, which is not found") as refused:
        await AsyncExitStack().enter_async_context(database.for_service(None, data_dir))

    assert "backup FILE" in str(refused.value)
    assert "restore FILE" in str(refused.value)


async def test_a_start_that_fails_says_what_postgres_said(data_dir: Path) -> None:
    (data_dir / POSTGRES / "postgresql.auto.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(DatabaseError, match=r'does not start: .*"no_such_setting"'):
        await AsyncExitStack().enter_async_context(database.for_service(None, data_dir))
