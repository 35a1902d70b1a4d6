"""Whether a token may charge, asked in real time (AUT)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.emsp_adapter.contracts import UID, app_token, card, status
from tests.emsp_adapter.running import Adapter, Cpo, Driver
from tests.samples import location_references


async def ask(
    partner: Cpo, uid: str = UID, body: Any = None, *, type_: str | None = None
) -> httpx.Response:
    query = "" if type_ is None else f"?type={type_}"
    return await partner.party.call("POST", "sender", "tokens", f"{uid}/authorize{query}", body)


async def change(emsp: Adapter, statement: str, *values: object) -> None:
    async with emsp.db.hot() as conn:
        await conn.execute(statement.encode(), values)


async def test_a_card_in_order_may_charge(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())

    response = await ask(partner)

    info = response.json()["data"]
    assert status(response) == (200, 1000)
    assert (info["allowed"], info["token"]) == ("ALLOWED", made)
    assert "location" not in info
    kept = await emsp.row(
        "SELECT cpo, location_id, until > now() FROM authorizations WHERE reference = %s",
        info["authorization_reference"],
    )
    assert kept == ("nl/cpo", None, True)


async def test_the_place_that_was_asked_for_is_answered(emsp: Adapter, partner: Cpo) -> None:
    await card(emsp, await emsp.driver())

    response = await ask(partner, UID.lower(), location_references())

    info = response.json()["data"]
    assert info["location"] == location_references()
    kept = await emsp.rows("SELECT location_id FROM authorizations")
    assert kept == [("loc1",)]


# The driver's status, the card's state, and the answer.
STATES = {
    "a blocked driver": ("UPDATE drivers SET status = 'blocked'", "BLOCKED"),
    "a deleted driver": ("UPDATE drivers SET status = 'deleted'", "EXPIRED"),
    "a blocked card": ("UPDATE tokens SET state = 'blocked'", "BLOCKED"),
    "a removed card": ("UPDATE tokens SET state = 'removed'", "EXPIRED"),
}


@pytest.mark.parametrize(("change_it", "allowed"), STATES.values(), ids=STATES)
async def test_who_may_not_charge_is_told_why(
    emsp: Adapter, partner: Cpo, change_it: str, allowed: str
) -> None:
    made = await card(emsp, await emsp.driver())
    await change(emsp, change_it)

    response = await ask(partner)

    # AUT-02: an answer, not an error, with the whole Token.
    assert status(response) == (200, 1000)
    assert response.json()["data"] == {"allowed": allowed, "token": made}
    assert await emsp.rows("SELECT 1 FROM authorizations") == []


UNKNOWN = {
    "never heard of": ("00FFEE00", None),
    "an app token's uid as a card's": ("APP-0123456789ABCDEF", None),
    "a card's uid as an app's": (UID, "APP_USER"),
    "of a kind that we do not issue": (UID, "OTHER"),
}


@pytest.mark.parametrize(("uid", "type_"), UNKNOWN.values(), ids=UNKNOWN)
async def test_a_token_that_is_not_ours_is_2004(
    emsp: Adapter, partner: Cpo, uid: str, type_: str | None
) -> None:
    await card(emsp, await emsp.driver())

    response = await ask(partner, uid, type_=type_)

    assert status(response) == (404, 2004)
    assert "data" not in response.json()


async def test_t21_who_guesses_uids_is_slowed_down(emsp: Adapter, partner: Cpo) -> None:
    emsp.office.guesses.clock = lambda: 0.0  # or one more is allowed each second
    for number in range(60):
        await ask(partner, f"GUESS{number}")

    response = await ask(partner, "GUESS60")

    assert status(response) == (429, 2000)
    assert int(response.headers["Retry-After"]) >= 1


async def test_who_guessed_still_hears_of_cards_that_are_ours(emsp: Adapter, partner: Cpo) -> None:
    await card(emsp, await emsp.driver())
    emsp.office.guesses.clock = lambda: 0.0
    for number in range(61):
        await ask(partner, f"GUESS{number}")

    response = await ask(partner, UID)

    assert status(response) == (200, 1000)
    assert response.json()["data"]["allowed"] == "ALLOWED"


# --- tokens of apps ------------------------------------------------------------------------------


async def asked_to_charge(emsp: Adapter, driver: Driver, uid: str, state: str) -> None:
    """As a start from the driver's app leaves it."""
    await change(
        emsp,
        "INSERT INTO charges (id, driver_id, source, state, party, location_id, evse_uid, place,"
        " token_uid, requested_at, updated_at)"
        " VALUES ('c1', %s, 'app', %s, 'nl/cpo', 'LOC1', 'EVSE1', '{}', %s, now(), now())",
        driver.id,
        state,
        uid,
    )


async def test_the_token_of_an_app_needs_a_place(emsp: Adapter, partner: Cpo) -> None:
    made = await app_token(emsp, await emsp.driver())

    response = await ask(partner, made["uid"], type_="APP_USER")

    assert status(response) == (200, 2002)
    assert "location_id" in response.json()["status_message"]


ASKED = {
    "where the driver asked": ("starting", "LOC1", "ALLOWED"),
    "while it charges": ("charging", "loc1", "ALLOWED"),
    "somewhere else": ("starting", "LOC2", "NOT_ALLOWED"),
    "after it was over": ("finished", "LOC1", "NOT_ALLOWED"),
}


@pytest.mark.parametrize(("state", "location_id", "allowed"), ASKED.values(), ids=ASKED)
async def test_the_token_of_an_app_charges_only_where_its_driver_asked(
    emsp: Adapter, partner: Cpo, state: str, location_id: str, allowed: str
) -> None:
    ada = await emsp.driver()
    made = await app_token(emsp, ada)
    await asked_to_charge(emsp, ada, made["uid"], state)

    response = await ask(partner, made["uid"], {"location_id": location_id}, type_="APP_USER")

    assert status(response) == (200, 1000)
    assert response.json()["data"]["allowed"] == allowed


BAD = {
    "no location_id": ({"evse_uids": ["EVSE1"]}, "location_id"),
    "a number for an id": ({"location_id": 7}, "location_id"),
    "no list": ({"location_id": "LOC1", "evse_uids": "EVSE1"}, "evse_uids"),
    "an id that is too long": ({"location_id": "L" * 37}, "location_id"),
    "a control character": ({"location_id": "LOC\n1"}, "location_id"),
}


@pytest.mark.parametrize(("body", "field"), BAD.values(), ids=BAD)
async def test_bad_references_are_2001(
    emsp: Adapter, partner: Cpo, body: dict[str, Any], field: str
) -> None:
    await card(emsp, await emsp.driver())

    response = await ask(partner, body=body)

    assert status(response) == (200, 2001)
    assert field in response.json()["status_message"]
