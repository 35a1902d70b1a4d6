"""Degrees as metres of the Mercator projection, and back: pure functions.

The projection keeps angles: near a point everything is enlarged alike, and who is nearest in it is
nearest on the ground. It ends at 85 degrees north and south, and at the 180th meridian, beyond
which it begins anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_EQUATOR = 6_378_137.0
_MEAN = 6_371_008.8
MOST_LAT = 85.05112878
# The width of the whole world, which is its height too.
WORLD = 2 * math.pi * _EQUATOR


@dataclass(frozen=True, slots=True)
class Point:
    """A place in metres of the projection."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in degrees. Where `west` is greater than `east` it crosses the 180th meridian."""

    west: float
    south: float
    east: float
    north: float

    def parts(self) -> tuple[Box, ...]:
        """The same as rectangles that do not cross the 180th meridian."""
        if self.west <= self.east:
            return (self,)
        return (
            Box(self.west, self.south, 180.0, self.north),
            Box(-180.0, self.south, self.east, self.north),
        )

    def corners(self) -> tuple[Point, Point]:
        """Its lower left and its upper right corner."""
        return project(self.south, self.west), project(self.north, self.east)

    def centre(self) -> Point:
        """Its middle, right of the 180th meridian where it crosses that."""
        low, high = self.corners()
        across = WORLD if self.west > self.east else 0.0
        return Point((low.x + high.x + across) / 2, (low.y + high.y) / 2)


def project(lat: float, lon: float) -> Point:
    """Where degrees lie in the projection."""
    held = max(-MOST_LAT, min(MOST_LAT, lat))
    y = _EQUATOR * math.log(math.tan(math.pi / 4 + math.radians(held) / 2))
    return Point(_EQUATOR * math.radians(lon), y)


def degrees(point: Point) -> tuple[float, float]:
    """The latitude and the longitude of a place in the projection."""
    lat = 2 * math.atan(math.exp(point.y / _EQUATOR)) - math.pi / 2
    return math.degrees(lat), math.degrees(point.x / _EQUATOR)


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The metres over ground between two places, each a latitude and a longitude."""
    lat_a, lat_b = math.radians(a[0]), math.radians(b[0])
    across = math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    along = math.sin((lat_b - lat_a) / 2) ** 2
    chord = along + math.cos(lat_a) * math.cos(lat_b) * across
    return 2 * _MEAN * math.asin(math.sqrt(min(1.0, chord)))


def around(lat: float, lon: float, radius_m: float) -> Box:
    """A rectangle that holds everything within a distance."""
    high = math.degrees(radius_m / _MEAN)
    south, north = max(-90.0, lat - high), min(90.0, lat + high)
    widest = math.cos(math.radians(max(abs(south), abs(north))))
    wide = math.degrees(radius_m / _MEAN / widest) if widest > 0 else 360.0
    if wide >= 180:
        return Box(-180.0, south, 180.0, north)
    return Box(_wrapped(lon - wide), south, _wrapped(lon + wide), north)


def _wrapped(lon: float) -> float:
    if -180.0 <= lon <= 180.0:
        return lon
    return (lon + 180.0) % 360.0 - 180.0
