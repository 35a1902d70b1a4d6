"""An adapter on a real socket, with an operator who asks it over HTTP and stations that connect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from cpo_adapter.app import CpoApp
from cpo_adapter.settings import CpoSettings
from cpo_adapter.store import operator_tokens
from cpo_adapter.store.operator_tokens import Role
from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import hash_token
from ocpi_hub.protocol.jsontext import dumps
from tests.chargers import Charger, charger
from tests.cpo_adapter.offering import location
from tests.hub.commands import KEY
from tests.serving import free_port, serving

QUICK: dict[str, Any] = {
    "call_timeout": 1.0,
    "status_settle": 0.2,
    "billing_grace": 0.1,
    "allow_private_networks": True,
}


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def json(self) -> Any:
        """Its body, with exact decimals."""
        return json.loads(self.content, parse_float=Decimal)


@dataclass(frozen=True)
class Operated:
    """The adapter, and an operator of each role."""

    url: str
    client: httpx.AsyncClient
    db: Database

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str | None = "admin",
        content: bytes | None = None,
    ) -> Answer:
        """Asks as an operator of that role, or as nobody."""
        headers = {} if role is None else {"Authorization": f"Bearer {role}-token"}
        if body is not None:
            content = dumps(body)
            headers["Content-Type"] = "application/json"
        answer = await self.client.request(
            method, f"{self.url}/operator/v1{path}", headers=headers, content=content
        )
        return Answer(answer.status_code, answer.headers, answer.content)

    async def get(self, path: str) -> Any:
        """What a reader is shown."""
        answer = await self("GET", path, role="read")
        assert answer.status == 200, answer.content
        return answer.json

    def station(
        self, station_id: str, *, version: str = "1.6"
    ) -> AbstractAsyncContextManager[Charger]:
        """A station that connects, and is there for the time of the block."""
        return charger(f"{self.url.replace('http', 'ws', 1)}/ocpp", station_id, version=version)


@asynccontextmanager
async def operated(db: Database, database_url: str, **settings: Any) -> AsyncIterator[Operated]:
    """An adapter with LOC1, whose EVSE1 is CS1's and whose EVSE2 is CS2's."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = CpoApp(CpoSettings(port=port, public_url=url, **QUICK | settings), database_url, KEY)
    async with db.hot() as conn:
        for role in Role:
            await operator_tokens.add(
                conn, hash_token(f"{role.value}-token"), role=role, label=f"the {role.value} one"
            )
    async with serving(app, port), httpx.AsyncClient(trust_env=False) as client:
        ask = Operated(url, client, db)
        await ask("PUT", "/locations/LOC1", location("EVSE1", "EVSE2"))
        for station, evse in (("CS1", "EVSE1"), ("CS2", "EVSE2")):
            plugs = [{"evse_uid": evse}]
            await ask("POST", "/stations", {"id": station, "security_profile": 0, "plugs": plugs})
        yield ask
