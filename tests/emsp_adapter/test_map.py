"""The map of the driver API: clusters from far away, single places from close by."""

from __future__ import annotations

from typing import Any

import pytest

from emsp_adapter.driver_api.answers import Map
from emsp_adapter.network.clusters import Overviews
from emsp_adapter.network.mercator import Box
from emsp_adapter.store.filters import Filters
from tests.emsp_adapter.places import evse, location, pushed
from tests.emsp_adapter.running import Adapter, Cpo, Driver

WORLD = "-180,-85,180,85"
NETHERLANDS = "3,50,8,54"
ALL = Filters(owners=("nl/cpo",))


@pytest.fixture
async def driver(emsp: Adapter, partner: Cpo) -> Driver:
    """Ada, where there are three chargers in one town, of five EVSEs, and one in another."""
    await pushed(
        partner,
        location("A", lon="5.11000"),
        location("B", lon="5.11010", evses=[evse("1"), evse("2", status="CHARGING")]),
        location("C", lon="5.13000", evses=[evse("1", status="CHARGING"), evse("2")]),
        location("D", lat="48.20000", lon="16.37000"),
    )
    return await emsp.driver()


async def _map(driver: Driver, bbox: str, zoom: int, **query: Any) -> Map:
    answer = await driver.api.get("/map", params={"bbox": bbox, "zoom": zoom, **query})
    assert answer.status_code == 200, answer.text
    return Map.model_validate(answer.json())


def _ids(shown: Map) -> list[str]:
    return sorted(each.id.removeprefix("NL*CPO*") for each in shown.locations)


async def test_from_far_away_a_town_is_a_cluster(driver: Driver) -> None:
    shown = await _map(driver, WORLD, 6)

    (cluster,) = shown.clusters
    assert (cluster.locations, cluster.evses, cluster.free) == (3, 5, 3)
    assert cluster.bbox == [5.11, 52.09, 5.13, 52.09]
    assert (cluster.lat, cluster.lon) == pytest.approx((52.09, 5.1167), abs=0.001)
    assert _ids(shown) == ["D"]


async def test_at_the_zoom_of_streets_there_is_room_for_more(driver: Driver) -> None:
    shown = await _map(driver, "5.10,52.08,5.14,52.10", 14)

    assert [cluster.locations for cluster in shown.clusters] == [2]
    assert _ids(shown) == ["C"]


async def test_close_by_every_place_stands_for_itself(driver: Driver) -> None:
    shown = await _map(driver, "5.109,52.089,5.111,52.091", 19)

    assert (shown.clusters, _ids(shown)) == ([], ["A", "B"])


async def test_what_is_outside_the_box_is_not_shown(driver: Driver) -> None:
    shown = await _map(driver, NETHERLANDS, 6)

    assert ([each.locations for each in shown.clusters], _ids(shown)) == ([3], [])


async def test_what_is_filtered_out_is_not_counted(driver: Driver) -> None:
    shown = await _map(driver, WORLD, 0, plug="CHADEMO")

    assert (shown.clusters, shown.locations) == ([], [])


async def test_panning_changes_no_cluster(driver: Driver) -> None:
    """Cells are counted whole, also where the box ends in the middle of one."""
    whole = await _map(driver, "5.10,52.08,5.14,52.10", 9)
    cut = await _map(driver, "5.10,52.08,5.12,52.10", 9)

    assert cut.clusters == whole.clusters


async def test_a_box_across_the_180th_meridian_is_one(partner: Cpo, driver: Driver) -> None:
    await pushed(
        partner,
        location("WEST", lat="0.00000", lon="179.90000"),
        location("EAST", lat="0.00000", lon="-179.90000"),
    )

    shown = await _map(driver, "179,-1,-179,1", 12)

    assert _ids(shown) == ["EAST", "WEST"]


async def test_a_box_too_large_for_its_zoom_is_shown_in_larger_cells(driver: Driver) -> None:
    shown = await _map(driver, WORLD, 17)

    assert sum(each.locations for each in shown.clusters) == 3
    assert _ids(shown) == ["D"]


async def test_the_world_is_counted_once_for_all_who_look(emsp: Adapter, driver: Driver) -> None:
    now = 100.0
    overviews = Overviews(clock=lambda: now)
    world = Box(-180, -85, 180, 85)
    before = await overviews.cells(emsp.db, world, 3, ALL)
    async with emsp.db.hot() as conn:
        await conn.execute("UPDATE places SET listed = false")

    same = await overviews.cells(emsp.db, world, 3, ALL)
    now += 11
    after = await overviews.cells(emsp.db, world, 3, ALL)

    assert (same, after) == (before, [])


async def test_a_map_without_a_box_is_refused(driver: Driver) -> None:
    answer = await driver.api.get("/map", params={"zoom": 3})

    assert (answer.status_code, answer.json()["field"]) == (422, "bbox")
