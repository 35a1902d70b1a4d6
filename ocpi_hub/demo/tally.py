"""What a sandbox platform counts, and the last things that happened there."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_EVENTS = 12


class Count(StrEnum):
    """What is counted; both platforms use the same words, each for its own side."""

    STATUS_CHANGES = "status_changes"
    OTHER_CHANGES = "other_changes"
    AUTHORISATIONS = "authorisations"
    ALLOWED = "allowed"
    REFUSED = "refused"
    UNKNOWN_CARDS = "unknown_cards"
    COMMANDS = "commands"
    COMMANDS_ACCEPTED = "commands_accepted"
    COMMAND_RESULTS = "command_results"
    PREFERENCES = "preferences"
    SESSIONS_BEGUN = "sessions_begun"
    SESSIONS_ENDED = "sessions_ended"
    SESSION_CHANGES = "session_changes"
    CDRS = "cdrs"
    CDRS_TWICE = "cdrs_twice"
    CDRS_FETCHED = "cdrs_fetched"
    TOKEN_CHANGES = "token_changes"  # a name, not a secret
    LISTS_READ = "lists_read"
    CLIENT_INFO = "client_info"
    OUT_OF_ORDER = "out_of_order"
    FAILED_CALLS = "failed_calls"


class Phase(StrEnum):
    """How far a sandbox platform is."""

    STARTING = "starting"
    RUNNING = "running"
    FINISHING = "finishing"
    FINISHED = "finished"


@dataclass(slots=True)
class Tally:
    """Counts and events of one platform."""

    counts: Counter[str] = field(default_factory=Counter)
    events: deque[str] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    phase: Phase = Phase.STARTING

    def add(self, count: Count, event: str | None = None) -> None:
        """One more, and what is worth telling of it."""
        self.counts[count.value] += 1
        if event is not None:
            self.events.append(event)

    def told(self) -> dict[str, object]:
        """As another process reads it."""
        return {
            "phase": self.phase.value,
            "counts": dict(self.counts),
            "events": list(self.events),
        }


@dataclass(frozen=True, slots=True)
class Told:
    """What another process read of a Tally."""

    phase: Phase = Phase.STARTING
    counts: Counter[str] = field(default_factory=Counter)
    events: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: dict[str, Any]) -> Told:
        """From `Tally.told`."""
        return cls(Phase(document["phase"]), Counter(document["counts"]), tuple(document["events"]))
