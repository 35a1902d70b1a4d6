"""The composition root: makes everything the adapter is made of, and runs it in one task group."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from cpo_adapter import alerts, expectations, operator_api, sessions
from cpo_adapter import cdrs as cdr_making
from cpo_adapter import stations as station_work
from cpo_adapter.active_profiles import ActiveProfiles
from cpo_adapter.admission import Admission
from cpo_adapter.alerts import Watch
from cpo_adapter.asking import Desk
from cpo_adapter.asking_owner import Owners
from cpo_adapter.campaigns import Campaigns
from cpo_adapter.central_system import CentralSystem
from cpo_adapter.charging import Charging
from cpo_adapter.commands import Commands
from cpo_adapter.errands import Errands
from cpo_adapter.frames import Forgetting, FrameRecorder
from cpo_adapter.links import StationLinks
from cpo_adapter.ocpi_api import OPERATIONS, OcpiApi
from cpo_adapter.ocpp.connection import Wiring
from cpo_adapter.ocpp.endpoint import Endpoint
from cpo_adapter.ocpp.listener import listening, server_tls
from cpo_adapter.ocpp.reception import Reception
from cpo_adapter.ocpp.registry import Registry
from cpo_adapter.ocpp.security import Doorkeeper, TrustedProxies
from cpo_adapter.presence import Presence
from cpo_adapter.reservations import Reservations
from cpo_adapter.results import Results
from cpo_adapter.rules import Rules
from cpo_adapter.settings import CpoSettings
from cpo_adapter.site_limits import SiteLimits
from cpo_adapter.skew import Skews
from cpo_adapter.store.tables import SCHEMA
from cpo_adapter.telling import StatusTeller
from cpo_adapter.token_pull import TokenPull
from cpo_adapter.uploads import Drop
from cpo_adapter.webhooks import WebhookSender
from ocpi_hub.node import keys
from ocpi_hub.node.asgi import Asgi, Shell, is_ocpi
from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.node.health import database_answers, health_routes
from ocpi_hub.node.metrics import Metrics
from ocpi_hub.node.secrets import Vault
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.side import OcpiSide, open_side
from ocpi_hub.protocol.roles import Role
from ocpi_hub.service import lifecycle
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.tls import tls_context
from ocpi_hub.service.transport import Transport
from ocpi_hub.service.websocket import SocketLimits

Task = Coroutine[Any, Any, None]

_BILLING_PAUSE = 1.0
# Connections that stations leave to everybody else when all of them come at once.
_NOT_FOR_STATIONS = 2


def _now() -> datetime:
    return datetime.now(UTC)


def versions_url(settings: CpoSettings) -> str:
    """Where partners start."""
    return Identity.of(settings, Role.CPO).versions_url


class CpoApp(Shell["Parts"]):
    """OCPI below /ocpi, stations below /ocpp, operators and their tools through FastAPI."""

    def __init__(self, settings: CpoSettings, database_url: str, secret_key: str) -> None:
        super().__init__(settings.name)
        self.settings, self.database_url = settings, database_url
        self.secret_key = secret_key

    def past(self, parts: Parts, scope: dict[str, Any]) -> Asgi | None:
        """Stations and partners."""
        if scope.get("path", "").startswith("/ocpp/"):
            return parts.endpoint
        return parts.ocpi if is_ocpi(scope) else None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Parts]:
        """Everything of an adapter, started."""
        async with running(self.settings, self.database_url, self.secret_key) as parts:
            self.rest.mount(operator_api.PREFIX, operator_api.application(parts.office))
            self.rest.include_router(
                health_routes(
                    partial(database_answers, parts.db),
                    metrics=parts.metrics.registry,
                    metrics_token=self.settings.metrics_token,
                )
            )
            yield parts


@asynccontextmanager
async def running(
    settings: CpoSettings, database_url: str, secret_key: str
) -> AsyncIterator[Parts]:
    """Everything of an adapter, started; stopped in the reverse order at the end of the block."""
    identity = Identity.of(settings, Role.CPO)
    guard = AddressGuard(settings.allow_private_networks, own_urls=(settings.public_url,))
    client = make_client(guard, tls_context())
    vault = Vault(secret_key, reread=keys.rereading(settings))
    try:
        async with (
            open_database(database_url, schema=SCHEMA, pool_size=settings.pool_size) as db,
            open_side(
                identity,
                db,
                vault,
                allow_private_networks=settings.allow_private_networks,
                timeout=settings.forward_timeout,
                pull_interval=settings.pull_interval,
            ) as side,
        ):
            async with db.hot() as conn:
                server_key = await station_work.server_key(conn, vault)
            async with asyncio.TaskGroup() as group:
                parts = Parts(settings, side, HttpxTransport(client), vault, group, server_key)
                await parts.presence.begin()
                started = [group.create_task(task) for task in parts.tasks()]
                try:
                    async with own_ports(settings, parts):
                        yield parts
                finally:
                    await parts.registry.close_all()
                    for task in started:
                        task.cancel()
    finally:
        await client.aclose()


@asynccontextmanager
async def own_ports(settings: CpoSettings, parts: Parts) -> AsyncIterator[None]:
    """The ports that are only for stations, where there are any."""
    limits = socket_limits(settings)
    proxies = trusted_proxies(settings)
    async with AsyncExitStack() as stack:
        if settings.ocpp_port is not None:
            sock = stack.enter_context(lifecycle.bound(settings.host, settings.ocpp_port))
            await stack.enter_async_context(
                listening(parts.reception, sock, limits=limits, proxies=proxies)
            )
        if settings.tls_port is not None:
            sock = stack.enter_context(lifecycle.bound(settings.host, settings.tls_port))
            tls = server_tls(
                Path(settings.tls_certificate or ""),
                Path(settings.tls_key or ""),
                Path(settings.tls_client_ca) if settings.tls_client_ca else None,
            )
            await stack.enter_async_context(
                listening(parts.reception, sock, limits=limits, proxies=proxies, tls=tls)
            )
        yield


def socket_limits(settings: CpoSettings) -> SocketLimits:
    """What stations may send, and how often they are pinged."""
    return SocketLimits(settings.max_frame, settings.ping_interval)


def trusted_proxies(settings: CpoSettings) -> TrustedProxies:
    """The proxies that are believed."""
    return TrustedProxies.parse(each for each in settings.trusted_proxies.split(",") if each)


class Parts:
    """Everything made once, in the order in which one needs the other."""

    def __init__(
        self,
        settings: CpoSettings,
        side: OcpiSide,
        transport: Transport,
        vault: Vault,
        group: asyncio.TaskGroup,
        server_key: bytes,
    ) -> None:
        self.settings, self.side, self.db, self.vault = settings, side, side.db, vault
        self.server_key = server_key
        self.rules = Rules.of(settings)
        self.results = Results(self.db, side.peers, side.outgoing, _now)
        self.token_pull = TokenPull(
            self.db, side.peers, side.outgoing, self.rules, settings.pull_interval, _now
        )
        at_once = max(1, settings.pool_size - _NOT_FOR_STATIONS)
        self._make_stations(settings, self.db, self.db.in_turns(at_once))
        self._make_partners_side(settings, self.db, group)
        self._make_watching(settings, self.db, transport, vault)

    def _make_stations(self, settings: CpoSettings, db: Database, crowd: Database) -> None:
        """The central system; `crowd` is the database for what every station may ask at once."""
        settle = self.rules.status_settle
        self.registry = Registry()
        self.presence = Presence(crowd, timedelta(seconds=settings.offline_grace), settle, _now)
        self.frames = FrameRecorder(db, heard=self.presence.heard)
        self.admission = Admission(
            crowd, settings.unknown_stations, settings.heartbeat_interval, _now, random.random
        )
        self.active_profiles = ActiveProfiles(
            db, self.registry, settings.call_timeout, _now, self.poke
        )
        self.errands = Errands(
            crowd,
            self.registry,
            self.registry.connected,
            settings.call_timeout,
            _now,
            self.active_profiles.changed,
        )
        asking = Owners(self.side.peers, self.side.outgoing, settings.authorize_timeout)
        self.charging = Charging(crowd, self.rules, _now, asking)
        self.reservations = Reservations(db, self.rules, _now, self.poke, self.errands.ask)
        central = CentralSystem(
            crowd,
            self.admission,
            self.charging,
            self.reservations,
            self.errands,
            Skews(),
            settle,
            _now,
            self.side.publisher.poke,
        )
        wiring = Wiring(central, self.frames, _now, lambda: str(uuid4()))
        self.site_limits = SiteLimits(
            db, self.registry, settings.call_timeout, self.active_profiles.changed
        )
        links = StationLinks(self.presence, self.errands, self.site_limits.forget)
        doorkeeper = Doorkeeper(self.admission, self.server_key)
        self.reception = Reception(doorkeeper, links, self.registry, wiring)
        self.endpoint = Endpoint(self.reception, trusted_proxies(settings))

    def _make_partners_side(
        self, settings: CpoSettings, db: Database, group: asyncio.TaskGroup
    ) -> None:
        """What partners ask, and where they come in."""
        desk = Desk(self.rules, _now, lambda station: self.registry.get(station) is not None)
        self.commands = Commands(
            db, desk, self.registry, settings.command_timeout, self.poke, group
        )
        self.api = OcpiApi(
            db,
            self.side.identity,
            self.rules,
            self.commands,
            _now,
            self.side.publisher.poke,
        )
        self.metrics = Metrics("cpo")
        self.metrics.watch("stations", "Stations that are connected.", lambda: len(self.registry))
        self.metrics.watch(
            "stations_replaced",
            "How often a station came while it still had a connection.",
            lambda: self.registry.replaced,
        )
        self.ocpi = self.side.server(OPERATIONS, self.api.functional, observed=self.metrics.observe)

    def _make_watching(
        self, settings: CpoSettings, db: Database, transport: Transport, vault: Vault
    ) -> None:
        """What looks after things by itself."""
        settle = self.rules.status_settle
        self.teller = StatusTeller(db, settle, self.side.publisher.poke, _now)
        self.watch = Watch(
            db,
            alerts.rules(
                settle=settle,
                quiet=timedelta(seconds=settings.offline_grace),
                heartbeat=timedelta(seconds=settings.heartbeat_interval),
                stuck_after=self.rules.stuck_after,
            ),
            _now,
        )
        self.webhooks = WebhookSender(db, transport, vault, _now)
        life = timedelta(days=settings.frame_retention_days)
        self.forgetting = Forgetting(db, life, _now)
        self.campaigns = Campaigns(
            db,
            self.registry,
            self.registry.connected,
            settings.call_timeout,
            _now,
            self.rules.new_number,
        )

    @property
    def office(self) -> operator_api.Office:
        """What operators reach over HTTP."""
        return operator_api.Office(
            settings=self.settings,
            db=self.db,
            rules=self.rules,
            registry=self.registry,
            frames=self.frames,
            errands=self.errands,
            reservations=self.reservations,
            drop=Drop(self.db, _now),
            vault=self.vault,
            server_key=self.server_key,
            now=_now,
            poke=self.poke,
        )

    def poke(self) -> None:
        """A result may be owed, a Session may have changed."""
        self.results.poke()
        self.side.publisher.poke()

    async def _bill(self) -> None:
        """One look for what is to be billed or told, and for starts that never came."""
        done = await cdr_making.make_due(self.db, rules=self.rules, now=_now())
        told = await sessions.tell_waiting(self.db, rules=self.rules, now=_now())
        given_up = await expectations.expire(self.db, rules=self.rules, now=_now())
        if done or told or given_up:
            self.side.publisher.poke()

    def tasks(self) -> list[Task]:
        """What runs beside the requests."""
        return [
            self.side.run(),
            self.results.run(),
            self.token_pull.run(),
            self.presence.run(),
            self.frames.run(),
            self.errands.run(),
            self.active_profiles.run(),
            self.reservations.run(),
            self.site_limits.run(),
            self.teller.run(),
            self.watch.run(),
            self.webhooks.run(),
            self.forgetting.run(),
            self.campaigns.run(),
            steadily("billing", self._bill, pause=_BILLING_PAUSE),
        ]
