"""The simulated stations as the demo watches them: what they print, line by line."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ocpi_hub.protocol.jsontext import loads

_EVENTS: Final = 12
_ONLINE: Final = "is online"
_OFFLINE: Final = frozenset({"is offline", "connection drops", "is switched off"})
# Counted, but nothing to read.
_UNTOLD: Final = frozenset({"is offline", "local list", "charging profile is set"})


@dataclass(slots=True)
class Stations:
    """What has happened at the stations, as far as it was read from their file."""

    log: Path
    counts: Counter[str] = field(default_factory=Counter)
    events: deque[str] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    _online: set[str] = field(default_factory=set)
    _read_to: int = 0

    @property
    def online(self) -> int:
        """How many are connected."""
        return len(self._online)

    def read(self) -> None:
        """Reads on, to the end of the last whole line."""
        with self.log.open("rb") as file:
            file.seek(self._read_to)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read_to += len(whole) + len(end)
        for line in whole.splitlines():
            if line.startswith(b"{"):
                self._take(loads(line))

    def _take(self, happening: dict[str, Any]) -> None:
        station, what = happening["station"], happening["what"]
        self.counts[what] += 1
        if what == _ONLINE:
            self._online.add(station)
        elif what in _OFFLINE:
            self._online.discard(station)
        if what not in _UNTOLD:
            self.events.append(_sentence(happening))


def _sentence(happening: dict[str, Any]) -> str:
    connector, note = happening["connector"], happening["note"]
    place = happening["station"] + ("" if connector is None else f"-{connector}")
    return f"{place} {happening['what']}" + (f": {note}" if note else "")
