"""The eMSP adapter as a process of its own, driven by its commands, and drivers with an app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from emsp_adapter.store import access_tokens
from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import hash_token, new_token
from tests.e2e.process import QUICK, ServiceProcess
from tests.emsp_adapter.commands import EmspCommands
from tests.emsp_adapter.running import EVERY_SCOPE

PASSWORD = "a-lane-of-old-lime-trees"
# The public id of the Location that tests/e2e/cpo/process.py offers.
LOC1 = "NL*CPO*LOC1"
EVSE1 = {"location": LOC1, "evse_uid": "EVSE1"}
_SECONDS = 15.0
_LOOK_SECONDS = 0.1

Document = dict[str, Any]


@dataclass
class App:
    """A driver's app: the driver API with an access token of every scope."""

    client: httpx.AsyncClient
    email: str = ""

    async def get(self, path: str) -> Any:
        """What is there."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def start(self, place: Document = EVSE1) -> Document:
        """A charge that has begun."""
        return await self.send("POST", "/charges", place)

    async def send(self, method: str, path: str, document: Document | None = None) -> Document:
        """What an action, which has to succeed, is answered."""
        answer = await self.request(method, path, document)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    async def request(
        self, method: str, path: str, document: Document | None = None
    ) -> httpx.Response:
        """The whole answer to an action."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        return await self.client.request(method, path, json=document, headers=headers)

    async def charge(self, charge_id: str, until: Callable[[Document], bool]) -> Document:
        """A charge, once it is so."""
        return await self.until(f"/charges/{charge_id}", until)

    async def in_state(self, charge_id: str, state: str) -> Document:
        """A charge, once it is in this state."""
        return await self.charge(charge_id, lambda found: found["state"] == state)

    async def only(self, name: str, query: str = "") -> Document:
        """The only thing of a list, once it is there."""
        found = await self.until(f"/{name}{query}", lambda listed: bool(listed[name]))
        (one,) = found[name]
        return dict(one)

    async def until(self, path: str, so: Callable[[Document], bool]) -> Document:
        """What is there once it is so; the test fails with the last of it when that takes long."""
        end = asyncio.get_running_loop().time() + _SECONDS
        while True:
            found = dict(await self.get(path))
            if so(found):
                return found
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(_LOOK_SECONDS)


@dataclass
class EmspProcess(ServiceProcess):
    """A running `emsp-adapter`; `db` is its database, for tokens that no person asks for."""

    db: Database = field(kw_only=True)
    clients: AsyncExitStack = field(kw_only=True)

    async def add_driver(self, email: str = "ada@drivers.example", *, staff: bool = False) -> str:
        """A driver who can log in, perhaps one of support; the id."""
        words = ("driver", "add", email, "--password", "-", *(("--support",) if staff else ()))
        added = await self.run(*words, stdin=f"{PASSWORD}\n")
        return str(added["id"])

    async def driver(self, email: str = "ada@drivers.example") -> App:
        """A driver with an app and a payment method."""
        app = await self.app(await self.add_driver(email))
        app.email = email
        await app.send("POST", "/payment-methods", {"kind": "demo"})
        return app

    async def app(self, driver_id: str, *, scope: str = EVERY_SCOPE) -> App:
        """An app with a token of a driver."""
        token = new_token()
        async with self.db.hot_transaction() as conn:
            await access_tokens.add(
                conn,
                hash_token(token),
                client_id="web",
                driver_id=driver_id,
                scope=scope,
                expires_at=datetime.now(UTC) + timedelta(hours=1),
            )
        client = httpx.AsyncClient(
            base_url=f"{self.url}/app/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_SECONDS,
        )
        return App(await self.clients.enter_async_context(client))

    async def cdrs(self) -> list[Document]:
        """Every CDR, with what was found of it."""
        found: list[Document] = await self.run("cdr", "list")
        return found


def emsp_process(
    given: Mapping[str, str], *, db: Database, clients: AsyncExitStack, command: str = "serve"
) -> EmspProcess:
    """The adapter on a port of 127.0.0.1, not started."""
    commands = EmspCommands(QUICK | dict(given))
    url = f"http://127.0.0.1:{given['PORT']}"
    return EmspProcess(url, commands, command, db=db, clients=clients)
