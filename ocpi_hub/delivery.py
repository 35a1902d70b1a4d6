"""Telling one receiver what changed: the current objects, in order, as PUT, PATCH or DELETE.

A batch is grouped by object, so that the EVSEs of a Location and the Location itself never
overtake each other; the groups go out side by side. Nothing here is a stored message: what is sent
is the row as it is now. Design section 5; checklist RTE-12 to RTE-16, IDS-06.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto
from uuid import uuid4

from pydantic_core import from_json

from ocpi_hub.assembly import Assembly
from ocpi_hub.protocol.headers import authorization, routing
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.urls import join
from ocpi_hub.service.address import AddressGuard, Target
from ocpi_hub.service.breaker import Breaker, heed_pause
from ocpi_hub.service.lane import Lane
from ocpi_hub.service.transport import Response, TransportError
from ocpi_hub.snapshot import Platform
from ocpi_hub.store.changes import Assembled, Change, Position

_CAP = 256_000
_LOCATIONS, _TOKENS = "locations", "tokens"


class Fate(Enum):
    """What became of a change at a receiver."""

    DONE = auto()
    REFUSED = auto()  # a 2xxx or 4xx: parked, the receiver has to look at it
    FAILED = auto()  # no answer, or one that asks to wait: tried again from here


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fate, with the receiver's words; `whole` tells that all of a Location was sent."""

    fate: Fate
    reason: str = ""
    whole: bool = False


_DONE = Outcome(Fate.DONE)


