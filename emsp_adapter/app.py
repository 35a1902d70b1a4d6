"""The composition root: makes everything the adapter is made of, and runs it in one task group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from emsp_adapter import driver_api, identity, web
from emsp_adapter.catching_up import CatchingUp
from emsp_adapter.charging.live import Watchers
from emsp_adapter.charging.overdue import Overdue
from emsp_adapter.charging.scheduling import Schedule
from emsp_adapter.contracts.clearing import Clearing
from emsp_adapter.drivers import problems
from emsp_adapter.drivers.mail_carriers import mail_carrier
from emsp_adapter.drivers.notifications import Notifier
from emsp_adapter.drivers.outbox import Outbox
from emsp_adapter.drivers.tidying import Tidying
from emsp_adapter.drivers.webhooks import WebhookCarrier
from emsp_adapter.figures import Figures
from emsp_adapter.money import enclosures
from emsp_adapter.money.billing import Billing
from emsp_adapter.money.price_turns import PriceTurns
from emsp_adapter.network.respelling import Respelling
from emsp_adapter.ocpi_api import OPERATIONS, OcpiApi
from emsp_adapter.office import Office
from emsp_adapter.origins import for_every_origin
from emsp_adapter.payments import events
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store.outbox import Channel
from emsp_adapter.store.tables import SCHEMA
from ocpi_hub.node import keys
from ocpi_hub.node.asgi import Asgi, Shell, is_ocpi
from ocpi_hub.node.engine import open_database
from ocpi_hub.node.health import database_answers, health_routes
from ocpi_hub.node.metrics import Metrics
from ocpi_hub.node.rest.headers import WithHeaders, too_large, wants_page
from ocpi_hub.node.rest.problems import problem
from ocpi_hub.node.secrets import Vault
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.side import open_side
from ocpi_hub.protocol.roles import Role
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.tls import tls_context

Task = Coroutine[Any, Any, None]


def _now() -> datetime:
    return datetime.now(UTC)


def versions_url(settings: EmspSettings) -> str:
    """Where partners start."""
    return Identity.of(settings, Role.EMSP).versions_url


class EmspApp(Shell["Parts"]):
    """OCPI below /ocpi, drivers and their apps through FastAPI."""

    def __init__(self, settings: EmspSettings, database_url: str, secret_key: str) -> None:
        super().__init__(settings.name)
        self.settings, self.database_url = settings, database_url
        self.secret_key = secret_key
        self.rest.add_middleware(WithHeaders, headers={"X-Content-Type-Options": "nosniff"})

    def past(self, parts: Parts, scope: dict[str, Any]) -> Asgi | None:
        """Partners; signing in, whose pages have refusals of their own; and who sends too much."""
        if is_ocpi(scope):
            return parts.ocpi
        if identity.is_identity(scope):
            return parts.identity
        refusal = None if scope["type"] != "http" else too_large(scope)
        if refusal is None:
            return None
        page = wants_page(scope)
        return parts.identity if page else problem(refusal.status, refusal.detail)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Parts]:
        """Everything of an adapter, started."""
        async with running(self.settings, self.database_url, self.secret_key) as parts:
            self.rest.include_router(
                health_routes(
                    partial(database_answers, parts.office.db),
                    metrics=parts.metrics.registry,
                    metrics_token=self.settings.metrics_token,
                )
            )
            self.rest.include_router(events.routes(parts.office))
            self.rest.include_router(web.routes(self.settings))
            self.rest.mount(
                driver_api.PREFIX,
                for_every_origin(driver_api.application(parts.office, parts.watchers)),
            )
            yield parts


@asynccontextmanager
async def running(
    settings: EmspSettings, database_url: str, secret_key: str
) -> AsyncIterator[Parts]:
    """Everything of an adapter, started; stopped in the reverse order at the end of the block."""
    async with open_office(settings, database_url, secret_key) as office:
        parts = Parts(office)
        async with asyncio.TaskGroup() as group:
            started = [group.create_task(task) for task in parts.tasks()]
            try:
                yield parts
            finally:
                for task in started:
                    task.cancel()


@asynccontextmanager
async def open_office(
    settings: EmspSettings, database_url: str, secret_key: str
) -> AsyncIterator[Office]:
    """What every part works with, open, while nothing runs: for the adapter and for commands."""
    guard = AddressGuard(settings.allow_private_networks, own_urls=(settings.public_url,))
    client = make_client(guard, tls_context())
    vault = Vault(secret_key, reread=keys.rereading(settings))
    try:
        async with (
            open_database(database_url, schema=SCHEMA, pool_size=settings.pool_size) as db,
            open_side(
                Identity.of(settings, Role.EMSP),
                db,
                vault,
                allow_private_networks=settings.allow_private_networks,
                timeout=settings.forward_timeout,
                pull_interval=settings.pull_interval,
            ) as side,
        ):
            yield Office(
                settings, db, vault, side, HttpxTransport(client), _now, lambda: str(uuid4())
            )
    finally:
        await client.aclose()


class Parts:
    """Everything made once, in the order in which one needs the other."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.metrics = Metrics("emsp")
        self.catching_up = CatchingUp(office)
        self.clearing = Clearing(office)
        self.notifier = Notifier(office, enclosures.receipt)
        self.outbox = Outbox(
            office,
            {Channel.MAIL: mail_carrier(office.settings), Channel.WEBHOOK: WebhookCarrier(office)},
        )
        self.refused_reports = problems.Refused(office)
        self.tidying = Tidying(office)
        self.figures = Figures(office)
        self.figures.show(self.metrics)
        self.price_turns = PriceTurns(office)
        self.respelling = Respelling(office)
        self.billing = Billing(office)
        self.watchers = Watchers(office.db)
        self.schedule = Schedule(office)
        self.overdue = Overdue(office)
        self.identity = identity.application(office)
        api = OcpiApi(office)
        self.ocpi = office.side.server(OPERATIONS, api.functional, observed=self.metrics.observe)

    def tasks(self) -> list[Task]:
        """What runs beside the requests."""
        return [
            self.office.side.run(),
            self.catching_up.run(),
            self.clearing.run(),
            self.notifier.run(),
            self.outbox.run(),
            self.refused_reports.run(),
            self.tidying.run(),
            self.figures.run(),
            self.price_turns.run(),
            self.respelling.run(),
            self.billing.run(),
            self.watchers.run(),
            self.schedule.run(),
            self.overdue.run(),
        ]
