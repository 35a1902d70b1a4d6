"""Platforms around a hub: served on real sockets, invited, registered, stopped and started."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.hub.commands import Commands
from tests.parties import RecordingParty
from tests.serving import free_port, serving


@dataclass
class Partners:
    """The platforms of one hub; they are served until the test ends."""

    url: str
    stack: AsyncExitStack
    commands: Commands
    parties: list[RecordingParty] = field(default_factory=list, kw_only=True)
    _served: dict[str, AsyncExitStack] = field(default_factory=dict, kw_only=True)

    @property
    def versions_url(self) -> str:
        """Where partners start."""
        return f"{self.url}/ocpi/versions"

    async def invite(self, name: str, bound_to: list[str] | None = None) -> str:
        """A fresh token A of the hub."""
        raise NotImplementedError

    async def run(self, *words: str) -> Any:
        """What an `ocpi-hub` command, which has to succeed, says as JSON."""
        ran = await self.commands.aside(*words, "--json")
        assert ran.code == 0, ran.stderr
        return ran.json

    async def stranger(self, *roles: str, **options: Any) -> RecordingParty:
        """A served platform that is not registered; its roles are like "NL/CPO/CPO"."""
        party = RecordingParty(
            url=f"http://127.0.0.1:{free_port()}",
            roles=list(roles),
            token=f"token-{len(self.parties)}-for-the-hub",
            **options,
        )
        party.hub_versions_url = self.versions_url
        self.parties.append(party)
        await self.start(party)
        return party

    async def join(self, *roles: str, **options: Any) -> RecordingParty:
        """A registered platform; the first is named platform-1."""
        party = await self.stranger(*roles, **options)
        token = await self.invite(f"platform-{len(self.parties)}")
        response = await party.register(self.versions_url, token)
        assert response.json()["status_code"] == 1000, response.text
        return party

    async def start(self, party: RecordingParty) -> None:
        """Serve it where it says it is."""
        served = await self.stack.enter_async_context(AsyncExitStack())
        port = urlsplit(party.url).port
        assert port is not None
        await served.enter_async_context(serving(party, port))
        # Before its server closes: that waits for the requests in flight.
        served.callback(party.released.set)
        self._served[party.url] = served

    async def stop(self, party: RecordingParty) -> None:
        """From now on nobody listens there."""
        await self._served.pop(party.url).aclose()


async def eventually(check: Callable[[], bool | Awaitable[bool]], *, within: float = 10.0) -> None:
    """Wait until it is so; the test fails when it is not in time."""
    async with asyncio.timeout(within):
        while True:
            found = check()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


def status(response: httpx.Response) -> tuple[int, int]:
    """HTTP status and OCPI code."""
    return response.status_code, response.json()["status_code"]


def data_of(response: httpx.Response) -> Any:
    """What an answer says, with exact decimals."""
    return json.loads(response.content, parse_float=Decimal)["data"]
