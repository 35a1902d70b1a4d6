"""What the demo shows: a live table in a terminal, plain lines elsewhere, and the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ocpi_hub.demo.compare import Row
from ocpi_hub.demo.tally import Count, Told

_LINE_EVERY: Final = 5.0
_EVENTS: Final = 5
_MOST_DIFFERENCES: Final = 5

# What is counted, and what each of the two does with it; None where it has no part in it.
_SHOWN: Final[tuple[tuple[str, Count, str | None, str | None], ...]] = (
    ("status changes", Count.STATUS_CHANGES, "sent", "received"),
    ("other changes", Count.OTHER_CHANGES, "sent", None),
    ("token changes", Count.TOKEN_CHANGES, "received", "sent"),
    ("authorisations", Count.AUTHORISATIONS, "asked", "answered"),
    ("  allowed", Count.ALLOWED, "", ""),
    ("  refused", Count.REFUSED, "", ""),
    ("  unknown cards", Count.UNKNOWN_CARDS, "", None),
    ("commands", Count.COMMANDS, "received", "sent"),
    ("  results", Count.COMMAND_RESULTS, "sent", "received"),
    ("charging preferences", Count.PREFERENCES, "received", "sent"),
    ("session messages", Count.SESSION_CHANGES, "sent", "received"),
    ("CDRs", Count.CDRS, "sent", "received"),
    ("  fetched again", Count.CDRS_FETCHED, "", None),
    ("lists by GET All", Count.LISTS_READ, None, "read"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is going on: `elapsed` and `seconds` in seconds, the latter None without an end."""

    elapsed: float
    seconds: float | None
    cpo: Told
    emsp: Told


@dataclass(slots=True)
class View:
    """Shows moments as they come."""

    console: Console
    _live: Live | None = None
    _next_line: float = 0.0

    @contextmanager
    def open(self) -> Iterator[View]:
        """A live table for the time of the block, where there is a terminal."""
        if not self.console.is_terminal:
            yield self
            return
        with Live(console=self.console, refresh_per_second=4, transient=True) as self._live:
            yield self
        self._live = None

    def show(self, moment: Moment) -> None:
        """One moment: the table anew, or now and then a line."""
        if self._live is not None:
            self._live.update(Group("", _live_table(moment), "", _latest(moment)))
        elif moment.elapsed >= self._next_line:
            self._next_line = moment.elapsed + _LINE_EVERY
            self.console.print(_line(moment), soft_wrap=True, highlight=False)


def result_table(rows: Sequence[Row]) -> RenderableType:
    """What was compared, and whether it is equal."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    table.add_column("")
    for name in ("CPO", "hub", "eMSP"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in rows:
        verdict = Text("✗", style="bold red") if row.differences else Text("✓", style="green")
        numbers = ("" if number is None else str(number) for number in (row.cpo, row.hub, row.emsp))
        table.add_row(row.what, *numbers, verdict)
    return table


def difference_lines(rows: Sequence[Row]) -> Iterator[str]:
    """The first differences of each comparison."""
    for row in rows:
        for difference in row.differences[:_MOST_DIFFERENCES]:
            yield f"{row.what}: {difference}"
        left = len(row.differences) - _MOST_DIFFERENCES
        if left > 0:
            yield f"{row.what}: and {left} more"


def _live_table(moment: Moment) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(_clock(moment), min_width=20)
    for name in ("CPO", "", "eMSP", ""):
        table.add_column(name, justify="right" if name else "left", min_width=8)
    for what, count, at_cpo, at_emsp in _SHOWN:
        cells: list[str] = []
        for told, action in ((moment.cpo, at_cpo), (moment.emsp, at_emsp)):
            cells += ("", "") if action is None else (str(told.counts[count]), action)
        table.add_row(what, *cells)
    table.add_row("sessions now", str(_sessions(moment)), "", "", "")
    return table


def _latest(moment: Moment) -> RenderableType:
    events = (*moment.cpo.events[-_EVENTS:], *moment.emsp.events[-_EVENTS // 2 :])
    return Text("\n".join(f"· {event}" for event in events), style="dim", no_wrap=True)


def _line(moment: Moment) -> str:
    cpo, emsp = moment.cpo.counts, moment.emsp.counts
    return (
        f"{_clock(moment)}: {cpo[Count.STATUS_CHANGES]} status changes, "
        f"{cpo[Count.AUTHORISATIONS]} authorisations, {emsp[Count.COMMANDS]} commands, "
        f"{_sessions(moment)} sessions now, {emsp[Count.CDRS]} CDRs"
    )


def _sessions(moment: Moment) -> int:
    return moment.cpo.counts[Count.SESSIONS_BEGUN] - moment.cpo.counts[Count.SESSIONS_ENDED]


def _clock(moment: Moment) -> str:
    elapsed = _minutes(moment.elapsed)
    return elapsed if moment.seconds is None else f"{elapsed} of {_minutes(moment.seconds)}"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
