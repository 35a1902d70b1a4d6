"""An eMSP adapter on a real socket, its drivers, and a CPO that is registered at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from emsp_adapter.app import EmspApp, Parts
from emsp_adapter.office import Office
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store import access_tokens
from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import hash_token, new_token
from tests.emsp_adapter import described
from tests.hub.commands import KEY
from tests.parties import MODULES, RecordingParty
from tests.serving import free_port, serving

EVERY_SCOPE = "openid profile email locations charging history account problems"


@dataclass
class Driver:
    """A driver with an app: `api` calls the driver API with an access token of every scope."""

    id: str
    api: httpx.AsyncClient


def mail_files(data_dir: Path) -> list[Path]:
    """The mails that were sent, the oldest first; `glob` finds the unfinished, too."""
    return [file for file in sorted(data_dir.glob("mail/*.eml")) if file.name[0] != "."]


@dataclass
class Adapter:
    """The adapter at `url`, which a test can stop and start again."""

    url: str
    database_url: str
    settings: EmspSettings
    app: EmspApp = field(init=False)
    _served: AsyncExitStack = field(default_factory=AsyncExitStack)
    _clients: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def parts(self) -> Parts:
        """What it is made of."""
        assert self.app.running is not None
        return self.app.running

    @property
    def office(self) -> Office:
        """What its parts work with."""
        return self.parts.office

    @property
    def db(self) -> Database:
        """Its database."""
        return self.office.db

    async def start(self) -> None:
        """Serve it where it says it is."""
        self.app = EmspApp(self.settings, self.database_url, KEY)
        self._served = AsyncExitStack()
        port = urlsplit(self.url).port
        assert port is not None
        await self._served.enter_async_context(serving(self.app, port))

    async def stop(self) -> None:
        """From now on nobody listens."""
        await self._clients.aclose()
        await self._served.aclose()

    async def row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """The first row of a question to its database."""
        async with self.db.hot() as conn:
            found = await conn.execute(statement.encode(), values)
            return await found.fetchone()

    async def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Every row of a question to its database."""
        async with self.db.hot() as conn:
            found = await conn.execute(statement.encode(), values)
            return await found.fetchall()

    async def driver(self, email: str = "ada@drivers.example") -> Driver:
        """A driver whose e-mail is confirmed, with an app that may do everything a driver may."""
        driver_id = str(uuid4())
        async with self.db.hot_transaction() as conn:
            await conn.execute(
                "INSERT INTO drivers (id, email, email_confirmed_at) VALUES (%s, %s, now())",
                (driver_id, email),
            )
        return Driver(driver_id, await self.api(driver_id, scope=EVERY_SCOPE))

    async def mail_to(self, address: str, *, subject: str = "") -> EmailMessage:
        """The newest mail to an address with a subject that holds some words; waited for."""
        async with asyncio.timeout(10):
            while True:
                for file in reversed(mail_files(self.settings.data_dir)):
                    mail = message_from_bytes(
                        file.read_bytes().replace(b"\r\n", b"\n"), policy=policy.default
                    )
                    if mail["To"] == address and subject in mail["Subject"]:
                        return mail
                await asyncio.sleep(0.05)

    async def api(self, driver_id: str | None, *, scope: str) -> httpx.AsyncClient:
        """A client of the driver API with a token of these scopes, closed with the adapter."""
        token = new_token()
        async with self.db.hot_transaction() as conn:
            await access_tokens.add(
                conn,
                hash_token(token),
                client_id="test-app",
                driver_id=driver_id,
                scope=scope,
                expires_at=self.office.now() + timedelta(hours=1),
            )
        return await self._clients.enter_async_context(
            httpx.AsyncClient(
                base_url=f"{self.url}/app/v1",
                headers={"Authorization": f"Bearer {token}"},
                event_hooks={"response": [described.keep]},
            )
        )


@asynccontextmanager
async def adapter(database_url: str, **settings: Any) -> AsyncIterator[Adapter]:
    """A running adapter."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    given = {"port": port, "public_url": url, "allow_private_networks": True, **settings}
    with TemporaryDirectory() as folder:
        made = Adapter(url, database_url, EmspSettings(**{"data_dir": folder, **given}))
        await made.start()
        try:
            yield made
        finally:
            await made.stop()


@dataclass
class Cpo:
    """NL/CPO, registered at the adapter: it pushes, answers commands, and keeps what it heard."""

    adapter: Adapter
    party: RecordingParty

    async def put(self, module: str, path: str, document: dict[str, Any]) -> tuple[int, int]:
        """A push of an object of its own; HTTP status and OCPI code of the answer."""
        return await self._said("PUT", module, f"NL/CPO/{path}", document)

    async def patch(self, module: str, path: str, changes: dict[str, Any]) -> tuple[int, int]:
        """A push of what changed."""
        return await self._said("PATCH", module, f"NL/CPO/{path}", changes)

    async def post_cdr(self, cdr: dict[str, Any]) -> httpx.Response:
        """A CDR, with the whole answer."""
        return await self.party.call("POST", "receiver", "cdrs", "", cdr)

    async def _said(
        self, method: str, module: str, path: str, body: dict[str, Any]
    ) -> tuple[int, int]:
        response = await self.party.call(method, "receiver", module, path, body)
        return response.status_code, response.json()["status_code"]


@asynccontextmanager
async def cpo(
    to: Adapter,
    *,
    name: str = "cpo",
    roles: str = "NL/CPO/CPO",
    connect: bool = True,
    more: tuple[str, ...] = (),
) -> AsyncIterator[Cpo]:
    """A CPO that the adapter has registered at, unless `connect` is False; it also takes `more`."""
    port = free_port()
    party = RecordingParty(
        url=f"http://127.0.0.1:{port}",
        roles=[roles],
        receivers=(*MODULES, *more, "hubclientinfo"),
        senders=(*MODULES, "hubclientinfo"),
    )
    party.hub_versions_url = f"{to.url}/ocpi/versions"
    async with serving(party, port):
        try:
            if connect:
                await to.office.side.registrar.connect(
                    name, versions_url=f"{party.url}/ocpi/versions", token=party.token
                )
            yield Cpo(to, party)
        finally:
            party.released.set()
