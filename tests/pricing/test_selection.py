"""Which tariff prices which period, and in which currency and time zone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import Circumstances, price
from tests import samples
from tests.pricing.cases import cdr, costs, element, limits, period, tariff

_OLD = tariff([element("ENERGY 0.30")], id="OLD", end_date_time="2026-02-10T11:00:00Z")
_NEW = tariff([element("ENERGY 0.50")], id="NEW", start_date_time="2026-02-10T11:00:01Z")
_NOTHING = tariff([], id="NOTHING")
_AD_HOC = tariff([element("ENERGY 0.90")], id="ADHOC", type="AD_HOC_PAYMENT")
_GREEN = tariff([element("ENERGY 0.20")], id="GREEN", type="PROFILE_GREEN")
_DAYTIME = tariff([element("ENERGY 0.30", start_time="06:00")])


def _two(first: str | None, second: str | None) -> list[dict[str, Any]]:
    return [
        period("10:30", ENERGY=10, tariff_id=first),
        period("11:30", ENERGY=10, tariff_id=second),
    ]


@pytest.mark.parametrize(
    ("periods", "tariffs", "total", "findings"),
    [
        (_two("old", "NEW"), [_OLD, _NEW], "8", set()),
        (_two(None, None), [_NEW, _OLD], "6", set()),
        (_two("OLD", None), [_OLD, _NEW], "3", {"period_without_tariff_id"}),
        (_two(None, None), [_AD_HOC, _OLD], "6", {"ambiguous_tariff"}),
    ],
    ids=["named without regard to case", "valid at the start", "one not named", "by type"],
)
def test_the_tariff_of_a_period(
    periods: list[dict[str, Any]], tariffs: list[dict[str, Any]], total: str, findings: set[str]
) -> None:
    priced = price(cdr(periods, "12:00", tariffs))
    assert costs(priced)["total"] == total
    assert {each.value for each in priced.codes} == findings


@pytest.mark.parametrize(
    ("periods", "tariffs", "finding"),
    [
        (_two("OLD", "GONE"), [_OLD], "unknown_tariff"),
        (_two(None, None), [], "no_tariff"),
        (_two(None, None), [_NOTHING], "not_computable"),
    ],
    ids=["not there", "none at all", "without elements"],
)
def test_without_a_tariff_there_is_no_amount(
    periods: list[dict[str, Any]], tariffs: list[dict[str, Any]], finding: str
) -> None:
    priced = price(cdr(periods, "12:00", tariffs))
    assert priced.total_cost is None
    assert finding in priced.codes


def test_the_profile_of_the_driver_chooses_the_tariff() -> None:
    document = cdr(_two(None, None), "12:00", [_OLD, _GREEN])
    priced = price(document, circumstances=Circumstances(profile="GREEN"))
    assert costs(priced)["total"] == "4"


def test_step_size_rounds_the_total_of_all_tariffs() -> None:
    coarse = tariff([element("ENERGY 0.10 step 4000")], id="COARSE")
    document = cdr(_two("OLD", "COARSE"), "12:00", [_OLD, coarse])
    priced = price(document)
    assert costs(priced)["total"] == "4"
    assert "step_size_of_several_tariffs" in priced.codes


def test_a_limit_binds_what_its_own_tariff_priced() -> None:
    limited = tariff([element("ENERGY 0.50")], id="NEW", max_price=limits("2.00", "2.00"))
    priced = price(cdr(_two("OLD", "NEW"), "12:00", [_OLD, limited]))
    assert costs(priced)["total"] == "5"
    assert "limits_with_several_tariffs" in priced.codes


def test_two_currencies_are_never_converted() -> None:
    pounds = _OLD | {"currency": "GBP"}
    priced = price(cdr(_two(None, None), "12:00", [pounds]))
    assert "currency_mismatch" in priced.codes


def test_a_currency_without_coins_is_rounded_to_whole_units() -> None:
    yen = tariff([element("ENERGY 61 vat 10")], currency="JPY")
    document = cdr([period("10:00", ENERGY="7.3")], "11:00", [yen], currency="JPY")
    rounded: Any = price(document).document()["rounded_half_up"]
    assert rounded["decimals"] == 0
    assert rounded["total_cost"] == {"excl_vat": "445", "incl_vat": "490"}


@pytest.mark.parametrize(
    ("location", "known", "name", "findings"),
    [
        ({}, "Europe/Lisbon", "Europe/Lisbon", set()),
        ({"time_zone": "Europe/Paris"}, None, "Europe/Paris", set()),
        ({"country": "BEL"}, None, "Europe/Brussels", {"time_zone_assumed"}),
        ({"country": "USA"}, None, None, {"time_zone_unknown"}),
    ],
    ids=["of the Location", "of the CDR", "of the country", "of nobody"],
)
def test_where_the_time_zone_comes_from(
    location: dict[str, str], known: str | None, name: str | None, findings: set[str]
) -> None:
    where = samples.cdr_location(**location)
    document = cdr([period("10:00", ENERGY=Decimal(1))], "11:00", [_DAYTIME], cdr_location=where)
    priced = price(document, circumstances=Circumstances(time_zone=known))
    assert priced.clock.name == name
    assert findings <= priced.codes
    assert (priced.total_cost is None) is (name is None)
