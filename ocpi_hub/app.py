"""The composition root: makes everything the hub is made of, and runs it in one task group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ocpi_hub.catalogue import Catalogue
from ocpi_hub.clearing import Clearing
from ocpi_hub.clientinfo import ClientInfoPush
from ocpi_hub.custody import Custody
from ocpi_hub.fanout import Fanout
from ocpi_hub.housekeeping import Housekeeping
from ocpi_hub.hub import Hub, HubCaller
from ocpi_hub.leader import Leader
from ocpi_hub.listing import Served
from ocpi_hub.metrics import Metrics
from ocpi_hub.node import keys
from ocpi_hub.node.asgi import Asgi, Shell, is_ocpi
from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.node.group_commit import GroupCommit
from ocpi_hub.node.health import health_routes
from ocpi_hub.node.limits import RateLimit
from ocpi_hub.node.secrets import Vault
from ocpi_hub.onboarding import Onboarding
from ocpi_hub.outbound import Outbound
from ocpi_hub.presence import Presence
from ocpi_hub.pricing_process import PricingProcess
from ocpi_hub.protocol.modules import CONFIGURATION, FUNCTIONAL, clearing_operations
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.routes import Routes
from ocpi_hub.protocol.server import Server
from ocpi_hub.pull import Pull
from ocpi_hub.registry import Registry
from ocpi_hub.relay import Relay
from ocpi_hub.rewriting import HubUrls
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.lane import Lanes
from ocpi_hub.service.tls import tls_context
from ocpi_hub.service.transport import Transport
from ocpi_hub.settings import HubSettings
from ocpi_hub.store import authorizations, custody
from ocpi_hub.store.exchanges import ExchangeWriter
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.patches import Patch, apply_patches
from ocpi_hub.store.tables import SCHEMA
from ocpi_hub.witness import Witness

# The hub sends HubClientInfo and never receives it.
SERVED = (*FUNCTIONAL, *(row for row in CONFIGURATION if row.interface is Interface.SENDER))

Task = Coroutine[Any, Any, None]


class HubApp(Shell["Running"]):
    """OCPI below /ocpi, everything else through FastAPI.

    `fanout` False leaves telling the receivers to `ocpi-hub fanout`.
    """

    def __init__(
        self, settings: HubSettings, database_url: str, secret_key: str, *, fanout: bool = True
    ) -> None:
        super().__init__(settings.name)
        self.settings, self.database_url, self.fanout = settings, database_url, fanout
        self.secret_key = secret_key

    def past(self, parts: Running, scope: dict[str, Any]) -> Asgi | None:
        """Partners."""
        return parts.server if is_ocpi(scope) else None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Running]:
        """Everything of a hub, started."""
        async with running(
            self.settings, self.database_url, self.secret_key, fanout=self.fanout
        ) as hub:
            self.rest.include_router(
                health_routes(
                    hub.switchboard.registry.ready,
                    metrics=hub.metrics.registry,
                    metrics_token=self.settings.metrics_token,
                )
            )
            yield hub


@dataclass(frozen=True, slots=True)
class Running:
    """A hub whose background tasks run; `server` is where partners come in."""

    switchboard: Hub
    server: Server[HubCaller]
    fanout: Fanout
    metrics: Metrics


@asynccontextmanager
async def running(
    settings: HubSettings,
    database_url: str,
    secret_key: str,
    *,
    serving: bool = True,
    fanout: bool = True,
) -> AsyncIterator[Running]:
    """Everything of a hub, started; stopped in the reverse order at the end of the block.

    `serving` False leaves out what belongs to answering, `fanout` False telling the receivers.
    """
    guard = AddressGuard(settings.allow_private_networks, own_urls=(settings.public_url,))
    context = tls_context()
    lanes = Lanes(guard, context)
    client = make_client(guard, context)
    try:
        async with open_database(database_url, schema=SCHEMA, pool_size=settings.pool_size) as db:
            vault = Vault(secret_key, reread=keys.rereading(settings))
            parts = _Parts(settings, db, guard, lanes, HttpxTransport(client), vault)
            await parts.registry.refresh()
            async with asyncio.TaskGroup() as group:
                tasks = parts.tasks(serving=serving, fanout=fanout)
                started = [group.create_task(task) for task in tasks]
                try:
                    yield Running(parts.hub, parts.server, parts.fanout, parts.metrics)
                finally:
                    for task in started:
                        task.cancel()
    finally:
        lanes.close()
        await client.aclose()


class _Parts:
    """Everything made once, in the order in which one needs the other."""

    def __init__(
        self,
        settings: HubSettings,
        db: Database,
        guard: AddressGuard,
        lanes: Lanes,
        transport: Transport,
        vault: Vault,
    ) -> None:
        holder, forward = uuid4().hex, settings.forward_timeout
        party = Party(settings.country_code, settings.party_id)
        urls = HubUrls(settings.public_url)
        served = Served(urls, settings.list_by_arrival)
        self.metrics = Metrics()
        self.writer = ExchangeWriter(db)
        self.registry = Registry(db, hub=party, mode=settings.agreements, vault=vault)
        self.outbound = Outbound(lanes, self.writer, party)
        self.fanout = Fanout(db, self.registry, self.outbound, guard, party, forward, holder)
        self.patches: GroupCommit[Patch, Outcome] = GroupCommit(
            db, write=apply_patches, key=lambda patch: patch.key
        )
        self.authorizations = authorizations.writer(db, now=lambda: datetime.now(UTC))
        self.catalogue = Catalogue(db, served, self.patches, self.fanout.poke)
        leader = Leader(db, "clearing", holder)
        self.clearing = Clearing(db, PricingProcess(), leader, self.metrics.cleared)
        self.custody = self._custody(db, urls, settings)
        self.presence = Presence(
            db,
            self.registry,
            self.outbound,
            Leader(db, "presence", holder),
            settings.alive_interval,
            self.custody.hasten,
        )
        self.pull = Pull(
            db,
            self.registry,
            self.outbound,
            self.catalogue,
            party,
            settings.pull_interval,
            forward,
            holder,
        )
        self.clientinfo = ClientInfoPush(
            self.registry,
            self.outbound,
            Leader(db, "clientinfo", holder),
            forward,
        )
        self.housekeeping = Housekeeping(
            db,
            self.registry,
            self.outbound,
            self.writer,
            self.metrics,
            timedelta(days=settings.ledger_retention_days),
            timedelta(days=settings.trace_retention_days),
        )
        self.hub = Hub(
            party=party,
            db=db,
            registry=self.registry,
            served=served,
            onboarding=Onboarding(db, vault, transport, party, settings.name, urls.versions),
            relay=Relay(db, self.outbound, urls, forward, settings.authorize_timeout),
            catalogue=self.catalogue,
            custody=self.custody,
            presence=self.presence,
            outbound=self.outbound,
            exchanges=self.writer,
            rate_limit=RateLimit(settings.rate_limit),
            guesses=RateLimit(
                settings.unknown_token_limit, seconds=60.0, what="unknown tokens per minute"
            ),
            witness=Witness(db, self.authorizations),
            own=clearing_operations(f"{party.key.replace('/', '')}-clearing"),
            observe_metrics=self.metrics.observe,
        )

    @property
    def server(self) -> Server[HubCaller]:
        """What partners reach."""
        return Server(self.hub, Routes((*SERVED, *self.hub.own), custom=True))

    def _custody(self, db: Database, urls: HubUrls, settings: HubSettings) -> Custody:
        return Custody(
            db,
            custody.writer(db, now=lambda: datetime.now(UTC)),
            self.outbound,
            urls,
            self.registry,
            self.clearing,
            settings.cdr_custody,
            settings.forward_timeout,
        )

    def tasks(self, *, serving: bool, fanout: bool) -> list[Task]:
        """What runs beside the requests, and what only tells the receivers."""
        both = [self.registry.run(), self.writer.run()]
        beside = self._beside_requests() if serving else []
        return [*both, *beside, *([self.fanout.run()] if fanout else [])]

    def _beside_requests(self) -> list[Task]:
        return [
            self.patches.run(),
            self.authorizations.run(),
            self.custody.run(),
            self.clearing.run(),
            self.presence.run(),
            self.pull.run(),
            self.clientinfo.run(),
            self.housekeeping.run(),
        ]
