"""Charging profiles from OCPI to a station and back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter.ocpp.calls import ProfileKind, ProfilePurpose, RateUnit, Schedule, SchedulePeriod
from cpo_adapter.profile_translation import Abilities, Supply, to_partner, to_station
from ocpi_hub.protocol.errors import InvalidParameters

SUPPLY = Supply(Decimal(230), 3)
ANY = Abilities()


def _profile(*periods: tuple[int, str], **fields: Any) -> dict[str, Any]:
    return {
        "charging_rate_unit": "A",
        "charging_profile_period": [
            {"start_period": start, "limit": Decimal(limit)} for start, limit in periods
        ],
    } | fields


def _sent(document: dict[str, Any], abilities: Abilities = ANY) -> Any:
    return to_station(
        document, profile_id=7, transaction_id="1", abilities=abilities, supply=SUPPLY
    )


def test_without_a_start_it_counts_from_the_start_of_charging() -> None:
    sent = _sent(_profile((0, "16"), duration=3600))

    assert (sent.kind, sent.start, sent.duration) == (ProfileKind.RELATIVE, None, 3600)
    assert (sent.purpose, sent.transaction_id, sent.profile_id) == (ProfilePurpose.TX, "1", 7)


def test_with_a_start_it_is_absolute() -> None:
    sent = _sent(_profile((0, "16"), start_date_time="2026-11-21T10:00:00Z"))

    assert sent.kind is ProfileKind.ABSOLUTE
    assert sent.start == datetime(2026, 11, 21, 10, tzinfo=UTC)


UNITS = {
    "amperes for a station that takes watts": ("A", "10.04", RateUnit.WATTS, "6927.6"),
    "watts for a station that takes amperes": ("W", "7000", RateUnit.AMPERES, "10.1"),
    "the same unit is floored to a tenth": ("A", "10.19", RateUnit.AMPERES, "10.1"),
}


@pytest.mark.parametrize(("given", "limit", "taken", "expected"), UNITS.values(), ids=UNITS)
def test_a_limit_is_converted_and_never_rounded_up(
    given: str, limit: str, taken: RateUnit, expected: str
) -> None:
    abilities = Abilities(units=frozenset({taken}))

    sent = _sent(_profile((0, limit), charging_rate_unit=given), abilities)

    assert (sent.unit, sent.periods) == (taken, (SchedulePeriod(0, Decimal(expected)),))


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no period": (_profile(), r"charging_profile_period missing"),
    "begins later": (_profile((60, "16")), r"period\[0\].start_period"),
    "out of order": (_profile((0, "16"), (60, "8"), (60, "6")), r"period\[2\].start_period"),
    "below nothing": (_profile((0, "-1")), r"period\[0\].limit"),
    "too many": (_profile(*((second, "9") for second in range(4))), r"at most 3 periods"),
}


@pytest.mark.parametrize(("document", "message"), BAD.values(), ids=BAD)
def test_a_profile_that_no_station_could_follow_is_refused(
    document: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameters, match=message):
        _sent(document, Abilities(most_periods=3))


def test_a_schedule_of_a_station_is_an_active_charging_profile() -> None:
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    schedule = Schedule(1, None, 600, RateUnit.AMPERES, (SchedulePeriod(0, Decimal("9.97")),))

    assert to_partner(schedule, now=now) == {
        "start_date_time": "2026-11-21T10:00:00.000Z",
        "charging_profile": {
            "duration": 600,
            "charging_rate_unit": "A",
            "charging_profile_period": [{"start_period": 0, "limit": Decimal("9.9")}],
        },
    }
