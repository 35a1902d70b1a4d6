"""From where, and through what, a search looks at the map: pure functions."""

from __future__ import annotations

import math

from emsp_adapter.network.mercator import WORLD, Box, Point, around, project
from emsp_adapter.store.search import View

# From here on, what is nearest may lie beyond the 180th meridian.
_EDGE = 120.0


def from_point(lat: float, lon: float) -> list[View]:
    """Everywhere, from a point."""
    if abs(lon) <= _EDGE:
        return [View(project(lat, lon))]
    return _through(_halves(lon), project(lat, lon))


def in_circle(lat: float, lon: float, radius_m: float) -> list[View]:
    """Where everything within a distance of a point lies, from there."""
    return _through(around(lat, lon, radius_m).parts(), project(lat, lon))


def in_box(box: Box, near: tuple[float, float] | None) -> list[View]:
    """A box, from a point or from its middle."""
    centre = box.centre() if near is None else project(*near)
    return _through(box.parts(), centre)


def _through(parts: tuple[Box, ...], centre: Point) -> list[View]:
    """Each part from that image of the centre which is nearest to it: the world is round."""
    return [View(_image(centre, part), part) for part in parts]


def _image(centre: Point, part: Box) -> Point:
    turns = round((part.centre().x - centre.x) / WORLD)
    return Point(centre.x + turns * WORLD, centre.y)


def _halves(lon: float) -> tuple[Box, Box]:
    """The half of the world around a meridian, in two parts, and what is left on the far side."""
    if lon > 0:
        seam = lon - 180.0
        return Box(seam, -90.0, 180.0, 90.0), Box(-180.0, -90.0, math.nextafter(seam, -181), 90.0)
    seam = lon + 180.0
    return Box(-180.0, -90.0, seam, 90.0), Box(math.nextafter(seam, 181), -90.0, 180.0, 90.0)
