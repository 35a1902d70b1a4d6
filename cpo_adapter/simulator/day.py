"""A day at a connector: who comes when, with what vehicle, and what goes wrong.

The whole plan follows from a seed; what becomes of it depends on the central system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from cpo_adapter.simulator.clock import hour_of
from cpo_adapter.simulator.vehicle import Model

# Arrivals an hour at one connector, from midnight on: mornings and evenings are busiest.
_ARRIVALS = (
    *(0.05, 0.05, 0.03, 0.03, 0.05, 0.15, 0.4, 0.9, 1.1, 0.8, 0.6, 0.6),
    *(0.8, 0.7, 0.6, 0.7, 0.9, 1.2, 1.1, 0.8, 0.5, 0.3, 0.2, 0.1),
)
_BUSIEST = max(_ARRIVALS)
_HOUR = 3600.0

_MODELS = (
    Model(battery_wh=36_000, ac_watts=7_400, dc_watts=50_000),
    Model(battery_wh=52_000, ac_watts=11_000, dc_watts=100_000),
    Model(battery_wh=64_000, ac_watts=11_000, dc_watts=120_000),
    Model(battery_wh=77_000, ac_watts=11_000, dc_watts=170_000),
    Model(battery_wh=95_000, ac_watts=22_000, dc_watts=250_000),
)
# IEC and OCPP 1.6 names for what breaks.
_ERRORS = ("GroundFailure", "OverCurrentFailure", "HighTemperature", "ConnectorLockFailure")
_BY_APP = 0.3
_FAULTS = 0.03
_DROP_OUTS = 0.08
_SHORTEST_STAY, _MEAN_STAY = 900.0, 5400.0
_LONGEST_PARKED = 2700.0
_REPAIR = (300.0, 3600.0)
_OUTAGE = (60.0, 900.0)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong in a visit: so long after its start, for so long. `error` is a fault of the
    connector; without one the connection drops."""

    after: float
    lasts: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One driver's visit; times are seconds of the day. `card` is None for one who uses an app."""

    arrives_at: float
    model: Model
    charged_percent: int
    card: str | None
    stays: float
    parked: float
    trouble: Trouble | None


def visits(rng: Random, cards: Sequence[str]) -> Iterator[Visit]:
    """The visits of a connector, without end."""
    at = 0.0
    while True:
        at = _next_arrival(rng, at)
        yield _visit(rng, at, cards)


def _next_arrival(rng: Random, at: float) -> float:
    """A Poisson process whose rate goes with the hour, by thinning one at the busiest rate."""
    while True:
        at += rng.expovariate(_BUSIEST / _HOUR)
        if rng.random() < _ARRIVALS[hour_of(at)] / _BUSIEST:
            return at


def _visit(rng: Random, at: float, cards: Sequence[str]) -> Visit:
    by_app = rng.random() < _BY_APP
    card = rng.choice(cards)
    stays = _SHORTEST_STAY + rng.expovariate(1 / _MEAN_STAY)
    return Visit(
        arrives_at=at,
        model=rng.choice(_MODELS),
        charged_percent=rng.randint(8, 75),
        card=None if by_app else card,
        stays=stays,
        parked=rng.uniform(0, _LONGEST_PARKED),
        trouble=_trouble(rng, stays),
    )


def _trouble(rng: Random, stays: float) -> Trouble | None:
    dice = rng.random()
    after = rng.uniform(0.2, 0.7) * stays
    if dice < _FAULTS:
        return Trouble(after, rng.uniform(*_REPAIR), rng.choice(_ERRORS))
    if dice < _FAULTS + _DROP_OUTS:
        return Trouble(after, rng.uniform(*_OUTAGE))
    return None


def passer_by(rng: Random) -> tuple[Model, int]:
    """The vehicle of a driver who comes because of an app: its model and charged percent."""
    return rng.choice(_MODELS), rng.randint(8, 60)
