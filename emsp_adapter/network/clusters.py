"""The map: single places where there is room for them, clusters where they are crowded.

A cluster is what lies in a cell of a grid that is laid over the world, of a quarter of a tile's
width at each zoom, so that panning moves nothing. From far away a whole continent is counted: that
is done for the world, and serves everybody who looks for the same within a few seconds.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emsp_adapter.network.mercator import WORLD, Box, Point
from emsp_adapter.store import clusters as store
from emsp_adapter.store.clusters import Cell
from emsp_adapter.store.filters import Filters
from ocpi_hub.node.engine import Database

MOST_ZOOM = 19
# Up to here the whole world is counted at once.
_FAR = 7
_KEEP_SECONDS = 10.0
_MOST_KEPT = 64
# What is asked for is shown in fewer, larger cells than this.
_MOST_CELLS = 2_500


@dataclass(slots=True)
class Overviews:
    """Cells of the world, by what is looked for; `clock` is monotonic."""

    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[tuple[int, Filters], tuple[float, list[Cell]]] = field(
        default_factory=OrderedDict
    )
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def cells(self, db: Database, box: Box, zoom: int, filters: Filters) -> list[Cell]:
        """What there is in and around a box."""
        fitting = _fitting_zoom(box, zoom)
        if fitting > _FAR:
            return await _near(db, box, fitting, filters)
        found = await self._world(db, fitting, filters)
        return [cell for cell in found if _touches(cell, box)]

    async def _world(self, db: Database, zoom: int, filters: Filters) -> list[Cell]:
        key = (zoom, filters)
        # Whoever asks while it is counted waits for that, and does not count it again.
        async with self._turn:
            counted_at, found = self._kept.get(key, (-math.inf, []))
            if self.clock() - counted_at > _KEEP_SECONDS:
                async with db.hot() as conn:
                    found = await store.cells(conn, filters, size=_size(zoom))
                self._kept[key] = self.clock(), found
                self._kept.move_to_end(key)
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return found


async def _near(db: Database, box: Box, zoom: int, filters: Filters) -> list[Cell]:
    size = _size(zoom)
    found: list[Cell] = []
    async with db.hot() as conn:
        for part in box.parts():
            corners = _whole_cells(part.corners(), size)
            found += await store.cells(conn, filters, size=size, corners=corners)
    return found


def _size(zoom: int) -> float:
    return float(WORLD / 2 ** (zoom + 2))


def _whole_cells(corners: Sequence[Point], size: float) -> tuple[Point, Point]:
    low, high = corners
    return (
        Point(math.floor(low.x / size) * size, math.floor(low.y / size) * size),
        Point(math.ceil(high.x / size) * size, math.ceil(high.y / size) * size),
    )


def _fitting_zoom(box: Box, zoom: int) -> int:
    """The zoom, or the nearest one at which a box does not have too many cells."""
    fitting = zoom
    while fitting > 0 and _count(box, _size(fitting)) > _MOST_CELLS:
        fitting -= 1
    return fitting


def _count(box: Box, size: float) -> float:
    return sum(
        math.ceil((high.x - low.x) / size) * math.ceil((high.y - low.y) / size)
        for low, high in (part.corners() for part in box.parts())
    )


def _touches(cell: Cell, box: Box) -> bool:
    return any(
        cell.west <= part.east
        and cell.east >= part.west
        and cell.south <= part.north
        and cell.north >= part.south
        for part in box.parts()
    )
