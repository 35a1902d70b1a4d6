"""Settlement: rows sum to totals to the last digit, and what is not owed stands apart."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi_hub.month import Month
from ocpi_hub.node.spreadsheet import written
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.party import Party
from ocpi_hub.settlement import Account, Amount, Settlement, add, claimed
from ocpi_hub.statement import document, rows
from ocpi_hub.store import settlement as store
from ocpi_hub.store.settlement import Bill
from tests.hub.bills import bill, credit, send
from tests.hub.network import Network
from tests.parties import RecordingParty, envelope
from tests.pricing import cases

END = datetime(2026, 2, 10, 11, tzinfo=UTC)
FEBRUARY = ("settlement", "show", "NL/CPO", "DE/EMS", "--month", "2026-02")


def priced(excl_vat: str, incl_vat: str | None, **changes: Any) -> Bill:
    """A CDR that claims this, at 21 % where it has VAT."""
    excl, incl = Decimal(excl_vat), Decimal(incl_vat or excl_vat)
    made = Bill(
        id="cdr1",
        session_end=END,
        state="delivered",
        disputed=False,
        credit=False,
        currency="EUR",
        energy=Decimal(10),
        excl_vat=excl,
        incl_vat=None if incl_vat is None else incl,
        vat=[{"rate": "21", "excl_vat": excl_vat, "vat": str(incl - excl)}],
        exact_excl_vat=excl,
        exact_incl_vat=incl,
    )
    return replace(made, **changes)


def credited(original: Bill, **changes: Any) -> Bill:
    """The Credit CDR of a CDR, which the hub could not price."""
    incl_vat = original.incl_vat
    made = replace(
        original,
        credit=True,
        excl_vat=-original.excl_vat,
        incl_vat=None if incl_vat is None else -incl_vat,
        vat=[],
        exact_excl_vat=None,
        exact_incl_vat=None,
        original_state=original.state,
        original_excl_vat=original.excl_vat,
        original_incl_vat=incl_vat,
        original_vat=original.vat,
    )
    return replace(made, **changes)


def account(*bills: Bill) -> Account:
    """The account of CDRs in euros."""
    accounts: dict[str, Account] = {}
    for each in bills:
        add(accounts, each)
    return accounts["EUR"]


# --- sums ----------------------------------------------------------------------------------------

# As large and as fine as numbers may be, so that nothing hides in 28 digits.
amounts = st.decimals(min_value=-(10**12), max_value=10**15, places=9)
rates = st.sampled_from(["21", "9", "0", None, "unknown"])


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    """Any CDR; now and then with rows by VAT rate that are not its claim."""
    split = draw(st.lists(st.tuples(rates, amounts, amounts), max_size=3))
    whole = (
        sum((excl for _, excl, _ in split), Decimal(0)),
        sum((vat for _, _, vat in split), Decimal(0)),
    )
    off = draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("0.01")]))
    exact = draw(st.booleans())
    return Bill(
        id="cdr1",
        session_end=END,
        state=draw(st.sampled_from(["held", "delivered", "dead", "refused", "withheld"])),
        disputed=draw(st.booleans()),
        credit=False,
        currency="EUR",
        energy=draw(amounts),
        excl_vat=whole[0] + off,
        incl_vat=None if draw(st.booleans()) else whole[0] + whole[1] + off,
        vat=[{"rate": r, "excl_vat": str(e), "vat": str(v)} for r, e, v in split],
        exact_excl_vat=draw(amounts) if exact else None,
        exact_incl_vat=draw(amounts) if exact else None,
    )


def total_of(claims: list[Bill]) -> Amount:
    whole = Amount()
    for each in claims:
        whole = whole.plus(claimed(each))
    return whole


@given(st.lists(bills(), min_size=1, max_size=12))
def test_the_rows_sum_to_the_total_and_the_total_to_what_is_claimed(sent: list[Bill]) -> None:
    owed = [each for each in sent if each.state not in ("refused", "withheld")]

    found = account(*sent)

    assert found.net.total == total_of(owed)
    assert found.refused.total == total_of([each for each in sent if each.state == "refused"])
    assert found.withheld.total == total_of([each for each in sent if each.state == "withheld"])
    assert found.disputed.total == total_of([each for each in owed if each.disputed])
    assert found.comparison.cdrs + found.comparison.without == len(owed)


@given(st.lists(bills(), min_size=1, max_size=12))
def test_the_rows_of_the_document_sum_to_its_totals(sent: list[Bill]) -> None:
    settlement = Settlement(
        Party.parse("NL/CPO"),
        Party.parse("DE/EMS"),
        Month(2026, 2),
        {"EUR": account(*sent)},
        unpriced=0,
    )

    (shown,) = document(settlement)["currencies"]

    for name in ("billed", "credited", "net", "disputed", "refused", "withheld"):
        part = shown[name]
        for side in ("excl_vat", "vat", "incl_vat"):
            assert sum((Decimal(row[side]) for row in part["rates"]), Decimal(0)) == Decimal(
                part["total"][side]
            )


@given(st.lists(bills(), min_size=1, max_size=12))
def test_credits_cancel_their_originals_in_every_row(sent: list[Bill]) -> None:
    found = account(*sent, *map(credited, sent))

    assert set(found.net.rates.values()) <= {Amount()}
    assert found.net.energy == 0
    assert found.refused.total == found.withheld.total == Amount()


# --- what counts where ---------------------------------------------------------------------------


def test_a_credit_of_part_of_a_cdr_is_split_as_it_says_itself() -> None:
    original = priced("3.00", "3.63")
    partly = credited(
        original,
        excl_vat=Decimal("-1.00"),
        incl_vat=Decimal("-1.21"),
        vat=[{"rate": "21", "excl_vat": "-1.00", "vat": "-0.21"}],
    )

    assert account(original, partly).net.rates == {"21": Amount(Decimal("2.00"), Decimal("0.42"))}


@pytest.mark.parametrize("state", ["refused", "withheld"])
def test_a_credit_of_what_is_not_owed_is_not_given_back(state: str) -> None:
    original = priced("3.00", "3.63", state=state)

    found = account(original, credited(original, state="delivered"))

    assert found.net.cdrs == 0
    assert getattr(found, state).total == Amount()


def test_a_cdr_without_incl_vat_claims_no_vat() -> None:
    vat = [{"rate": "21", "excl_vat": "3.00", "vat": None}]

    found = account(priced("3.00", None, vat=vat))

    assert found.net.rates == {"unknown": Amount(Decimal("3.00"))}


def test_a_split_that_is_not_the_claim_is_of_unknown_rate() -> None:
    vat = [{"rate": "21", "excl_vat": "3.00", "vat": "0.62"}]

    assert set(account(priced("3.00", "3.63", vat=vat)).net.rates) == {"unknown"}


def test_the_exact_prices_are_beside_the_claims_of_the_same_cdrs() -> None:
    dear = priced("3.10", "3.73", exact_excl_vat=Decimal(3), exact_incl_vat=Decimal("3.63"))
    unknown = priced("9.99", "9.99", exact_excl_vat=None, exact_incl_vat=None)

    found = account(dear, unknown).comparison

    assert (found.cdrs, found.without) == (1, 1)
    assert found.difference == Amount(Decimal("0.10"), Decimal(0))


# --- months --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        pytest.param("2026-02", "2026-02-01", "2026-03-01", id="february"),
        pytest.param("2026-12", "2026-12-01", "2027-01-01", id="december"),
    ],
)
def test_a_month_ends_where_the_next_begins(text: str, start: str, end: str) -> None:
    month = Month.parse(text)

    assert (str(month), str(month.start.date()), str(month.end.date())) == (text, start, end)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026", "26-02", "2026-2", "0000-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameters, match="month: expected one such as 2026-10"):
        Month.parse(text)


# --- spreadsheets --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("https://evil.example")',
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\N{FULLWIDTH EQUALS SIGN}1",
        "|cmd",
        "%0A",
    ],
)
def test_a_formula_is_text_in_a_spreadsheet(text: str) -> None:
    """T35."""
    assert written(text) == f"'{text}"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("-3.00", "-3.00", id="an amount"),
        pytest.param("NL/CPO", "NL/CPO", id="a party"),
        pytest.param(Decimal("-1E+3"), "-1000", id="a number"),
        pytest.param(None, "", id="nothing"),
        pytest.param(True, "true", id="yes"),
        pytest.param(7, "7", id="a count"),
    ],
)
def test_what_runs_nowhere_stays_as_it_is(cell: Any, expected: str) -> None:
    assert written(cell) == expected


# --- through the hub -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def billed(
    shared_network: Network, shared_cpo: RecordingParty, shared_emsp: RecordingParty
) -> Network:
    """Four CDRs of February, a credit, a refused one, and one of the first moment of March."""
    free = bill("FREE", rate="")
    wrong = bill("WRONG", too_much="0.10")
    last = bill("MARCH", end_date_time="2026-03-01T00:00:00Z", day="2026-02-28")
    yen = bill("YEN", currency="JPY", kwh="100")
    right = bill("RIGHT", kwh="33.3333")
    await send(shared_network, shared_cpo, free, wrong, last, yen, right, credit(free, "FREE-C"))
    shared_emsp.say(lambda: envelope(None, 2001, message="no"), method="POST")
    await send(shared_network, shared_cpo, bill("REFUSED"))
    shared_emsp.begin_anew()
    await shared_network.run(
        "cdr", "dispute", "NL/CPO", "WRONG", "--reason", "too much", "--by", "DE/EMS"
    )
    return shared_network


async def test_a_month_is_settled_by_currency_and_rate(billed: Network) -> None:
    settled = await billed.run(*FEBRUARY)

    euros, yen = settled["currencies"]
    assert (settled["cdrs"], settled["unpriced"]) == (4, 0)
    assert euros["net"] == {
        "cdrs": 4,
        "energy": "43.3333",
        "rates": [
            {"vat_rate": "21", "excl_vat": "10.0002", "vat": "2.10", "incl_vat": "12.1002"},
            {"vat_rate": None, "excl_vat": "0.00", "vat": "0.00", "incl_vat": "0.00"},
            {"vat_rate": "unknown", "excl_vat": "3.10", "vat": "0.63", "incl_vat": "3.73"},
        ],
        "total": {"excl_vat": "13.1002", "vat": "2.73", "incl_vat": "15.8302"},
    }
    assert yen["net"]["total"] == {"excl_vat": "30", "vat": "6.3", "incl_vat": "36.3"}


async def test_disputed_credited_and_refused_cdrs_are_told_apart(billed: Network) -> None:
    euros = (await billed.run(*FEBRUARY))["currencies"][0]

    assert euros["disputed"]["total"] == {"excl_vat": "3.10", "vat": "0.63", "incl_vat": "3.73"}
    assert euros["credited"]["total"] == {"excl_vat": "-3.00", "vat": "0.00", "incl_vat": "-3.00"}
    assert (euros["refused"]["cdrs"], euros["withheld"]["cdrs"]) == (1, 0)


async def test_the_exact_prices_say_by_how_much_the_month_is_too_dear(billed: Network) -> None:
    exact = (await billed.run(*FEBRUARY))["currencies"][0]["exact"]

    assert (exact["cdrs"], exact["without"]) == (4, 0)
    assert exact["difference"] == {"excl_vat": "0.10", "vat": "-0.000042", "incl_vat": "0.099958"}


async def test_the_first_moment_of_a_month_belongs_to_it(billed: Network) -> None:
    march = await billed.run(*FEBRUARY[:-1], "2026-03")

    assert march["cdrs"] == 1


async def test_the_csv_has_the_rows_of_the_document(billed: Network) -> None:
    ran = await billed.commands.aside(*FEBRUARY, "--csv", "-")

    read = list(csv.DictReader(io.StringIO(ran.stdout)))
    net = {row["vat_rate"]: row for row in read if (row["currency"], row["part"]) == ("EUR", "net")}
    assert list(net) == ["21", "none", "unknown", "total"]
    assert (net["total"]["cdrs"], net["total"]["energy_kwh"]) == ("4", "43.3333")
    assert net["total"]["incl_vat"] == "15.8302"
    parts = list(dict.fromkeys(row["part"] for row in read if row["currency"] == "EUR"))
    assert parts == [
        "billed", "credited", "net", "disputed", "refused",
        "priced: claimed", "priced: exact", "priced: difference",
    ]  # fmt: skip


async def test_a_long_month_is_read_in_portions(
    billed: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await billed.run(*FEBRUARY)
    monkeypatch.setattr(store, "_PAGE", 2)

    assert await billed.run(*FEBRUARY) == whole


async def test_people_get_a_table(billed: Network) -> None:
    ran = await billed.commands.aside(*FEBRUARY)

    assert ran.code == 0
    assert "15.83" in ran.stdout


async def test_a_month_without_cdrs_says_so(billed: Network) -> None:
    ran = await billed.commands.aside(*FEBRUARY[:-1], "2026-01")

    assert (ran.code, ran.stdout) == (0, "")
    assert "DE/EMS owes NL/CPO nothing for 2026-01: no CDRs" in ran.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(
            ("NL/CPO", "DE/NOB", "--month", "2026-02"), 1, "knows no party DE/NOB", id="party"
        ),
        pytest.param(("NL", "DE/EMS", "--month", "2026-02"), 64, "of the form NL/CPO", id="form"),
        pytest.param(("NL/CPO", "DE/EMS", "--month", "may"), 64, "such as 2026-10", id="month"),
        pytest.param(("NL/CPO", "DE/EMS"), 2, "--month", id="no month"),
        pytest.param(
            ("NL/CPO", "DE/EMS", "--month", "2026-02", "--csv", "/no/such/folder/file"),
            64,
            "No such file or directory",
            id="file",
        ),
    ],
)
async def test_what_cannot_be_settled_is_named(
    billed: Network, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = await billed.commands.aside("settlement", "show", *words)

    assert ran.code == code
    assert said in ran.stderr


async def test_csv_and_json_are_two_documents(billed: Network) -> None:
    ran = await billed.commands.aside(*FEBRUARY, "--csv", "-", "--json")

    assert ran.code == 64


def test_every_column_is_in_the_rows() -> None:
    settlement = Settlement(
        Party.parse("NL/CPO"),
        Party.parse("DE/EMS"),
        Month(2026, 2),
        {"EUR": account(priced("3.00", "3.63"))},
        unpriced=0,
    )

    first, total, *_ = rows(settlement)

    assert (first["vat_rate"], first["vat"]) == ("21", "0.63")
    assert (total["vat_rate"], total["cdrs"], total["energy_kwh"]) == ("total", 1, "10")


async def test_a_price_in_another_currency_is_compared_with_nothing(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    euros = cases.tariff([cases.element("ENERGY 0.30 vat 21")])
    await send(network, cpo, bill("DOLLARS", currency="USD", tariffs=[euros]))

    (dollars,) = (await network.run(*FEBRUARY))["currencies"]
    (listed,) = await network.run("cdr", "list")
    explained = await network.commands.aside("cdr", "explain", "NL/CPO", "DOLLARS")

    assert (dollars["exact"]["cdrs"], dollars["exact"]["without"]) == (0, 1)
    assert (listed["exact_excl_vat"], listed["difference_excl_vat"]) == (None, None)
    assert "claimed; there is no exact price" in explained.stdout
