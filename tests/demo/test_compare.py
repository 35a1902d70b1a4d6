"""What differs between the hub and the platforms is found and named."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.demo.compare import (
    Books,
    compare_account,
    compare_books,
    compare_meters,
    compare_presence,
    compare_sessions,
    compare_statuses,
    compare_tally,
    compare_verdicts,
)
from ocpi_hub.demo.provider import Account
from ocpi_hub.demo.tally import Count, Phase, Told
from tests import samples

TARIFF = samples.tariff(id="T1")
OTHER = samples.tariff(id="T2")


def _books(*, hub: list[dict[str, Any]], emsp: list[dict[str, Any]]) -> Books:
    return Books("tariffs", cpo=[TARIFF], hub=hub, emsp=emsp)


def _told(**counts: int) -> Told:
    return Told(Phase.FINISHED, Counter(counts), ())


def test_equal_books_have_no_difference_whatever_the_order_of_keys_and_trailing_zeros() -> None:
    turned = dict(reversed(TARIFF.items()))

    row = compare_books(_books(hub=[turned], emsp=[TARIFF]))

    assert (row.cpo, row.hub, row.emsp) == (1, 1, 1)
    assert row.differences == []


@pytest.mark.parametrize(
    ("hub", "emsp", "said"),
    [
        pytest.param([], [TARIFF], "the hub lacks NL/CPO/T1", id="the hub lacks one"),
        pytest.param(
            [TARIFF],
            [TARIFF, OTHER],
            "the eMSP has NL/CPO/T2, the CPO does not",
            id="one too many",
        ),
        pytest.param([TARIFF, TARIFF], [TARIFF], "the hub has 1 objects twice", id="twice"),
        pytest.param(
            [TARIFF],
            [samples.tariff(id="T1", currency="CHF")],
            f"NL/CPO/T1: currency {TARIFF['currency']} and CHF (the CPO's, the eMSP's)",
            id="another value",
        ),
    ],
)
def test_a_difference_is_named(
    hub: list[dict[str, Any]], emsp: list[dict[str, Any]], said: str
) -> None:
    assert compare_books(_books(hub=hub, emsp=emsp)).differences == [said]


def test_a_difference_deep_in_a_document_is_named_by_its_path() -> None:
    ours, theirs = samples.location(), samples.location(evses=[samples.evse(status="BLOCKED")])

    row = compare_books(Books("locations", cpo=[ours], hub=[ours], emsp=[theirs]))

    (difference,) = row.differences
    assert "evses.0.status" in difference
    assert "BLOCKED" in difference


def test_a_hundredth_of_a_cent_is_a_difference() -> None:
    one = samples.cdr(total_energy=Decimal("15.3420"))
    other = samples.cdr(total_energy=Decimal("15.3421"))

    row = compare_books(Books("cdrs", cpo=[one], hub=[one], emsp=[other]))

    assert len(row.differences) == 1


def test_tokens_are_compared_with_what_the_emsp_has() -> None:
    token = samples.token()

    row = compare_books(Books("tokens", cpo=[], hub=[token], emsp=[token]))

    (difference,) = row.differences
    assert difference.startswith("the CPO lacks")


def test_the_status_of_an_evse_is_compared_by_its_uid() -> None:
    ours = samples.location(evses=[samples.evse(uid="E1", status="AVAILABLE")])
    theirs = samples.location(evses=[samples.evse(uid="E1", status="CHARGING")])

    row = compare_statuses(Books("locations", cpo=[ours], hub=[ours], emsp=[theirs]))

    assert row.differences == ["E1: AVAILABLE at the CPO, CHARGING at the eMSP"]


@pytest.mark.parametrize(
    ("session", "cdrs", "said"),
    [
        ({"status": "COMPLETED"}, [{}], []),
        ({"status": "INVALID"}, [], []),
        ({"status": "ACTIVE"}, [], ["S1 is ACTIVE"]),
        (
            {"status": "COMPLETED", "kwh": Decimal("1.5")},
            [{}],
            ["S1: 2.5 kWh in the CDR, 1.5 in the Session"],
        ),
        ({"status": "COMPLETED"}, [{}, {"id": "C2"}], ["session S1 has two CDRs"]),
    ],
    ids=["billed", "invalid", "still active", "other energy", "twice"],
)
def test_a_session_is_over_and_has_one_cdr_of_its_energy(
    session: dict[str, Any], cdrs: list[dict[str, Any]], said: list[str]
) -> None:
    ended = samples.session(**{"id": "S1", "kwh": Decimal("2.50")} | session)
    billed = [
        samples.cdr(**{"id": "C1", "session_id": "S1", "total_energy": Decimal("2.5")} | cdr)
        for cdr in cdrs
    ]

    rows = compare_sessions([ended], billed)

    assert [difference for row in rows for difference in row.differences] == said


@pytest.mark.parametrize(
    ("metered", "said"),
    [
        ({}, []),
        ({"kwh": Decimal("2.6")}, ["S1: 2.6 kWh metered, 2.5 billed"]),
        ({"id": "S2"}, ["S2: 2.5 kWh metered, None billed"]),
        ({"id": "S2", "billing": "suspect"}, []),
        ({"id": "S2", "kwh": None}, []),
        ({"id": "S2", "kwh": Decimal(0), "state": "invalid"}, []),
        ({"state": "active"}, ["S1 is not over"]),
    ],
    ids=["equal", "other energy", "not billed", "held", "never begun", "invalid", "still active"],
)
def test_what_was_metered_is_what_is_billed(metered: dict[str, Any], said: list[str]) -> None:
    session = {"id": "S1", "kwh": Decimal("2.5"), "billing": "ok", "state": "completed"} | metered
    cdr = samples.cdr(session_id="S1", total_energy=Decimal("2.5"))

    rows = compare_meters([session], [cdr])

    assert [difference for row in rows for difference in row.differences] == said


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("match", []),
        ("mismatch", ["C1 is mismatch: too high"]),
        (None, ["C1 is not priced: too high"]),
    ],
    ids=["match", "mismatch", "not priced"],
)
def test_every_price_has_to_match(verdict: str | None, said: list[str]) -> None:
    cleared = [{"id": "C1", "verdict": verdict, "sentence": "too high"}]

    assert compare_verdicts(cleared, [samples.cdr()]).differences == said


def test_a_cdr_that_the_hub_has_not_cleared_is_a_difference() -> None:
    assert compare_verdicts([], [samples.cdr()]).differences == ["0 CDRs are listed, 1 arrived"]


def test_a_tally_in_which_everything_was_answered_has_no_difference() -> None:
    told = _told(commands=3, commands_answered=3, commands_accepted=2, command_results=2)

    assert not [row for row in compare_tally(told) if row.differences]


@pytest.mark.parametrize(
    "count",
    [
        Count.COMMANDS,
        Count.COMMANDS_ACCEPTED,
        Count.CDRS_TWICE,
        Count.OUT_OF_ORDER,
        Count.FAILED_CALLS,
    ],
)
def test_a_count_that_has_no_answer_or_should_be_nothing_is_a_difference(count: Count) -> None:
    rows = compare_tally(_told(**{count.value: 1}))

    assert len([row for row in rows if row.differences]) == 1


@pytest.mark.parametrize(
    "seen", [["CONNECTED"], ["CONNECTED", "OFFLINE"]], ids=["not there", "offline"]
)
def test_a_platform_that_is_not_seen_connected_is_a_difference(seen: list[str]) -> None:
    infos = [samples.client_info(status=status) for status in seen]

    assert compare_presence([samples.client_info()] * 2, infos).differences


def test_everybody_connected_is_no_difference() -> None:
    info = samples.client_info()

    assert not compare_presence([info, info], [info, info]).differences


METERED = {"cdr_id": "CDR1", "kwh": Decimal("12.3450"), "state": "completed"}
SOLD = {"id": "CDR1", "claimed_incl_vat": Decimal("4.4815")}
CHARGE = {"id": "C1", "state": "finished", "energy_kwh": "12.345"}
RECEIPT = {"charge_id": "C1", "gross": "4.48"}
BILLED = {"cdr_id": "CDR1", "charge_id": "C1"}
ACCOUNT = Account(charges=[CHARGE], receipts=[RECEIPT], cdrs=[BILLED])


def test_a_driver_who_pays_what_was_metered_to_the_cent_is_no_difference() -> None:
    rows = compare_account([METERED], [SOLD], ACCOUNT)

    assert not [row.differences for row in rows if row.differences]


@pytest.mark.parametrize(
    ("account", "said"),
    [
        pytest.param(
            replace(ACCOUNT, charges=[CHARGE | {"energy_kwh": "12.346"}]),
            "CDR1: 12.3450 kWh metered, 12.346 in the app",
            id="a watt hour",
        ),
        pytest.param(
            replace(ACCOUNT, receipts=[RECEIPT | {"gross": "4.49"}]),
            "CDR1: 4.48 in the CDR, 4.49 on the receipt",
            id="a cent",
        ),
        pytest.param(
            replace(ACCOUNT, receipts=[]), "1 CDRs, 0 receipts", id="a receipt that is missing"
        ),
        pytest.param(
            replace(ACCOUNT, cdrs=[]), "1 at the hub, 0 at the eMSP", id="a CDR that is missing"
        ),
        pytest.param(
            replace(ACCOUNT, charges=[CHARGE | {"state": "charging"}]),
            "1 metered, 0 in the app",
            id="a charge that does not end",
        ),
    ],
)
def test_a_driver_who_is_told_or_pays_something_else_is_a_difference(
    account: Account, said: str
) -> None:
    rows = compare_account([METERED], [SOLD], account)

    assert said in [difference for row in rows for difference in row.differences]
