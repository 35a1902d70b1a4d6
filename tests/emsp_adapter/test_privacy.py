"""A Location that is not published is shown to the owners of the Tokens it names, and nobody else.

Source: 2.2.1 locations, `publish` and `publish_allowed_to`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.emsp_adapter.charging import ahead
from tests.emsp_adapter.contracts import UID, app_token, card, session, tariff
from tests.emsp_adapter.places import UTRECHT, location, pushed
from tests.emsp_adapter.running import Adapter, Cpo, Driver
from tests.emsp_adapter.test_authorization import ask
from tests.partners import eventually

HERE = "5.10,52.08,5.12,52.10"
_CARD = {"uid": UID.lower(), "type": "RFID"}
# The driver's way to look, and how places come out of it.
LOOKS: dict[str, dict[str, str]] = {
    "near": {"near": UTRECHT},
    "in a box": {"bbox": HERE},
    "by words": {"text": "station"},
    "wherever": {},
}


async def _ada(emsp: Adapter, partner: Cpo) -> Driver:
    """A driver with a card that was held to a charger."""
    ada = await emsp.driver()
    await card(emsp, ada)
    await _held_up(partner, UID)
    return ada


async def _held_up(partner: Cpo, uid: str) -> None:
    assert (await ask(partner, uid)).json()["data"]["allowed"] == "ALLOWED"


def private(*tokens: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """HOME, for the owners of these tokens."""
    return location("HOME", publish=False, publish_allowed_to=list(tokens), **overrides)


async def _found(driver: Driver, **query: str) -> list[str]:
    answer = await driver.api.get("/locations", params=query)
    assert answer.status_code == 200, answer.text
    return [each["id"].removeprefix("NL*CPO*") for each in answer.json()["locations"]]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
async def test_who_has_the_token_finds_the_place(
    emsp: Adapter, partner: Cpo, look: dict[str, str]
) -> None:
    ada, ben = await _ada(emsp, partner), await emsp.driver("ben@drivers.example")
    await pushed(partner, location("PUBLIC", lat="52.09100"), private(_CARD))

    assert sorted(await _found(ada, **look)) == ["HOME", "PUBLIC"]
    assert await _found(ben, **look) == ["PUBLIC"]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
async def test_pages_go_on_where_they_ended(
    emsp: Adapter, partner: Cpo, look: dict[str, str]
) -> None:
    ada = await _ada(emsp, partner)
    await pushed(partner, private(_CARD), location("AWAY"), location("FURTHER", lat="52.09900"))
    found: list[str] = []
    query = {**look, "limit": "1"}

    for _ in range(3):
        answer = (await ada.api.get("/locations", params=query)).json()
        found += [each["id"].removeprefix("NL*CPO*") for each in answer["locations"]]
        query |= {"cursor": answer["next"]}

    assert sorted(found) == ["AWAY", "FURTHER", "HOME"]
    assert found == await _found(ada, **look)


async def test_filters_hold_for_private_places_too(emsp: Adapter, partner: Cpo) -> None:
    ada = await _ada(emsp, partner)
    await pushed(partner, private(_CARD))

    assert await _found(ada, near=UTRECHT, plug="CHADEMO") == []
    assert await _found(ada, near=UTRECHT, radius_m="10", min_kw="22") == ["HOME"]


@pytest.mark.parametrize("zoom", [5, 19], ids=["from far", "from near"])
async def test_the_map_has_it_for_its_driver(emsp: Adapter, partner: Cpo, zoom: int) -> None:
    ada, ben = await _ada(emsp, partner), await emsp.driver("ben@drivers.example")
    await pushed(partner, private(_CARD))
    query = {"bbox": HERE, "zoom": str(zoom)}

    hers = (await ada.api.get("/map", params=query)).json()
    his = (await ben.api.get("/map", params=query)).json()

    assert [each["id"] for each in hers["locations"]] == ["NL*CPO*HOME"]
    assert (his["locations"], his["clusters"]) == ([], [])


async def test_its_details_and_its_star_are_for_its_driver(emsp: Adapter, partner: Cpo) -> None:
    ada, ben = await _ada(emsp, partner), await emsp.driver("ben@drivers.example")
    await pushed(partner, private(_CARD))

    seen = await ada.api.get("/locations/NL*CPO*HOME")
    unseen = await ben.api.get("/locations/NL*CPO*HOME")
    await ada.api.put("/favourites/NL*CPO*HOME")
    starred = (await ada.api.get("/favourites")).json()["favourites"]

    assert (seen.status_code, unseen.status_code) == (200, 404)
    assert seen.json()["id"] == "NL*CPO*HOME"
    assert [each["id"] for each in starred] == ["NL*CPO*HOME"]


async def test_a_star_at_a_place_that_became_private_is_not_shown(
    emsp: Adapter, partner: Cpo
) -> None:
    ben = await emsp.driver("ben@drivers.example")
    await pushed(partner, location("HOME"))
    assert (await ben.api.put("/favourites/NL*CPO*HOME")).status_code == 204

    await pushed(partner, private(_CARD))

    assert (await ben.api.get("/favourites")).json() == {"favourites": []}


async def test_an_app_without_a_driver_sees_nothing_of_it(emsp: Adapter, partner: Cpo) -> None:
    await _ada(emsp, partner)
    await pushed(partner, private(_CARD))
    finder = await emsp.api(None, scope="locations")

    assert (await finder.get("/locations", params={"near": UTRECHT})).json()["locations"] == []
    assert (await finder.get("/locations/NL*CPO*HOME")).status_code == 404


OTHERS: dict[str, dict[str, Any]] = {
    "another card": {"uid": "CAFE01", "type": "RFID"},
    "another type": {"uid": UID, "type": "OTHER"},
    "another issuer": {**_CARD, "issuer": "Somebody Else"},
    "a number as well, which ours do not have": {
        **_CARD,
        "visual_number": "1",
        "issuer": "eMSP adapter",
    },
    "a group, which ours have none of": {**_CARD, "group_id": "GROUP"},
    "a group alone": {"group_id": "GROUP"},
}


@pytest.mark.parametrize("named", OTHERS.values(), ids=OTHERS)
async def test_every_field_that_is_named_has_to_be_the_tokens(
    emsp: Adapter, partner: Cpo, named: dict[str, Any]
) -> None:
    ada = await _ada(emsp, partner)
    await pushed(partner, private(named))

    assert await _found(ada, near=UTRECHT) == []


async def test_the_issuer_may_be_named(emsp: Adapter, partner: Cpo) -> None:
    ada = await _ada(emsp, partner)
    await pushed(partner, private({"group_id": "G"}, {**_CARD, "issuer": "eMSP adapter"}))

    assert await _found(ada, near=UTRECHT) == ["HOME"]


NO_MORE: dict[str, str] = {
    "a blocked card": "UPDATE tokens SET state = 'blocked'",
    "a card that was taken away": "UPDATE tokens SET state = 'removed'",
}


@pytest.mark.parametrize("change", NO_MORE.values(), ids=NO_MORE)
async def test_a_card_that_is_not_in_use_shows_nothing(
    emsp: Adapter, partner: Cpo, change: str
) -> None:
    ada = await _ada(emsp, partner)
    await pushed(partner, private(_CARD))
    async with emsp.db.hot() as conn:
        await conn.execute(change.encode())

    assert await _found(ada, near=UTRECHT) == []


async def test_a_place_can_be_published_and_taken_back(emsp: Adapter, partner: Cpo) -> None:
    ben = await emsp.driver("ben@drivers.example")
    shown = []
    for document in (private(_CARD), location("HOME"), private(_CARD)):
        await pushed(partner, document)
        shown.append(await _found(ben, near=UTRECHT))

    assert shown == [[], ["HOME"], []]


# --- by its id -----------------------------------------------------------------------------------

# What a driver can ask of a place whose id is known: how, and with what.
ASKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "its details": ("GET", "/locations/{key}", {}),
    "its price": ("GET", "/prices?location={key}&evse_uid=EVSE1", {}),
    "a star": ("PUT", "/favourites/{key}", {}),
    "a report": ("POST", "/problems", {"kind": "broken", "text": "Broken.", "location": "{key}"}),
    "a reservation": (
        "POST",
        "/reservations",
        {"location": "{key}", "evse_uid": "EVSE1", "until": "{later}"},
    ),
    "a start": ("POST", "/charges", {"location": "{key}", "evse_uid": "EVSE1"}),
    "a planned start": (
        "POST",
        "/charges",
        {"location": "{key}", "evse_uid": "EVSE1", "start_at": "{later}"},
    ),
}


async def _answer(driver: Driver, asked: tuple[str, str, dict[str, Any]], key: str) -> Any:
    method, path, body = asked
    values = {"key": key, "later": ahead(hours=1)}
    document = {name: text.format(**values) for name, text in body.items()}
    return await driver.api.request(method, path.format(**values), json=document or None)


@pytest.mark.parametrize("asked", ASKS.values(), ids=ASKS)
async def test_who_guesses_its_id_learns_no_more_than_of_no_place(
    emsp: Adapter, partner: Cpo, asked: tuple[str, str, dict[str, Any]]
) -> None:
    ada, ben = await _ada(emsp, partner), await emsp.driver("ben@drivers.example")
    await partner.put("tariffs", "TARIFF1", tariff())
    await pushed(partner, private(_CARD))

    hers = await _answer(ada, asked, "NL*CPO*HOME")
    his, nowhere = [await _answer(ben, asked, f"NL*CPO*{each}") for each in ("HOME", "NONE")]

    assert hers.status_code != 404, hers.text
    assert (his.status_code, nowhere.status_code) == (404, 404)
    assert his.json()["detail"] == nowhere.json()["detail"].replace("NONE", "HOME")
    assert await emsp.rows("SELECT FROM charges WHERE driver_id = %s", ben.id) == []


@pytest.mark.parametrize("asked", ASKS.values(), ids=ASKS)
async def test_a_place_whose_cpo_is_not_shown_is_not_known_either(
    emsp: Adapter, partner: Cpo, asked: tuple[str, str, dict[str, Any]]
) -> None:
    ada = await emsp.driver()
    await pushed(partner, location("LOC1"))
    await emsp.office.side.registrar.leave(emsp.office.side.peers.named("cpo"))

    async def gone() -> bool:
        return await _found(ada, near=UTRECHT) == []

    await eventually(gone)
    answer = await _answer(ada, asked, "NL*CPO*LOC1")

    assert answer.status_code == 404, answer.text


async def test_a_charge_of_ones_own_is_reported_wherever_it_was(
    emsp: Adapter, partner: Cpo
) -> None:
    ben = await emsp.driver("ben@drivers.example")
    await partner.put("tariffs", "TARIFF1", tariff())
    await pushed(partner, location("HOME"))
    where = {"location": "NL*CPO*HOME", "evse_uid": "EVSE1"}
    charge = (await ben.api.post("/charges", json=where | {"start_at": ahead(hours=1)})).json()
    await pushed(partner, private(_CARD))
    report = {"kind": "broken", "text": "Broken.", "charge_id": charge["id"]}

    answers = [await ben.api.post("/problems", json=report | each) for each in ({}, where)]

    assert [each.status_code for each in answers] == [201, 201]
    assert [each.json()["location"] for each in answers] == ["NL*CPO*HOME", "NL*CPO*HOME"]


# --- whose card it is ----------------------------------------------------------------------------


async def test_an_issuer_is_not_forged_by_a_uid(emsp: Adapter, partner: Cpo) -> None:
    ben = await emsp.driver("ben@drivers.example")
    await pushed(partner, private({"uid": "ABCD1234", "type": "RFID", "issuer": "OtherEMSP"}))
    await card(emsp, ben, "ABCD1234:OtherEMSP")
    await _held_up(partner, "ABCD1234:OtherEMSP")

    assert await _found(ben, near=UTRECHT) == []


async def test_a_card_counts_from_when_it_was_held_to_a_charger(
    emsp: Adapter, partner: Cpo
) -> None:
    ben = await emsp.driver("ben@drivers.example")
    await pushed(partner, private(_CARD))
    await card(emsp, ben)
    typed = await _found(ben, near=UTRECHT)

    await _held_up(partner, UID)

    assert typed == []
    assert await _found(ben, near=UTRECHT) == ["HOME"]


async def test_a_session_that_nobody_asked_for_says_so_too(emsp: Adapter, partner: Cpo) -> None:
    ben = await emsp.driver("ben@drivers.example")
    await pushed(partner, private(_CARD))
    token = await card(emsp, ben)

    assert await partner.put("sessions", "SESSION1", session(token)) == (200, 1000)

    assert await _found(ben, near=UTRECHT) == ["HOME"]


async def test_what_an_earlier_holder_did_with_a_card_is_not_the_next_ones(
    emsp: Adapter, partner: Cpo
) -> None:
    ada, ben = await _ada(emsp, partner), await emsp.driver("ben@drivers.example")
    await pushed(partner, private(_CARD))
    (hers,) = (await ada.api.get("/cards")).json()["cards"]
    await ada.api.delete(f"/cards/{hers['id']}")

    await card(emsp, ben)

    assert await _found(ben, near=UTRECHT) == []


async def test_the_token_of_an_app_needs_no_charger(emsp: Adapter, partner: Cpo) -> None:
    ada = await emsp.driver()
    token = await app_token(emsp, ada)
    await pushed(partner, private({"uid": token["uid"], "type": "APP_USER"}))

    assert await _found(ada, near=UTRECHT) == ["HOME"]
