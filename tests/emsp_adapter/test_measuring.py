"""What is read from a Session: energy, power and state of charge."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from emsp_adapter.charging.measuring import reading

TEN = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def _session(*periods: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kwh": Decimal("2.5"),
        "last_updated": "2026-03-01T10:06:00Z",
        "charging_periods": [
            {"start_date_time": f"2026-03-01T10:0{minute}:00Z", "dimensions": dimensions}
            for minute, dimensions in enumerate(periods)
        ],
    }


def _dimension(kind: str, volume: str) -> dict[str, Any]:
    return {"type": kind, "volume": Decimal(volume)}


def test_the_power_is_what_the_newest_period_says() -> None:
    session = _session([_dimension("POWER", "22")], [_dimension("POWER", "7.4")])

    found = reading(session, before=(Decimal("1.5"), TEN))

    assert found.power_kw == Decimal("7.4")


POWERS = {
    "1 kWh in six minutes": (Decimal("1.5"), TEN, Decimal("10.0")),
    "nothing came since": (Decimal("2.5"), TEN, Decimal("0.0")),
    "the meter went back": (Decimal("9"), TEN, None),
    "the same moment": (Decimal("1.5"), TEN.replace(minute=6), None),
}


@pytest.mark.parametrize(("kwh", "at", "power"), POWERS.values(), ids=POWERS)
def test_where_no_power_is_told_it_is_reckoned(
    kwh: Decimal, at: datetime, power: Decimal | None
) -> None:
    found = reading(_session([_dimension("ENERGY", "2.5")]), before=(kwh, at))

    assert found.power_kw == power


def test_a_session_without_periods_says_its_energy_only() -> None:
    found = reading(_session(), before=None)

    assert (found.kwh, found.power_kw, found.state_of_charge) == (Decimal("2.5"), None, None)


def test_the_state_of_charge_is_what_the_newest_period_says() -> None:
    session = _session([_dimension("STATE_OF_CHARGE", "80")])

    found = reading(session, before=None)

    assert found.state_of_charge == Decimal(80)
