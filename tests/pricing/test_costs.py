"""FLAT, VAT, price limits, reservations, and periods that are odd."""

from __future__ import annotations

import pytest

from tests.pricing.cases import Case, costs, element, expected, limits, period

_FEE_AND_ENERGY = [element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10")]
_RESERVED = [
    element("FLAT 3.00 vat 20", "TIME 6.00 vat 20 step 300", reservation="RESERVATION"),
    *_FEE_AND_ENERGY,
]
_RESERVED_AND_USED = [
    period("09:49", RESERVATION_TIME="0.1833"),
    period("10:00", ENERGY=10, TIME=1),
]
_EXPIRING_FEE = [
    element("FLAT 5.00 vat 20", reservation="RESERVATION_EXPIRES"),
    element("TIME 3.00 vat 20 step 600", reservation="RESERVATION"),
    *_FEE_AND_ENERGY,
]
_EXPIRING_TIME = [
    element("TIME 3.00 vat 20 step 600", reservation="RESERVATION"),
    element("TIME 9.00 vat 20 step 600", reservation="RESERVATION_EXPIRES"),
    *_FEE_AND_ENERGY,
]
_RESERVED_ONLY = [period("09:00", RESERVATION_TIME="0.5")]

_CASES = {
    "a start fee, energy, two rates of VAT": Case(
        _FEE_AND_ENERGY,
        [period("10:00", ENERGY=10)],
        "4.2/4.74",
        "11:00",
        {"fixed": "1.2/1.44", "energy": "3/3.3"},
    ),
    "a start fee is due once": Case(
        _FEE_AND_ENERGY,
        [period("10:00", ENERGY=5), period("10:30", ENERGY=0), period("10:40", ENERGY=5)],
        "4.2/4.74",
        "11:00",
        {"fixed": "1.2/1.44", "energy": "3/3.3"},
    ),
    "a start fee is due when nothing was used": Case(
        _FEE_AND_ENERGY, [period("10:00", ENERGY=0)], "1.2/1.44", "10:01", {"fixed": "1.2/1.44"}
    ),
    "free of charge": Case(
        [element("FLAT 0.00")],
        [period("10:00", TIME=1)],
        "0",
        "11:00",
        {"fixed": "0"},
        findings={"no_price_component"},
    ),
    "a FLAT that becomes active late": Case(
        [
            element("ENERGY 0.40"),
            element("FLAT 25.00", min_duration=7200),
            element("TIME 5.00", min_duration=3600, max_duration=7200),
        ],
        [
            period("10:00", ENERGY=20, TIME=1),
            period("11:00", ENERGY=5, TIME=1),
            period("12:00", TIME=1),
        ],
        "40",
        "13:00",
        {"energy": "10", "time": "5", "fixed": "25"},
        findings={"no_price_component"},
    ),
    "the first of several FLATs": Case(
        [element("FLAT 2.00", max_duration=3600), element("FLAT 7.00")],
        [period("10:00", ENERGY=0), period("11:00", ENERGY=0)],
        "2",
        "12:00",
        {"fixed": "2"},
        findings={"further_flat_ignored"},
    ),
    "a FLAT of parking": Case(
        [element("ENERGY 0.40"), element("FLAT 3.00", "PARKING_TIME 1.00", min_duration=3600)],
        [period("10:00", ENERGY=10), period("11:00", PARKING_TIME=2)],
        "9",
        "13:00",
        {"energy": "4", "parking": "5"},
    ),
    "VAT left out is not VAT of 0": Case(
        [element("ENERGY 0.40"), element("TIME 2.00 vat 0"), element("FLAT 1.00 vat 25")],
        [period("10:00", ENERGY=10, TIME=1)],
        "7/7.25",
        "11:00",
        {"energy": "4", "time": "2", "fixed": "1/1.25"},
    ),
    "min_price reached": Case(
        [element("ENERGY 0.30 vat 10")],
        [period("10:00", ENERGY=1)],
        "0.8/0.88",
        "11:00",
        {"energy": "0.3/0.33"},
        limit="min_price",
        tariff={"min_price": limits("0.80", "0.88")},
    ),
    "max_price reached": Case(
        _FEE_AND_ENERGY,
        [period("10:00", ENERGY=60)],
        "12/13",
        "11:00",
        {"fixed": "1.2/1.44", "energy": "18/19.8"},
        limit="max_price",
        tariff={"max_price": limits("12.00", "13.00")},
    ),
    "max_price not reached": Case(
        _FEE_AND_ENERGY,
        [period("10:00", ENERGY=10)],
        "4.2/4.74",
        "11:00",
        {"fixed": "1.2/1.44", "energy": "3/3.3"},
        tariff={"max_price": limits("12.00", "13.00"), "min_price": limits("1.00", "1.10")},
    ),
    "only the price with VAT is above its limit": Case(
        [element("ENERGY 0.50 vat 25")],
        [period("10:00", ENERGY=19)],
        "9.5/11.5",
        "11:00",
        {"energy": "9.5/11.875"},
        limit="max_price",
        tariff={"max_price": limits("10.00", "11.50")},
    ),
    "only the price without VAT is below its limit": Case(
        [element("ENERGY 0.50 vat 25")],
        [period("10:00", ENERGY="1.8")],
        "1/1.125",
        "11:00",
        {"energy": "0.9/1.125"},
        limit="min_price",
        tariff={"min_price": limits("1.00", "1.10")},
    ),
    "a limit without VAT is scaled": Case(
        [element("ENERGY 0.50 vat 25")],
        [period("10:00", ENERGY=60)],
        "20/25",
        "11:00",
        {"energy": "30/37.5"},
        findings={"limit_vat_derived"},
        limit="max_price",
        tariff={"max_price": limits("20.00")},
    ),
    "a reservation and its fee": Case(
        _RESERVED,
        _RESERVED_AND_USED,
        "8.7/10.14",
        "11:00",
        {"fixed": "1.2/1.44", "energy": "3/3.3", "reservation": "4.5/5.4"},
        {"RESERVATION_TIME": "0.25"},
        findings={"no_price_component"},
    ),
    "nothing reserved": Case(
        _RESERVED,
        [period("10:00", ENERGY=10)],
        "4.2/4.74",
        "11:00",
        {"fixed": "1.2/1.44", "energy": "3/3.3"},
    ),
    "a reservation that could have expired": Case(
        _EXPIRING_FEE,
        _RESERVED_AND_USED,
        "5.2/5.94",
        "11:00",
        {"fixed": "1.2/1.44", "energy": "3/3.3", "reservation": "1/1.2"},
        findings={"no_price_component"},
    ),
    "an expired reservation: fee and time": Case(
        _EXPIRING_FEE,
        _RESERVED_ONLY,
        "6.5/7.8",
        "09:30",
        {"reservation": "6.5/7.8"},
        outcome="expired",
    ),
    "an expired reservation: its own time": Case(
        _EXPIRING_TIME,
        _RESERVED_ONLY,
        "4.5/5.4",
        "09:30",
        {"reservation": "4.5/5.4"},
        outcome="expired",
    ),
    "a cancelled reservation": Case(
        _EXPIRING_TIME,
        _RESERVED_ONLY,
        "1.5/1.8",
        "09:30",
        {"reservation": "1.5/1.8"},
        outcome="cancelled",
    ),
    "reserved and charged in one period": Case(
        [element("TIME 5.00", reservation="RESERVATION"), element("TIME 2.00")],
        [period("10:00", TIME=1, RESERVATION_TIME="0.5")],
        "4.5",
        "11:30",
        {"time": "2", "reservation": "2.5"},
    ),
    "durations do not count a reservation in front": Case(
        [element("ENERGY 0.10", max_duration=600), element("ENERGY 0.90")],
        [period("10:00", RESERVATION_TIME="0.5"), period("10:30", ENERGY=1)],
        "0.1",
        "10:40",
        {"energy": "0.1"},
        findings={"no_price_component"},
    ),
    "periods out of order": Case(
        [element("PARKING_TIME 4.00", min_duration=1800), element("ENERGY 0.40")],
        [period("10:30", PARKING_TIME="0.5"), period("10:00", ENERGY=10)],
        "6",
        "11:00",
        {"energy": "4", "parking": "2"},
        findings={"periods_out_of_order"},
    ),
    "a period of no length": Case(
        [element("ENERGY 0.40", "TIME 1.00")],
        [
            period("10:00", ENERGY=5, TIME="0.5"),
            period("10:30", ENERGY=0, TIME=0),
            period("10:30", ENERGY=5, TIME="0.5"),
        ],
        "5",
        "11:00",
        {"energy": "4", "time": "1"},
    ),
    "energy fed back is a credit": Case(
        [element("ENERGY 0.40 step 1000")],
        [period("10:00", ENERGY="2.5"), period("11:00", ENERGY="-4")],
        "-0.6",
        "12:00",
        {"energy": "-0.6"},
        findings={"negative_energy"},
    ),
    "energy fed back opens an earlier tier again": Case(
        [element("ENERGY 0.40", max_kwh=5), element("ENERGY 0.10")],
        [
            period("10:00", ENERGY=5),
            period("11:00", ENERGY=1),
            period("12:00", ENERGY="-3"),
            period("13:00", ENERGY=1),
        ],
        "2.2",
        "14:00",
        {"energy": "2.2"},
        findings={"negative_energy", "period_spans_price_change"},
    ),
    "times that nobody knows": Case(
        [element("ENERGY 0.40", "TIME 2.00", "FLAT 1.00")],
        [period("1970-01-01T00:00:00Z", ENERGY=5, TIME=1)],
        "3",
        "1970-01-01T00:00:00Z",
        {"energy": "2", "fixed": "1"},
        findings={"times_unknown"},
    ),
    "a tariff by the hour and no hours": Case(
        [element("ENERGY 0.40", "TIME 2.00")],
        [period("10:00", ENERGY=5)],
        "2",
        "11:00",
        {"energy": "2"},
        findings={"dimension_missing"},
    ),
}


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES)
def test_a_session_costs_what_it_should(case: Case) -> None:
    priced = case.priced()
    assert costs(priced) == expected(case)
    assert {each.value for each in priced.codes} == case.findings
    assert priced.limit_applied == case.limit
