"""What a command works with: the settings, the database, the registry and the keys, open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ocpi_hub.node import keys
from ocpi_hub.node.engine import Connection, Database, open_database
from ocpi_hub.node.output import CommandError
from ocpi_hub.node.secrets import Vault
from ocpi_hub.node.session import CONNECTIONS, actor, database_of
from ocpi_hub.protocol.party import Party
from ocpi_hub.registry import Registry
from ocpi_hub.rewriting import HubUrls
from ocpi_hub.settings import HubSettings
from ocpi_hub.snapshot import Platform, Snapshot
from ocpi_hub.store import audit, numbers
from ocpi_hub.store.schema import HUB_SCHEMA
from ocpi_hub.store.tables import SCHEMA


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

    @property
    def urls(self) -> HubUrls:
        """The URLs partners use."""
        return HubUrls(self.settings.public_url)

    async def alive(self) -> bool:
        """Whether the hub runs."""
        async with self.db.hot() as conn:
            return await numbers.alive(conn)


@asynccontextmanager
async def open_hub() -> AsyncIterator[Session]:
    """The hub's database, running or started for the command, and everybody in it."""
    async with (
        database_of(HubSettings, HUB_SCHEMA) as (settings, url),
        open_session(settings, url) as session,
    ):
        yield session


@asynccontextmanager
async def open_session(settings: HubSettings, url: str) -> AsyncIterator[Session]:
    """A session on a database that is up to date."""
    async with open_database(url, schema=SCHEMA, pool_size=CONNECTIONS) as db:
        vault = keys.open_vault(settings)
        party = Party(settings.country_code, settings.party_id)
        registry = Registry(db, hub=party, mode=settings.agreements, vault=vault)
        await registry.refresh()
        yield Session(settings, db, registry, vault)


async def record(
    conn: Connection, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """The audit row of an action, in the transaction that carries it out."""
    await audit.record(conn, actor(), action=action, subject=subject, detail=detail)
