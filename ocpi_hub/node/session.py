"""What a command of a service works with: its settings, its database and its keys, open."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic

from ocpi_hub.node import kept, keys
from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.node.schema import Schema
from ocpi_hub.node.secrets import Vault
from ocpi_hub.node.settings import SettingsT, read_settings
from ocpi_hub.service import database

# A command does one thing at a time.
CONNECTIONS = 1


@dataclass(frozen=True, slots=True)
class Session(Generic[SettingsT]):
    """A service as a command sees it."""

    settings: SettingsT
    db: Database
    vault: Vault


@asynccontextmanager
async def database_of(
    kind: type[SettingsT], schema: Schema
) -> AsyncIterator[tuple[SettingsT, str]]:
    """The settings, as the service has them, and the URL of the database, which runs or is started,
    brought up to date where it is the service's own."""
    given = read_settings(kind)
    async with database.for_command(given.database_url, given.data_dir) as url:
        await schema.require_own(url, given)
        await schema.prepare(url, migrate=given.database_url is None)
        yield await kept.for_command(url, schema, given), url


@asynccontextmanager
async def open_session(kind: type[SettingsT], schema: Schema) -> AsyncIterator[Session[SettingsT]]:
    """A service's database, running or started for the command."""
    async with (
        database_of(kind, schema) as (settings, url),
        open_database(url, schema=schema.service.schema, pool_size=CONNECTIONS) as db,
    ):
        yield Session(settings, db, keys.open_vault(settings))


def actor() -> str:
    """Who gave the command; a container may run as a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"
