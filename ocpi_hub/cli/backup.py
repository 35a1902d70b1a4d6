"""`ocpi-hub backup` and `restore`: everything the hub has, except its keys, as one file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ocpi_hub.cli.session import (
    Session,
    open_hub,
    open_session,
    record,
)
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import CommandError, Exit, answer, say
from ocpi_hub.node.secrets import WrongKey
from ocpi_hub.node.settings import read_settings
from ocpi_hub.service import database, dump
from ocpi_hub.settings import HubSettings
from ocpi_hub.store import numbers, replacing
from ocpi_hub.store.schema import HUB_SCHEMA
from ocpi_hub.store.tables import SCHEMA

_KEYS = "The SECRET_KEY is not in it: keep it elsewhere, stored tokens cannot be read without it"

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, as pg_dump writes it.")]


def add_to(app: typer.Typer) -> None:
    """Makes `backup` and `restore` two of the commands."""
    command(app, "backup", example="ocpi-hub backup hub.dump")(backup)
    command(app, "restore", example="ocpi-hub restore hub.dump --yes")(restore)


async def backup(file: File, *, json: Json = False) -> None:
    """Write everything as of one moment to a file, while the hub runs or not.

    The SECRET_KEY is not in it. A file of that name is replaced once the new one is whole.
    """
    async with open_hub() as hub:
        await dump.write(hub.db.conninfo, file, schema=SCHEMA)
        async with hub.db.begin() as conn:
            await record(conn, "backup", file.name)
    say(_KEYS)
    written = {"file": str(file), "bytes": file.stat().st_size, "schema": HUB_SCHEMA.head()}
    answer(written, json=json, show=lambda: say(f"{file}: {written['bytes']} bytes"))


async def restore(
    file: File,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Replace everything that is in the database.")
    ] = False,
    json: Json = False,
) -> None:
    """Put a backup in place of what the hub has; the hub must be stopped."""
    settings = read_settings(HubSettings)
    async with _stopped(settings) as url:
        await dump.check(url, file, schema=SCHEMA)
        count = await replacing.platforms(url)
        if count and not yes:
            raise CommandError(f"the database has {count} partners: give --yes to replace them")
        await _replace(url, file)
        restored = await _restored(settings, url, file)
    answer(restored, json=json, show=lambda: _show(restored))


def _show(restored: dict[str, Any]) -> None:
    say(f"{restored['platforms']} partners are restored; start the hub with `ocpi-hub up`")


@asynccontextmanager
async def _stopped(settings: HubSettings) -> AsyncIterator[str]:
    """The database, to ourselves."""
    async with database.for_service(settings.database_url, settings.data_dir) as server:
        if await replacing.in_use(server.dsn):
            raise CommandError("the hub is running: stop it first", code=Exit.RUNNING)
        await HUB_SCHEMA.require_own(server.dsn, settings)
        yield server.dsn


async def _replace(url: str, file: Path) -> None:
    """All of it or nothing: what was there is had back when the backup does not fit."""
    await replacing.set_aside(url)
    try:
        await dump.read(url, file)
        await HUB_SCHEMA.prepare(url, migrate=True)
    except BaseException:
        await replacing.put_back(url)
        raise
    await replacing.drop_aside(url)


async def _restored(settings: HubSettings, url: str, file: Path) -> dict[str, Any]:
    found = {
        "file": str(file),
        "schema": HUB_SCHEMA.head(),
        "platforms": await replacing.platforms(url),
    }
    try:
        async with open_session(settings, url) as hub:
            await _settled(hub, file)
    except WrongKey:
        say("warning: the stored tokens need the SECRET_KEY of the hub that was backed up")
        return found | {"secret_key_fits": False}
    return found | {"secret_key_fits": True}


async def _settled(hub: Session, file: Path) -> None:
    """The backup may be of a hub that ran; this one does not."""
    async with hub.db.hot() as hot:
        await numbers.rest(hot)
    async with hub.db.begin() as conn:
        await record(conn, "restore", file.name)
