"""What an explanation shows: the lines, why they are so, and sentences for people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ocpi_hub.pricing import compare, explain, sentences
from ocpi_hub.protocol.jsontext import dumps, load_object
from tests.pricing.cases import Case, claiming, element, limits, period

_CASE = Case(
    [
        element("ENERGY 0.50 vat 20", max_kwh=10, start_time="08:00", end_time="12:00"),
        element("ENERGY 0.40 vat 20 step 3000", min_kwh=10),
        element("ENERGY 0.60", day_of_week=["SUNDAY"]),
        element("TIME 1.00 step 1200"),
    ],
    [period("10:00", ENERGY=10, TIME="0.5"), period("10:30", ENERGY=4, PARKING_TIME="0.5")],
    "",
    "11:00",
    tariff={"max_price": limits("6.00", "7.50")},
)


def _explained(case: Case = _CASE) -> dict[str, Any]:
    priced = case.priced()
    document = claiming(case.cdr(), priced)
    return explain(document, priced, compare(document, priced))


def test_a_line_says_what_it_is_about() -> None:
    line = _explained()["lines"][0]
    assert line == {
        "kind": "charge",
        "period": 0,
        "start": "2026-02-10T10:00:00.000Z",
        "end": "2026-02-10T10:30:00.000Z",
        "local_start": "2026-02-10T11:00:00+01:00",
        "local_end": "2026-02-10T11:30:00+01:00",
        "context": "session",
        "dimension": "ENERGY",
        "volume": "10",
        "unit": "kWh",
        "tariff": "T1",
        "pointer": "/elements/0/price_components/0",
        "price": "0.5",
        "vat": "20",
        "total_field": "total_energy_cost",
        "because": [
            "start_time and end_time 08:00 to 12:00: 11:00",
            "min_kwh and max_kwh below 10: 0 kWh so far",
        ],
        "passed": [],
        "excl_vat": "5",
        "incl_vat": "6",
    }


def test_a_line_says_why_earlier_elements_did_not_hold() -> None:
    line = next(each for each in _explained()["lines"] if each["volume"] == "4")
    assert line["passed"] == [
        {
            "restriction": "min_kwh and max_kwh",
            "fact": "10 kWh so far",
            "elements": [{"element": 0, "wanted": "below 10"}],
        }
    ]


def test_steps_and_limits_are_lines_of_their_own() -> None:
    lines = _explained()["lines"]
    kinds = [(line["kind"], line["excl_vat"]) for line in lines]
    assert kinds[2:] == [
        ("charge", "1.6"),
        ("free", "0"),
        ("step_size", "0.4"),
        ("step_size", "0.166666666667"),
        ("max_price", "-1.666666666667"),
    ]


def test_the_lines_sum_to_the_total_although_some_are_endless() -> None:
    found = _explained()
    total = sum(Decimal(line["excl_vat"]) for line in found["lines"])
    assert total == Decimal(found["price"]["total_cost"]["excl_vat"]) == 6


def test_several_endless_lines_sum_to_the_total() -> None:
    """480 seconds more are 0.1333… twice; written out, the second takes up what the first lost."""
    case = Case(
        [
            element("TIME 1.00 step 1200", reservation="RESERVATION"),
            element("PARKING_TIME 1.00 step 1200"),
        ],
        [period("10:00", RESERVATION_TIME="0.2"), period("10:12", PARKING_TIME="0.2")],
        "",
        "10:24",
    )
    found = _explained(case)
    amounts = [line["excl_vat"] for line in found["lines"]]
    assert amounts == ["0.2", "0.2", "0.133333333333", "0.133333333334"]
    assert found["price"]["total_cost"]["excl_vat"] == "0.666666666667"


def test_the_table_of_vat_sums_to_the_vat_of_the_total() -> None:
    found = _explained()
    total = found["price"]["total_cost"]
    vat = sum(Decimal(row["vat"]) for row in found["vat"])
    net = sum(Decimal(row["net"]) for row in found["vat"])
    assert (net, net + vat) == (Decimal(total["excl_vat"]), Decimal(total["incl_vat"]))
    assert [row["rate"] for row in found["vat"]] == ["20", None]


def test_an_explanation_survives_json() -> None:
    once = dumps(_explained())
    assert dumps(load_object(once)) == once


def test_each_line_has_a_sentence() -> None:
    found = _explained()
    said = list(sentences(found))
    assert said[2] == (
        "ENERGY from 2026-02-10T11:30:00+01:00: 4 kWh at 0.4 is 1.6, with 20 % VAT 1.92"
        " (/elements/1/price_components/0: min_kwh and max_kwh from 10: 10 kWh so far);"
        " not element 0 (below 10), because min_kwh and max_kwh is 10 kWh so far."
    )
    assert said[4] == (
        "step_size 3000 of /elements/1/price_components/0 bills 15 kWh instead of 14 kWh:"
        " 1 kWh more at 0.4 is 0.4."
    )
    assert said[-1].startswith("match: every claimed amount is what the tariff gives: 6")


def test_choices_that_are_not_the_default_are_named() -> None:
    assert _explained()["policy"] == {}


def test_the_version_of_a_tariff_is_told_by_its_digest() -> None:
    other = Case([element("ENERGY 0.50")], _CASE.periods, "", "11:00")
    one, two = (_explained(each)["tariffs"][0]["sha256"] for each in (_CASE, other))
    assert len(one) == 64
    assert one != two
