"""A sandbox platform as a process: OCPI below /ocpi, and beside it a desk where one may ask.

GET  /status                                     how far it is, what it has counted
GET  /books/{module}                             every object it holds
GET  /hub/{module}                               the same objects as the hub has them
GET  /parties/{country_code}/{party_id}/{module} … and as a party behind the hub has them
POST /finish                                     bring what is under way to its end
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ocpi_hub.demo.platform import Document, Handler, HubCaller, Platform
from ocpi_hub.demo.shelf import Shelf
from ocpi_hub.demo.tally import Charged, Phase, Told
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.server import Server
from ocpi_hub.service import lifecycle, logs
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.tls import tls_context

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"


class Resident(Protocol):
    """Whoever gives a platform its role."""

    @property
    def shelves(self) -> Mapping[str, Shelf]:
        """What it holds, by module."""

    @property
    def handlers(self) -> Mapping[tuple[str, Interface], Handler]:
        """What it serves."""

    @property
    def charged(self) -> Charged:
        """What has been charged so far."""

    async def held_by(self, party: Party | None, module: str) -> list[Document]:
        """The objects of a module as a party has them, or the hub."""

    async def live(self) -> None:
        """From its registration until everything is at its end."""

    def finish(self) -> None:
        """Begins nothing new any more."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a sandbox platform is."""

    party: Party
    role: Role
    name: str


# Makes the resident of a platform, who avoids the Locations with these ids.
SettleIn = Callable[[Platform, frozenset[str]], Resident]


def run_platform(identity: Identity, settle_in: SettleIn) -> None:
    """The main program of a sandbox platform; ends at SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=f"{identity.name}, a sandbox {identity.role}.")
    parser.add_argument("--port", type=int, required=True, help="The port to listen on.")
    parser.add_argument("--versions-url", required=True, help="Where the hub's versions are.")
    parser.add_argument(
        "--avoid", action="append", default=[], metavar="ID", help="Leave a Location to others."
    )
    given = parser.parse_args()
    # Not an argument: arguments show in the list of processes.
    token = sys.stdin.readline().strip()
    logs.configure("info")
    avoided = frozenset(given.avoid)
    well = lifecycle.run(
        _run(
            identity,
            lambda platform: settle_in(platform, avoided),
            given.port,
            given.versions_url,
            token,
        )
    )
    sys.exit(0 if well else 1)


async def _run(
    identity: Identity,
    settle_in: Callable[[Platform], Resident],
    port: int,
    versions_url: str,
    token: str,
) -> bool:
    """Serves until it is stopped; whether it was registered."""
    ready = asyncio.Event()
    with lifecycle.stop_signals() as stop, lifecycle.bound(_HOST, port) as sock:
        async with _platform(identity, port) as platform, asyncio.TaskGroup() as group:
            resident = settle_in(platform)
            platform.handlers = resident.handlers
            app = Desk(Server(platform, platform.routes), platform, resident)
            life = group.create_task(_live(platform, resident, ready, stop, versions_url, token))
            await lifecycle.serve(app, sock, stop=stop, on_ready=ready.set)
            life.cancel()
            return platform.registered


@asynccontextmanager
async def _platform(identity: Identity, port: int) -> AsyncIterator[Platform]:
    client = make_client(AddressGuard(True), tls_context())
    try:
        yield Platform(
            party=identity.party,
            role=identity.role,
            name=identity.name,
            url=f"http://{_HOST}:{port}",
            token=secrets.token_urlsafe(32),
            transport=HttpxTransport(client),
        )
    finally:
        await client.aclose()


async def _live(
    platform: Platform,
    resident: Resident,
    ready: asyncio.Event,
    stop: asyncio.Event,
    versions_url: str,
    token: str,
) -> None:
    """Registers once it can be called back, and goes about its business until that is done."""
    await ready.wait()
    try:
        await platform.register(versions_url, token)
    except OcpiError as error:
        log.error("the registration failed", extra={"reason": error.message})
        stop.set()
        return
    await resident.live()
    platform.tally.phase = Phase.FINISHED


class Desk:
    """The ASGI application: OCPI goes past the routes of the desk."""

    def __init__(self, ocpi: Server[HubCaller], platform: Platform, resident: Resident) -> None:
        self._ocpi = ocpi
        self._platform = platform
        self._resident = resident
        self._rest = Starlette(
            routes=[
                Route("/status", self._status),
                Route("/books/{module}", self._books),
                Route("/hub/{module}", self._hub),
                Route("/parties/{country_code}/{party_id}/{module}", self._party),
                Route("/finish", self._finish, methods=["POST"]),
            ]
        )

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] == "http" and scope["path"].startswith("/ocpi/"):
            await self._ocpi(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    async def _status(self, request: Request) -> Response:
        return _json(Told.of(self._platform.tally, self._resident.charged).document)

    async def _books(self, request: Request) -> Response:
        shelf = self._resident.shelves.get(request.path_params["module"])
        return Response(status_code=404) if shelf is None else _json(shelf.all())

    async def _hub(self, request: Request) -> Response:
        return _json(await self._resident.held_by(None, request.path_params["module"]))

    async def _party(self, request: Request) -> Response:
        given = request.path_params
        party = Party(given["country_code"], given["party_id"])
        return _json(await self._resident.held_by(party, given["module"]))

    async def _finish(self, request: Request) -> Response:
        if self._platform.tally.phase is Phase.RUNNING:
            self._platform.tally.phase = Phase.FINISHING
        self._resident.finish()
        return Response(status_code=202)


def _json(value: object) -> Response:
    """With exact decimals."""
    return Response(dumps(value), media_type="application/json")
