"""What partners are told of an EVSE, out of all that is known of it: one table, read from the top.

The words of stations come as they sent them, of both versions and any spelling; a word that OCPP
does not have says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ocpi_hub.protocol.v2_2_1.locations import Status


class Lifecycle(StrEnum):
    """What the inventory says: not built yet, in use, or gone for ever."""

    PLANNED = "planned"
    LIVE = "live"
    REMOVED = "removed"


class Outage(StrEnum):
    """Why nobody can charge at a port."""

    OFFLINE = "offline"
    FAULTED = "faulted"
    UNAVAILABLE = "unavailable"


_FAULTED = frozenset({"faulted"})
_UNAVAILABLE = frozenset({"unavailable"})
_CHARGING = frozenset({"charging", "suspendedev", "suspendedevse"})
_PLUGGED = frozenset({"preparing", "finishing", "occupied"})
_RESERVED = frozenset({"reserved"})
_AVAILABLE = frozenset({"available"})
_OUT = _FAULTED | _UNAVAILABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of an EVSE.

    `whole` are the statuses of what it is part of: the station (connector 0 of 1.6, EVSE 0 of
    2.0.1) and the EVSE as a whole. `connectors` are those of its plugs; None: not reported.
    `sibling_in_use`: another EVSE draws from the same outlet.
    """

    lifecycle: Lifecycle = Lifecycle.LIVE
    offline: bool = False
    whole: tuple[str, ...] = ()
    connectors: tuple[str | None, ...] = ()
    session: bool = False
    reservation: bool = False
    sibling_in_use: bool = False

    def any(self, words: frozenset[str]) -> bool:
        """Whether some connector says one of these words."""
        return any(_folded(status) in words for status in self.connectors)

    def all(self, words: frozenset[str]) -> bool:
        """Whether every connector says one of these words."""
        return bool(self.connectors) and all(_folded(each) in words for each in self.connectors)

    def whole_is(self, words: frozenset[str]) -> bool:
        """Whether the station or the EVSE as a whole says one of these words."""
        return any(_folded(status) in words for status in self.whole)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: when it holds, what the status is."""

    holds: Callable[[Facts], bool]
    status: Status


RULES = (
    Rule(lambda facts: facts.lifecycle is Lifecycle.REMOVED, Status.REMOVED),
    Rule(lambda facts: facts.lifecycle is Lifecycle.PLANNED, Status.PLANNED),
    Rule(lambda facts: facts.offline, Status.UNKNOWN),
    Rule(lambda facts: facts.whole_is(_FAULTED), Status.OUTOFORDER),
    Rule(lambda facts: facts.whole_is(_UNAVAILABLE), Status.INOPERATIVE),
    Rule(lambda facts: facts.all(_FAULTED), Status.OUTOFORDER),
    Rule(lambda facts: facts.session or facts.any(_CHARGING), Status.CHARGING),
    # Nobody else can plug in, whoever it is and whether or not energy flows.
    Rule(lambda facts: facts.any(_PLUGGED), Status.CHARGING),
    Rule(lambda facts: facts.reservation or facts.any(_RESERVED), Status.RESERVED),
    Rule(lambda facts: facts.all(_OUT), Status.INOPERATIVE),
    Rule(lambda facts: facts.any(_AVAILABLE) and facts.sibling_in_use, Status.BLOCKED),
    Rule(lambda facts: facts.any(_AVAILABLE), Status.AVAILABLE),
)


def derive(facts: Facts) -> Status:
    """The status of an EVSE: the first rule that holds decides; nothing reported is UNKNOWN."""
    for rule in RULES:
        if rule.holds(facts):
            return rule.status
    return Status.UNKNOWN


def outage(whole: tuple[str, ...], connectors: tuple[str | None, ...]) -> Outage | None:
    """Why a port cannot be used though its station is there; None: it can."""
    facts = Facts(whole=whole, connectors=connectors)
    if facts.whole_is(_FAULTED) or facts.all(_FAULTED):
        return Outage.FAULTED
    if facts.whole_is(_UNAVAILABLE) or facts.all(_OUT):
        return Outage.UNAVAILABLE
    return None


def in_use(status: Status) -> bool:
    """Whether an EVSE of that status keeps its siblings at one outlet from being used."""
    return status is Status.CHARGING


def _folded(word: str | None) -> str:
    return (word or "").strip().lower()
