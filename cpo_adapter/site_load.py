"""How the sessions of a location share the most that it may draw: a pure function.

A session gets nothing or at least what a vehicle can charge with (6 A, IEC 61851-1). Where there
is not enough for all, they take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from cpo_adapter.profile_translation import Supply

_LEAST_AMPS = Decimal(6)
_WATT = Decimal(1)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Draw:
    """A session that charges: what its connector gives at most in watts, and its supply."""

    session_id: str
    most_watts: Decimal
    supply: Supply

    @property
    def least_watts(self) -> Decimal:
        """What it charges with at least, if it charges at all."""
        return min(self.supply.watts(_LEAST_AMPS), self.most_watts)


def shares(limit_watts: Decimal, draws: Sequence[Draw], *, turn: int = 0) -> dict[str, Decimal]:
    """Whole watts for each session; together never more than the limit.

    Each gets the same unless it cannot use it, what it leaves is for the others. `turn` counts up
    with time: where only some can charge, it says who is first.
    """
    order = list(draws[turn % len(draws) :]) + list(draws[: turn % len(draws)]) if draws else []
    charging = _admitted(limit_watts, order)
    given = dict.fromkeys((draw.session_id for draw in draws), _NOTHING)
    return given | _levelled(limit_watts, charging)


def _admitted(limit_watts: Decimal, order: Sequence[Draw]) -> list[Draw]:
    """Those who get at least what they need, first come first served."""
    left, admitted = limit_watts, []
    for draw in order:
        if draw.least_watts <= left:
            admitted.append(draw)
            left -= draw.least_watts
    return admitted


def _levelled(limit_watts: Decimal, charging: Sequence[Draw]) -> dict[str, Decimal]:
    """The same for each, but at least its least and at most its most."""
    fixed: dict[str, Decimal] = {}
    while True:
        free = [draw for draw in charging if draw.session_id not in fixed]
        if not free:
            return fixed
        even = (limit_watts - sum(fixed.values(), _NOTHING)) / len(free)
        # Whoever needs more than an even share takes it from the others, so comes first.
        needy = {d.session_id: d.least_watts for d in free if d.least_watts > even}
        content = {d.session_id: d.most_watts for d in free if d.most_watts <= even}
        if not (needy or content):
            return fixed | {d.session_id: even.quantize(_WATT, ROUND_FLOOR) for d in free}
        fixed |= needy or content
