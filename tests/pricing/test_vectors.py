"""The shared tariff vectors: every expected field of each, where they are at hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ocpi_hub.pricing import Circumstances, compare, explain, price, reservation_outcome
from ocpi_hub.protocol.jsontext import dumps, load_object
from tests.pricing.plain import plain_differences, plain_price

_FOLDER = Path(__file__).parents[3] / "shared" / "tariffs" / "vectors"
_FILES = sorted(_FOLDER.glob("*.json"))
_AMOUNTS = (
    "total_cost",
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)
_QUANTITIES = ("total_energy", "total_time", "total_parking_time")
_DIFFERENCE = Decimal("0.0006")

pytestmark = pytest.mark.skipif(not _FILES, reason="the shared tariff vectors are not there")

each_vector = pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)


@cache
def _priced(file: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What is expected, the price, and the explanation with the clearing."""
    vector = load_object(file.read_bytes())
    outcome = (vector.get("context") or {}).get("reservation_outcome")
    known = Circumstances(
        time_zone=vector["time_zone"],
        reservation_outcome=None if outcome is None else reservation_outcome(outcome),
    )
    cdr = vector["cdr"]
    priced = price(cdr, circumstances=known)
    return (
        vector["expected"],
        load_object(dumps(priced.document())),
        explain(cdr, priced, compare(cdr, priced)),
    )


def _near(found: str, wanted: str, tolerance: str) -> bool:
    return abs(Decimal(found) - Decimal(wanted)) <= Decimal(tolerance)


@each_vector
def test_the_amounts_of_a_vector_are_exact(file: Path) -> None:
    expected, found, _ = _priced(file)
    zero = {"excl_vat": "0", "incl_vat": "0"}
    tolerance = expected["tolerance"]
    wrong = {
        name: found[name]
        for name in _AMOUNTS
        for side, wanted in (expected[name] or zero).items()
        if not _near((found[name] or zero)[side], wanted, tolerance)
    }
    assert wrong == {}


@each_vector
def test_the_quantities_of_a_vector_are_right(file: Path) -> None:
    expected, found, _ = _priced(file)
    wanted = {name: expected[name] for name in _QUANTITIES if name in expected}
    wrong = {n: found[n] for n, each in wanted.items() if not _near(found[n], each, "0.000001")}
    billed = {
        name: found["billed"][name]
        for name, each in expected.get("billed", {}).items()
        if not _near(found["billed"][name], each, expected["tolerance"])
    }
    assert (wrong, billed) == ({}, {})


@each_vector
def test_the_facts_of_a_vector_are_right(file: Path) -> None:
    expected, found, _ = _priced(file)
    rounded = expected.get("rounded_half_up", {})
    assert found["currency"] == expected["currency"]
    assert found["limit_applied"] == expected["limit_applied"]
    assert set(expected["findings"]) <= set(found["findings"])
    assert {name: found["rounded_half_up"][name] for name in rounded} == rounded


@each_vector
def test_the_clearing_of_a_vector_is_right(file: Path) -> None:
    expected, _, explanation = _priced(file)
    wanted = expected["clearing"]
    found = explanation["clearing"]
    differences = wanted.get("differences", {})
    assert found["verdict"] == wanted["verdict"], found["sentence"]
    assert found["differences"].keys() == differences.keys()
    assert all(
        abs(Decimal(found["differences"][name]) - Decimal(each)) <= _DIFFERENCE
        for name, each in differences.items()
    )


@each_vector
def test_the_lines_of_a_vector_sum_to_its_total(file: Path) -> None:
    _, found, explanation = _priced(file)
    sums = {
        side: sum(Decimal(line[side]) for line in explanation["lines"])
        for side in ("excl_vat", "incl_vat")
    }
    assert sums == {side: Decimal(each) for side, each in found["total_cost"].items()}


@each_vector
def test_the_plain_version_agrees_on_a_vector(file: Path) -> None:
    """What the engine is measured against prices by the same rules."""
    expected, _, _ = _priced(file)
    vector = load_object(file.read_bytes())
    outcome = (vector.get("context") or {}).get("reservation_outcome", "used")
    plain = plain_price(vector["cdr"], vector["time_zone"], outcome)
    excl = plain.costs["total_cost"][0]
    wanted = Fraction(expected["total_cost"]["excl_vat"])
    assert abs(excl - wanted) <= Fraction(expected["tolerance"])
    assert plain.limit_applied == expected["limit_applied"]
    assert set(expected["findings"]) <= plain.findings
    differences = expected["clearing"].get("differences", {})
    comparable = "currency_mismatch" not in plain.findings
    assert not comparable or plain_differences(vector["cdr"], plain).keys() == differences.keys()
