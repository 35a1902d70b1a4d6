"""Meter values: samples in base units, exact, and what they say of energy and power.

Nothing is judged here: a register that falls or jumps is read as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

ENERGY = "Energy.Active.Import.Register"
ENERGY_INTERVAL = "Energy.Active.Import.Interval"
POWER = "Power.Active.Import"
CURRENT = "Current.Import"
STATE_OF_CHARGE = "SoC"

# What is meant where nothing is said.
DEFAULT_MEASURAND = ENERGY
DEFAULT_CONTEXT = "Sample.Periodic"
DEFAULT_LOCATION = "Outlet"

_PHASES = frozenset({"L1", "L2", "L3"})
_TO_NEUTRAL = {f"{phase}-N": phase for phase in sorted(_PHASES)}
_UNITS = (
    ("Energy.Reactive", "varh"),
    ("Energy.Apparent", "VAh"),
    ("Energy", "Wh"),
    ("Power.Reactive", "var"),
    ("Power.Factor", ""),
    ("Power", "W"),
    ("Current", "A"),
    ("Voltage", "V"),
    ("SoC", "Percent"),
    ("Temperature", "Celsius"),
)
_MAX_SHIFT = 12
_KILO = {"kWh": "Wh", "kvarh": "varh", "kVAh": "VAh", "kW": "W", "kVA": "VA", "kvar": "var"}


class SignedValue(NamedTuple):
    """A signed meter value as it came: the data, and how it was encoded and signed."""

    data: str
    signing_method: str | None = None
    encoding_method: str | None = None
    public_key: str | None = None


class Sample(NamedTuple):
    """One sampled value. `value` is in `unit`, without kilo or multiplier; None: not a number.

    `text` is the value as it came, `at` and `at_text` the time the station gave it.
    """

    at: datetime | None
    at_text: str | None
    measurand: str
    value: Decimal | None
    text: str
    unit: str
    context: str
    phase: str | None
    location: str
    signed: SignedValue | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the samples of one moment say: Wh, W, A and percent."""

    at: datetime | None
    at_text: str | None
    context: str
    energy: Decimal | None
    energy_interval: Decimal | None
    power: Decimal | None
    current: Decimal | None
    state_of_charge: Decimal | None
    signed: tuple[SignedValue, ...]


def in_base_unit(
    value: Decimal | None, measurand: str, unit: str | None, *, multiplier: int = 0
) -> tuple[Decimal | None, str]:
    """The value without kilo and without a power of ten, and the unit it then has."""
    if unit is None:
        unit = _default_unit(measurand)
    base = _KILO.get(unit)
    if base is not None:
        unit, multiplier = base, multiplier + 3
    if multiplier == 0 or value is None:
        return value, unit
    return (value.scaleb(multiplier) if abs(multiplier) <= _MAX_SHIFT else None), unit


def readings(samples: Iterable[Sample]) -> tuple[Reading, ...]:
    """One reading for each moment and context, in the order they came."""
    moments: dict[tuple[str | None, str], list[Sample]] = {}
    for sample in samples:
        moments.setdefault((sample.at_text, sample.context), []).append(sample)
    return tuple(_reading(group) for group in moments.values())


def _default_unit(measurand: str) -> str:
    return next((unit for start, unit in _UNITS if measurand.startswith(start)), "")


def _reading(group: list[Sample]) -> Reading:
    first = group[0]
    return Reading(
        first.at,
        first.at_text,
        first.context,
        _total(group, ENERGY),
        _total(group, ENERGY_INTERVAL),
        _total(group, POWER),
        _largest(group, CURRENT),
        _of_vehicle(group, STATE_OF_CHARGE),
        tuple(sample.signed for sample in group if sample.signed is not None),
    )


def _at_outlet(group: list[Sample], measurand: str) -> dict[str | None, Decimal]:
    """The values by phase; what goes in at the inlet or is used by the body is not the driver's."""
    return {
        _TO_NEUTRAL.get(sample.phase or "", sample.phase): sample.value
        for sample in group
        if sample.measurand == measurand
        and sample.location == DEFAULT_LOCATION
        and sample.value is not None
    }


def _total(group: list[Sample], measurand: str) -> Decimal | None:
    """The value of all phases: as measured without a phase, else their sum."""
    by_phase = _at_outlet(group, measurand)
    if None in by_phase:
        return by_phase[None]
    phases = [value for phase, value in by_phase.items() if phase in _PHASES]
    return sum(phases, Decimal(0)) if phases else None


def _largest(group: list[Sample], measurand: str) -> Decimal | None:
    """The value without a phase, else that of the strongest phase: currents do not add up."""
    by_phase = _at_outlet(group, measurand)
    if None in by_phase:
        return by_phase[None]
    return max((value for phase, value in by_phase.items() if phase in _PHASES), default=None)


def _of_vehicle(group: list[Sample], measurand: str) -> Decimal | None:
    """The last value, wherever it was measured."""
    found = [sample.value for sample in group if sample.measurand == measurand]
    return found[-1] if found else None
