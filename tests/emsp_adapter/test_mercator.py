"""The projection: there and back, distances, and the 180th meridian."""

from __future__ import annotations

import pytest

from emsp_adapter.network.mercator import WORLD, Box, around, degrees, distance_m, project
from emsp_adapter.network.views import from_point, in_box, in_circle

UTRECHT = (52.09, 5.11)


@pytest.mark.parametrize("place", [UTRECHT, (0.0, 0.0), (-33.9, 151.2), (70.0, -179.9)])
def test_there_and_back(place: tuple[float, float]) -> None:
    assert degrees(project(*place)) == pytest.approx(place)


def test_the_poles_lie_at_the_edge() -> None:
    assert project(90.0, 0.0).y == pytest.approx(WORLD / 2)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        (UTRECHT, UTRECHT, 0),
        (UTRECHT, (52.37, 4.89), 34_600),
        ((0.0, 179.9), (0.0, -179.9), 22_239),
        ((90.0, 0.0), (-90.0, 0.0), 20_015_115),
    ],
    ids=["nowhere", "to Amsterdam", "across the 180th meridian", "from pole to pole"],
)
def test_a_distance(a: tuple[float, float], b: tuple[float, float], metres: int) -> None:
    assert distance_m(a, b) == pytest.approx(metres, rel=0.01)


def test_a_rectangle_holds_everything_within_a_distance() -> None:
    box = around(52.0, 5.0, 100_000)

    assert distance_m((52.0, 5.0), (52.0, box.east)) >= 100_000
    assert distance_m((52.0, 5.0), (box.north, 5.0)) == pytest.approx(100_000, rel=0.001)


@pytest.mark.parametrize(
    ("lat", "lon", "radius_m", "crosses"),
    [(0.0, 179.9, 50_000, True), (0.0, -179.9, 50_000, True), (0.0, 0.0, 50_000, False)],
)
def test_it_may_cross_the_180th_meridian(
    lat: float, lon: float, radius_m: float, crosses: bool
) -> None:
    assert (len(around(lat, lon, radius_m).parts()) == 2) is crosses


def test_around_a_pole_it_is_all_meridians() -> None:
    box = around(89.9, 0.0, 50_000)

    assert (box.west, box.east, box.north) == (-180.0, 180.0, 90.0)
    assert box.south == pytest.approx(89.45, abs=0.01)


def test_across_the_180th_meridian_each_part_is_seen_from_its_side() -> None:
    east, west = in_box(Box(170.0, -10.0, -170.0, 10.0), None)

    assert (east.centre.x, west.centre.x) == pytest.approx((WORLD / 2, -WORLD / 2))


def test_far_from_the_180th_meridian_one_look_is_enough() -> None:
    assert [view.box for view in from_point(*UTRECHT)] == [None]


@pytest.mark.parametrize("lon", [179.0, -179.0])
def test_close_to_it_the_other_side_is_near_too(lon: float) -> None:
    views = from_point(0.0, lon)

    distances = [abs(project(0.0, -lon).x - view.centre.x) for view in views]
    assert min(distances) == pytest.approx(WORLD / 180)


def test_a_circle_is_looked_at_from_its_middle() -> None:
    (view,) = in_circle(*UTRECHT, 1000)

    assert view.centre == project(*UTRECHT)
