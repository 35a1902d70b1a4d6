"""What the benches found: ratios of one run, and the table they end in.

A ratio is ours by the baseline's, measured one right after the other; of several rounds the median
counts, so that what else the machine does spoils a round and not the figure.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from statistics import median

ROUNDS = 7

Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `floor` says whether the goal is the least or the most; a figure
    without a baseline is only shown."""

    what: str
    ours: float
    baseline: float | None
    unit: str
    ratio: float | None
    goal: float | None = None
    floor: bool = True

    @property
    def verdict(self) -> str:
        """Whether the goal is met."""
        if self.goal is None or self.ratio is None:
            return ""
        met = self.ratio >= self.goal if self.floor else self.ratio <= self.goal
        return f"{'>=' if self.floor else '<='} {self.goal:g}  {'met' if met else 'MISSED'}"


def shown(what: str, value: float, unit: str) -> Figure:
    """A figure that stands beside others and has no goal of its own."""
    say(f"  {what}: {_short(value)} {unit}")
    return Figure(what, value, None, unit, None)


def limited(what: str, value: float, limit: float, unit: str) -> Figure:
    """A figure that is to be no larger than its limit."""
    say(f"  {what}: {_short(value)} {unit}")
    return Figure(what, value, limit, unit, value / limit, goal=1.0, floor=False)


async def compare(
    what: str,
    ours: Measure,
    baseline: Measure,
    *,
    unit: str,
    goal: float | None = None,
    floor: bool = True,
    rounds: int = ROUNDS,
) -> Figure:
    """Ours and the baseline in turn, who begins changing from round to round."""
    pairs: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            theirs = await baseline()
            pairs.append((await ours(), theirs))
        else:
            pairs.append((await ours(), await baseline()))
    ratio = median(mine / theirs for mine, theirs in pairs)
    say(f"  {what}: {ratio:.2f}")
    return Figure(
        what,
        median(mine for mine, _ in pairs),
        median(theirs for _, theirs in pairs),
        unit,
        ratio,
        goal,
        floor,
    )


def print_table(figures: Iterable[Figure]) -> None:
    """Every figure with its goal."""
    say("")
    say(f"{'':48}{'ours':>9}{'baseline':>10}  {'unit':<15}{'ratio':>6}  goal")
    for figure in figures:
        say(
            f"{figure.what:48}{_short(figure.ours):>9}{_short(figure.baseline):>10}"
            f"  {figure.unit:<15}{_short(figure.ratio):>6}  {figure.verdict}"
        )


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def say(line: str) -> None:
    """A line for whoever watches."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
