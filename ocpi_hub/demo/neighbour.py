"""A process of the demo as the demo asks it, over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from ocpi_hub.demo.processes import Child, DemoError
from ocpi_hub.demo.tally import Phase, Told
from ocpi_hub.protocol.jsontext import dumps, loads
from ocpi_hub.service.transport import Request, Transport, TransportError

_LARGEST: Final = 100_000_000
_ASK_SECONDS: Final = 60.0
_START_SECONDS: Final = 120.0
_END_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2


class Refused(DemoError):
    """A process of the demo answers that it will not, by a 4xx."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A process of the demo as it is asked over HTTP; `url` is without a final slash, `bearer` the
    token that it asks for, if any."""

    child: Child
    url: str
    transport: Transport
    bearer: str | None = None

    async def get(self, path: str) -> Any:
        """The JSON document at a path; DemoError when it does not come."""
        return loads(await self._send("GET", path))

    async def post(self, path: str, document: object) -> None:
        """Sends a JSON document there; DemoError when it is not taken."""
        await self._send("POST", path, dumps(document))

    async def ask(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Any:
        """The JSON document that is answered; Refused when it is a 4xx."""
        body = b"" if document is None else dumps(document)
        return loads(await self._send(method, path, body, headers))

    async def told(self) -> Told:
        """How far a sandbox platform is."""
        return Told.read(await self.get("/status"))

    async def finish(self) -> None:
        """Tells a sandbox platform to come to its end, and waits until it has."""
        await self._send("POST", "/finish")
        await self.reach(Phase.FINISHED, within=_END_SECONDS)

    async def reach(self, phase: Phase, *, within: float) -> None:
        """Waits until a sandbox platform is that far."""
        try:
            async with asyncio.timeout(within):
                while True:
                    if (await self.told()).phase is phase:
                        return
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise DemoError(f"{self.child.name} is not {phase} after {within:g} s") from None

    async def ready(self, path: str) -> None:
        """Waits until the process answers there."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self._answers(path):
                    self.child.require_running()
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise DemoError(f"{self.child.name} is not ready after {_START_SECONDS:g} s") from None

    async def _answers(self, path: str) -> bool:
        request = Request("GET", f"{self.url}{path}")
        try:
            return (await self.transport.send(request, timeout=_ASK_SECONDS)).status == 200
        except TransportError:
            return False

    async def _send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        self.child.require_running()
        request = Request(
            method,
            f"{self.url}{path}",
            (*self._headers, *headers),
            body,
            max_answer=_LARGEST,
        )
        try:
            response = await self.transport.send(request, timeout=_ASK_SECONDS)
        except TransportError as error:
            await asyncio.sleep(_LOOK_SECONDS)
            self.child.require_running()
            raise DemoError(f"{self.child.name} does not answer: {error}") from error
        if response.status >= 300:
            said = response.body.decode(errors="replace")
            kind = Refused if response.status < 500 else DemoError
            raise kind(f"{self.child.name}: {method} {path} is HTTP {response.status}: {said}")
        return response.body

    @property
    def _headers(self) -> tuple[tuple[str, str], ...]:
        kind = ("Content-Type", "application/json")
        return (
            (kind,) if self.bearer is None else (kind, ("Authorization", f"Bearer {self.bearer}"))
        )
