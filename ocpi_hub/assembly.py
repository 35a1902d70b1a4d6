"""Whole Locations for the fan-out, put together once for all receivers that want them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from ocpi_hub.node.engine import Database
from ocpi_hub.store import changes
from ocpi_hub.store.changes import Assembled, Position

_KEPT = 256

Key = tuple[str, str, Position]


@dataclass(slots=True)
class _Entry:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    made: bool = False
    location: Assembled | None = None


@dataclass(slots=True)
class Assembly:
    """Locations by owner and folded id, good while the catalogue's `end` stands still."""

    db: Database
    end: Callable[[], Position]
    _entries: OrderedDict[Key, _Entry] = field(default_factory=OrderedDict)

    async def shared(self, owner: str, id_: str) -> Assembled | None:
        """The Location as of `end` or later; None when it is gone."""
        entry = self._entry((owner, id_, self.end()))
        async with entry.turn:
            if not entry.made:
                entry.location = await self.anew(owner, id_)
                entry.made = True
        return entry.location

    async def anew(self, owner: str, id_: str) -> Assembled | None:
        """The Location as it is now."""
        async with self.db.hot() as conn:
            return (await changes.assemble(conn, [(owner, id_)])).get((owner, id_))

    def _entry(self, key: Key) -> _Entry:
        entry = self._entries.setdefault(key, _Entry())
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)
        return entry
