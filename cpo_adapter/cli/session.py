"""What a command works with: the settings, the database and the keys, open."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cpo_adapter.settings import CpoSettings
from cpo_adapter.store import audit
from cpo_adapter.store.schema import CPO_SCHEMA
from cpo_adapter.store.tables import SCHEMA
from ocpi_hub.node import keys
from ocpi_hub.node.engine import Database, Hot, open_database
from ocpi_hub.node.secrets import Vault
from ocpi_hub.node.settings import read_settings
from ocpi_hub.service import database

_CONNECTIONS = 1


@dataclass(frozen=True, slots=True)
class Session:
    """The adapter as a command sees it."""

    settings: CpoSettings
    db: Database
    vault: Vault


async def record(
    conn: Hot, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """The audit row of an action, in the transaction that carries it out."""
    await audit.record(conn, actor(), action=action, subject=subject, detail=detail)


def actor() -> str:
    """Who gave the command; a container may run as a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"


@asynccontextmanager
async def open_adapter() -> AsyncIterator[Session]:
    """The adapter's database, running or started for the command."""
    settings = read_settings(CpoSettings)
    async with database.for_command(settings.database_url, settings.data_dir) as url:
        await CPO_SCHEMA.prepare(url, migrate=settings.database_url is None)
        async with open_database(url, schema=SCHEMA, pool_size=_CONNECTIONS) as db:
            yield Session(settings, db, keys.open_vault(settings))
