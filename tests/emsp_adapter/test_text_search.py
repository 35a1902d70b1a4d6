"""Finding a charger by words alone: which comes first, and how words may be spelled."""

from __future__ import annotations

from typing import Any

import pytest

from tests import samples
from tests.emsp_adapter.places import location, pushed
from tests.emsp_adapter.running import Adapter, Cpo, Driver


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    """Ada, with an app."""
    return await emsp.driver()


async def _found(driver: Driver, **query: Any) -> list[str]:
    answer = await driver.api.get("/locations", params=query)
    assert answer.status_code == 200, answer.text
    return [each["id"].removeprefix("NL*CPO*") for each in answer.json()["locations"]]


def _place(location_id: str, name: str, address: str, operator: str) -> dict[str, Any]:
    return location(
        location_id,
        name=name,
        address=address,
        city="Wien",
        operator=samples.business_details(name=operator),
    )


async def _four(partner: Cpo) -> None:
    """In the order of their ids the best match comes last."""
    await pushed(
        partner,
        _place("A-OPERATOR", "Lindenplatz", "Ring 1", "Market Energy"),
        _place("B-ADDRESS", "Ulmenplatz", "Market 2", "Donau Strom"),
        _place("C-WORD", "Old Market", "Ring 3", "Donau Strom"),
        _place("D-NAME", "Market Hall", "Ring 4", "Donau Strom"),
    )


async def test_the_best_match_comes_first(partner: Cpo, driver: Driver) -> None:
    await _four(partner)

    assert await _found(driver, text="market") == ["D-NAME", "C-WORD", "B-ADDRESS", "A-OPERATOR"]


async def test_the_order_goes_on_from_page_to_page(partner: Cpo, driver: Driver) -> None:
    await _four(partner)
    found: list[str] = []
    cursor: str | None = ""

    while cursor is not None:
        query = {"text": "market", "limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = (await driver.api.get("/locations", params=query)).json()
        found += [each["id"] for each in page["locations"]]
        cursor = page["next"]

    assert [each.removeprefix("NL*CPO*") for each in found] == [
        "D-NAME",
        "C-WORD",
        "B-ADDRESS",
        "A-OPERATOR",
    ]


SPELLED = {
    "ss for ß": ("ringstrasse", ["STREET"]),
    "ß for ss": ("Lindenstraße", ["LANE"]),
    "written out": ("muellerplatz", ["STREET"]),
    "without its marks": ("mullerplatz", ["STREET"]),
    "with its marks": ("Müllerplatz", ["STREET"]),
    "an abbreviation": ("parkstraße 7", ["PARK"]),
    "as far as it is typed": ("müll", ["STREET"]),
    "a slip": ("Mülelrplatz", ["STREET"]),
    "a slip in one of two": ("lindenstrase 12", ["LANE"]),
    "a slip in a beginning": ("ringstasse", ["STREET"]),
    "too many": ("mxllxrplxtz", []),
    "numbers have no slips": ("1234", []),
    "nothing like it": ("flughafen", []),
    "all known, nowhere together": ("müllerplatz lindenstrasse", []),
}


async def test_words_are_found_as_people_spell_them(partner: Cpo, driver: Driver) -> None:
    await pushed(
        partner,
        _place("STREET", "Müllerplatz", "Ringstraße 1", "Donau Strom"),
        _place("LANE", "Eck", "Lindenstrasse 12", "Donau Strom"),
        _place("PARK", "Kiosk", "Parkstr. 7", "Donau Strom"),
    )

    found = {name: await _found(driver, text=text) for name, (text, _) in SPELLED.items()}

    assert found == {name: expected for name, (_, expected) in SPELLED.items()}


async def test_an_operator_that_is_asked_for_holds_for_a_text_too(
    partner: Cpo, driver: Driver
) -> None:
    await _four(partner)

    assert await _found(driver, text="market", operator="donau") == [
        "D-NAME",
        "C-WORD",
        "B-ADDRESS",
    ]


async def test_a_name_of_the_longest_letters_there_are_is_taken(
    partner: Cpo, driver: Driver
) -> None:
    await pushed(partner, _place("LONG", "ﷺ" * 255, "Ring 1", "Donau Strom"))

    assert await _found(driver, text="ring") == ["LONG"]


async def test_places_that_were_described_before_are_described_anew(
    emsp: Adapter, partner: Cpo, driver: Driver
) -> None:
    await pushed(partner, _place("OLD", "Kiosk", "Parkstr. 7", "Donau Strom"))
    await emsp.rows(
        "UPDATE places SET words = array_to_tsvector(ARRAY['kiosk', 'parkstr', '7']) RETURNING 1"
    )
    by_its_name = await _found(driver, text="kiosk")
    before = await _found(driver, text="parkstrasse")

    await emsp.parts.respelling.step()

    assert (by_its_name, before) == (["OLD"], [])
    assert await _found(driver, text="parkstrasse") == ["OLD"]
