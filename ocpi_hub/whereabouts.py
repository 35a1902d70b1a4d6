"""Where an object of the catalogue has got to: who may see it, and who has its last version."""

from __future__ import annotations

from dataclasses import dataclass

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.modules import FUNCTIONAL, Kind
from ocpi_hub.protocol.party import Party
from ocpi_hub.snapshot import PartyRole, Snapshot
from ocpi_hub.store import inspection, parked
from ocpi_hub.store.changes import Position

# Who may ask for the list of a module.
_VIEWERS = {row.module: row.callers for row in FUNCTIONAL if row.kind is Kind.LIST}


@dataclass(frozen=True, slots=True)
class Sight:
    """One receiver of an object. `sent`: its cursor is past the version asked about and it did not
    refuse it; what came before a receiver's first day is its own to GET."""

    party: Party
    sent: bool
    refused: str | None


def viewers(snapshot: Snapshot, module: str, owner: Party) -> list[Party]:
    """The parties that may see an owner's objects now, in alphabetical order."""
    roles = _VIEWERS.get(module, frozenset())
    entries = (entry for held in snapshot.parties.values() for entry in held.values())
    found = {e.party for e in entries if _sees(snapshot, e, module, owner) and e.role in roles}
    return sorted(found, key=lambda party: party.key)


def _sees(snapshot: Snapshot, entry: PartyRole, module: str, owner: Party) -> bool:
    return snapshot.active(entry) and owner.key in snapshot.visible_to(entry.party, module)


async def sights(
    conn: Hot, snapshot: Snapshot, module: str, *, owner: Party, id_: str, position: Position
) -> list[Sight]:
    """Every party the object is pushed to, and whether it has the version at `position`."""
    reached = await inspection.cursors_of(conn, module)
    refusals = await parked.of_object(conn, module, owner=owner.key, id_=id_)
    reasons = {refusal.receiver: refusal.reason for refusal in refusals}
    return [
        Sight(
            entry.party,
            sent=_passed(reached.get(entry.party.key), position) and entry.party.key not in reasons,
            refused=reasons.get(entry.party.key),
        )
        for entry in snapshot.receivers(module)
        if owner.key in snapshot.visible_to(entry.party, module)
    ]


def _passed(cursor: Position | None, position: Position) -> bool:
    return cursor is not None and cursor >= position
