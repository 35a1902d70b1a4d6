"""The physics of charging: batteries, what they take, and the meter, in whole microjoules.

Power in watts times time in microseconds is microjoules, so that energy is exact without fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# Microjoules in a watt-hour.
_WATT_HOUR = 3_600_000_000
_MICROSECOND = timedelta(microseconds=1)
# Above this state of charge, in thousandths, a battery takes less and less.
_TAPERS_FROM = 800
_TAPERED_TO = 50
# So often, at least, what a battery takes is looked at anew while it fills.
_STEPS_TO_FULL = 500


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of vehicle."""

    battery_wh: int
    ac_watts: int
    dc_watts: int


class Battery:
    """The battery of one vehicle, as far as it is charged."""

    def __init__(self, model: Model, *, charged_percent: int, shrunk: int = 1) -> None:
        """`shrunk` times smaller than the model's: a day that passes faster has less time."""
        self._model = model
        self._size = model.battery_wh * _WATT_HOUR // shrunk
        self._stored = self._size * charged_percent // 100

    @property
    def charged_percent(self) -> int:
        """The state of charge."""
        return self._stored * 100 // self._size

    @property
    def is_full(self) -> bool:
        """Whether it takes no more."""
        return self._stored >= self._size

    def wanted_watts(self, *, direct: bool) -> int:
        """What it would take now of alternating or direct current."""
        if self.is_full:
            return 0
        most = self._model.dc_watts if direct else self._model.ac_watts
        charged = self._stored * 1000 // self._size
        if charged <= _TAPERS_FROM:
            return most
        left = (1000 - charged) * 1000 // (1000 - _TAPERS_FROM)
        return most * max(left, _TAPERED_TO) // 1000

    def take(self, offered_watts: int, span: timedelta, *, direct: bool) -> int:
        """Charges for a while with at most so much power; the microjoules that went in."""
        before = self._stored
        left = span // _MICROSECOND
        while left > 0 and (watts := min(offered_watts, self.wanted_watts(direct=direct))) > 0:
            step = min(left, self._step(watts))
            self._stored = min(self._size, self._stored + watts * step)
            left -= step
        return self._stored - before

    def _step(self, watts: int) -> int:
        """Microseconds in which the battery fills by so little that the power hardly changes."""
        return max(1, self._size // _STEPS_TO_FULL // watts)


class Meter:
    """The energy register of a connector: it never falls."""

    def __init__(self, start_wh: int = 0) -> None:
        self._total = start_wh * _WATT_HOUR

    @property
    def watt_hours(self) -> int:
        """What it shows."""
        return self._total // _WATT_HOUR

    def count(self, microjoules: int) -> None:
        """Counts what went through."""
        self._total += microjoules
