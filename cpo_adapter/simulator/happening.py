"""What a simulation tells: one line for each happening, for people or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cpo_adapter.simulator.clock import written


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at a station; `connector` is None when it is of the whole of it."""

    at: datetime
    station: str
    what: str
    connector: int | None = None
    note: str = ""

    @property
    def sentence(self) -> str:
        """The happening as people read it."""
        place = self.station if self.connector is None else f"{self.station}/{self.connector}"
        return f"{self.at:%H:%M:%S}  {place:<12} {self.what}{f': {self.note}' if self.note else ''}"

    @property
    def document(self) -> dict[str, Any]:
        """The happening as JSON has it."""
        return {
            "at": written(self.at),
            "station": self.station,
            "connector": self.connector,
            "what": self.what,
            "note": self.note,
        }


Tell = Callable[[Happening], None]
