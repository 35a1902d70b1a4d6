"""CDRs on their way: committed first, then forwarded, then kept until an outcome is known.

A 1000 for a CDR means the hub has its bytes on disk. Whoever cannot be reached now gets those same
bytes later; whoever refuses them is not asked again. Design: reliability of money before all.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ocpi_hub.outbound import Outbound
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound, OcpiError
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.registry import Registry
from ocpi_hub.rewriting import HubUrls, hosts_of, replace_header
from ocpi_hub.routing import Direct, check_connected
from ocpi_hub.snapshot import PartyRole, Platform, Snapshot
from ocpi_hub.store import custody
from ocpi_hub.store.custody import Cdr, CdrDraft, Taking
from ocpi_hub.store.engine import Database
from ocpi_hub.store.secrets import new_reference

_POST = operation("cdrs", Interface.RECEIVER, "POST")
_GET = operation("cdrs", Interface.RECEIVER, "GET", "{cdr_reference}")

# At most so long does the CPO wait for its receiver's answer, in seconds.
_IN_REQUEST = 5.0
# A CDR in the middle of an attempt is nobody else's for so long.
_CLAIM = timedelta(seconds=60)
_PAGE = 20
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Custody:
    """Takes, forwards and hands over CDRs. `always` False gives the literal 4003 for OFFLINE."""

    db: Database
    outbound: Outbound
    urls: HubUrls
    registry: Registry
    always: bool
    forward_timeout: float
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def post(self, message: Message, direct: Direct, snapshot: Snapshot) -> Reply:
        """The receiver's answer, or the hub's 1000 where there is none yet."""
        platform = self._receiver(direct, snapshot)
        pushed = platform.endpoint("cdrs", Interface.RECEIVER) is not None
        now = self.now()
        draft = _draft(message, direct, now=now, next_at=now + _CLAIM if pushed else None)
        async with self.db.hot_transaction() as conn:
            taken = await custody.take(conn, draft, now=now)
        match taken.taking:
            case Taking.DIFFERENT:
                raise InvalidParameters(
                    f"id: {message.document['id']!r} was sent before with other content"
                )
            case Taking.SAME:
                return self._held(taken.cdr, direct, "this CDR is known")
            case Taking.NEW | Taking.AGAIN:
                if not pushed:
                    return self._held(taken.cdr, direct, "kept for the receiver, which pulls")
                return await self._forward_now(taken.cdr, message, direct, platform)

    def _receiver(self, direct: Direct, snapshot: Snapshot) -> Platform:
        """4003 for who does not take part; OFFLINE is no reason to refuse a CDR."""
        platform = snapshot.platform(direct.receiver)
        if not self.always or not snapshot.active(direct.receiver):
            return check_connected(direct, snapshot)
        return platform

    async def _forward_now(
        self, cdr: Cdr, message: Message, direct: Direct, platform: Platform
    ) -> Reply:
        if not platform.connected:
            await self._later(cdr, None)
            return self._held(cdr, direct, "kept until the receiver is back")
        try:
            reply = await self._send(cdr, direct.receiver, direct.sender, platform, _IN_REQUEST)
        except OcpiError as error:
            await self._later(cdr, error)
            return self._held(cdr, direct, "kept until the receiver has it")
        known = await self._record(cdr, reply, platform)
        if not known and reply.status_code >= 4000:
            return self._held(cdr, direct, "kept until the receiver has it")
        answered = replace(reply, sender=direct.receiver.party)
        return replace_header(
            answered, "Location", self.urls.cdr(cdr.reference) if reply.ok else None
        )

    def _held(self, cdr: Cdr, direct: Direct, why: str) -> Reply:
        return Reply(
            message=why,
            headers=(("Location", self.urls.cdr(cdr.reference)),),
            sender=direct.receiver.party,
        )

    async def _send(
        self, cdr: Cdr, receiver: PartyRole, sender: Party, platform: Platform, timeout: float
    ) -> Reply:
        message = Message(
            operation=_POST,
            request_id="",
            correlation_id=cdr.correlation_id,
            sender=sender,
            receiver=receiver.party,
            body=cdr.raw,
        )
        return await self.outbound.send(message, platform, timeout=timeout, urgent=True)

    async def _record(self, cdr: Cdr, reply: Reply, platform: Platform) -> bool:
        """Keep the outcome; False where the answer is none."""
        async with self.db.hot() as conn:
            if reply.ok:
                location = _checked_location(reply, platform)
                await custody.mark_delivered(conn, cdr, location=location, now=self.now())
                return True
            if 2000 <= reply.status_code < 3000 and reply.http_status < 500:
                await custody.mark_refused(conn, cdr, code=reply.status_code, message=reply.message)
                return True
        await self._later(cdr, reply)
        return False

    async def _later(self, cdr: Cdr, why: OcpiError | Reply | None) -> None:
        next_at = custody.next_attempt(cdr.attempts + 1, now=self.now(), random=random.random)
        async with self.db.hot() as conn:
            await custody.reschedule(
                conn,
                cdr,
                next_at=next_at,
                code=why.status_code if why else None,
                message=why.message if why else None,
            )

    # --- reading one back ----------------------------------------------------------------------

    async def get(self, message: Message, sender: Party, snapshot: Snapshot) -> Reply:
        """The CDR behind a Location of ours: the receiver's copy once it has one."""
        async with self.db.hot() as conn:
            cdr = await custody.by_reference(
                conn, message.params["cdr_reference"], viewer=sender.key
            )
        if cdr is None:
            raise ObjectNotFound("this CDR is not known")
        entry = _entry(snapshot, cdr.emsp)
        if cdr.location is None or entry is None or sender.key == cdr.emsp:
            return Reply(data=cdr.raw)
        platform = snapshot.platform(entry)
        asked = replace(message, operation=_GET, sender=sender, receiver=entry.party, query="")
        reply = await self.outbound.send(
            asked, platform, timeout=self.forward_timeout, url=cdr.location
        )
        return replace_header(replace(reply, sender=entry.party), "location", None)

    # --- later ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Hand over what waits, until cancelled; each receiver has a task of its own."""
        busy: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                busy = {emsp: task for emsp, task in busy.items() if not task.done()}
                for emsp in await self._due():
                    if emsp not in busy:
                        busy[emsp] = group.create_task(self._hand_over(emsp))
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _due(self) -> list[str]:
        async with self.db.hot() as conn:
            await custody.give_up(conn, now=self.now())
            return await custody.receivers_due(conn, now=self.now())

    async def _hand_over(self, emsp: str) -> None:
        while True:
            entry = _entry(self.registry.snapshot, emsp)
            if entry is None or not self.registry.snapshot.platform(entry).connected:
                return
            async with self.db.hot() as conn:
                cdrs = await custody.claim_due(
                    conn, emsp, now=self.now(), until=self.now() + _CLAIM, limit=_PAGE
                )
            if not cdrs:
                return
            for cdr in cdrs:
                await self._again(cdr, entry)

    async def _again(self, cdr: Cdr, entry: PartyRole) -> None:
        snapshot = self.registry.snapshot
        platform = snapshot.platform(entry)
        sender = _entry(snapshot, cdr.owner)
        party = sender.party if sender else Party.of_key(cdr.owner)
        try:
            reply = await self._send(cdr, entry, party, platform, self.forward_timeout)
        except OcpiError as error:
            await self._later(cdr, error)
            return
        await self._record(cdr, reply, platform)


def _draft(
    message: Message, direct: Direct, *, now: datetime, next_at: datetime | None
) -> CdrDraft:
    document = message.document
    return CdrDraft(
        owner=direct.sender.key,
        id=document["id"],
        emsp=direct.receiver.party.key,
        raw=message.body,
        sha256=hashlib.sha256(message.body).digest(),
        last_updated=parse_datetime(document["last_updated"]),
        correlation_id=message.correlation_id,
        reference=new_reference(),
        next_at=next_at,
    )


def _entry(snapshot: Snapshot, owner: str) -> PartyRole | None:
    """A party in a role that takes or sends CDRs."""
    roles = _POST.receivers | _POST.callers
    return snapshot.platform_of(Party.of_key(owner), roles)


def _checked_location(reply: Reply, platform: Platform) -> str | None:
    """Where the receiver keeps the CDR, if that is one of its own hosts (SEC-07)."""
    location = reply.header("location")
    if location is None or urlsplit(location).hostname not in hosts_of(platform):
        return None
    return location
