"""Sessions of every shape are cut where their price changes, and the hub's clearing agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpo_adapter.billing import bill
from cpo_adapter.cdr_documents import cdr_document
from cpo_adapter.course import Course, Measured, Phase, course_of, reservation_course
from cpo_adapter.periods import Terms, charging_periods, volume
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.pricing import (
    Circumstances,
    Code,
    ReservationOutcome,
    Verdict,
    compare,
    compile_tariff,
    price,
)
from ocpi_hub.protocol.jsontext import dumps, loads
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType
from tests import samples
from tests.cpo_adapter.site import volumes
from tests.pricing.cases import element, limits, tariff

TUESDAY = datetime(2026, 2, 10, tzinfo=UTC)
ZONE = "Europe/Amsterdam"
_VOLTS = Decimal(230)


def at(text: str, day: datetime = TUESDAY) -> datetime:
    """A moment of the day, in UTC; past 24:00 it is the next."""
    hours, minutes = text.split(":")
    return day + timedelta(hours=int(hours), minutes=int(minutes))


@dataclass(frozen=True)
class Shape:
    """A session: its tariff, what the meter showed in Wh and when, and when the phase changed."""

    elements: list[dict[str, Any]]
    start: str
    end: str
    meter: Sequence[tuple[str, int | str]]
    total: str
    phases: Sequence[tuple[str, Phase]] = ()
    reserved_from: str | None = None
    tariff: dict[str, Any] | None = None
    day: datetime = TUESDAY
    periods: int = 1
    outcome: ReservationOutcome = ReservationOutcome.USED
    used: bool = True

    def course(self) -> Course:
        """Its course."""
        begin = at(self.start, self.day)
        end = at(self.end, self.day)
        if not self.used:
            return reservation_course(begin, end)
        measured = [Measured(at(when, self.day), Decimal(wh)) for when, wh in self.meter]
        reserved = None if self.reserved_from is None else at(self.reserved_from, self.day)
        return course_of(
            measured[:-1],
            [(at(when, self.day), phase) for when, phase in self.phases],
            span=(begin, end),
            total=measured[-1].energy,
            reserved_from=reserved,
        )

    def cdr(self) -> dict[str, Any]:
        """Its CDR, as it goes over the wire."""
        document = tariff(self.elements, **(self.tariff or {}))
        terms = Terms(compile_tariff(document), ZONE, _VOLTS)
        course = self.course()
        found = bill(course, terms, currency="EUR", outcome=self.outcome)
        made = cdr_document(
            _transaction(document),
            course,
            found,
            cdr_id="CDR1",
            party=Party("NL", "CPO"),
            now=course.end,
            with_session=self.used,
        )
        written: dict[str, Any] = loads(dumps(made))
        return written


def _transaction(document: dict[str, Any]) -> Transaction:
    return Transaction(
        id="SESSION1",
        station_id="CS1",
        token=samples.token(),
        place={"cdr_location": samples.cdr_location()},
        tariffs=[document],
        auth_method="COMMAND",
        last_updated=TUESDAY,
    )


NIGHT = [
    element("ENERGY 0.20 vat 21", start_time="23:00", end_time="07:00"),
    element("ENERGY 0.40 vat 21", "FLAT 0.50 vat 21"),
]
PARKED = [element("ENERGY 0.30 vat 21", "TIME 1.00", "PARKING_TIME 6.00 vat 21 step 300")]
BY_POWER = [element("ENERGY 0.60", min_power=50), element("ENERGY 0.30", max_power=50)]
RESERVED = [
    element("TIME 5.00 vat 20 step 60", "FLAT 2.00", reservation="RESERVATION"),
    element("TIME 6.00 vat 20 step 600", reservation="RESERVATION_EXPIRES"),
    element("FLAT 0.50 vat 20", "ENERGY 0.25 vat 10"),
]
SUSPENDED = Phase.SUSPENDED_EV

SHAPES = {
    "one price": Shape(
        [element("ENERGY 0.35 vat 21")], "10:00", "11:00", [("11:00", 7000)], "2.45"
    ),
    "night tariff": Shape(
        NIGHT, "20:00", "24:00", [("22:00", 6000), ("24:00", 18000)], "5.3", periods=2
    ),
    "night ends while charging": Shape(
        NIGHT, "05:30", "07:00", [("06:00", 1000), ("07:00", 11000)], "4.7", periods=2
    ),
    "parking after full": Shape(
        PARKED,
        "10:00",
        "12:02",
        [("11:00", 10000), ("12:02", 10000)],
        "10.5",
        [("10:00", Phase.CHARGING), ("11:00", SUSPENDED)],
        periods=2,
    ),
    "full by the meter alone": Shape(
        PARKED,
        "10:00",
        "12:00",
        [("11:00", 10000), ("11:30", 10000), ("12:00", 10000)],
        "10",
        periods=2,
    ),
    "the station pauses, which is no parking": Shape(
        PARKED,
        "10:00",
        "12:00",
        [("11:00", 10000), ("12:00", 10000)],
        "5",
        [("10:00", Phase.CHARGING), ("11:00", Phase.SUSPENDED_EVSE)],
    ),
    "parking in between": Shape(
        PARKED,
        "10:00",
        "12:00",
        [("10:30", 5000), ("11:00", 5000), ("12:00", 15000)],
        "9",
        [("10:00", Phase.CHARGING), ("10:30", SUSPENDED), ("11:00", Phase.CHARGING)],
        periods=3,
    ),
    "step_size of energy": Shape(
        [element("ENERGY 0.25 step 500")], "10:00", "11:00", [("11:00", 7201)], "1.875"
    ),
    "step_size of time at ten minutes": Shape(
        [element("TIME 6.00 step 60")], "10:00", "10:10", [("10:10", 1000)], "1"
    ),
    "step_size rounds parking only": Shape(
        [element("TIME 2.00 step 900", "PARKING_TIME 4.00 step 900")],
        "10:00",
        "10:47",
        [("10:20", 2000), ("10:47", 2000)],
        "2.6666",
        [("10:00", Phase.CHARGING), ("10:20", SUSPENDED)],
        periods=2,
    ),
    "min_price": Shape(
        [element("ENERGY 0.25 vat 10")],
        "10:00",
        "11:00",
        [("11:00", 100)],
        "0.5",
        tariff={"min_price": limits("0.50", "0.55")},
    ),
    "max_price": Shape(
        [element("ENERGY 0.25 vat 10")],
        "10:00",
        "11:00",
        [("11:00", 80000)],
        "10",
        tariff={"max_price": limits("10", "11")},
    ),
    "FLAT alone": Shape([element("FLAT 3.00")], "10:00", "11:00", [("11:00", 5000)], "3"),
    "FLAT after an hour": Shape(
        [element("FLAT 4.00", min_duration=3600), element("ENERGY 0.10")],
        "10:00",
        "12:00",
        [("12:00", 10000)],
        "5",
        periods=2,
    ),
    "a price from so much energy on": Shape(
        [element("ENERGY 0.50", min_kwh=15), element("ENERGY 0.30")],
        "10:00",
        "12:00",
        [("11:00", 12345), ("12:00", 22222)],
        "8.111",
        periods=2,
    ),
    "two prices by power": Shape(
        BY_POWER,
        "10:00",
        "10:30",
        [("10:10", 20000), ("10:20", 30000), ("10:30", 32000)],
        "18.6",
        periods=2,
    ),
    "two prices by current": Shape(
        [element("TIME 9.00", min_current=32), element("TIME 3.00", max_current=32)],
        "10:00",
        "11:00",
        [("10:30", 11000), ("11:00", 12000)],
        "6",
        periods=2,
    ),
    "a reservation that was used": Shape(
        RESERVED,
        "10:15",
        "11:15",
        [("11:15", 20000)],
        "8.75",
        reserved_from="10:00",
        periods=2,
    ),
    "a reservation that expired": Shape(
        RESERVED, "10:00", "10:15", [], "4", outcome=ReservationOutcome.EXPIRED, used=False
    ),
    "weekday over midnight": Shape(
        [element("ENERGY 0.10", day_of_week=["WEDNESDAY"]), element("ENERGY 0.40")],
        "22:00",
        "24:00",
        [("24:00", 20000)],
        "5",
        periods=2,
    ),
    "the night with an hour twice": Shape(
        [element("TIME 1.00", start_time="02:00", end_time="03:00"), element("TIME 3.00")],
        "23:00",
        "26:00",
        [("26:00", 9000)],
        "5",
        day=datetime(2026, 10, 24, tzinfo=UTC),
        periods=2,
    ),
    "the night without an hour": Shape(
        [element("TIME 1.00", start_time="02:00", end_time="03:00"), element("TIME 3.00")],
        "23:30",
        "26:00",
        [("26:00", 9000)],
        "7.5",
        day=datetime(2026, 3, 28, tzinfo=UTC),
    ),
    "all in an instant": Shape(
        [element("ENERGY 0.50", min_kwh=5), element("ENERGY 0.30")],
        "10:00",
        "10:00",
        [("10:00", 7000)],
        "2.5",
        periods=2,
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_hubs_clearing_says_match(shape: Shape) -> None:
    cdr = shape.cdr()

    priced = price(cdr, circumstances=Circumstances(time_zone=ZONE))
    clearing = compare(cdr, priced)

    assert clearing.verdict is Verdict.MATCH, clearing.sentence
    assert Code.PERIOD_SPANS_PRICE_CHANGE not in priced.codes
    assert not clearing.findings
    assert cdr["total_cost"]["excl_vat"] == Decimal(shape.total)
    assert len(cdr["charging_periods"]) == shape.periods


def test_energy_is_measured_at_the_boundary_between_readings() -> None:
    shape = SHAPES["night tariff"]

    periods = shape.cdr()["charging_periods"]

    # 22:00 UTC is 23:00 in Utrecht, where a reading was taken.
    assert periods[1]["start_date_time"] == "2026-02-10T22:00:00.000Z"
    assert volumes(periods, "ENERGY") == [6, 12]


def test_energy_between_readings_is_shared_evenly() -> None:
    shape = replace(SHAPES["night tariff"], meter=[("21:00", 1000), ("24:00", 10000)])

    periods = shape.cdr()["charging_periods"]

    assert volumes(periods, "ENERGY") == [4, 6]


def test_boundaries_that_change_nothing_are_no_boundaries() -> None:
    elements = [
        element("ENERGY 0.30", start_time="08:00", end_time="10:30"),
        element("PARKING_TIME 1.00", start_time="11:00", end_time="12:00"),
        element("TIME 2.00", min_duration=600, max_duration=1200, day_of_week=["SUNDAY"]),
        element("ENERGY 0.50"),
    ]

    cdr = Shape(elements, "10:00", "12:00", [("12:00", 8000)], "").cdr()

    starts = [each["start_date_time"] for each in cdr["charging_periods"]]
    assert starts == ["2026-02-10T10:00:00.000Z"]


def test_hours_are_never_more_than_there_were() -> None:
    cdr = SHAPES["step_size of time at ten minutes"].cdr()

    assert volumes(cdr["charging_periods"], "TIME") == [Decimal("0.1666")]


_ELEMENTS = st.lists(
    st.builds(
        element,
        st.sampled_from(
            ["ENERGY 0.31 step 10", "TIME 2.50 step 60", "PARKING_TIME 4.00", "FLAT 1"]
        ),
        start_time=st.sampled_from([None, "01:00", "12:30", "23:00"]),
        end_time=st.sampled_from([None, "06:00", "13:00"]),
        min_kwh=st.sampled_from([None, 3, Decimal("7.5")]),
        min_duration=st.sampled_from([None, 900, 5400]),
        max_power=st.sampled_from([None, 7, 22]),
        day_of_week=st.sampled_from([None, ["TUESDAY"]]),
    ),
    min_size=1,
    max_size=5,
)
_READINGS = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(0, 30_000), st.sampled_from(list(Phase))),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(
    elements=_ELEMENTS,
    readings=_READINGS,
    seconds=st.integers(0, 20_000),
    more=st.integers(0, 5_000),
)
def test_the_periods_of_any_session_sum_to_its_totals(
    elements: list[dict[str, Any]],
    readings: list[tuple[int, int, Phase]],
    seconds: int,
    more: int,
) -> None:
    start = TUESDAY + timedelta(hours=21)
    moments = sorted(each[0] for each in readings)
    energies = sorted(each[1] for each in readings)
    course = course_of(
        [
            Measured(start + timedelta(seconds=second), Decimal(wh))
            for second, wh in zip(moments, energies, strict=True)
        ],
        [(start + timedelta(seconds=second), phase) for second, _, phase in readings],
        span=(start, start + timedelta(seconds=seconds)),
        total=Decimal(energies[-1] if energies else 0) + more,
    )
    terms = Terms(compile_tariff(tariff(elements)), ZONE, _VOLTS)

    periods = charging_periods(course, terms)
    found = bill(course, terms, currency="EUR")

    assert volume(periods, CdrDimensionType.ENERGY) == found.total_energy == course.total
    times = volume(periods, CdrDimensionType.TIME) + found.total_parking_time
    assert times == found.total_time
    assert abs(found.total_time * 3600 - seconds) < 1
    starts = [parse_datetime(each["start_date_time"]) for each in periods]
    assert starts == sorted(starts)
    assert starts[0] == start
