"""A driver's cards, over the driver API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emsp_adapter.contracts import UID
from tests.emsp_adapter.running import Adapter


async def test_a_card_is_added_blocked_and_taken_away(emsp: Adapter) -> None:
    ada = await emsp.driver()

    added = await ada.api.post("/cards", json={"uid": "04:a1:b2:c3:d4:e5:f6", "label": "Blue"})
    made = added.json()
    blocked = await ada.api.patch(f"/cards/{made['id']}", json={"blocked": True})
    renamed = await ada.api.patch(f"/cards/{made['id']}", json={"label": "Red"})
    active = await ada.api.patch(f"/cards/{made['id']}", json={"blocked": False})
    listed = await ada.api.get("/cards")
    gone = await ada.api.delete(f"/cards/{made['id']}")

    assert added.status_code == 201
    assert (made["uid"], made["label"], made["state"]) == (UID, "Blue", "active")
    assert made["contract_id"].startswith("NL-EMS-C")
    assert (blocked.json()["state"], blocked.json()["label"]) == ("blocked", "Blue")
    assert (renamed.json()["state"], renamed.json()["label"]) == ("blocked", "Red")
    assert listed.json() == {"cards": [active.json()]}
    assert gone.status_code == 204
    assert (await ada.api.get("/cards")).json() == {"cards": []}
    told = await emsp.rows("SELECT document -> 'valid' FROM published WHERE module = 'tokens'")
    assert told == [(False,)]


async def test_the_same_card_again_is_the_same(emsp: Adapter) -> None:
    ada = await emsp.driver()

    first = await ada.api.post("/cards", json={"uid": UID})
    again = await ada.api.post("/cards", json={"uid": UID.lower()})

    assert again.json() == first.json()


async def test_cards_are_imported_all_or_none(emsp: Adapter) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    await ben.api.post("/cards", json={"uid": "DEADBEEF"})

    fine = await ada.api.post("/cards/import", json={"cards": [{"uid": UID}, {"uid": "CAFE-01"}]})
    taken = await ada.api.post(
        "/cards/import", json={"cards": [{"uid": "CAFE-02"}, {"uid": "deadbeef"}]}
    )

    assert fine.status_code == 201
    assert [each["uid"] for each in fine.json()["cards"]] == [UID, "CAFE-01"]
    assert (taken.status_code, taken.json()["field"]) == (409, "cards[1].uid")
    assert len((await ada.api.get("/cards")).json()["cards"]) == 2


async def test_a_card_of_another_driver_is_404(emsp: Adapter) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    made = (await ada.api.post("/cards", json={"uid": UID})).json()

    changed = await ben.api.patch(f"/cards/{made['id']}", json={"blocked": True})
    deleted = await ben.api.delete(f"/cards/{made['id']}")
    added = await ben.api.post("/cards", json={"uid": UID})

    assert (changed.status_code, deleted.status_code, added.status_code) == (404, 404, 409)
    assert (await ada.api.get("/cards")).json() == {"cards": [made]}


async def test_the_token_of_the_app_is_no_card(emsp: Adapter) -> None:
    ada = await emsp.driver()
    await ada.api.post("/cards", json={"uid": UID})
    async with emsp.db.hot() as conn:
        await conn.execute("UPDATE tokens SET type = 'APP_USER'")
    found = await emsp.row("SELECT id FROM tokens")
    assert found is not None

    deleted = await ada.api.delete(f"/cards/{found[0]}")

    assert deleted.status_code == 404
    assert (await ada.api.get("/cards")).json() == {"cards": []}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no uid": ({}, "uid"),
    "a uid that is a number": ({"uid": 4711}, "uid"),
    "a uid no charger can read": ({"uid": "Ä" * 8}, "uid"),
    "a uid that is too long": ({"uid": "X" * 1000}, "uid"),
    "an empty label": ({"uid": UID, "label": ""}, "label"),
    "a label with a line break": ({"uid": UID, "label": "a\nb"}, "label"),
    "something unknown": ({"uid": UID, "colour": "red"}, "colour"),
}


@pytest.mark.parametrize(("body", "field"), BAD.values(), ids=BAD)
async def test_what_is_no_card_is_422(emsp: Adapter, body: dict[str, Any], field: str) -> None:
    ada = await emsp.driver()

    response = await ada.api.post("/cards", json=body)

    assert (response.status_code, response.json()["field"]) == (422, field)


STRANGE_IDS = {"a NUL": "%00", "nobody's": "4711", "too long": "x" * 200, "a quote": "'"}


@pytest.mark.parametrize("card_id", STRANGE_IDS.values(), ids=STRANGE_IDS)
async def test_a_card_that_there_cannot_be_is_no_error_of_ours(emsp: Adapter, card_id: str) -> None:
    ada = await emsp.driver()

    response = await ada.api.delete(f"/cards/{card_id}")

    assert response.status_code in (404, 422)


async def test_cards_need_the_scope_account(emsp: Adapter) -> None:
    ada = await emsp.driver()
    other = await emsp.api(ada.id, scope="locations charging")

    assert (await other.get("/cards")).status_code == 403
