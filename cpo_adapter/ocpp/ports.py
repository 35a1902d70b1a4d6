"""What this package needs of the adapter around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, Protocol

from cpo_adapter.ocpp.answers import Answer, RegistrationStatus
from cpo_adapter.ocpp.events import Event
from cpo_adapter.ocpp.version import Version


class SecurityProfile(IntEnum):
    """How a station proves who it is; what proves less is refused."""

    NONE = 0
    BASIC = 1
    TLS_BASIC = 2
    TLS_CERTIFICATE = 3


@dataclass(frozen=True, slots=True)
class StationCredentials:
    """What is known of a station before it is let in.

    `key_hmac` is `security.key_hmac` of its Basic key. `certificate_subject` is the name that its
    client certificate has to bear, None: the station's id. `subprotocol` is spoken when the station
    offers none. `status` is the answer to its last boot, None before the first.
    """

    profile: SecurityProfile
    key_hmac: bytes | None = None
    certificate_subject: str | None = None
    subprotocol: Version | None = None
    status: RegistrationStatus | None = None


class Stations(Protocol):
    """The stations that may connect."""

    async def credentials(self, station_id: str) -> StationCredentials | None:
        """What is known of a station; None when it may not connect at all."""
        ...


class Events(Protocol):
    """What is done about what stations say."""

    async def handle(self, station_id: str, event: Event) -> Answer:
        """The answer, which leaves when this returns: whatever it promises is committed by then.

        Called one at a time for each station, in the order of arrival, except AuthorizeRequested,
        which may overlap with the others. Nothing here ends it: it has deadlines of its own. It
        must not wait for a CALL to the same station, which is sent only after the answer. An
        exception becomes a CALLERROR InternalError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """A connection that was just let in, or that has just ended."""

    station_id: str
    version: Version
    connected_at: datetime
    remote_address: str | None


class Links(Protocol):
    """Who is told that stations come and go."""

    async def connected(self, link: Link) -> None:
        """A station has connected; nothing it says is read before this returns."""
        ...

    async def disconnected(self, link: Link, reason: str) -> None:
        """A station has gone, and has no other connection."""
        ...


class Direction(StrEnum):
    """Who sent a frame."""

    IN = "in"
    OUT = "out"


class FrameKind(StrEnum):
    """What a frame is."""

    CALL = "CALL"
    CALLRESULT = "CALLRESULT"
    CALLERROR = "CALLERROR"
    BAD = "BAD"


class FrameRecord(NamedTuple):
    """A frame for the record, without keys and passwords; of a bad one only what was wrong."""

    at: datetime
    direction: Direction
    kind: FrameKind
    message_id: str | None
    action: str | None
    payload: Mapping[str, Any] | None
    violations: tuple[str, ...] = ()


class Traffic(Protocol):
    """Who watches the frames."""

    def frame(self, station_id: str, record: FrameRecord) -> None:
        """A frame was received or sent; must not wait."""
        ...
