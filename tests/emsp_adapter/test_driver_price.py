"""What a driver pays: the CPO's price line by line, the plan's part, VAT, and one rounding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsp_adapter.money.driver_price import DriverPrice, of_priced
from emsp_adapter.money.price_lines import Charge, Kind, lines_of, total_of, vat_rows
from emsp_adapter.money.price_texts import number
from emsp_adapter.money.prices import driver_price
from emsp_adapter.money.terms import Terms
from ocpi_hub.pricing import Plan, compile_tariff, estimate, price
from ocpi_hub.pricing.money import HOUR, minor_unit
from ocpi_hub.protocol.types import format_datetime

PAYG = Terms("payg", "Pay as you go", "EUR")
GOLD = Terms("gold", "Gold", "EUR", Decimal(10), Decimal("0.01"), Decimal("0.35"), Decimal(19))
_BEGUN = datetime(2026, 2, 10, 20, 30, tzinfo=UTC)


def test_the_longest_number_is_written() -> None:
    assert number(Decimal(10**29), "en").startswith("100,000,000,")


def component(kind: str, amount: str, *, vat: str | None = "21", step: int = 1) -> dict[str, Any]:
    """A Price Component."""
    made = {"type": kind, "price": Decimal(amount), "step_size": step}
    return made if vat is None else made | {"vat": Decimal(vat)}


def tariff(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Tariff of one element."""
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "T",
        "currency": "EUR",
        "elements": [{"price_components": list(components)}],
        "last_updated": "2026-01-01T00:00:00Z",
    } | more


def usage(energy: str = "10", hours: str = "1", parked: str = "0", **more: Any) -> dict[str, Any]:
    """A session that charges, and may park afterwards."""
    charged = _BEGUN + timedelta(hours=float(hours))
    end = charged + timedelta(hours=float(parked))
    periods = [_period(_BEGUN, ENERGY=energy, TIME=hours)]
    if parked != "0":
        periods.append(_period(charged, PARKING_TIME=parked))
    return {
        "currency": "EUR",
        "start_date_time": format_datetime(_BEGUN),
        "end_date_time": format_datetime(end),
        "charging_periods": periods,
    } | more


def _period(at: datetime, **volumes: str) -> dict[str, Any]:
    dimensions = [{"type": kind, "volume": Decimal(each)} for kind, each in volumes.items()]
    return {"start_date_time": format_datetime(at), "dimensions": dimensions}


def paid(
    session: dict[str, Any], *tariffs: dict[str, Any], terms: Terms = PAYG, language: str = "en"
) -> DriverPrice:
    """The price of a session in Amsterdam."""
    zone = "Europe/Amsterdam"
    return driver_price(session, tariffs, time_zone=zone, terms=terms, language=language)


def shown(found: DriverPrice) -> list[tuple[str, str | None, str]]:
    """Kind, quantity and net amount of every line."""
    return [(line["kind"], line["quantity"], line["net"]) for line in found.document()["lines"]]


def total(found: DriverPrice) -> tuple[str, str, str]:
    """Net, VAT and gross."""
    document = found.document()["total"]
    return document["net"], document["vat"], document["gross"]


def test_every_part_of_a_price_is_a_line() -> None:
    everything = tariff(
        component("FLAT", "1.00"),
        component("ENERGY", "0.30"),
        component("TIME", "2.00"),
        component("PARKING_TIME", "3.00"),
    )

    found = paid(usage("10", "1", "0.5"), everything, terms=GOLD)

    assert shown(found) == [
        ("start", None, "1.00"),
        ("energy", "10", "3.00"),
        ("time", "1", "2.00"),
        ("parking", "0.5", "1.50"),
        ("margin", None, "0.75"),
        ("margin", "10", "0.10"),
        ("fee", None, "0.35"),
        # 1.575 of 21 % and 0.228 of 19 % are 1.803.
        ("adjustment", None, "0.00"),
    ]
    assert total(found) == ("8.70", "1.80", "10.50")


