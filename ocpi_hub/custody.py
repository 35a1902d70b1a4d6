"""CDRs on their way: committed first, then forwarded, then kept until an outcome is known.

A 1000 for a CDR means the hub has its bytes on disk. Whoever cannot be reached now gets those same
bytes later; whoever refuses them is not asked again. Design: reliability of money before all.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ocpi_hub.clearing import Clearing, Opinion, Subject, message_of, shortened, soon
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.group_commit import GroupCommit
from ocpi_hub.node.secrets import new_reference
from ocpi_hub.node.steady import steadily
from ocpi_hub.outbound import Outbound
from ocpi_hub.pricing import Verdict
from ocpi_hub.pricing.rules import moment_of
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound, OcpiError
from ocpi_hub.protocol.jsontext import dumps, loads
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
from ocpi_hub.store.clearing_modes import ClearingMode
from ocpi_hub.store.custody import Cdr, CdrDraft, CdrState, Taken, Taking

log = logging.getLogger(__name__)

_POST = operation("cdrs", Interface.RECEIVER, "POST")
_GET = operation("cdrs", Interface.RECEIVER, "GET", "{cdr_reference}")

# At most so long does the CPO wait for its receiver's answer, in seconds.
_IN_REQUEST = 5.0
# A CDR in the middle of an attempt is nobody else's until the attempt must be over; if its process
# has died, it is due again then.
_MARGIN = 3.0
# To one receiver at a time.
_AT_ONCE = 8
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Custody:
    """Takes, forwards and hands over CDRs. `always` False gives the literal 4002 and 4003."""

    db: Database
    writer: GroupCommit[CdrDraft, Taken]
    outbound: Outbound
    urls: HubUrls
    registry: Registry
    clearing: Clearing
    always: bool
    forward_timeout: float
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def post(self, message: Message, direct: Direct, snapshot: Snapshot) -> Reply:
        """The receiver's answer, or the hub's 1000 where there is none yet.

        The verdict is added where it is there in time; only where the two agreed on it does the
        CDR wait for it.
        """
        platform = self._receiver(direct, snapshot)
        subject = _subject(message, direct)
        begun = asyncio.get_running_loop().time()
        match snapshot.clearing_mode(direct.sender, direct.receiver.party):
            case ClearingMode.OBSERVE:
                return await self._post(subject, message, direct, platform)
            case ClearingMode.HOLD:
                opinion = self.clearing.consider(subject)
                answer = await soon(opinion, since=begun)
                # What is not priced yet is withheld until it is.
                withheld = answer is None or answer.wrong
                return await self._post(
                    subject, message, direct, platform, opinion=opinion, withheld=withheld
                )
            case ClearingMode.REJECT:
                opinion = await self._not_rejected(subject, direct, since=begun)
                return await self._post(subject, message, direct, platform, opinion=opinion)

    async def _not_rejected(
        self, subject: Subject, direct: Direct, *, since: float
    ) -> Opinion | None:
        """What is thought of a new CDR; 2001 for one that is known in time to be wrong."""
        async with self.db.hot() as conn:
            known = await custody.by_id(conn, subject.owner, cdr_id=subject.id)
        opinion = self.clearing.consider(subject)
        if known is not None:
            return opinion
        answer = await soon(opinion, since=since)
        if answer is not None and answer.verdict == Verdict.MISMATCH:
            self.clearing.count("rejected")
            raise InvalidParameters(message_of(answer))
        return opinion

    async def _post(
        self,
        subject: Subject,
        message: Message,
        direct: Direct,
        platform: Platform,
        *,
        opinion: Opinion | None = None,
        withheld: bool = False,
    ) -> Reply:
        pushed = platform.endpoint("cdrs", Interface.RECEIVER) is not None
        next_at = self._claim(_IN_REQUEST) if pushed else None
        draft = _draft(message, direct, next_at=next_at, withheld=withheld)
        taken = await self.writer.submit(draft)
        match taken.taking:
            case Taking.DIFFERENT:
                raise InvalidParameters(
                    f"id: {message.document['id']!r} was sent before with other content"
                )
            case Taking.SAME:
                return self._held(taken.cdr, direct, "this CDR is known")
            case Taking.NEW | Taking.AGAIN:
                begun = asyncio.get_running_loop().time()
                opinion = opinion or self.clearing.consider(subject)
                kept = self.clearing.keep(taken.cdr, subject, opinion)
                reply = await self._on_its_way(taken.cdr, message, direct, platform)
                answer = await soon(kept, since=begun)
                return reply if answer is None else _with_verdict(reply, message_of(answer))

    async def _on_its_way(
        self, cdr: Cdr, message: Message, direct: Direct, platform: Platform
    ) -> Reply:
        if cdr.state == CdrState.WITHHELD:
            return self._held(cdr, direct, "withheld")
        if cdr.next_at is None:
            return self._held(cdr, direct, "kept for the receiver, which pulls")
        return await self._forward_now(cdr, message, direct, platform)

    def _claim(self, timeout: float) -> datetime:
        return self.now() + timedelta(seconds=timeout + _MARGIN)

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
            if not self.always:
                await self._refused(cdr, error)
                raise
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
        if reply.ok:
            location = _checked_location(reply, platform)
            async with self.db.hot() as conn:
                await custody.mark_delivered(conn, cdr, location=location, now=self.now())
            return True
        if 2000 <= reply.status_code < 3000 and reply.http_status < 500:
            await self._refused(cdr, reply)
            return True
        await self._later(cdr, reply)
        return False

    async def _refused(self, cdr: Cdr, why: OcpiError | Reply) -> None:
        async with self.db.hot() as conn:
            await custody.mark_refused(conn, cdr, code=why.status_code, message=why.message)

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
            group.create_task(self.writer.run())
            await steadily("custody", lambda: self._look(group, busy), pause=_PAUSE_SECONDS)

    async def _look(self, group: asyncio.TaskGroup, busy: dict[str, asyncio.Task[None]]) -> None:
        async with self.db.hot() as conn:
            await custody.give_up(conn, now=self.now())
            due = await custody.receivers_due(conn, now=self.now())
        for emsp in due:
            if emsp not in busy or busy[emsp].done():
                busy[emsp] = group.create_task(self._hand_over(emsp))

    async def _hand_over(self, emsp: str) -> None:
        """Until nothing is due, or the receiver does not answer."""
        try:
            while await self._hand_over_some(emsp):
                pass
        except* UNAVAILABLE as lost:
            log.warning("CDRs wait for the database", extra={"reason": str(lost.exceptions[0])})

    async def _hand_over_some(self, emsp: str) -> bool:
        """Whether all of a few were answered, so that more may follow."""
        entry = _entry(self.registry.snapshot, emsp)
        if entry is None or not self.registry.snapshot.platform(entry).connected:
            return False
        async with self.db.hot() as conn:
            cdrs = await custody.claim_due(
                conn,
                emsp,
                now=self.now(),
                until=self._claim(self.forward_timeout),
                limit=self._some(entry),
            )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._again(cdr, entry)) for cdr in cdrs]
        return bool(tasks) and all(task.result() for task in tasks)

    def _some(self, entry: PartyRole) -> int:
        """One where the breaker is not closed: the others would only use up their attempts."""
        return 1 if self.outbound.breaker(entry.platform_id).opened_at is not None else _AT_ONCE

    async def _again(self, cdr: Cdr, entry: PartyRole) -> bool:
        """Whether there was an answer."""
        snapshot = self.registry.snapshot
        platform = snapshot.platform(entry)
        sender = _entry(snapshot, cdr.owner)
        party = sender.party if sender else Party.of_key(cdr.owner)
        try:
            reply = await self._send(cdr, entry, party, platform, self.forward_timeout)
        except OcpiError as error:
            await self._later(cdr, error)
            return False
        return await self._record(cdr, reply, platform)

    async def hasten(self, platform: Platform) -> None:
        """What waits for a platform does not wait for its next step when it is back."""
        async with self.db.hot() as conn:
            for party in {role.party.key for role in platform.roles}:
                await custody.hasten(
                    conn, party, now=self.now(), busy_until=self._claim(self.forward_timeout)
                )


def _subject(message: Message, direct: Direct) -> Subject:
    return Subject(direct.sender.key, direct.receiver.party.key, message.body, message.document)


def _draft(
    message: Message, direct: Direct, *, next_at: datetime | None, withheld: bool
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
        session_id=_folded(document.get("session_id")),
        token_uid=_folded(document["cdr_token"]["uid"]),
        location_id=_folded(document["cdr_location"]["id"]),
        started_at=moment_of(document, "start_date_time"),
        ended_at=moment_of(document, "end_date_time"),
        credit=bool(document.get("credit")),
        credit_of=_folded(document.get("credit_reference_id")),
        withheld=withheld,
    )


def _folded(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _with_verdict(reply: Reply, verdict: str) -> Reply:
    """The answer with the verdict in its status_message, after what stands there."""
    said = shortened(f"{reply.message}; {verdict}" if reply.message else verdict)
    if reply.raw is None:
        return replace(reply, message=said)
    return replace(reply, raw=dumps(loads(reply.raw) | {"status_message": said}))


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
