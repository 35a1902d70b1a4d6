"""What a command works with: the settings, the database, the registry and the keys, open."""

from __future__ import annotations

import getpass
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ocpi_hub import keys
from ocpi_hub.cli.output import CommandError, say
from ocpi_hub.protocol.party import Party
from ocpi_hub.registry import Registry
from ocpi_hub.rewriting import HubUrls
from ocpi_hub.service import database
from ocpi_hub.settings import HubSettings
from ocpi_hub.snapshot import Platform, Snapshot
from ocpi_hub.store import audit, numbers, schema
from ocpi_hub.store.engine import Connection, Database, open_database
from ocpi_hub.store.secrets import Vault

_CONNECTIONS = 1


@dataclass(frozen=True, slots=True)
class Session:
    """The hub as a command sees it."""

    settings: HubSettings
    db: Database
    registry: Registry
    vault: Vault

    @property
    def party(self) -> Party:
        """The hub's own party."""
        return Party(self.settings.country_code, self.settings.party_id)

    @property
    def snapshot(self) -> Snapshot:
        """Everybody, as of the last refresh."""
        return self.registry.snapshot

    def platform(self, name: str) -> Platform:
        """The platform of that name, or CommandError."""
        for platform in self.snapshot.platforms.values():
            if platform.name == name:
                return platform
        known = ", ".join(sorted(p.name for p in self.snapshot.platforms.values())) or "none"
        raise CommandError(f"there is no partner {name} (known: {known})")

    async def urls(self) -> HubUrls:
        """The URLs partners use: those of the running hub, which may have been started with others
        than our settings say."""
        async with self.db.hot() as conn:
            announced = await numbers.announced_url(conn)
        return HubUrls(announced or self.settings.public_url)

    async def alive(self) -> bool:
        """Whether the hub runs."""
        async with self.db.hot() as conn:
            return await numbers.alive(conn)


def read_settings(**given: str | None) -> HubSettings:
    """The settings of the environment, what was `given` on the command line before it."""
    environ = dict(os.environ)
    environ |= {HubSettings.variable(name): value for name, value in given.items() if value}
    for sentence in HubSettings.unknown(environ):
        say(f"warning: {sentence}")
    return HubSettings.from_env(environ)


@asynccontextmanager
async def open_hub() -> AsyncIterator[Session]:
    """The hub's database, running or started for the command, and everybody in it."""
    settings = read_settings()
    async with database.for_command(settings.database_url, settings.data_dir) as url:
        await prepare_schema(url, migrate=settings.database_url is None)
        async with open_session(settings, url) as session:
            yield session


@asynccontextmanager
async def open_session(settings: HubSettings, url: str) -> AsyncIterator[Session]:
    """A session on a database that is up to date."""
    async with open_database(url, pool_size=_CONNECTIONS) as db:
        vault = keys.open_vault(settings)
        party = Party(settings.country_code, settings.party_id)
        registry = Registry(db, hub=party, mode=settings.agreements, vault=vault)
        await registry.refresh()
        yield Session(settings, db, registry, vault)


async def prepare_schema(url: str, *, migrate: bool) -> None:
    """WrongSchema unless the database is up to date, or was old and may be migrated."""
    try:
        await schema.check(url)
    except schema.OldSchema:
        if not migrate:
            raise
        await schema.migrate(url)


async def record(
    conn: Connection, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """The audit row of an action, in the transaction that carries it out."""
    await audit.record(conn, _actor(), action=action, subject=subject, detail=detail)


def _actor() -> str:
    """Who gave the command; a container may run as a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"
