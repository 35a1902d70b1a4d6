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
from ocpi_hub.demo.park import QUIET, STATIONS
from ocpi_hub.demo.provider import EMAIL, PASSWORD
from ocpi_hub.demo.stations import Stations
from ocpi_hub.demo.tally import Count, Told

_LINE_EVERY: Final = 30.0
_EVENTS: Final = 5
_MOST_DIFFERENCES: Final = 5


@dataclass(frozen=True, slots=True)
class Moment:
    """What is going on: `elapsed` and `seconds` in seconds, the latter None without an end."""

    elapsed: float
    seconds: float | None
    stations: Stations
    emsp: Told


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everybody is, without final slashes; `guest` is the page of a sticker."""

    hub: str
    cpo: str
    emsp: str
    sandbox: str
    guest: str


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


def addresses(found: Addresses) -> Iterator[str]:
    """Where everybody is, a line each, and who may log in."""
    stations = f"{found.cpo.replace('http', 'ws', 1)}/ocpp"
    for who, where, about in (
        ("hub", found.hub, "everybody meets here"),
        ("CPO adapter", found.cpo, f"{len(STATIONS)} stations at {stations}, OCPP 1.6 and 2.0.1"),
        ("sandbox eMSP", found.sandbox, "drivers with cards and an app"),
        ("eMSP adapter", found.emsp, "the app for drivers"),
    ):
        yield f"  {who:<13} {where:<23} {about}"
    yield ""
    yield f"Open {found.emsp} in a browser and log in as {EMAIL}"
    yield f"with the password {PASSWORD} to start a session; it ends in a receipt."
    yield f"{QUIET.name} is left to you: the simulated drivers charge elsewhere."
    yield f"Without an account, open {found.guest} as the QR code at a plug there does."
    yield ""


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
            yield f"{row.what.strip()}: {difference}"
        left = len(row.differences) - _MOST_DIFFERENCES
        if left > 0:
            yield f"{row.what.strip()}: and {left} more"


def _live_table(moment: Moment) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(_clock(moment), min_width=20)
    table.add_column("", justify="right", min_width=8)
    table.add_column("", style="dim")
    for what, number, remark in _figures(moment):
        table.add_row(what, number, remark)
    return table


def _figures(moment: Moment) -> Iterator[tuple[str, str, str]]:
    """What stands in the table: what, how much, and a remark."""
    there, told = moment.stations, moment.emsp
    seen, counts, charged = there.counts, told.counts, told.charged
    lost = f"{seen['connection drops']} connections lost, {seen['is faulted']} faults"
    refused = f"{seen['token is refused']} refused"
    results = f"{counts[Count.COMMANDS_ACCEPTED]} accepted, {counts[Count.COMMAND_RESULTS]} results"
    yield "stations online", f"{there.online}", lost
    yield "sessions now", f"{charged.running}", f"{seen['transaction begins']} begun"
    yield "energy", f"{charged.kwh:.3f}", "kWh"
    yield "CDRs", f"{counts[Count.CDRS]}", f"for {charged.billed:.2f} EUR"
    yield "cards shown", f"{seen['card is shown']}", refused
    yield "authorisations", f"{counts[Count.AUTHORISATIONS]}", f"{counts[Count.ALLOWED]} allowed"
    yield "commands", f"{counts[Count.COMMANDS]}", results
    yield "charging preferences", f"{counts[Count.PREFERENCES]}", "sent"
    yield "status changes", f"{counts[Count.STATUS_CHANGES]}", "received"
    yield "session messages", f"{counts[Count.SESSION_CHANGES]}", "received"
    yield "lists by GET All", f"{counts[Count.LISTS_READ]}", "read"
    yield "token changes", f"{counts[Count.TOKEN_CHANGES]}", "sent"


def _latest(moment: Moment) -> RenderableType:
    events = (*list(moment.stations.events)[-_EVENTS:], *moment.emsp.events[-_EVENTS:])
    return Text("\n".join(f"· {event}" for event in events), style="dim", no_wrap=True)


def _line(moment: Moment) -> str:
    counts, charged = moment.emsp.counts, moment.emsp.charged
    return (
        f"{_clock(moment)}: {moment.stations.online} stations online, "
        f"{charged.running} sessions now, {charged.kwh:.3f} kWh, {counts[Count.CDRS]} CDRs "
        f"for {charged.billed:.2f} EUR, {counts[Count.COMMANDS]} commands"
    )


def _clock(moment: Moment) -> str:
    elapsed = _minutes(moment.elapsed)
    return elapsed if moment.seconds is None else f"{elapsed} of {_minutes(moment.seconds)}"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
