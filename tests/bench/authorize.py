"""A driver with a card at a charger: the eMSP adapter asked through the hub, and asked directly.

Both ways the same adapter answers, one question after the other on each connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import httpx
import psycopg
from cryptography.fernet import Fernet
from psycopg import sql

from emsp_adapter.store.schema import EMSP_SCHEMA
from emsp_adapter.store.tables import SCHEMA as EMSP
from ocpi_hub.node.engine import open_database
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from tests import samples
from tests.bench import children, wrk
from tests.bench.figures import Figure, compare
from tests.bench.stage import CPO, Stage, endpoints, request_headers, stage
from tests.emsp_adapter.commands import EmspCommands
from tests.parties import RecordingParty, encoded
from tests.serving import free_port, serving

_PROVIDER = Party("NL", "MPL")
_DIRECT = Party("NL", "DIR")
_GOAL = 2.5
_CONNECTIONS = (1, 8)
_SECONDS, _WARM_SECONDS = 2, 3
_CARDS = 1_000
_QUIET = str(24 * 3600)
_REFERENCES = {"location_id": "LOC1", "evse_uids": ["LOC1-1"]}

_DRIVERS = """
INSERT INTO drivers (id, email, email_confirmed_at)
SELECT 'driver' || n, 'driver' || n || '@drivers.example', now()
FROM generate_series(0, %s::int - 1) n
"""
_TOKENS = """
INSERT INTO tokens (id, driver_id, uid, type, contract_id, document)
SELECT 'token' || n, 'driver' || n, 't' || n, 'RFID', 'NLMPL' || n,
    %s::jsonb || jsonb_build_object('uid', 'T' || n, 'contract_id', 'NLMPL' || n)
FROM generate_series(0, %s::int - 1) n
"""


@dataclass(frozen=True, slots=True)
class Way:
    """Where the adapter is asked, and with what headers."""

    url: str
    headers: Mapping[str, str]

    async def median_ms(self, connections: int, seconds: int = _SECONDS) -> float:
        """Half of the answers took no longer."""
        return await wrk.median_ms(
            self.url,
            "authorize.lua",
            _CARDS,
            connections=connections,
            seconds=seconds,
            headers=self.headers,
        )

    async def check(self) -> None:
        """RuntimeError unless a card is let in."""
        async with httpx.AsyncClient(headers=self.headers) as client:
            url = f"{self.url}/ocpi/sender/2.2.1/tokens/T0/authorize"
            answer = await client.post(url, content=dumps(_REFERENCES))
        if answer.json().get("data", {}).get("allowed") != "ALLOWED":
            raise RuntimeError(f"a card is not let in: {answer.text}")


async def bench(postgres_url: str) -> list[Figure]:
    """A figure for one driver at a time, and one for some at once."""
    async with _ways(postgres_url) as (through_the_hub, directly):
        for way in (directly, through_the_hub):
            await way.check()
            await way.median_ms(max(_CONNECTIONS), _WARM_SECONDS)
        return [
            await compare(
                f"authorize through the hub, {connections} at once",
                partial(through_the_hub.median_ms, connections),
                partial(directly.median_ms, connections),
                unit="ms, median",
                goal=_GOAL,
                floor=False,
            )
            for connections in _CONNECTIONS
        ]


@asynccontextmanager
async def _ways(postgres_url: str) -> AsyncIterator[tuple[Way, Way]]:
    async with (
        stage(postgres_url, "bench_authorize") as ours,
        children.running("tests.bench.sink") as sink,
        _provider(postgres_url) as (commands, url),
        ours.hub(port=free_port()) as hub,
        _asker(commands) as direct,
    ):
        served = endpoints(sink.url, "commands", side=Interface.RECEIVER)
        await ours.enrol(CPO, Role.CPO, served)
        await _join(ours, hub.url, commands)
        asking = request_headers(CPO, _PROVIDER)
        shown = {"Authorization": f"Token {encoded(direct.hub_token)}"}
        yield Way(hub.url, asking), Way(url, request_headers(_DIRECT, _PROVIDER) | shown)


@asynccontextmanager
async def _provider(postgres_url: str) -> AsyncIterator[tuple[EmspCommands, str]]:
    """An eMSP adapter whose drivers have cards, one process, as `emsp-adapter serve` runs it."""
    name, port = "bench_provider", free_port()
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as conn:
        await conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database_url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await EMSP_SCHEMA.migrate(database_url)
    await _furnish(database_url)
    settings = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": Fernet.generate_key().decode(),
        "COUNTRY_CODE": _PROVIDER.country_code,
        "PARTY_ID": _PROVIDER.party_id,
        "ALLOW_PRIVATE_NETWORKS": "true",
        "PULL_INTERVAL": _QUIET,
        # Nobody has to add a payment method first.
        "PAYMENT": "none",
        # A thousand cards are asked about thousands of times.
        "STARTS_PER_HOUR": "0",
        "LOG_LEVEL": "warning",
        "PORT": str(port),
    }
    commands = EmspCommands(settings)
    async with children.running("emsp_adapter", "serve", "--json", environ=commands.environ) as run:
        yield commands, run.url


async def _furnish(database_url: str) -> None:
    country, party = _PROVIDER.country_code, _PROVIDER.party_id
    token = samples.token(country_code=country, party_id=party)
    async with open_database(database_url, schema=EMSP, pool_size=1) as db:
        async with db.hot_transaction() as conn:
            await conn.execute(_DRIVERS, (_CARDS,))
            await conn.execute(_TOKENS, (dumps(token).decode(), _CARDS))
        async with db.hot() as conn:
            await conn.execute("VACUUM ANALYZE")


@asynccontextmanager
async def _asker(commands: EmspCommands) -> AsyncIterator[RecordingParty]:
    """NL/DIR, which is registered at the adapter itself."""
    port = free_port()
    party = RecordingParty(url=f"http://127.0.0.1:{port}", roles=[f"{_DIRECT}/CPO"])
    async with serving(party, port):
        invitation = (await commands.aside("invite", "direct", "--json")).json
        answer = await party.register(invitation["versions_url"], invitation["token"])
        if answer.json()["status_code"] != 1000:
            raise RuntimeError(f"no registration: {answer.text}")
        yield party


async def _join(ours: Stage, hub_url: str, commands: EmspCommands) -> None:
    """Registers the adapter at the hub."""
    token = await ours.invitation("provider", _PROVIDER, Role.EMSP)
    words = ("--versions-url", f"{hub_url}/ocpi/versions", "--token", token)
    ran = await commands.aside("connect", "--name", "hub", *words, "--json")
    if ran.code:
        raise RuntimeError(f"the adapter did not connect: {ran.stderr}")
