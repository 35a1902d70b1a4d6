"""Fetching what partners do not push: lists of each party's objects, by the same way as pushes.

A partner that only serves GET is conformant, and the hub itself must GET after its own downtime:
after registration, on return to CONNECTED and every PULL_INTERVAL, with jitter (TRN-19, TRN-20).
A page that cannot be used ends a crawl; an object that cannot be used is skipped (ROB-01).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from pydantic import BaseModel

from ocpi_hub.authority import owner_in_body
from ocpi_hub.catalogue import Catalogue
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.outbound import Outbound
from ocpi_hub.protocol.client import endpoint
from ocpi_hub.protocol.errors import InvalidParameters, OcpiError
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import BROADCAST_MODULES, Operation, operation
from ocpi_hub.protocol.paging import name_of, next_page, object_of, objects_of
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.locations import Location
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff
from ocpi_hub.protocol.v2_2_1.tokens import Token
from ocpi_hub.protocol.validation import check
from ocpi_hub.registry import Registry
from ocpi_hub.snapshot import PartyRole, Platform
from ocpi_hub.store import leases, pulls

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_OVERLAP = timedelta(minutes=10)
_LIMIT = 100
_MOST_PAGES = 20_000
# A crawl that fails is tried again after so long, doubled each time up to the interval.
_RETRY = timedelta(seconds=30)

_LISTS = {module: operation(module, Interface.SENDER, "GET") for module in BROADCAST_MODULES}
_PUTS = {
    "locations": operation(
        "locations", Interface.RECEIVER, "PUT", "{country_code}/{party_id}/{location_id}"
    ),
    "tariffs": operation(
        "tariffs", Interface.RECEIVER, "PUT", "{country_code}/{party_id}/{tariff_id}"
    ),
    "tokens": operation(
        "tokens", Interface.RECEIVER, "PUT", "{country_code}/{party_id}/{token_uid}"
    ),
}

_MODELS: dict[str, type[BaseModel]] = {"locations": Location, "tariffs": Tariff, "tokens": Token}


@dataclass(frozen=True, slots=True)
class Crawled:
    """How a crawl went."""

    stored: int
    skipped: int


@dataclass(slots=True)
class Pull:
    """Crawls the lists of every party; a lease per party and module keeps processes apart."""

    db: Database
    registry: Registry
    outbound: Outbound
    catalogue: Catalogue
    hub: Party
    interval: float
    timeout: float
    holder: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    # When each (party, module) is due; what is not here is due now.
    _due: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _failures: dict[tuple[str, str], int] = field(default_factory=dict)
    _connected: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Pull until cancelled, one crawl per platform at a time."""
        busy: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                busy = {id_: task for id_, task in busy.items() if not task.done()}
                self._notice_returns()
                for platform, work in self._work():
                    if platform.id not in busy:
                        busy[platform.id] = group.create_task(self._crawl_all(platform, work))
                await asyncio.sleep(_TICK_SECONDS)

    def _notice_returns(self) -> None:
        """Who has just registered or come back is asked at once."""
        platforms = self.registry.snapshot.platforms.values()
        connected = {platform.id for platform in platforms if platform.connected}
        for platform_id in connected - self._connected:
            for entry in self.registry.snapshot.platforms[platform_id].roles:
                for module in BROADCAST_MODULES:
                    self._due.pop((entry.party.key, module), None)
        self._connected = connected

    def _work(self) -> Iterable[tuple[Platform, list[tuple[PartyRole, str]]]]:
        now = self.now()
        for platform in self.registry.snapshot.platforms.values():
            if not platform.connected:
                continue
            work = [
                (entry, module)
                for module, row in _LISTS.items()
                for entry in _owners(platform, row)
                if self._due.get((entry.party.key, module), now) <= now
            ]
            if work:
                yield platform, work

    async def _crawl_all(self, platform: Platform, work: list[tuple[PartyRole, str]]) -> None:
        for entry, module in work:
            key = entry.party.key, module
            try:
                crawled = await self._leased(platform, entry, module)
            except (OcpiError, *UNAVAILABLE) as error:
                self._failures[key] = self._failures.get(key, 0) + 1
                self._due[key] = self.now() + self._retry(self._failures[key])
                self._log(platform, entry, module, reason=str(error))
                continue
            self._failures.pop(key, None)
            self._due[key] = self.now() + timedelta(
                seconds=self.interval * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
            )
            if crawled is not None:
                self._log(platform, entry, module, stored=crawled.stored, skipped=crawled.skipped)

    def _retry(self, failures: int) -> timedelta:
        doubled: timedelta = _RETRY * (1 << min(failures - 1, 10))
        return min(doubled, timedelta(seconds=self.interval))

    async def _leased(self, platform: Platform, entry: PartyRole, module: str) -> Crawled | None:
        name = f"pull:{entry.party.key}:{module}"
        async with self.db.hot() as conn:
            epoch = await leases.acquire(conn, name, holder=self.holder, seconds=600)
        if epoch is None:
            return None
        try:
            return await self.crawl(platform, entry, module)
        finally:
            async with self.db.hot() as conn:
                await leases.release(conn, {name: epoch})

    async def crawl(self, platform: Platform, entry: PartyRole, module: str) -> Crawled:
        """Every page of a list; what is newer than the hub's is stored and told to others."""
        begun = self.now()
        async with self.db.hot() as conn:
            since = await pulls.since(conn, entry.party.key, module)
        query = {"limit": str(_LIMIT)}
        if since is not None:
            query["date_from"] = format_datetime(since - _OVERLAP)
        message = Message(
            operation=_LISTS[module],
            request_id="",
            correlation_id=str(uuid4()),
            query=urlencode(query),
            sender=self.hub,
            receiver=entry.party,
        )
        stored = skipped = 0
        url: str | None = endpoint(message, platform)
        seen: set[str] = set()
        while url is not None and len(seen) < _MOST_PAGES:
            seen.add(url)
            reply = await self.outbound.send(message, platform, timeout=self.timeout, url=url)
            objects = objects_of(reply)
            for listed in objects:
                if await self._store(message, entry, listed):
                    stored += 1
                else:
                    skipped += 1
            url = next_page(url, reply, seen) if objects else None
        async with self.db.hot() as conn:
            await pulls.done(conn, entry.party.key, module=module, at=begun)
        return Crawled(stored, skipped)

    async def _store(self, asked: Message, entry: PartyRole, listed: Any) -> bool:
        """One object of a page, by the way of a PUT; False when it cannot be used."""
        row = _PUTS[asked.operation.module]
        try:
            put = _put(row, asked, entry.party, object_of(listed))
            await self.catalogue.write(put, entry.party)
        except OcpiError as error:
            log.info(
                "an object was skipped",
                extra={
                    "action": "pull",
                    "party": str(entry.party),
                    "of": row.module,
                    "object": name_of(listed),
                    "reason": error.message,
                },
            )
            return False
        return True

    def _log(self, platform: Platform, entry: PartyRole, module: str, **what: object) -> None:
        said = {"action": "pull", "platform": platform.name, "party": str(entry.party)}
        log.info("pulled", extra=said | {"of": module} | what)


def _owners(platform: Platform, row: Operation) -> list[PartyRole]:
    """The parties whose objects a list holds, where the platform serves it."""
    if platform.endpoint(row.module, Interface.SENDER) is None:
        return []
    return [e for e in platform.roles if e.role in row.receivers and not e.suspended]


def _put(row: Operation, asked: Message, owner: Party, document: dict[str, Any]) -> Message:
    findings = check(_MODELS[row.module], document)
    if owner_in_body(document) != owner:
        # AMB-10: objects of other owners may be ignored.
        raise InvalidParameters(f"country_code, party_id: the object is not one of {owner}")
    name = row.segments[-1].strip("{}")
    return replace(
        asked,
        operation=row,
        query="",
        params={
            "country_code": owner.country_code,
            "party_id": owner.party_id,
            name: document.get("uid") or document["id"],
        },
        document=document,
        body=dumps(document),
        findings=findings,
        receiver=None,
    )