@pytest.mark.parametrize(
    ("vat", "rate", "expected"),
    [
        pytest.param("21", None, ("3.00", "0.63", "3.63"), id="the tariff's own"),
        pytest.param("21", "19", ("3.00", "0.63", "3.63"), id="the tariff's goes before"),
        pytest.param("0", "19", ("3.00", "0.00", "3.00"), id="none is a rate too"),
        pytest.param(None, "19", ("3.00", "0.57", "3.57"), id="the provider's where it says none"),
        pytest.param(None, None, ("3.00", "0.00", "3.00"), id="nobody says any"),
    ],
)
def test_vat_is_the_tariffs_else_the_providers(
    vat: str | None, rate: str | None, expected: tuple[str, str, str]
) -> None:
    terms = Terms("p", "P", "EUR", vat_rate=None if rate is None else Decimal(rate))

    found = paid(usage("10"), tariff(component("ENERGY", "0.30", vat=vat)), terms=terms)

    assert total(found) == expected


def test_a_price_without_vat_says_so() -> None:
    found = paid(usage("10"), tariff(component("ENERGY", "0.30", vat=None)))

    assert found.remarks == ["The operator does not state VAT; the price is without it."]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param({"max_price": {"excl_vat": 2}}, ("2.00", "0.42", "2.42"), id="most"),
        pytest.param({"min_price": {"excl_vat": 5}}, ("5.00", "1.05", "6.05"), id="least"),
        pytest.param(
            {"max_price": {"excl_vat": 9, "incl_vat": 3}}, ("2.37", "0.63", "3.00"), id="gross"
        ),
    ],
)
def test_a_price_limit_is_a_line(limit: dict[str, Any], expected: tuple[str, str, str]) -> None:
    exact = {
        name: {side: Decimal(each) for side, each in amount.items()}
        for name, amount in limit.items()
    }

    found = paid(usage("10"), tariff(component("ENERGY", "0.30"), **exact))

    assert found.document()["total"]["gross"] == expected[2]
    assert any(line["kind"] == "adjustment" for line in found.document()["lines"])


def test_what_is_billed_in_steps_says_so() -> None:
    found = paid(usage("10.123"), tariff(component("ENERGY", "0.30", step=1000)))

    (line, *_) = found.document()["lines"]
    assert (line["text"], line["quantity"]) == ("Energy, billed in steps of 1 kWh", "11")


def test_a_price_of_yen_has_no_decimals() -> None:
    yen = tariff(component("ENERGY", "39.5", vat="10"), currency="JPY")

    found = paid(usage("10.5", currency="JPY"), yen)

    assert total(found) == ("415", "41", "456")


def test_amounts_of_a_plan_do_not_hold_in_another_currency() -> None:
    kronor = tariff(component("ENERGY", "3.00"), currency="SEK")

    found = paid(usage("10", currency="SEK"), kronor, terms=GOLD)

    assert [line[0] for line in shown(found)] == ["energy", "margin"]
    assert found.remarks == ["The amounts of your plan are in EUR and do not apply here."]


def test_without_a_tariff_there_is_no_price() -> None:
    found = paid(usage("10"))

    assert not found.computable
    assert found.document()["total"] is None
    assert found.remarks == ("The operator has not told the price of this plug.",)


def test_free_of_charge_is_a_price_of_nothing() -> None:
    found = paid(usage("10"), tariff(component("FLAT", "0")))

    assert total(found) == ("0.00", "0.00", "0.00")
    assert found.remarks == ["Charging here is free of charge."]


def test_what_a_cpo_states_is_the_price_where_no_tariff_is_known() -> None:
    claim = {"excl_vat": Decimal("4.10"), "incl_vat": Decimal("4.96")}

    found = paid(usage("10", total_cost=claim))

    assert total(found) == ("4.10", "0.86", "4.96")
    assert "cannot be checked" in found.remarks[0]
    assert len(found.remarks) == 1


def test_what_a_cpo_states_without_vat_says_so() -> None:
    found = paid(usage("10", total_cost={"excl_vat": Decimal("4.10")}))

    assert total(found) == ("4.10", "0.00", "4.10")
    assert found.remarks[1] == "The operator does not state VAT; the price is without it."


def test_a_price_speaks_the_drivers_language() -> None:
    found = paid(usage("10"), tariff(component("ENERGY", "0.30")), language="de")

    assert found.document()["lines"][0]["text"] == "Energie"
    assert found.elements_text == ["0,30 EUR zzgl. 21 % MwSt. je kWh."]


