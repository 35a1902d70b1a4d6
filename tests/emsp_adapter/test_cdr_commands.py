"""`emsp-adapter token add` and `cdr`: what staff does with cards and disputes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from emsp_adapter.store.tables import SCHEMA
from ocpi_hub.node.engine import open_database
from tests.emsp_adapter.commands import EmspCommands
from tests.emsp_adapter.contracts import (
    BEGUN,
    UID,
    an_hour_from,
    card,
    cdr,
    cleared,
    costing,
    publish,
)
from tests.emsp_adapter.running import adapter, cpo
from tests.hub.commands import KEY


@pytest.fixture
def cli(emsp_database_url: str) -> EmspCommands:
    """`emsp-adapter` on a database of its own."""
    return EmspCommands({"DATABASE_URL": emsp_database_url, "SECRET_KEY": KEY})


async def _disputed(url: str) -> None:
    """CDR1 is right, CDR2 is too high."""
    async with adapter(url) as emsp, cpo(emsp) as partner:
        made = await card(emsp, await emsp.driver())
        await publish(partner)
        await partner.post_cdr(cdr(made))
        before = an_hour_from(BEGUN - timedelta(hours=2))
        high = cdr(made, id="CDR2", session_id="SESSION2", **before, **costing("6.10", "7.38"))
        await partner.post_cdr(high)
        assert (await cleared(emsp, "CDR2"))[0] == "disputed"


@pytest.fixture
def disputed(cli: EmspCommands, emsp_database_url: str, beside: BlockingPortal) -> EmspCommands:
    """The same after a CDR that is right and one that is too high came."""
    beside.call(_disputed, emsp_database_url)
    return cli


async def _rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    async with open_database(url, schema=SCHEMA, pool_size=1) as db, db.hot() as conn:
        return await (await conn.execute(statement.encode())).fetchall()


async def _executed(url: str, statement: str) -> None:
    async with open_database(url, schema=SCHEMA, pool_size=1) as db, db.hot() as conn:
        await conn.execute(statement.encode())


def test_what_is_disputed_is_listed_with_its_reason(disputed: EmspCommands) -> None:
    every = disputed("cdr", "list", "--json").json
    waiting = disputed("cdr", "list", "--disputed", "--json").json
    for_people = disputed("cdr", "list", "--disputed").stdout

    assert {each["cdr_id"]: each["state"] for each in every} == {
        "CDR1": "accepted",
        "CDR2": "disputed",
    }
    assert [each["cdr_id"] for each in waiting] == ["CDR2"]
    assert "0.10 more than 6.00" in waiting[0]["reason"]
    assert "CDR2" in for_people


def test_a_cdr_is_shown_with_what_it_should_cost(disputed: EmspCommands) -> None:
    shown = disputed("cdr", "show", "cdr2", "--json").json
    for_people = disputed("cdr", "show", "CDR2")

    assert shown["verdict"] == "mismatch"
    assert shown["document"]["id"] == "CDR2"
    assert shown["clearing"]["explanation"]["lines"]
    assert for_people.code == 0


def test_what_staff_accepts_is_to_be_billed(
    disputed: EmspCommands, emsp_database_url: str, beside: BlockingPortal
) -> None:
    done = disputed("cdr", "accept", "CDR2", "--why", "agreed with the CPO", "--json")

    assert (done.code, done.json["state"]) == (0, "accepted")
    found = beside.call(
        _rows,
        emsp_database_url,
        "SELECT state, decision FROM cdrs WHERE cdr_id = 'cdr2'",
    )
    charges = beside.call(_rows, emsp_database_url, "SELECT DISTINCT disputed FROM charges")
    audited = beside.call(
        _rows, emsp_database_url, "SELECT detail ->> 'why' FROM audit WHERE action = 'cdr accepted'"
    )
    assert found == [("accepted", "agreed with the CPO")]
    assert charges == [(False,)]
    assert audited == [("agreed with the CPO",)]


def test_what_staff_refuses_is_never_billed(disputed: EmspCommands) -> None:
    done = disputed("cdr", "refuse", "CDR2", "--why", "a new one will come", "--json")
    again = disputed("cdr", "accept", "CDR2", "--why", "after all")

    assert (done.code, done.json["state"]) == (0, "refused")
    assert again.code == 1
    assert "CDR2 is refused" in again.stderr


async def _suspected(url: str) -> None:
    async with adapter(url, starts_per_hour=1) as emsp, cpo(emsp) as partner:
        await card(emsp, await emsp.driver())
        for _ in range(2):
            await partner.party.call("POST", "sender", "tokens", f"{UID}/authorize")


def test_staff_sees_cards_that_may_have_been_copied(
    cli: EmspCommands, emsp_database_url: str, beside: BlockingPortal
) -> None:
    beside.call(_suspected, emsp_database_url)

    every = cli("token", "list", "--suspected", "--json").json
    of_driver = cli("token", "list", "--driver", "ada@drivers.example", "--json").json
    for_people = cli("token", "list", "--suspected").stdout

    assert [(each["uid"], each["suspicion"]["rule"]) for each in every] == [
        (UID, "too_many_starts")
    ]
    assert of_driver == every
    assert "too_many_starts" in for_people


@pytest.mark.parametrize(
    "words", [(), ("--suspected", "--driver", "ada@drivers.example")], ids=["neither", "both"]
)
def test_whose_cards_are_listed_is_said(cli: EmspCommands, words: tuple[str, ...]) -> None:
    done = cli("token", "list", *words)

    assert done.code == 64
    assert "expected --driver or --suspected" in done.stderr


async def _claimed_twice(url: str) -> None:
    """CDR1 is right, CDR2 claims the same charge."""
    async with adapter(url) as emsp, cpo(emsp) as partner:
        made = await card(emsp, await emsp.driver())
        await publish(partner)
        await partner.post_cdr(cdr(made))
        assert (await cleared(emsp, "CDR1"))[0] == "accepted"
        await partner.post_cdr(cdr(made, id="CDR2"))
        assert (await cleared(emsp, "CDR2"))[0] == "disputed"


@pytest.fixture
def claimed_twice(
    cli: EmspCommands, emsp_database_url: str, beside: BlockingPortal
) -> EmspCommands:
    """The same after one charge was claimed by two CDRs."""
    beside.call(_claimed_twice, emsp_database_url)
    return cli


def test_staff_does_not_bill_a_charge_twice_by_mistake(
    claimed_twice: EmspCommands, emsp_database_url: str, beside: BlockingPortal
) -> None:
    done = claimed_twice("cdr", "accept", "CDR2", "--why", "it looks right")

    assert done.code == 1
    assert "CDR1" in done.stderr
    assert "--even-if-billed" in done.stderr
    found = beside.call(
        _rows, emsp_database_url, "SELECT state, decision FROM cdrs WHERE cdr_id = 'cdr2'"
    )
    assert found == [("disputed", None)]


def test_staff_may_bill_a_charge_twice_by_saying_so(claimed_twice: EmspCommands) -> None:
    words = ("--why", "two cars at one EVSE", "--even-if-billed", "--json")
    done = claimed_twice("cdr", "accept", "CDR2", *words)

    assert (done.code, done.json["state"]) == (0, "accepted")


def test_what_was_refused_of_two_leaves_the_other_to_be_accepted(
    disputed: EmspCommands, emsp_database_url: str, beside: BlockingPortal
) -> None:
    statement = "UPDATE cdrs SET session_id = 'session2', state = 'refused' WHERE cdr_id = 'cdr1'"
    beside.call(_executed, emsp_database_url, statement)

    assert disputed("cdr", "accept", "CDR2", "--why", "agreed with the CPO").code == 0


BAD = {
    "one that is right": (("CDR1", "--why", "no reason"), 1, "CDR1 is accepted"),
    "one that never came": (("CDR9", "--why", "no reason"), 1, "there is no CDR CDR9"),
    "without a reason": (("CDR2", "--why", " "), 64, "--why: expected a reason"),
}


@pytest.mark.parametrize(("words", "code", "said"), BAD.values(), ids=BAD)
def test_a_decision_that_is_none_says_why(
    disputed: EmspCommands, words: tuple[str, ...], code: int, said: str
) -> None:
    done = disputed("cdr", "accept", *words)

    assert done.code == code
    assert said in done.stderr


# --- cards ---------------------------------------------------------------------------------------


async def _driver(url: str) -> None:
    async with adapter(url) as emsp:
        await emsp.driver()


def test_a_driver_gets_a_card(
    cli: EmspCommands, emsp_database_url: str, beside: BlockingPortal
) -> None:
    beside.call(_driver, emsp_database_url)

    added = cli("token", "add", UID.lower(), "--driver", "Ada@Drivers.example", "--json")

    assert (added.code, added.json["uid"], added.json["state"]) == (0, UID, "active")
    told = beside.call(_rows, emsp_database_url, "SELECT document ->> 'uid' FROM published")
    assert told == [(UID,)]


NO_CARDS = {
    "nobody's": ((UID, "--driver", "eve@drivers.example"), 1, "there is no driver"),
    "no uid": (("A B", "--driver", "ada@drivers.example"), 64, "UID: expected 4 to 20"),
}


@pytest.mark.parametrize(("words", "code", "said"), NO_CARDS.values(), ids=NO_CARDS)
def test_a_card_that_cannot_be_added_says_why(
    cli: EmspCommands,
    emsp_database_url: str,
    beside: BlockingPortal,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    beside.call(_driver, emsp_database_url)

    done = cli("token", "add", *words)

    assert done.code == code
    assert said in done.stderr
