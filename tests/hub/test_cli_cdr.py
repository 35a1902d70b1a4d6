"""`ocpi-hub cdr`: CDRs with their verdicts, and what an operator does about them."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import typer

from ocpi_hub.cli import app
from ocpi_hub.store import audit, cdr_listing
from ocpi_hub.store.audit import Entry
from tests.hub.bills import bill, credit, send
from tests.hub.network import Network, eventually
from tests.parties import RecordingParty, envelope

TOO_MUCH = "total_cost 3.10 EUR is 0.10 more than 3.00"


async def ids(network: Network, *options: str) -> list[str]:
    """The CDRs that `cdr list` gives."""
    return [row["id"] for row in await network.run("cdr", "list", *options)]


async def last_action(network: Network) -> Entry | None:
    """The newest row of the audit log."""
    async with network.db.begin() as conn:
        return next(iter(await audit.latest(conn, 1)), None)


async def done(network: Network) -> tuple[str, str, Any]:
    """What it says."""
    action = await last_action(network)
    assert action is not None
    return action.action, action.subject, action.detail


# --- reading -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def billed(
    shared_network: Network, shared_cpo: RecordingParty, shared_emsp: RecordingParty
) -> Network:
    """Two CPOs, two eMSPs, and CDRs of every kind; nobody changes them."""
    other = await shared_network.join("FR/OTH/CPO")
    driver = bill("SAME")["cdr_token"] | {"country_code": "FR", "party_id": "MSP"}
    await shared_network.join("FR/MSP/EMSP")
    right = bill("Right", remark="=1+1")
    await send(shared_network, shared_cpo, right, bill("WRONG", too_much="0.10"))
    await send(shared_network, shared_cpo, bill("SAME", cdr_token=driver), to="FR/MSP")
    foreign = {"country_code": "FR", "party_id": "OTH"}
    await send(shared_network, other, bill("SAME", currency="JPY", **foreign))
    await send(shared_network, shared_cpo, credit(right, "Right-C"))
    shared_emsp.say(lambda: envelope(None, 2001, message="no such session"), method="POST")
    late = bill("LATE", day="2026-03-05", auth_method="COMMAND", session_id="Session-9")
    await send(shared_network, shared_cpo, late)
    shared_emsp.begin_anew()
    await shared_network.run("cdr", "dispute", "NL/CPO", "WRONG", "--reason", "=too much")
    return shared_network


async def test_the_last_to_arrive_comes_first(billed: Network) -> None:
    assert await ids(billed) == ["LATE", "Right-C", "SAME", "SAME", "WRONG", "Right"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(("--cpo", "fr/oth"), ["SAME"], id="of a CPO"),
        pytest.param(("--emsp", "FR/MSP"), ["SAME"], id="for an eMSP"),
        pytest.param(("--verdict", "mismatch"), ["WRONG"], id="verdict"),
        pytest.param(("--verdict", "mismatch,error"), ["WRONG"], id="verdicts"),
        pytest.param(("--flag", "unmatched"), ["LATE"], id="flag"),
        pytest.param(("--state", "refused"), ["LATE"], id="state"),
        pytest.param(("--disputed",), ["WRONG"], id="disputed"),
        pytest.param(("--month", "2026-03"), ["LATE"], id="month"),
        pytest.param(("--from", "2026-02-11"), ["LATE"], id="from a day on"),
        pytest.param(("--from", "2026-03-05T11:00:00Z"), ["LATE"], id="from a moment on"),
        pytest.param(("--to", "2026-02-10T11:00:00Z"), [], id="before a moment"),
        pytest.param(("--limit", "2"), ["LATE", "Right-C"], id="limit"),
        pytest.param(("--verdict", "mismatch", "--month", "2026-03"), [], id="both"),
    ],
)
async def test_only_what_is_wanted_is_listed(
    billed: Network, options: tuple[str, ...], expected: list[str]
) -> None:
    assert await ids(billed, *options) == expected


async def test_a_cdr_is_listed_with_its_claim_the_exact_price_and_the_difference(
    billed: Network,
) -> None:
    (row,) = await billed.run("cdr", "list", "--verdict", "mismatch")

    assert row["sentence"].startswith(TOO_MUCH)
    assert (row["cpo"], row["emsp"], row["session_id"]) == ("NL/CPO", "DE/EMS", None)
    assert (row["claimed_excl_vat"], row["claimed_incl_vat"]) == ("3.10", "3.73")
    assert (row["exact_excl_vat"], row["exact_incl_vat"]) == ("3.00", "3.63")
    assert (row["difference_excl_vat"], row["difference_incl_vat"]) == ("0.10", "0.10")
    assert (row["state"], row["dispute"], row["flags"]) == (
        "delivered",
        "open",
        ["tariff_not_published"],
    )


async def test_ids_are_listed_as_the_cpo_spells_them(billed: Network) -> None:
    late, taken_back, *_ = await billed.run("cdr", "list")

    assert late["session_id"] == "Session-9"
    assert (taken_back["id"], taken_back["credit_reference_id"]) == ("Right-C", "Right")
    assert (taken_back["claimed_incl_vat"], taken_back["exact_incl_vat"]) == ("-3.63", "-3.63")


async def test_a_list_that_is_cut_off_says_so(billed: Network) -> None:
    ran = await billed.commands.aside("cdr", "list", "--limit", "2")

    assert "these are the newest 2; --limit shows more" in ran.stderr


async def test_a_spreadsheet_has_a_row_for_each_cdr_and_no_formula(
    billed: Network, tmp_path: Path
) -> None:
    """T35."""
    file = tmp_path / "cdrs.csv"

    ran = await billed.commands.aside("cdr", "list", "--csv", file)

    read = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [row["id"] for row in read] == ["LATE", "Right-C", "SAME", "SAME", "WRONG", "Right"]
    assert read[4]["dispute_reason"] == "'=too much"
    assert read[4]["difference_excl_vat"] == "0.10"
    assert read[1]["claimed_excl_vat"] == "-3.00"
    assert read[0]["flags"].split() == ["unmatched", "tariff_not_published"]
    assert "6 CDRs written" in ran.stderr


async def test_a_long_list_is_read_in_portions(
    billed: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdr_listing, "_PAGE", 2)

    assert await ids(billed) == ["LATE", "Right-C", "SAME", "SAME", "WRONG", "Right"]
    assert await ids(billed, "--limit", "3") == ["LATE", "Right-C", "SAME"]


async def test_a_spreadsheet_may_go_to_standard_output(billed: Network) -> None:
    ran = await billed.commands.aside("cdr", "list", "--cpo", "FR/OTH", "--csv", "-")

    (row,) = csv.DictReader(io.StringIO(ran.stdout))
    assert (row["cpo"], row["id"], row["currency"]) == ("FR/OTH", "SAME", "JPY")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(("--cpo", "NL"), "not of the form NL/CPO", id="party"),
        pytest.param(("--verdict", "wrong"), "--verdict 'wrong': expected some of", id="verdict"),
        pytest.param(("--state", "lost"), "--state 'lost': expected one of held", id="state"),
        pytest.param(("--flag", "odd"), "--flag 'odd': expected one of unmatched", id="flag"),
        pytest.param(("--month", "2026-13"), "expected one such as 2026-10", id="month"),
        pytest.param(("--from", "monday"), "--from: expected a date such as", id="from"),
        pytest.param(("--to", "2026-02-30"), "--to: expected a date such as", id="to"),
        pytest.param(("--month", "2026-02", "--to", "2026-03-01"), "got both", id="month and to"),
        pytest.param(("--csv", "-", "--json"), "got both", id="csv and json"),
        pytest.param(("--csv", "/no/such/file"), "--csv /no/such/file: No such", id="file"),
    ],
)
async def test_a_list_that_cannot_be_is_refused_with_what_was_expected(
    billed: Network, options: tuple[str, ...], said: str
) -> None:
    ran = await billed.commands.aside("cdr", "list", *options)

    assert ran.code == 64
    assert said in ran.stderr


async def test_a_cdr_is_shown_with_each_field_and_its_dispute(billed: Network) -> None:
    shown = await billed.run("cdr", "show", "NL/CPO", "wrong")

    fields = {field.pop("field"): field for field in shown["fields"]}
    assert (shown["id"], shown["state"], shown["verdict"]) == ("WRONG", "delivered", "mismatch")
    assert fields["total_cost.excl_vat"] == {
        "claimed": "3.1",
        "exact": "3",
        "difference": "0.1",
        "verdict": "mismatch",
    }
    assert fields["total_energy"]["verdict"] == "match"
    assert shown["total_cost"] == {"excl_vat": Decimal("3.1000"), "incl_vat": Decimal("3.7300")}
    assert (shown["dispute"]["state"], shown["dispute"]["opened_by"]) == ("open", "hub")


async def test_an_id_of_two_cpos_is_told_apart_by_its_cpo(billed: Network) -> None:
    one = await billed.run("cdr", "show", "NL/CPO", "SAME")
    other = await billed.run("cdr", "show", "FR/OTH", "SAME")

    assert (one["emsp"], one["currency"]) == ("FR/MSP", "EUR")
    assert (other["emsp"], other["currency"]) == ("DE/EMS", "JPY")


async def test_an_explanation_sums_to_the_exact_price(billed: Network) -> None:
    explained = await billed.run("cdr", "explain", "NL/CPO", "WRONG")

    total = explained["price"]["total_cost"]
    assert sum(Decimal(line["excl_vat"]) for line in explained["lines"]) == Decimal(
        total["excl_vat"]
    )
    assert explained["clearing"]["sentence"].startswith(TOO_MUCH)
    assert len(explained["sentences"]) > len(explained["lines"])


async def test_people_get_a_receipt(billed: Network) -> None:
    ran = await billed.commands.aside("cdr", "explain", "NL/CPO", "WRONG")

    said = ran.stdout.splitlines()
    assert said[0] == "WRONG of NL/CPO for DE/EMS"
    assert said[1].startswith(f"mismatch: {TOO_MUCH}")
    sums = [re.sub(" +", " ", line).strip() for line in said]
    assert "3.00 3.63 the exact price" in sums
    assert "3.10 3.73 claimed" in sums
    assert "0.10 0.10 claimed too much" in sums


async def test_a_cdr_without_an_exact_price_is_explained_as_far_as_it_goes(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await send(network, cpo, bill("CDR1", tariffs=None))

    ran = await network.commands.aside("cdr", "explain", "NL/CPO", "CDR1")

    assert ran.stdout.splitlines()[1].startswith("not_comparable: ")
    assert re.search(r"3\.00 +3\.63 +claimed; there is no exact price", ran.stdout)


async def test_a_credit_cdr_is_explained_by_what_it_takes_back(billed: Network) -> None:
    ran = await billed.commands.aside("cdr", "explain", "NL/CPO", "Right-C")

    assert re.search(r"3\.00 +3\.63 +claimed back, by a Credit CDR", ran.stdout)
    assert "too much" not in ran.stdout


@pytest.mark.parametrize("verb", ["show", "explain", "credit", "release"])
async def test_a_cdr_nobody_has_is_named(billed: Network, verb: str) -> None:
    ran = await billed.commands.aside("cdr", verb, "NL/CPO", "NONE")

    assert ran.code == 1
    assert "the hub has no CDR NONE of NL/CPO" in ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("list",), id="list"),
        pytest.param(("show", "NL/CPO", "WRONG"), id="show"),
        pytest.param(("show", "NL/CPO", "LATE"), id="show a flag"),
    ],
)
async def test_people_get_tables(billed: Network, words: tuple[str, ...]) -> None:
    ran = await billed.commands.aside("cdr", *words)

    assert ran.code == 0
    assert not ran.stdout.startswith(("{", "["))


# --- credit --------------------------------------------------------------------------------------


async def test_a_credit_cdr_mirrors_its_original_and_is_accepted(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """CDR-05: only the total cost has the negative amounts; the hub finds nothing wrong with it."""
    original = bill("CDR1", vendor_field={"kept": True})
    await send(network, cpo, original)

    made = await network.run("cdr", "credit", "NL/CPO", "CDR1")

    stamp = made["last_updated"]
    assert made == credit(original, "CDR1-C", last_updated=stamp)
    assert stamp > original["last_updated"]
    await send(network, cpo, made)
    (row, _) = await network.run("cdr", "list")
    assert (row["id"], row["verdict"], row["flags"]) == (
        "CDR1-C",
        "match",
        ["tariff_not_published"],
    )


async def test_a_credit_cdr_is_printed_and_nothing_is_sent_or_written(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await send(network, cpo, bill("CDR1"))
    action = await last_action(network)

    ran = await network.commands.aside("cdr", "credit", "NL/CPO", "CDR1", "--id", "MINE")

    assert ran.json["id"] == "MINE"
    assert "nothing was sent or changed" in ran.stderr
    assert len(emsp.of("POST", "/receiver/cdrs")) == 1
    assert await last_action(network) == action
    assert await ids(network) == ["CDR1"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("Right",), 1, "was credited already, by Right-C", id="twice"),
        pytest.param(("Right-C",), 64, "is a Credit CDR itself", id="a credit"),
        pytest.param(("WRONG", "--id", "right"), 1, "is a CDR of that CPO already", id="taken"),
        pytest.param(("WRONG", "--id", "wrong"), 64, "an id of its own", id="its own"),
        pytest.param(("WRONG", "--id", "X" * 40), 64, "id", id="too long"),
    ],
)
async def test_what_cannot_be_credited_is_refused(
    billed: Network, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = await billed.commands.aside("cdr", "credit", "NL/CPO", *words)

    assert ran.code == code
    assert said in ran.stderr


# --- disputes ------------------------------------------------------------------------------------


async def test_a_dispute_is_opened_by_a_party_settled_and_opened_again(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await send(network, cpo, bill("CDR1"))
    dispute = ("cdr", "dispute", "NL/CPO", "CDR1")

    opened = await network.run(*dispute, "--reason", "charged twice", "--by", "de/ems")
    settled = await network.run(*dispute, "--settle", "credited")
    again = await network.run(*dispute, "--reason", "still wrong")
    withdrawn = await network.run(*dispute, "--withdraw", "a mistake")

    assert opened["dispute"]["opened_by"] == "DE/EMS"
    assert (settled["dispute"]["state"], settled["dispute"]["note"]) == ("settled", "credited")
    assert (again["dispute"]["state"], again["dispute"]["reason"]) == ("open", "still wrong")
    assert withdrawn["dispute"]["state"] == "withdrawn"
    detail = {"state": "withdrawn", "note": "a mistake"}
    assert await done(network) == ("cdr.dispute", "NL/CPO/cdr1", detail)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("WRONG", "--reason", "x"), 1, "is open already", id="open already"),
        pytest.param(("Right", "--settle", "x"), 1, "no dispute about Right", id="none open"),
        pytest.param(("Right",), 64, "expected --reason TEXT, --settle NOTE", id="nothing"),
        pytest.param(("Right", "--reason", " "), 64, "expected --reason TEXT", id="blank"),
        pytest.param(
            ("Right", "--reason", "x", "--settle", "y"), 64, "expected --reason", id="two things"
        ),
        pytest.param(
            ("Right", "--reason", "x", "--by", "FR/MSP"), 64, "FR/MSP is no party", id="stranger"
        ),
        pytest.param(
            ("WRONG", "--settle", "x", "--by", "NL/CPO"), 64, "--by says who opens", id="by whom"
        ),
    ],
)
async def test_a_dispute_that_cannot_be_is_refused_and_leaves_no_trace(
    billed: Network, words: tuple[str, ...], code: int, said: str
) -> None:
    before = await last_action(billed)

    ran = await billed.commands.aside("cdr", "dispute", "NL/CPO", *words)

    assert ran.code == code
    assert said in ran.stderr
    assert await last_action(billed) == before


# --- withheld ------------------------------------------------------------------------------------


@pytest.fixture
async def withheld(network: Network, cpo: RecordingParty, emsp: RecordingParty) -> Network:
    """A CDR that is wrong, between two parties that agreed to hold such."""
    await network.run("agreement", "clearing", "NL/CPO", "DE/EMS", "hold")
    await network.hub.registry.refresh()
    await send(network, cpo, bill("CDR1", too_much="0.10"))
    assert await ids(network, "--state", "withheld") == ["CDR1"]
    return network


async def test_a_withheld_cdr_is_released_to_its_receiver(
    withheld: Network, emsp: RecordingParty
) -> None:
    assert emsp.of("POST", "/receiver/cdrs") == []

    released = await withheld.run("cdr", "release", "NL/CPO", "CDR1")

    assert (released["id"], released["state"]) == ("CDR1", "held")
    await eventually(lambda: len(emsp.of("POST", "/receiver/cdrs")) == 1)
    assert await done(withheld) == ("cdr.release", "NL/CPO/cdr1", {})


@pytest.mark.parametrize(
    ("words", "state"),
    [
        pytest.param(("release", "NL/CPO", "CDR1"), "held", id="release"),
        pytest.param(("refuse", "NL/CPO", "CDR1", "--reason", "x"), "refused", id="refuse"),
    ],
)
async def test_who_reads_clearings_by_date_sees_the_decision(
    withheld: Network, cpo: RecordingParty, words: tuple[str, ...], state: str
) -> None:
    before = datetime.now(UTC).isoformat()

    await withheld.run("cdr", *words)

    path = f"?date_from={quote(before)}"
    listed = (await cpo.call("GET", "sender", "nlhub-clearing", path, to="NL/HUB")).json()["data"]
    assert [each["cdr_state"] in (state, "delivered") for each in listed] == [True]


async def test_a_withheld_cdr_is_refused_for_its_receiver(
    withheld: Network, emsp: RecordingParty
) -> None:
    refused = await withheld.run("cdr", "refuse", "NL/CPO", "CDR1", "--reason", "0.10 too much")

    assert (refused["state"], refused["reason"]) == ("refused", "0.10 too much")
    assert emsp.of("POST", "/receiver/cdrs") == []
    (settled,) = (
        await withheld.run("settlement", "show", "NL/CPO", "DE/EMS", "--month", "2026-02")
    )["currencies"]
    assert (settled["net"]["cdrs"], settled["refused"]["cdrs"]) == (0, 1)
    assert await done(withheld) == ("cdr.refuse", "NL/CPO/cdr1", {"reason": "0.10 too much"})


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("release", "NL/CPO", "Right"), id="release"),
        pytest.param(("refuse", "NL/CPO", "Right", "--reason", "x"), id="refuse"),
    ],
)
async def test_a_cdr_that_is_not_withheld_is_left_alone(
    billed: Network, words: tuple[str, ...]
) -> None:
    ran = await billed.commands.aside("cdr", *words)

    assert ran.code == 1
    assert "is delivered, expected one that is withheld" in ran.stderr


async def test_a_refusal_says_why(billed: Network) -> None:
    ran = await billed.commands.aside("cdr", "refuse", "NL/CPO", "Right", "--reason", "")

    assert ran.code == 64
    assert "--reason is empty" in ran.stderr


# --- reprice -------------------------------------------------------------------------------------


async def overwrite(network: Network) -> None:
    """As if an older engine had said something else."""
    async with network.db.hot() as conn:
        await conn.execute("UPDATE hub.clearings SET verdict = 'error', sentence = 'it failed'")


async def test_a_cdr_is_priced_again(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await send(network, cpo, bill("CDR1", too_much="0.10"))
    await overwrite(network)

    told = await network.run("cdr", "reprice", "NL/CPO", "CDR1")

    (cdr,) = told["cdrs"]
    assert (told["repriced"], cdr["id"], cdr["before"]["verdict"]) == (1, "CDR1", "error")
    assert cdr["after"]["verdict"] == "mismatch"
    assert (await network.run("cdr", "show", "NL/CPO", "CDR1"))["verdict"] == "mismatch"
    assert await done(network) == ("cdr.reprice", "NL/CPO/cdr1", {"repriced": 1})


@pytest.mark.parametrize(
    ("options", "repriced"),
    [
        pytest.param((), 3, id="all"),
        pytest.param(("--month", "2026-02"), 2, id="of a month"),
    ],
)
async def test_all_are_priced_again_and_those_that_differ_are_told(
    network: Network,
    cpo: RecordingParty,
    emsp: RecordingParty,
    options: tuple[str, ...],
    repriced: int,
) -> None:
    march = bill("CDR3", day="2026-03-05")
    await send(network, cpo, bill("CDR1"), bill("CDR2", too_much="0.10"), march)

    same = await network.run("cdr", "reprice", "--all", *options)
    await overwrite(network)
    changed = await network.run("cdr", "reprice", "--all", *options)

    assert same == {"repriced": repriced, "cdrs": []}
    assert len(changed["cdrs"]) == changed["repriced"] == repriced


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="nothing"),
        pytest.param(("NL/CPO",), id="no id"),
        pytest.param(("NL/CPO", "Right", "--all"), id="one and all"),
        pytest.param(("NL/CPO", "Right", "--month", "2026-02"), id="one of a month"),
    ],
)
async def test_what_to_price_again_has_to_be_said(billed: Network, words: tuple[str, ...]) -> None:
    ran = await billed.commands.aside("cdr", "reprice", *words)

    assert ran.code == 64
    assert "expected CPO ID, or --all" in ran.stderr


# --- before it has been priced -------------------------------------------------------------------


@pytest.fixture
async def unpriced(network: Network, cpo: RecordingParty, emsp: RecordingParty) -> Network:
    """A CDR whose verdict is not there."""
    await send(network, cpo, bill("CDR1"))
    # What arrived just now is left to whom it came to, for seconds.
    async with network.db.hot() as conn:
        await conn.execute("DELETE FROM hub.clearings")
    return network


async def test_a_cdr_without_a_verdict_is_listed_and_shown(unpriced: Network) -> None:
    (row,) = await unpriced.run("cdr", "list")
    shown = await unpriced.run("cdr", "show", "NL/CPO", "CDR1")
    explained = await unpriced.commands.aside("cdr", "explain", "NL/CPO", "CDR1")
    settled = await unpriced.run("settlement", "show", "NL/CPO", "DE/EMS", "--month", "2026-02")

    assert (row["verdict"], row["claimed_excl_vat"], row["exact_excl_vat"]) == (None, "3.00", None)
    assert (shown["verdict"], shown["fields"]) == (None, [])
    assert (explained.code, "has not been priced yet" in explained.stderr) == (1, True)
    assert (settled["cdrs"], settled["unpriced"]) == (0, 1)


# --- the documents -------------------------------------------------------------------------------

_DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def _options(*nouns: str) -> list[str]:
    whole: Any = typer.main.get_command(app)
    commands = [each for noun in nouns for each in whole.commands[noun].commands.values()]
    options = {
        option for each in commands for parameter in each.params for option in parameter.opts
    }
    return sorted(option for option in options if option.startswith("--"))


@pytest.mark.parametrize("option", _options("cdr", "settlement"))
def test_every_option_is_in_the_docs(option: str) -> None:
    assert f"{option} " in _DOCS or f"{option}]" in _DOCS or f"{option}`" in _DOCS
