"""The CPO adapter as a bench has it: its own database with stations and cards, served by a process.

Station n is `CPn`, the plug of EVSE `En`; its driver has the card `CARDn`, which an eMSP lets in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from cryptography.fernet import Fernet
from psycopg import sql

from cpo_adapter import inventory
from cpo_adapter.store import tokens
from cpo_adapter.store.schema import CPO_SCHEMA
from cpo_adapter.store.tables import SCHEMA
from ocpi_hub.node.engine import Database, Hot, one_row, open_database
from tests import samples
from tests.bench import children
from tests.bench.children import Child
from tests.bench.stage import CPO, EMSP
from tests.pricing.cases import element, tariff

_EVSES_OF_A_LOCATION = 4
_TARIFF = tariff([element("ENERGY 0.30", "PARKING_TIME 2.00")], id="TARIFF1")
# What the operator does not say of an EVSE.
_DERIVED = ("capabilities", "status")
_QUIET = str(24 * 3600)
# Of security profile 0, mapped without telling anybody.
_STATIONS = """
WITH added AS (
    INSERT INTO stations (id, security_profile)
    SELECT 'CP' || n, 0 FROM generate_series(0, %s::int - 1) n RETURNING id
)
INSERT INTO plugs (station_id, evse, connector, evse_uid, connector_id)
SELECT id, 1, 1, 'E' || substr(id, 3), '1' FROM added
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A furnished database of the adapter."""

    url: str
    db: Database
    postmaster: int
    key: str

    @asynccontextmanager
    async def adapter(self, *, port: int = 0) -> AsyncIterator[Child]:
        """The adapter on this database, one process, as `cpo-adapter serve` runs it."""
        environ = {
            "DATABASE_URL": self.url,
            "SECRET_KEY": self.key,
            "COUNTRY_CODE": CPO.country_code,
            "PARTY_ID": CPO.party_id,
            "PULL_INTERVAL": _QUIET,
            "LOG_LEVEL": "warning",
        }
        async with children.running(
            "cpo_adapter",
            "serve",
            f"--port={port}",
            "--json",
            environ={f"CPO_{name}": value for name, value in environ.items()},
        ) as child:
            yield child

    async def count(self, statement: str) -> int:
        """The number that a statement finds."""
        async with self.db.hot() as conn:
            (found,) = await one_row(conn, statement)
            return int(found)

    def postgres_cpu_seconds(self) -> float:
        """What Postgres has used so far, with everything it runs and has run."""
        running = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text()
        used = children.cpu_seconds(self.postmaster, with_ended=True)
        return used + sum(_still_used(int(pid)) for pid in running.split())


@asynccontextmanager
async def site(postgres_url: str, name: str, *, count: int) -> AsyncIterator[Site]:
    """A fresh database of that name, with so many stations."""
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as conn:
        await conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        postmaster = _parent(conn.info.backend_pid)
    url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await CPO_SCHEMA.migrate(url)
    async with open_database(url, schema=SCHEMA, pool_size=2) as db:
        async with db.hot_transaction() as conn:
            await _furnish(conn, count)
        async with db.hot() as conn:
            await conn.execute("VACUUM ANALYZE")
        yield Site(url, db, postmaster, Fernet.generate_key().decode())


async def _furnish(conn: Hot, count: int) -> None:
    """In one transaction: locations, tariff, stations with their plugs, and cards."""
    now = datetime.now(UTC)
    numbers = range(count)
    groups = [numbers[at : at + _EVSES_OF_A_LOCATION] for at in numbers[::_EVSES_OF_A_LOCATION]]
    await inventory.import_tariffs(conn, [_TARIFF], party=CPO, now=now)
    await inventory.import_locations(
        conn, [_location(at, group) for at, group in enumerate(groups)], party=CPO, now=now
    )
    await conn.execute(_STATIONS, (count,))
    for number in numbers:
        card = samples.token(uid=card_of(number), whitelist="ALWAYS")
        await tokens.put(conn, EMSP.key, token=card, now=now)


def card_of(number: int) -> str:
    """The card of a station's driver."""
    return f"CARD{number}"


def _location(at: int, evses: Iterable[int]) -> dict[str, object]:
    return samples.location(id=f"LOC{at}", evses=[_evse(number) for number in evses])


def _evse(number: int) -> dict[str, object]:
    found = samples.evse(uid=f"E{number}", evse_id=f"NL*CPO*E{number}")
    return {name: value for name, value in found.items() if name not in _DERIVED}


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _still_used(pid: int) -> float:
    try:
        return children.cpu_seconds(pid)
    except FileNotFoundError:
        return 0.0
