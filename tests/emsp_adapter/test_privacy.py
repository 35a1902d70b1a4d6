"""A Location that is not published is shown to the owners of the Tokens it names, and nobody else.

Source: 2.2.1 locations, `publish` and `publish_allowed_to`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.emsp_adapter.contracts import UID, card
from tests.emsp_adapter.places import UTRECHT, location, pushed
from tests.emsp_adapter.running import Adapter, Cpo, Driver

HERE = "5.10,52.08,5.12,52.10"
_CARD = {"uid": UID.lower(), "type": "RFID"}
# The driver's way to look, and how places come out of it.
LOOKS: dict[str, dict[str, str]] = {
    "near": {"near": UTRECHT},
    "in a box": {"bbox": HERE},
    "by words": {"text": "station"},
    "wherever": {},
}


async def _ada(emsp: Adapter) -> Driver:
    """A driver with a card."""
    ada = await emsp.driver()
    await card(emsp, ada)
    return ada


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
    ada, ben = await _ada(emsp), await emsp.driver("ben@drivers.example")
    await pushed(partner, location("PUBLIC", lat="52.09100"), private(_CARD))

    assert sorted(await _found(ada, **look)) == ["HOME", "PUBLIC"]
    assert await _found(ben, **look) == ["PUBLIC"]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
async def test_pages_go_on_where_they_ended(
    emsp: Adapter, partner: Cpo, look: dict[str, str]
) -> None:
    ada = await _ada(emsp)
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
    ada = await _ada(emsp)
    await pushed(partner, private(_CARD))

    assert await _found(ada, near=UTRECHT, plug="CHADEMO") == []
    assert await _found(ada, near=UTRECHT, radius_m="10", min_kw="22") == ["HOME"]


@pytest.mark.parametrize("zoom", [5, 19], ids=["from far", "from near"])
async def test_the_map_has_it_for_its_driver(emsp: Adapter, partner: Cpo, zoom: int) -> None:
    ada, ben = await _ada(emsp), await emsp.driver("ben@drivers.example")
    await pushed(partner, private(_CARD))
    query = {"bbox": HERE, "zoom": str(zoom)}

    hers = (await ada.api.get("/map", params=query)).json()
    his = (await ben.api.get("/map", params=query)).json()

    assert [each["id"] for each in hers["locations"]] == ["NL*CPO*HOME"]
    assert (his["locations"], his["clusters"]) == ([], [])


async def test_its_details_and_its_star_are_for_its_driver(emsp: Adapter, partner: Cpo) -> None:
    ada, ben = await _ada(emsp), await emsp.driver("ben@drivers.example")
    await pushed(partner, private(_CARD))

    seen = await ada.api.get("/locations/NL*CPO*HOME")
    unseen = await ben.api.get("/locations/NL*CPO*HOME")
    for driver in (ada, ben):
        await driver.api.put("/favourites/NL*CPO*HOME")
    hers, his = [(await each.api.get("/favourites")).json() for each in (ada, ben)]

    assert (seen.status_code, unseen.status_code) == (200, 404)
    assert seen.json()["id"] == "NL*CPO*HOME"
    assert [each["id"] for each in hers["favourites"]] == ["NL*CPO*HOME"]
    assert his["favourites"] == []


async def test_an_app_without_a_driver_sees_nothing_of_it(emsp: Adapter, partner: Cpo) -> None:
    await _ada(emsp)
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
    ada = await _ada(emsp)
    await pushed(partner, private(named))

    assert await _found(ada, near=UTRECHT) == []


async def test_the_issuer_may_be_named(emsp: Adapter, partner: Cpo) -> None:
    ada = await _ada(emsp)
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
    ada = await _ada(emsp)
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
