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
    """One line of the table. `floor` says whether the goal is the least or the most."""

    what: str
    ours: float
    baseline: float
    unit: str
    ratio: float
    goal: float | None = None
    floor: bool = True

    @property
    def verdict(self) -> str:
        """Whether the goal is met."""
        if self.goal is None:
            return ""
        met = self.ratio >= self.goal if self.floor else self.ratio <= self.goal
        return f"{'>=' if self.floor else '<='} {self.goal:g}  {'met' if met else 'MISSED'}"


async def compare(
    what: str,
    ours: Measure,
    baseline: Measure,
    *,
    unit: str,
    goal: float | None = None,
    floor: bool = True,
) -> Figure:
    """Ours and the baseline in turn, who begins changing from round to round."""
    pairs: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        if number % 2:
            theirs = await baseline()
            pairs.append((await ours(), theirs))
        else:
            pairs.append((await ours(), await baseline()))
    figure = Figure(
        what,
        median(mine for mine, _ in pairs),
        median(theirs for _, theirs in pairs),
        unit,
        median(mine / theirs for mine, theirs in pairs),
        goal,
        floor,
    )
    say(f"  {what}: {figure.ratio:.2f}")
    return figure


def print_table(figures: Iterable[Figure]) -> None:
    """Every figure with its goal."""
    say("")
    say(f"{'':48}{'hub':>9}{'baseline':>10}  {'unit':<15}{'ratio':>6}  goal")
    for figure in figures:
        say(
            f"{figure.what:48}{_short(figure.ours):>9}{_short(figure.baseline):>10}"
            f"  {figure.unit:<15}{figure.ratio:6.2f}  {figure.verdict}"
        )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def say(line: str) -> None:
    """A line for whoever watches."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
