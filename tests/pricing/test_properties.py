"""What holds for every session: sums, splits, bounds, and agreement with the plain version."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ocpi_hub.pricing import Circumstances, Code, Priced, compare, explain, price
from ocpi_hub.pricing.bounds import bounds, total_bounds
from ocpi_hub.protocol.jsontext import dumps, load_object
from tests.pricing.cases import cdr, claiming, limits, tariff
from tests.pricing.plain import plain_price

_ZONE = "Europe/Amsterdam"
_START = datetime(2026, 3, 28, 20)  # noqa: DTZ001 - the night before a clock change, in UTC
_KNOWN = Circumstances(time_zone=_ZONE)
# What a limit without VAT is rounded to; all else is exact.
_A_TRILLIONTH = Fraction(1, 10**12)
_DAYS = ["SATURDAY", "SUNDAY", "MONDAY"]

# Enough to find each rule of the engine when it is broken on purpose.
_many = settings(deadline=None, max_examples=150)

_hours = st.integers(0, 23).map(lambda hour: f"{hour:02}:00")
_prices = st.integers(0, 500).map(lambda cents: Decimal(cents).scaleb(-2))
_volumes = st.integers(0, 150).map(lambda tenths: Decimal(tenths).scaleb(-1))


@st.composite
def _components(draw: st.DrawFn) -> list[dict[str, Any]]:
    kinds = draw(
        st.lists(
            st.sampled_from(["ENERGY", "TIME", "PARKING_TIME", "FLAT"]),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    return [
        {
            "type": kind,
            "price": draw(_prices),
            "vat": draw(st.sampled_from([Decimal(0), Decimal("5.5"), Decimal(21)])),
            "step_size": draw(st.sampled_from([0, 1, 700, 900])),
        }
        for kind in kinds
    ]


@st.composite
def _restrictions(draw: st.DrawFn) -> dict[str, Any]:
    choices: dict[str, st.SearchStrategy[Any]] = {
        "start_time": _hours,
        "end_time": _hours,
        "day_of_week": st.lists(st.sampled_from(_DAYS), max_size=2, unique=True),
        "min_kwh": st.integers(1, 20),
        "max_kwh": st.integers(1, 20),
        "min_duration": st.integers(0, 36_000),
        "max_duration": st.integers(0, 36_000),
        "end_date": st.sampled_from(["2026-03-28", "2026-03-29", "2026-03-30"]),
    }
    names = draw(st.lists(st.sampled_from(sorted(choices)), max_size=3, unique=True))
    return {name: draw(choices[name]) for name in names}


@st.composite
def _tariffs(draw: st.DrawFn) -> dict[str, Any]:
    elements = [
        {"price_components": draw(_components()), "restrictions": draw(_restrictions())}
        for _ in range(draw(st.integers(1, 4)))
    ]
    made = tariff(elements)
    if draw(st.booleans()):
        made["max_price"] = limits(str(draw(_prices) + 1))
    return made


@st.composite
def _sessions(draw: st.DrawFn) -> dict[str, Any]:
    moment = _START
    periods = []
    for _ in range(draw(st.integers(1, 5))):
        dimensions = [
            {"type": kind, "volume": draw(_volumes) / (1 if kind == "ENERGY" else 10)}
            for kind in draw(st.sampled_from([["ENERGY", "TIME"], ["PARKING_TIME"], ["ENERGY"]]))
        ]
        periods.append({"start_date_time": f"{moment.isoformat()}Z", "dimensions": dimensions})
        moment += timedelta(minutes=draw(st.integers(1, 300)))
    return cdr(periods, f"{moment.isoformat()}Z", [draw(_tariffs())])


def _priced(document: dict[str, Any]) -> Priced:
    return price(document, circumstances=_KNOWN)


@_many
@given(_sessions())
def test_the_engine_agrees_with_the_plain_version(document: dict[str, Any]) -> None:
    priced, plain = _priced(document), plain_price(document, _ZONE)
    total = plain.costs["total_cost"]
    gap = max(abs(Fraction(a) / 3600 - b) for a, b in zip(priced.total, total, strict=True))
    assert gap < _A_TRILLIONTH
    assert priced.limit_applied == plain.limit_applied
    assert plain.findings <= priced.codes


@_many
@given(_sessions())
def test_the_lines_of_an_explanation_sum_to_the_total(document: dict[str, Any]) -> None:
    priced = _priced(document)
    found = explain(document, priced, compare(document, priced))
    for side in ("excl_vat", "incl_vat"):
        total = sum(Decimal(line[side]) for line in found["lines"])
        assert total == Decimal(found["price"]["total_cost"][side])


@_many
@given(_sessions())
def test_an_explanation_is_the_same_after_json(document: dict[str, Any]) -> None:
    once = dumps(explain(document, _priced(document)))
    again = load_object(dumps(document))
    assert dumps(load_object(once)) == once
    assert dumps(explain(again, _priced(again))) == once


@_many
@given(_sessions())
def test_right_claims_match_whatever_the_session(document: dict[str, Any]) -> None:
    priced = _priced(document)
    right = claiming(document, priced)
    assert compare(right, priced).verdict == "match"


@_many
@given(_sessions(), st.data())
def test_splitting_where_nothing_changes_never_changes_the_price(
    document: dict[str, Any], data: st.DataObject
) -> None:
    priced = _priced(document)
    assume(Code.PERIOD_SPANS_PRICE_CHANGE not in priced.codes)
    assert _priced(_split(document, data)).total == priced.total


@_many
@given(_sessions(), st.data())
def test_the_bounds_contain_every_split(document: dict[str, Any], data: st.DataObject) -> None:
    priced = _priced(document)
    low, high = total_bounds(priced, bounds(priced))
    total = _priced(_split(document, data)).total
    assert low.excl <= total.excl <= high.excl
    assert low.incl <= total.incl <= high.incl


def _split(document: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """The same session with each period cut in two somewhere, its volumes with it."""
    starts = [each["start_date_time"] for each in document["charging_periods"]]
    ends = [*starts[1:], document["end_date_time"]]
    halves: list[dict[str, Any]] = []
    for each, end in zip(document["charging_periods"], ends, strict=True):
        start = datetime.fromisoformat(each["start_date_time"])
        minutes = (datetime.fromisoformat(end) - start) // timedelta(minutes=1)
        cut = start + timedelta(minutes=data.draw(st.integers(0, minutes - 1)))
        shares = [data.draw(st.integers(0, 10)) for _ in each["dimensions"]]
        first = _share(each["dimensions"], shares)
        second = _share(each["dimensions"], [10 - share for share in shares])
        halves += [
            {"start_date_time": each["start_date_time"], "dimensions": first},
            {"start_date_time": cut.isoformat().replace("+00:00", "Z"), "dimensions": second},
        ]
    return document | {"charging_periods": halves}


def _share(dimensions: list[dict[str, Any]], tenths: list[int]) -> list[dict[str, Any]]:
    return [
        each | {"volume": each["volume"] * share / 10}
        for each, share in zip(dimensions, tenths, strict=True)
    ]
