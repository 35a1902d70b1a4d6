"""What the sandbox eMSP counts, and the last things that happened there."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

_EVENTS = 12


class Count(StrEnum):
    """What is counted."""

    STATUS_CHANGES = "status_changes"
    AUTHORISATIONS = "authorisations"
    ALLOWED = "allowed"
    REFUSED = "refused"
    COMMANDS = "commands"
    COMMANDS_ANSWERED = "commands_answered"
    COMMANDS_ACCEPTED = "commands_accepted"
    COMMAND_RESULTS = "command_results"
    PREFERENCES = "preferences"
    SESSION_CHANGES = "session_changes"
    CDRS = "cdrs"
    CDRS_TWICE = "cdrs_twice"
    TOKEN_CHANGES = "token_changes"  # a name, not a secret
    LISTS_READ = "lists_read"
    CLIENT_INFO = "client_info"
    OUT_OF_ORDER = "out_of_order"
    FAILED_CALLS = "failed_calls"


class Phase(StrEnum):
    """How far the platform is."""

    STARTING = "starting"
    RUNNING = "running"
    FINISHING = "finishing"
    FINISHED = "finished"


@dataclass(slots=True)
class Tally:
    """Counts and events of a platform."""

    counts: Counter[str] = field(default_factory=Counter)
    events: deque[str] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    phase: Phase = Phase.STARTING

    def add(self, count: Count, event: str | None = None) -> None:
        """One more, and what is worth telling of it."""
        self.counts[count.value] += 1
        if event is not None:
            self.events.append(event)


@dataclass(frozen=True, slots=True)
class Charged:
    """Sessions so far: how many run, their energy in kWh, and what the CDRs come to, with VAT."""

    running: int = 0
    kwh: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Told:
    """A tally and what has been charged, as another process reads them."""

    phase: Phase = Phase.STARTING
    counts: Counter[str] = field(default_factory=Counter)
    events: tuple[str, ...] = ()
    charged: Charged = Charged()

    @classmethod
    def of(cls, tally: Tally, charged: Charged) -> Told:
        """As it is now."""
        return cls(tally.phase, tally.counts, tuple(tally.events), charged)

    @property
    def document(self) -> dict[str, Any]:
        """For the wire."""
        return {
            "phase": self.phase.value,
            "counts": dict(self.counts),
            "events": list(self.events),
            "charged": {
                "running": self.charged.running,
                "kwh": self.charged.kwh,
                "billed": self.charged.billed,
            },
        }

    @classmethod
    def read(cls, document: dict[str, Any]) -> Told:
        """From `document`."""
        return cls(
            Phase(document["phase"]),
            Counter(document["counts"]),
            tuple(document["events"]),
            Charged(**document["charged"]),
        )
