"""`ocpi-hub price` and `ocpi-hub tariff`: what they print and how they end."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ocpi_hub.cli import price
from ocpi_hub.cli.tariff import tariffs
from ocpi_hub.protocol.jsontext import dumps, load_object
from tests.pricing.cases import Case, claiming, element, limits, period, tariff

_CASE = Case([element("ENERGY 0.30 vat 10")], [period("10:00", ENERGY=10)], "3/3.3", "11:00")

app = typer.Typer()
price.add_to(app)
app.add_typer(tariffs, name="tariff")


def _run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in args])


def _file(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "document.json"
    path.write_bytes(dumps(document))
    return path


def _right() -> dict[str, Any]:
    return claiming(_CASE.cdr(), _CASE.priced())


@pytest.mark.parametrize(
    ("overrides", "code", "verdict"),
    [
        ({}, 0, "match"),
        ({"total_cost": limits("3.10", "3.41")}, 1, "mismatch"),
        ({"currency": "GBP"}, 2, "not_comparable"),
    ],
    ids=["match", "mismatch", "not comparable"],
)
def test_the_verdict_is_the_exit_code(
    tmp_path: Path, overrides: dict[str, Any], code: int, verdict: str
) -> None:
    result = _run("price", "--cdr", _file(tmp_path, _right() | overrides), "--json")
    document = load_object(result.stdout_bytes)
    assert result.exit_code == code
    assert document["clearing"]["verdict"] == verdict
    assert document["total_cost"] == {"excl_vat": "3", "incl_vat": "3.3"}


def test_another_tariff_may_be_given(tmp_path: Path) -> None:
    other = tmp_path / "tariff.json"
    other.write_bytes(dumps(tariff([element("ENERGY 0.50")])))
    result = _run("price", "--cdr", _file(tmp_path, _right()), "--tariff", other, "--json")
    assert load_object(result.stdout_bytes)["total_cost"]["excl_vat"] == "5"


def test_the_outcome_of_a_reservation_may_be_given(tmp_path: Path) -> None:
    elements = [
        element("TIME 9.00", reservation="RESERVATION_EXPIRES"),
        element("TIME 3.00", reservation="RESERVATION"),
    ]
    case = Case(elements, [period("10:00", RESERVATION_TIME=1)], "3", "11:00", outcome="used")
    file = _file(tmp_path, case.cdr())
    result = _run("price", "--cdr", file, "--reservation-outcome", "expired", "--json")
    assert load_object(result.stdout_bytes)["total_reservation_cost"]["excl_vat"] == "9"


def test_people_read_sentences(tmp_path: Path) -> None:
    result = _run("price", "--cdr", _file(tmp_path, _right()), "--time-zone", "Europe/Amsterdam")
    assert "10 kWh at 0.3 is 3, with 10 % VAT 3.3" in result.stdout
    assert "3.00 EUR" in result.stdout


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b'{"total_energy": NaN}', [], "NaN is not a number"),
        (b'{"total_energy": 1e999999}', [], "exponent beyond 12"),
        (b"{}", [], "start_date_time missing"),
        (b"[]", [], "expected an object"),
        (None, ["--time-zone", "Mars/Olympus"], "expected an IANA time zone"),
        (None, ["--reservation-outcome", "lost"], "expected used, expired, cancelled"),
        (None, ["--tariff", "/nowhere.json"], "No such file"),
    ],
    ids=["NaN", "exponent", "empty", "array", "zone", "outcome", "no file"],
)
def test_bad_input_ends_with_64(
    tmp_path: Path, content: bytes | None, options: list[str], message: str
) -> None:
    file = tmp_path / "cdr.json"
    file.write_bytes(dumps(_right()) if content is None else content)
    result = _run("price", "--cdr", file, "--json", *options)
    assert result.exit_code == 64
    assert message in load_object(result.stdout_bytes)["error"]["message"]


_NOT_COMPARABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no tariff": ({"tariffs": []}, "no_tariff"),
    "null for tariffs": ({"tariffs": None}, "no_tariff"),
    "no elements": ({"tariffs": [tariff([])]}, "not_computable"),
    "elements without components": (
        {"tariffs": [tariff([{"price_components": []}])]},
        "not_computable",
    ),
    "hours and no time zone": (
        {
            "tariffs": [tariff([element("ENERGY 0.30", start_time="08:00")])],
            "cdr_location": {"country": "USA"},
        },
        "time_zone_unknown",
    ),
}


@pytest.mark.parametrize(
    ("overrides", "finding"), _NOT_COMPARABLE.values(), ids=_NOT_COMPARABLE.keys()
)
def test_what_cannot_be_priced_has_a_finding_and_no_amount(
    tmp_path: Path, overrides: dict[str, Any], finding: str
) -> None:
    result = _run("price", "--cdr", _file(tmp_path, _right() | overrides), "--json")
    document = load_object(result.stdout_bytes)
    assert result.exit_code == 2
    assert finding in document["findings"]
    assert document["total_cost"] is None
    assert {line["excl_vat"] for line in document["lines"]} == {None}


def test_people_are_not_told_that_it_costs_nothing(tmp_path: Path) -> None:
    result = _run("price", "--cdr", _file(tmp_path, _right() | {"tariffs": []}))
    assert "10 kWh has no price, because no tariff holds here" in result.stdout
    assert "costs nothing" not in result.stdout


def test_an_unknown_restriction_is_a_finding(tmp_path: Path) -> None:
    tariffs = [tariff([element("ENERGY 0.30 vat 10", dayOfWeek=["SUNDAY"])])]
    result = _run("price", "--cdr", _file(tmp_path, _right() | {"tariffs": tariffs}), "--json")
    document = load_object(result.stdout_bytes)
    assert result.exit_code == 0
    assert document["notes"][0] == {
        "code": "unknown_restriction",
        "where": "/elements/0/restrictions/dayOfWeek",
        "message": "'dayOfWeek' is not a restriction of OCPI; the element is priced as if it were"
        " not there",
    }


_COMPONENT = '{"type": "ENERGY", "price": %s}'
_BAD_TARIFFS = {
    "NaN": ([_COMPONENT % "NaN"], "NaN is not a number"),
    "exponent": ([_COMPONENT % "1e999999"], "price: the number 1e999999 has an exponent beyond 12"),
    "no price": ([_COMPONENT % "null"], "/elements/0/price_components/0/price missing"),
    "text for a number": ([_COMPONENT % '"0.30"'], "price: expected a number, got a string"),
    "no component": (["5"], "/elements/0/price_components/0: expected an object, got a number"),
}


@pytest.mark.parametrize("command", ["lint", "estimate"])
@pytest.mark.parametrize(("components", "message"), _BAD_TARIFFS.values(), ids=_BAD_TARIFFS)
def test_a_tariff_that_cannot_be_read_ends_with_64(
    tmp_path: Path, command: str, components: list[str], message: str
) -> None:
    file = tmp_path / "tariff.json"
    elements = f'[{{"price_components": [{", ".join(components)}]}}]'
    file.write_text(f'{{"id": "T1", "currency": "EUR", "elements": {elements}}}')
    plan = ("--kwh", "20", "--kw", "10", "--start", "2026-02-10T10:00:00Z")
    result = _run("tariff", command, file, *(plan if command == "estimate" else ()), "--json")
    assert result.exit_code == 64
    assert message in load_object(result.stdout_bytes)["error"]["message"]


def test_a_tariff_without_elements_estimates_nothing(tmp_path: Path) -> None:
    plan = ("--kwh", "20", "--kw", "10", "--start", "2026-02-10T10:00:00Z")
    result = _run("tariff", "estimate", _file(tmp_path, tariff([])), *plan, "--json")
    assert result.exit_code == 2
    assert load_object(result.stdout_bytes)["total_cost"] is None


@pytest.mark.parametrize(
    ("elements", "code", "remarks"),
    [
        ([element("ENERGY 0.30")], 0, []),
        ([element("ENERGY 0.30 step 500")], 0, ["step_size_not_1"]),
        ([element("ENERGY 0.30", "ENERGY 0.40")], 1, ["duplicate_dimension"]),
    ],
    ids=["sound", "advice", "wrong"],
)
def test_lint_ends_with_1_where_something_is_wrong(
    tmp_path: Path, elements: list[dict[str, Any]], code: int, remarks: list[str]
) -> None:
    result = _run("tariff", "lint", _file(tmp_path, tariff(elements)), "--json")
    found = load_object(b'{"remarks":' + result.stdout_bytes + b"}")["remarks"]
    assert result.exit_code == code
    assert [each["code"] for each in found] == remarks


def test_a_session_is_estimated(tmp_path: Path) -> None:
    file = _file(tmp_path, tariff([element("ENERGY 0.40", "PARKING_TIME 3.00")]))
    plan = ("--kwh", "20", "--kw", "10", "--start", "2026-02-10T10:00:00Z", "--minutes", "180")
    result = _run("tariff", "estimate", file, *plan, "--json")
    document = load_object(result.stdout_bytes)
    assert Decimal(document["total_cost"]["excl_vat"]) == 11
    assert (document["charging_minutes"], document["parking_minutes"]) == (120, 60)


@pytest.mark.parametrize(
    "plan",
    [("--kwh", "x", "--kw", "10"), ("--kwh", "1", "--kw", "0")],
    ids=["not a number", "no power"],
)
def test_a_plan_that_makes_no_sense_ends_with_64(tmp_path: Path, plan: tuple[str, ...]) -> None:
    file = _file(tmp_path, tariff([element("ENERGY 0.40")]))
    result = _run("tariff", "estimate", file, *plan, "--start", "2026-02-10T10:00:00Z")
    assert result.exit_code == 64