@dataclass(frozen=True, slots=True)
class Wire:
    """How requests to a receiver's endpoint of a module begin: made once, used for each.

    `origin` is the request's path up to the owner, `head` the headers that do not change.
    """

    target: Target
    path: str
    head: str

    @classmethod
    def to(
        cls, platform: Platform, module: str, receiver: Party, *, hub: Party, guard: AddressGuard
    ) -> Wire | None:
        """None where the platform has no Receiver interface of the module."""
        url = platform.endpoint(module, Interface.RECEIVER)
        if url is None or platform.token_out is None:
            return None
        target = guard.check_url(url)
        headers = [
            ("Host", target.authority),
            ("Accept-Encoding", "identity"),
            ("Content-Type", "application/json"),
            (
                "Authorization",
                authorization(platform.token_out, plain=Quirk.PLAIN_TOKEN in platform.quirks),
            ),
            # 4.1.8.3: towards the receivers of a Broadcast Push the hub is the requester.
            *routing(to=receiver, from_=hub),
        ]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return cls(target, target.path, head)

    def request(self, method: str, tail: str, body: bytes, correlation_id: str) -> bytes:
        """One request, ready to be written."""
        head = (
            f"{method} {join(self.path, tail)} HTTP/1.1\r\n{self.head}"
            f"X-Request-ID: {uuid4()}\r\nX-Correlation-ID: {correlation_id}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body


@dataclass(slots=True)
class Sender:
    """Sends changes of one module to one receiver over its platform's lane.

    `may_send` is asked before each request, so that a lease that ran out stops it. `seen` holds
    the positions of rows that recently went out inside a whole Location.
    """

    module: str
    wire: Wire
    lane: Lane
    breaker: Breaker
    clock: Callable[[], float]
    may_send: Callable[[], bool]
    assembly: Assembly
    timeout: float
    width: int = 8
    seen: dict[tuple[str, str], dict[str, Position]] = field(default_factory=dict)

    async def send(self, changes: Sequence[Change], *, cursor: Position) -> dict[Position, Outcome]:
        """What became of each change, by position. After a failure the rest is left untried."""
        groups = list(_grouped(changes))
        outcomes: dict[Position, Outcome] = {}
        if len(groups) == 1:
            await self._group(groups[0], cursor, outcomes)
            return outcomes
        waiting = iter(groups)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(self.width, len(groups))):
                tasks.create_task(self._worker(waiting, cursor, outcomes))
        return outcomes

    async def _worker(
        self,
        waiting: Iterable[Sequence[Change]],
        cursor: Position,
        outcomes: dict[Position, Outcome],
    ) -> None:
        for group in waiting:
            if not await self._group(group, cursor, outcomes):
                return

    async def _group(
        self, group: Sequence[Change], cursor: Position, outcomes: dict[Position, Outcome]
    ) -> bool:
        for change in group:
            outcome = await self.deliver(change, cursor)
            outcomes[change.position] = outcome
            if outcome.fate is Fate.FAILED:
                return False
        return True

    async def deliver(self, change: Change, cursor: Position) -> Outcome:
        """Send one change as it is now; `cursor` tells what the receiver has seen before."""
        if self.module == _LOCATIONS:
            return await self._location(change, cursor)
        tail = f"{change.tail}?type={change.sub.upper()}" if self.module == _TOKENS else change.tail
        if change.absent:
            return await self._call("DELETE", tail, b"", change, gone_is_done=True)
        return await self._call("PUT", tail, change.document.encode(), change)

    # --- locations -----------------------------------------------------------------------------

    async def _location(self, change: Change, cursor: Position) -> Outcome:
        if not change.sub:
            return await self._whole(change)
        if change.absent or self._went_out(change):
            # Left out of a PUT of the Location, or part of one: the Location's row says so.
            return _DONE
        if cursor >= change.full_position:
            outcome = await self._status(change)
            if outcome.fate is not Fate.REFUSED:
                return outcome
        outcome = await self._evse(change)
        return outcome if outcome.fate is not Fate.REFUSED else await self._whole(change)

    def _went_out(self, change: Change) -> bool:
        positions = self.seen.get((change.owner, change.id))
        return positions is not None and positions.get(change.sub, (0, 0)) >= change.position

    async def _status(self, change: Change) -> Outcome:
        body = dumps({"status": change.status, "last_updated": change.last_updated})
        return await self._call("PATCH", change.tail, body, change)

    async def _evse(self, change: Change) -> Outcome:
        outcome = await self._call("PUT", change.tail, change.document.encode(), change)
        return self._noted(change, outcome)

    def _noted(self, change: Change, outcome: Outcome) -> Outcome:
        if outcome.fate is Fate.DONE and (change.owner, change.id) in self.seen:
            self.seen[change.owner, change.id][change.sub] = change.position
        return outcome

    async def _whole(self, change: Change) -> Outcome:
        """The Location with all its EVSEs, put together in one snapshot."""
        key = change.owner, change.id
        assembled = await self.assembly.shared(*key)
        known = self.seen.get(key)
        if assembled is not None and known is not None and not _covers(assembled, known):
            # A receiver must not see a version again after a newer one.
            assembled = await self.assembly.anew(*key)
        if assembled is None:
            return _DONE
        tail = change.parent or change.tail
        outcome = await self._call("PUT", tail, assembled.text.encode(), change)
        if outcome.fate is not Fate.FAILED:
            # Taken or refused, its EVSEs need not be told one by one.
            self._remember(key, dict(assembled.positions))
        return replace(outcome, whole=True)

    def _remember(self, key: tuple[str, str], positions: dict[str, Position]) -> None:
        self.seen.pop(key, None)
        self.seen[key] = positions
        while len(self.seen) > 1000:
            del self.seen[next(iter(self.seen))]

    # --- one request ---------------------------------------------------------------------------

    async def _call(
        self, method: str, tail: str, body: bytes, change: Change, *, gone_is_done: bool = False
    ) -> Outcome:
        if not self.may_send():
            return Outcome(Fate.FAILED, "the lease has run out")
        if not self.breaker.allows(self.clock()):
            return Outcome(Fate.FAILED, "the receiver failed too often lately")
        raw = self.wire.request(method, tail, body, change.correlation_id)
        try:
            response = await self.lane.send_raw(
                raw, self.wire.target, timeout=self.timeout, max_answer=_CAP, retryable=True
            )
        except TransportError as error:
            self.breaker.failed(self.clock())
            return Outcome(Fate.FAILED, str(error))
        self.breaker.succeeded(self.clock())
        return self._judge(response, gone_is_done=gone_is_done)

    def _judge(self, response: Response, *, gone_is_done: bool) -> Outcome:
        status = response.status
        if 200 <= status < 300:
            code, message = _said(response.body)
            if 1000 <= code < 2000:
                return _DONE
            fate = Fate.FAILED if code >= 3000 else Fate.REFUSED
            return Outcome(fate, f"OCPI {code}: {message}")
        if status == 404 and gone_is_done:
            return _DONE
        if status in (401, 403):
            self.breaker.unauthorized(self.clock())
            return Outcome(Fate.FAILED, f"HTTP {status}: the receiver refuses the hub's token")
        heed_pause(self.breaker, response, now=self.clock(), date=datetime.now(UTC))
        if status >= 500 or status == 429:
            return Outcome(Fate.FAILED, f"HTTP {status}")
        return Outcome(Fate.REFUSED, f"HTTP {status}: {_said(response.body)[1]}")


def _grouped(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """By object, a Location and its EVSEs together, in the order of their first change."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.owner, change.id), []).append(change)
    return groups.values()


def _covers(assembled: Assembled, known: Mapping[str, Position]) -> bool:
    return all(
        assembled.positions.get(sub, position) >= position for sub, position in known.items()
    )


def _said(body: bytes) -> tuple[int, str]:
    """The OCPI code and message of an answer; 3000 where there is none to be read."""
    try:
        envelope = from_json(body)
    except ValueError:
        return 3000, "the answer is not JSON"
    code = envelope.get("status_code") if isinstance(envelope, dict) else None
    if not isinstance(code, int):
        return 3000, "the answer is not an OCPI response"
    return code, str(envelope.get("status_message") or "")[:200]
