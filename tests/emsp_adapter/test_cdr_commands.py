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
