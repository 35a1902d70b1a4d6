"""What a bench plays on: a database of its own with a catalogue and partners, and a hub on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
from cryptography.fernet import Fernet
from psycopg import sql

from ocpi_hub.node.engine import Database, one_row, open_database
from ocpi_hub.node.secrets import Vault, hash_token
from ocpi_hub.protocol.headers import authorization
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.store import registrations
from ocpi_hub.store.registrations import Claim, Endpoint, Registration
from ocpi_hub.store.schema import HUB_SCHEMA
from ocpi_hub.store.tables import SCHEMA
from tests import samples
from tests.bench import children
from tests.bench.children import Child
from tests.hub.commands import Commands

HUB = Party("NL", "HUB")
STATUSES = ("CHARGING", "AVAILABLE", "RESERVED", "BLOCKED")
CPO, EMSP = Party("NL", "CPO"), Party("DE", "EMS")
_KEY = Fernet.generate_key().decode()
_QUIET = str(24 * 3600)

_LOCATIONS = """
INSERT INTO catalogue (module, id, owner, sub, document, last_updated, correlation_id)
SELECT 'locations', 'loc' || n, 'nl/cpo', '',
    %(location)s::jsonb || jsonb_build_object('id', 'LOC' || n), '2026-01-15', 'seed'
FROM generate_series(%(first)s::int, %(last)s::int) n
"""
_EVSES = """
INSERT INTO catalogue (module, id, owner, sub, document, position, last_updated, correlation_id)
SELECT 'locations', 'loc' || n, 'nl/cpo', 'loc' || n || '-' || e,
    %(evse)s::jsonb || jsonb_build_object('uid', 'LOC' || n || '-' || e), e, '2026-01-15', 'seed'
FROM generate_series(%(first)s::int, %(last)s::int) n, generate_series(1, %(evses)s::int) e
"""
_NOT_PLAIN = """
SELECT count(*) FROM exchanges
WHERE leg = 0 AND (status_code IS DISTINCT FROM 1000 OR message IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Locations:
    """LOCn from `first` on, `count` of them, each with EVSEs LOCn-1, LOCn-2, …"""

    first: int
    count: int
    evses: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A migrated database."""

    url: str
    db: Database

    async def seed(self, locations: Locations) -> None:
        """Puts Locations of the CPO into the catalogue."""
        location = {name: value for name, value in samples.location().items() if name != "evses"}
        values = {
            "location": dumps(location).decode(),
            "evse": dumps(samples.evse()).decode(),
            "first": locations.first,
            "last": locations.first + locations.count - 1,
            "evses": locations.evses,
        }
        async with self.db.hot() as conn:
            for statement in (_LOCATIONS, _EVSES):
                await conn.execute(statement, values)
            await conn.execute("VACUUM ANALYZE catalogue")

    async def enrol(self, party: Party, role: Role, endpoints: Sequence[Endpoint]) -> None:
        """Registers the party as a platform of its own; it shows the hub the token `of(party)`."""
        now = datetime.now(UTC)
        token_hash = hash_token(_token(party))
        registration = Registration(
            version="2.2.1",
            versions_url=f"{_root(endpoints)}/versions",
            token_out=Vault(_KEY).encrypt("a-token-for-the-hub"),
            endpoints=endpoints,
            claims=[Claim(party, role, {"name": f"{party} Ltd"})],
        )
        async with self.db.begin() as conn:
            platform_id = await registrations.invite(
                conn,
                str(party),
                new_id=f"id-{party.key}",
                token_hash=token_hash,
                expires_at=now + timedelta(days=1),
                now=now,
            )
            await registrations.register(
                conn,
                platform_id,
                presented=token_hash,
                token_hash=token_hash,
                registration=registration,
                hub=HUB,
                now=now,
            )

    @property
    def commands(self) -> Commands:
        """`ocpi-hub` on this database."""
        return Commands(
            {
                "DATABASE_URL": self.url,
                "SECRET_KEY": _KEY,
                "ALLOW_PRIVATE_NETWORKS": "true",
                "RATE_LIMIT": "0",
                "ALIVE_INTERVAL": _QUIET,
                "PULL_INTERVAL": _QUIET,
                "LOG_LEVEL": "warning",
            }
        )

    async def invitation(self, name: str, party: Party, role: Role) -> str:
        """A token A for a platform that will register by itself."""
        words = ("partner", "invite", name, "--party", f"{party}/{role}", "--json")
        ran = await self.commands.aside(*words)
        return str(ran.json["token"])

    @asynccontextmanager
    async def hub(self, *, port: int = 0) -> AsyncIterator[Child]:
        """The hub on this database, one process, as `ocpi-hub serve` runs it."""
        words = ("serve", f"--port={port}", "--json")
        async with children.running("ocpi_hub", *words, environ=self.commands.environ) as child:
            yield child

    async def check_answers(self) -> None:
        """RuntimeError unless the hub said 1000, and nothing more, to everything since the last."""
        async with self.db.hot() as conn:
            (failures,) = await one_row(conn, _NOT_PLAIN)
            await conn.execute("TRUNCATE exchanges")
        if failures:
            raise RuntimeError(f"{failures} answers of the hub were not a plain 1000")


@asynccontextmanager
async def stage(postgres_url: str, name: str) -> AsyncIterator[Stage]:
    """A fresh database of that name."""
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as conn:
        await conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await HUB_SCHEMA.migrate(url)
    async with open_database(url, schema=SCHEMA, pool_size=2) as db:
        yield Stage(url, db)


def request_headers(sender: Party, receiver: Party) -> dict[str, str]:
    """What a partner sends with every request."""
    return {
        "Authorization": authorization(_token(sender), plain=False),
        "Content-Type": "application/json",
        "X-Request-ID": "7f1c1f0e-6a0e-4a51-8f0e-0d6b0c6f3a11",
        "X-Correlation-ID": "0b8a5e54-8f6c-4d6f-9f0e-5d2c3b1a0f99",
        "OCPI-to-country-code": receiver.country_code,
        "OCPI-to-party-id": receiver.party_id,
        "OCPI-from-country-code": sender.country_code,
        "OCPI-from-party-id": sender.party_id,
    }


def endpoints(url: str, *modules: str, side: Interface) -> list[Endpoint]:
    """One side of these modules at a platform."""
    return [Endpoint(module, side, f"{url}/{side.lower()}/{module}") for module in modules]


def _root(endpoints: Sequence[Endpoint]) -> str:
    return endpoints[0].url.rsplit("/", 2)[0]


def _token(party: Party) -> str:
    return f"a-token-of-{party.key}"
