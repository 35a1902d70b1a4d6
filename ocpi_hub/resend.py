"""Whom to send what again: the walks that a new agreement, a resumed partner or a resync needs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.modules import BROADCAST_MODULES
from ocpi_hub.snapshot import Platform, Snapshot
from ocpi_hub.store.backfills import add_backfill


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything of one owner in one module, for one receiver; both are Party.keys."""

    receiver: str
    owner: str
    module: str


def to_platform(snapshot: Snapshot, platform: Platform) -> list[Walk]:
    """Everything the platform's parties may see."""
    own = _keys(platform)
    return _walks(snapshot, BROADCAST_MODULES, lambda walk: walk.receiver in own)


def to_and_from_platform(snapshot: Snapshot, platform: Platform) -> list[Walk]:
    """Everything its parties may see, and all of theirs for the others."""
    own = _keys(platform)
    return _walks(
        snapshot, BROADCAST_MODULES, lambda walk: walk.receiver in own or walk.owner in own
    )


def between(snapshot: Snapshot, a: str, b: str, *, modules: Collection[str]) -> list[Walk]:
    """What two parties, by their keys, may see of each other."""
    return _walks(snapshot, modules, lambda walk: {walk.receiver, walk.owner} == {a, b})


async def start(db: Database, walks: Collection[Walk]) -> None:
    """Has the fan-out begin them, or begin them anew."""
    async with db.hot_transaction() as conn:
        for walk in walks:
            await add_backfill(conn, walk.receiver, owner=walk.owner, module=walk.module)


def _keys(platform: Platform) -> frozenset[str]:
    return frozenset(role.party.key for role in platform.roles)


def _walks(
    snapshot: Snapshot, modules: Collection[str], wanted: Callable[[Walk], bool]
) -> list[Walk]:
    """The wanted ones among everything that anybody is told."""
    every = (
        Walk(entry.party.key, owner, module)
        for module in modules
        for entry in snapshot.receivers(module)
        for owner in snapshot.visible_owners(entry.party, module)
    )
    return [walk for walk in every if wanted(walk)]
