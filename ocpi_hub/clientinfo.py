"""HubClientInfo: who can be reached, as each viewer may know it, by pull and by push.

Source: 2.2.1 HubClientInfo; checklist section 21. The hub itself and the viewer's own parties are
not listed (HCI-14).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from ocpi_hub.leader import Leader
from ocpi_hub.listing import LIMIT, list_reply
from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.outbound import Outbound
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.urls import segment
from ocpi_hub.registry import Registry
from ocpi_hub.rewriting import HubUrls
from ocpi_hub.snapshot import PartyRole, Platform, Snapshot

log = logging.getLogger(__name__)

Key = tuple[str, Role]
View = dict[Key, dict[str, Any]]

_PUT = operation("hubclientinfo", Interface.RECEIVER, "PUT", "{country_code}/{party_id}")


def view(snapshot: Snapshot, viewer: Platform) -> View:
    """Every ClientInfo the viewer may know of, by party and role."""
    return {
        (entry.party.key, entry.role): client_info(snapshot, viewer, entry)
        for entry in _entries(snapshot)
        if entry.platform_id != viewer.id
    }


def client_info(snapshot: Snapshot, viewer: Platform, entry: PartyRole) -> dict[str, Any]:
    """One ClientInfo object; last_updated is when its status changed (HCI-12)."""
    return {
        "party_id": entry.party.party_id,
        "country_code": entry.party.country_code,
        "role": entry.role.value,
        "status": snapshot.status_for(viewer, entry).value,
        "last_updated": format_datetime(snapshot.status_since(viewer, entry)),
    }


def _entries(snapshot: Snapshot) -> Iterator[PartyRole]:
    for key in sorted(snapshot.parties):
        yield from (entry for _, entry in sorted(snapshot.parties[key].items()))


def page(message: Message, viewer: Platform, snapshot: Snapshot, urls: HubUrls) -> Reply:
    """The list, filtered by the moment a status changed."""
    arguments = message.arguments
    visible = [
        info
        for entry in _entries(snapshot)
        if entry.platform_id != viewer.id
        and _within(snapshot.status_since(viewer, entry), arguments.date_from, arguments.date_to)
        for info in (client_info(snapshot, viewer, entry),)
    ]
    limit = min(arguments.limit or LIMIT, LIMIT)
    shown = visible[arguments.offset : arguments.offset + limit]
    return list_reply(message, urls, data=dumps(shown), count=len(shown), total=len(visible))


def _within(moment: datetime, date_from: datetime | None, date_to: datetime | None) -> bool:
    stamped = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return (date_from is None or stamped >= date_from) and (date_to is None or stamped < date_to)


_WAIT_SECONDS = 2.0


@dataclass(slots=True)
class ClientInfoPush:
    """Tells connected platforms what changed, newest state only; who misses it pulls (HCI-10).

    Every process keeps up with what each platform should know; the one that holds the lease
    sends. `timeout` is in seconds.
    """

    registry: Registry
    outbound: Outbound
    leader: Leader
    timeout: float
    _views: dict[str, View] = field(default_factory=dict)
    _pending: dict[str, View] = field(default_factory=dict)

    async def run(self) -> None:
        """Send until cancelled; each platform has a task of its own, so a slow one delays none."""
        busy: dict[str, asyncio.Task[None]] = {}
        # What was true before this process began, the platforms know or pull.
        snapshot = self.registry.snapshot
        self._views = {p.id: view(snapshot, p) for p in snapshot.platforms.values() if p.connected}
        async with asyncio.TaskGroup() as group:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_WAIT_SECONDS):
                        snapshot = await self.registry.newer_than(snapshot.version)
                self._compare(snapshot)
                if not await self._leads():
                    self._pending.clear()
                busy = {id_: task for id_, task in busy.items() if not task.done()}
                for platform_id in self._pending.keys() - busy.keys():
                    busy[platform_id] = group.create_task(self._tell(platform_id))

    async def _leads(self) -> bool:
        try:
            return await self.leader.held()
        except UNAVAILABLE:
            return False

    def _compare(self, snapshot: Snapshot) -> None:
        """Note what each connected platform does not know yet."""
        for viewer in snapshot.platforms.values():
            if not viewer.connected:
                # What it misses while away it pulls when it is back.
                self._views.pop(viewer.id, None)
                self._pending.pop(viewer.id, None)
                continue
            now, before = view(snapshot, viewer), self._views.get(viewer.id, {})
            news = {key: info for key, info in now.items() if before.get(key) != info}
            news |= {key: _gone(info) for key, info in before.items() if key not in now}
            self._views[viewer.id] = now
            if news:
                self._pending.setdefault(viewer.id, {}).update(news)

    async def _tell(self, platform_id: str) -> None:
        while platform_id in self._pending:
            for info in self._pending.pop(platform_id).values():
                viewer = self.registry.snapshot.platforms.get(platform_id)
                if viewer is None or not viewer.connected:
                    return
                await self._put(viewer, info)

    async def _put(self, viewer: Platform, info: dict[str, Any]) -> None:
        # HCI-15: without a Receiver interface there are simply no pushes.
        if viewer.endpoint("hubclientinfo", Interface.RECEIVER) is None:
            return
        message = Message(
            operation=_PUT,
            request_id="",
            correlation_id=str(uuid4()),
            tail=f"{segment(info['country_code'])}/{segment(info['party_id'])}",
            body=dumps(info),
        )
        try:
            await self.outbound.send(message, viewer, timeout=self.timeout)
        except OcpiError as error:
            log.info(
                "client info not delivered",
                extra={
                    "action": "clientinfo",
                    "platform": viewer.name,
                    "status_code": error.status_code,
                    "reason": error.message,
                },
            )


def _gone(info: dict[str, Any]) -> dict[str, Any]:
    """HCI-05: what disappears is told as SUSPENDED."""
    return info | {"status": "SUSPENDED"}