# --- properties ----------------------------------------------------------------------------------

_prices = st.decimals(0, 5, places=4)
_volumes = st.decimals(Decimal("0.001"), 200, places=3)
_rates = st.one_of(st.none(), st.sampled_from([Decimal(0), Decimal(7), Decimal(19), Decimal(21)]))


@st.composite
def _tariffs(draw: st.DrawFn) -> dict[str, Any]:
    parts = []
    for kind in ("FLAT", "ENERGY", "TIME", "PARKING_TIME"):
        vat = draw(_rates)
        step = draw(st.sampled_from([1, 60, 900]))
        one = {"type": kind, "price": draw(_prices), "step_size": step}
        parts.append(one if vat is None else one | {"vat": vat})
    limits: dict[str, Any] = {}
    if draw(st.booleans()):
        limits["max_price"] = {"excl_vat": draw(_prices)}
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    return tariff(*parts, currency=currency, **limits)


@st.composite
def _terms(draw: st.DrawFn) -> Terms:
    return Terms("p", "P", "EUR", draw(_prices), draw(_prices), draw(_prices), draw(_rates))


@given(offered=_tariffs(), terms=_terms(), energy=_volumes, parked=_volumes)
def test_lines_sum_to_the_total_and_so_does_the_table_of_vat(
    offered: dict[str, Any], terms: Terms, energy: Decimal, parked: Decimal
) -> None:
    session = usage(str(energy), "1", str(parked), currency=offered["currency"])

    found = paid(session, offered, terms=terms)

    assert found.total is not None
    rows = vat_rows(found.lines, found.total, found.currency)
    for part in ("net", "vat", "gross"):
        whole = getattr(found.total, part)
        assert sum(getattr(line.sum, part) for line in found.lines) == whole
        assert sum(getattr(row.sum, part) for row in rows) == whole
    least = Decimal(1).scaleb(-minor_unit(found.currency))
    assert found.total.gross % least == found.total.vat % least == 0


@given(offered=_tariffs(), energy=_volumes)
def test_without_a_plan_a_driver_pays_the_cpos_price_rounded_once(
    offered: dict[str, Any], energy: Decimal
) -> None:
    session = usage(str(energy), currency=offered["currency"])

    found = paid(session, offered)

    exact = price(session, [compile_tariff(offered)]).rounded()["total_cost"]
    assert found.document()["total"]["gross"] == exact["incl_vat"]  # type: ignore[index]


@given(
    offered=_tariffs(),
    terms=_terms(),
    energy=st.integers(1, 100),
    parked=st.integers(0, 20),
    power=st.sampled_from([2, 4, 5, 10, 20, 50]),
)
def test_the_price_before_is_the_bill_afterwards(
    offered: dict[str, Any], terms: Terms, energy: int, parked: int, power: int
) -> None:
    """For the same energy and the same times."""
    hours = Decimal(energy) / power
    stay = timedelta(hours=float(hours)) + timedelta(hours=parked)
    planned = Plan(Decimal(energy), Decimal(power), _BEGUN, stay)

    before = of_priced(
        estimate(compile_tariff(offered), planned, time_zone="Europe/Amsterdam").priced,
        terms,
        language="en",
    )
    session = usage(str(energy), str(hours), str(parked), currency=offered["currency"])
    after = paid(session, offered, terms=terms)

    assert before.total == after.total
    assert before.lines == after.lines


@given(st.lists(st.tuples(st.decimals(-50, 50, places=6), st.decimals(0, 10, places=6))))
def test_no_line_is_off_by_more_than_it_shows(amounts: list[tuple[Decimal, Decimal]]) -> None:
    charges = [Charge(Kind.ENERGY, "x", net * HOUR, vat * HOUR) for net, vat in amounts]

    lines = lines_of(charges, "EUR", rounding="Rounding")[: len(charges)]

    assert all(
        abs(line.sum.net - net) <= Decimal("0.0001")
        for line, (net, _) in zip(lines, amounts, strict=True)
    )
    assert abs(total_of(charges, "EUR").gross - sum(map(sum, amounts))) <= Decimal("0.005")
