"""Finding a charger with the driver API: where, which, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from emsp_adapter.driver_api.answers import LocationDetails, LocationPage
from emsp_adapter.driver_api.wanted import WantedMap, WantedPlaces
from emsp_adapter.network import views
from emsp_adapter.network.details import status_note
from emsp_adapter.store import search
from emsp_adapter.store.filters import Filters
from ocpi_hub.protocol.types import format_datetime
from tests import samples
from tests.emsp_adapter.places import UTRECHT, evse, location, pushed
from tests.emsp_adapter.running import Adapter, Cpo, Driver
from tests.partners import eventually

COMBO: dict[str, Any] = {
    "standard": "IEC_62196_T2_COMBO",
    "power_type": "DC",
    "max_electric_power": 150000,
}
CHADEMO: dict[str, Any] = {"standard": "CHADEMO", "power_type": "DC", "max_electric_power": 50000}


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    """Ada, with an app."""
    return await emsp.driver()


async def _found(driver: Driver, **query: Any) -> list[str]:
    answer = await driver.api.get("/locations", params=query)
    assert answer.status_code == 200, answer.text
    listed = LocationPage.model_validate(answer.json()).locations
    return [each.id.removeprefix("NL*CPO*") for each in listed]


async def _network(partner: Cpo) -> None:
    """Four chargers, each further east than the one before."""
    cheap = samples.price_component(price=Decimal("0.30"), vat=None)
    await partner.put(
        "tariffs", "CHEAP", samples.tariff(id="CHEAP", elements=[{"price_components": [cheap]}])
    )
    await partner.put("tariffs", "TARIFF1", samples.tariff())
    closed = samples.hours(
        twentyfourseven=True,
        regular_hours=None,
        exceptional_closings=[
            {"period_begin": "2020-01-01T00:00:00Z", "period_end": "2090-01-01T00:00:00Z"}
        ],
    )
    await pushed(
        partner,
        location("NEAR", lon="5.11100", evses=[evse("1", tariff_ids=["CHEAP"])]),
        location(
            "FAST",
            lon="5.12000",
            name="Zürich Plaza",
            evses=[evse("1", status="CHARGING", **COMBO), evse("2", tariff_ids=[])],
        ),
        location("SHUT", lon="5.14000", opening_times=closed, evses=[evse("1", **CHADEMO)]),
        location(
            "FAR",
            lat="48.20000",
            lon="16.37000",
            city="Wien",
            operator=samples.business_details(name="Donau Strom"),
            evses=[evse("1", **COMBO)],
        ),
    )


QUERIES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nearest": ({"near": UTRECHT}, ["NEAR", "FAST", "SHUT", "FAR"]),
    "within": ({"near": UTRECHT, "radius_m": 1000}, ["NEAR", "FAST"]),
    "in a box, from its middle": ({"bbox": "5.1,52.0,5.139,52.2"}, ["FAST", "NEAR"]),
    "in another": ({"bbox": "10,40,20,50"}, ["FAR"]),
    "in a box, from here": ({"near": UTRECHT, "bbox": "5.1,52.0,5.139,52.2"}, ["NEAR", "FAST"]),
    "one of these plugs": (
        {"near": UTRECHT, "plug": "CHADEMO, IEC_62196_T2_COMBO"},
        ["FAST", "SHUT", "FAR"],
    ),
    "power": ({"near": UTRECHT, "min_kw": "100"}, ["FAST", "FAR"]),
    "a free plug of that power": ({"near": UTRECHT, "free": "true", "min_kw": "100"}, ["FAR"]),
    "a free plug of that kind": (
        {"near": UTRECHT, "plug": "IEC_62196_T2", "free": "true"},
        ["NEAR", "FAST"],
    ),
    "open": ({"near": UTRECHT, "open": "true"}, ["NEAR", "FAST", "FAR"]),
    "operator": ({"operator": "donau"}, ["FAR"]),
    "price": ({"max_price": "0.30"}, ["NEAR"]),
    "price in a currency": ({"max_price": "0.30", "currency": "EUR"}, ["NEAR"]),
    "price in another currency": ({"max_price": "0.30", "currency": "SEK"}, []),
    "words without accents": ({"text": "zurich pla"}, ["FAST"]),
    "a city": ({"text": "wien"}, ["FAR"]),
    "a script": ({"text": "<script>alert('x')</script>"}, []),
    "signs of a query": ({"text": "&|!:*'"}, []),
    "anything": ({}, ["FAR", "FAST", "NEAR", "SHUT"]),
}


async def test_what_is_looked_for_is_found(partner: Cpo, driver: Driver) -> None:
    await _network(partner)

    found = {name: await _found(driver, **query) for name, (query, _) in QUERIES.items()}

    assert found == {name: expected for name, (_, expected) in QUERIES.items()}


@pytest.mark.parametrize("rare", [True, False], ids=["few places", "many places"])
async def test_of_few_places_and_of_many_the_nearest_are_found(
    emsp: Adapter, partner: Cpo, rare: bool
) -> None:
    await _network(partner)
    filters = Filters(owners=("nl/cpo",), plugs=("CHADEMO", "IEC_62196_T2_COMBO"))
    statement, values = search.nearest_statement(
        views.from_point(52.09, 5.11), filters, limit=2, rare=rare
    )

    async with emsp.db.hot() as conn:
        found = await (await conn.execute(statement, values)).fetchall()

    assert [row[1] for row in found] == ["fast", "shut"]


async def test_across_the_180th_meridian_the_nearest_is_the_nearest(
    partner: Cpo, driver: Driver
) -> None:
    await pushed(
        partner,
        location("WEST", lat="0.00000", lon="179.90000"),
        location("EAST", lat="0.00000", lon="-179.98000"),
        location("ELSEWHERE", lat="0.00000", lon="0.00000"),
    )

    near = await _found(driver, near="0,179.99")
    within = await _found(driver, near="0,179.99", radius_m=20000)
    box = await _found(driver, bbox="179,-1,-179,1")

    assert near == ["EAST", "WEST", "ELSEWHERE"]
    assert within == ["EAST", "WEST"]
    assert sorted(box) == ["EAST", "WEST"]


@pytest.mark.parametrize("query", [{"near": UTRECHT}, {}], ids=["by distance", "by id"])
async def test_pages_follow_each_other(partner: Cpo, driver: Driver, query: dict[str, str]) -> None:
    await pushed(partner, *(location(f"L{number}") for number in range(5)))

    first = (await driver.api.get("/locations", params={**query, "limit": 3})).json()
    second = (
        await driver.api.get("/locations", params={**query, "limit": 3, "cursor": first["next"]})
    ).json()

    ids = [each["id"] for each in (*first["locations"], *second["locations"])]
    assert ids == [f"NL*CPO*L{number}" for number in range(5)]
    assert second["next"] is None


async def test_a_summary_says_what_a_list_shows(partner: Cpo, driver: Driver) -> None:
    await _network(partner)

    answer = await driver.api.get("/locations", params={"near": UTRECHT, "limit": 1})

    (found,) = answer.json()["locations"]
    assert {name: found[name] for name in ("lat", "lon", "evses", "free", "max_kw", "plugs")} == {
        "lat": 52.09,
        "lon": 5.111,
        "evses": 1,
        "free": 1,
        "max_kw": "22",
        "plugs": ["IEC_62196_T2"],
    }
    assert found["distance_m"] == pytest.approx(68, abs=2)
    assert found["price_from"] == {"kwh": "0.30", "currency": "EUR"}
    assert found["operator"] == "Example Charging"
    assert found["status_age_s"] > 0


async def test_a_station_page_says_how_old_a_status_is(partner: Cpo, driver: Driver) -> None:
    stamp = format_datetime(datetime.now(UTC) - timedelta(minutes=5))
    images = [samples.image(), samples.image(url="http://cpo.example/plain.png")]
    old = evse("OLD")
    fresh = {**evse("FRESH"), "last_updated": stamp}
    await pushed(partner, location("LOC1", evses=[fresh, old], images=images))

    answer = await driver.api.get("/locations/nl*cpo*loc1")

    found = LocationDetails.model_validate(answer.json())
    assert [each.uid for each in found.evses] == ["FRESH", "OLD"]
    assert found.evses[0].status_age_s == pytest.approx(300, abs=30)
    assert found.evses[0].status_note is None
    assert found.evses[1].status_note is not None
    assert (found.evses[0].reservable, found.evses[0].startable) == (True, True)
    assert [each.url for each in found.images] == ["https://cpo.example/images/logo.png"]


async def test_a_cpo_that_is_away_is_shown_with_a_warning(
    partner: Cpo, driver: Driver, emsp: Adapter
) -> None:
    await pushed(partner, location("LOC1"))
    async with emsp.db.hot() as conn:
        await conn.execute("UPDATE peers SET presence = 'OFFLINE'")
    await emsp.office.side.peers.refresh()

    answer = await driver.api.get(
        "/locations/NL*CPO*LOC1", headers={"Accept-Language": "de-AT,en;q=0.5"}
    )

    note = answer.json()["evses"][0]["status_note"]
    assert note.startswith("Der Betreiber ist zurzeit nicht verbunden")


async def test_of_a_cpo_that_is_no_longer_connected_nothing_is_shown(
    partner: Cpo, driver: Driver, emsp: Adapter
) -> None:
    await pushed(partner, location("LOC1"))
    peer = emsp.office.side.peers.named("cpo")
    await emsp.office.side.registrar.leave(peer)

    async def gone() -> bool:
        return await _found(driver) == []

    await eventually(gone)
    answer = await driver.api.get("/locations/NL*CPO*LOC1")
    assert answer.status_code == 404


NOT_SHOWN = ("NL*CPO*LOC9", "LOC1", "NL*CPO*HIDDEN", "..%2F..%2Fetc", "NL*CPO*%00", "x" * 99)


async def test_a_location_that_is_not_shown_is_404(partner: Cpo, driver: Driver) -> None:
    await pushed(partner, location("HIDDEN", publish=False))

    answers = [await driver.api.get(f"/locations/{key}") for key in NOT_SHOWN]

    assert {each.status_code for each in answers} == {404}
    assert {each.headers["content-type"] for each in answers} == {"application/problem+json"}


async def test_without_the_scope_nothing_is_found(emsp: Adapter) -> None:
    api = await emsp.api(None, scope="openid")

    answer = await api.get("/locations")

    assert answer.status_code == 403


async def test_an_app_may_look_without_a_driver(emsp: Adapter, partner: Cpo) -> None:
    await pushed(partner, location("LOC1"))
    api = await emsp.api(None, scope="locations")

    answer = await api.get("/locations")

    assert [each["id"] for each in answer.json()["locations"]] == ["NL*CPO*LOC1"]


@pytest.mark.parametrize(
    "query",
    [
        {"near": "999,5"},
        {"near": "nan,5"},
        {"near": "1_0,5"},
        {"near": "52.1"},
        {"near": "52.1,181"},
        {"radius_m": 0},
        {"radius_m": 10**9},
        {"bbox": "5,53,6,52"},
        {"bbox": "5,52,6"},
        {"bbox": "5,52,6,inf"},
        {"plug": "IEC_62196_T2,<script>"},
        {"plug": "FOO"},
        {"plug": "CHADEMO,"},
        {"currency": "euro"},
        {"plug": ",".join(["CHADEMO"] * 21)},
        {"min_kw": "-1"},
        {"min_kw": "NaN"},
        {"max_price": "1e999"},
        {"free": "perhaps"},
        {"operator": "x" * 201},
        {"operator": "nul\x00"},
        {"text": "x" * 201},
        {"limit": 100000},
        {"limit": 0},
        {"radius": 5},
    ],
    ids=str,
)
def test_bad_input_is_refused_by_its_name(query: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        WantedPlaces.model_validate(query)

    assert refused.value.errors()[0]["loc"] == tuple(query)


@pytest.mark.parametrize("near", ["52.1,5.1", " 52, 5 ", "-0.1234567890123456789,1e-7", "90,-180"])
def test_degrees_are_read_as_scripts_write_them(near: str) -> None:
    assert WantedPlaces.model_validate({"near": near}).near == near


@pytest.mark.parametrize("zoom", [-1, 20, "1.5"])
def test_a_zoom_that_no_map_has_is_refused(zoom: object) -> None:
    with pytest.raises(ValidationError) as refused:
        WantedMap.model_validate({"bbox": "5,52,6,53", "zoom": zoom})

    assert refused.value.errors()[0]["loc"] == ("zoom",)


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "near": ({"near": "999,5"}, "near: the latitude is 999, expected -90 to 90"),
    "near as a word": ({"near": "a"}, "near: expected LAT,LON such as 52.09,5.11, in degrees"),
    "radius without near": ({"radius_m": "5"}, "radius_m: expected with near=LAT,LON only"),
    "cursor": (
        {"cursor": "nonsense"},
        "cursor: expected the `next` of an earlier page of the same query",
    ),
    "cursor of no number": (
        {"cursor": "WyJuYW4iLCAiYSIsICJiIl0"},
        "cursor: expected the `next` of an earlier page of the same query",
    ),
    "no parameter": ({"lat": "52"}, "lat: is no parameter of this request"),
}


async def test_a_refusal_names_the_field(driver: Driver) -> None:
    answers = {
        name: await driver.api.get("/locations", params=query)
        for name, (query, _) in REFUSED.items()
    }

    assert {each.status_code for each in answers.values()} == {422}
    said = {name: each.json()["detail"] for name, each in answers.items()}
    assert said == {name: expected for name, (_, expected) in REFUSED.items()}
    assert answers["near"].json()["field"] == "near"


@pytest.mark.parametrize(
    ("status", "age", "connected", "expected"),
    [
        ("AVAILABLE", timedelta(hours=23), True, None),
        ("AVAILABLE", timedelta(days=2), True, "last reported this status 2 days ago"),
        ("UNKNOWN", timedelta(0), True, "does not know"),
        ("AVAILABLE", timedelta(seconds=5), False, "this was the status 1 minute ago"),
        ("UNKNOWN", timedelta(hours=3), False, "this was the status 3 hours ago"),
    ],
    ids=["fresh", "old", "unknown", "away", "away and unknown"],
)
def test_a_status_that_is_not_to_be_relied_on_says_why(
    status: str, age: timedelta, connected: bool, expected: str | None
) -> None:
    note = status_note(status, age, connected=connected, language="en")

    assert note == expected or (expected is not None and note is not None and expected in note)
