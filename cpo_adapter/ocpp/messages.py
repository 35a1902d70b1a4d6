"""A CALL of a station on its way to becoming an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from cpo_adapter.ocpp.answers import Answer
from cpo_adapter.ocpp.calls import Command, CommandAnswer
from cpo_adapter.ocpp.events import Event
from cpo_adapter.ocpp.fields import moment_of, text
from cpo_adapter.ocpp.version import Version


class Unreadable(Exception):
    """A field without which the message means nothing; the message says which and why."""


class Message(NamedTuple):
    """A CALL: the payload as it came, and its fields mended by the schema."""

    station_id: str
    version: Version
    action: str
    received_at: datetime
    payload: Mapping[str, Any]
    fields: Mapping[str, Any]
    violations: tuple[str, ...]

    def common(self, *, timestamp: str = "timestamp") -> dict[str, Any]:
        """What every event carries; `timestamp` names the field with the station's time."""
        written = text(self.fields, timestamp)
        return {
            "station_id": self.station_id,
            "version": self.version,
            "action": self.action,
            "received_at": self.received_at,
            "payload": self.payload,
            "violations": self.violations,
            "timestamp": moment_of(written),
            "timestamp_text": written,
        }

    def needed_text(self, name: str) -> str:
        """The text in a field that has to be there."""
        found = text(self.fields, name)
        if not found:
            raise Unreadable(f"{name}: expected a text")
        return found


class Request(NamedTuple):
    """A CALL of ours, before it has an id."""

    action: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A version of OCPP: how its messages are read and written.

    `readers` are the CALLs that stations make. Of those in `never_refused` anything that can be
    parsed is taken: a refusal would lose what is to be billed. `booted_first` says that nothing but
    a boot is listened to before a boot was accepted.
    """

    version: Version
    readers: Mapping[str, Callable[[Message], Event]]
    never_refused: frozenset[str]
    booted_first: bool
    answer: Callable[[Event, Answer], dict[str, Any]]
    request: Callable[[Command], Request]
    result: Callable[[Command, Mapping[str, Any]], CommandAnswer]
