"""How the tests of the catalogue write and read it, each step committed as a request would be."""

from __future__ import annotations

from typing import Any

from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.jsontext import dumps, loads
from ocpi_hub.protocol.paging import Page, Window
from ocpi_hub.store import changes, evses, locations, pages, reads, tariffs, tokens
from ocpi_hub.store.changes import Change, Position
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.patches import Patch, apply_patches
from tests import samples

OWNER = "nl/cpo"
EMSP = "de/ems"
BEGINNING = Position(0, 0)


def at(second: int) -> str:
    """A last_updated on a minute of 2026-03-01; a greater second is later."""
    return f"2026-03-01T12:00:{second:02d}Z"


async def put_location(db: Database, *, owner: str = OWNER, **overrides: Any) -> Outcome:
    """PUTs samples.location with some fields overridden."""
    document = samples.location(**overrides)
    async with db.hot_transaction() as conn:
        return await locations.put_location(conn, owner, document=document, correlation_id="put")


async def patch_location(db: Database, **patch: Any) -> Outcome:
    """PATCHes LOC1 on the way that locks its row."""
    async with db.hot_transaction() as conn:
        return await locations.patch_location(
            conn, OWNER, "LOC1", document=patch, correlation_id="patch"
        )


async def put_evse(db: Database, *, location_id: str = "LOC1", **overrides: Any) -> Outcome:
    """PUTs samples.evse with some fields overridden."""
    document = samples.evse(**overrides)
    async with db.hot_transaction() as conn:
        return await evses.put_evse(
            conn, OWNER, location_id, document=document, correlation_id="put"
        )


async def patch_evse(db: Database, evse_uid: str, **patch: Any) -> Outcome:
    """PATCHes an EVSE of LOC1 on the way that needs no read."""
    return await apply(db, status_patch(evse_uid, **patch))


def status_patch(evse_uid: str, *, location_id: str = "LOC1", **patch: Any) -> Patch:
    """The PATCH of an EVSE."""
    return Patch.of(
        "locations",
        OWNER,
        location_id,
        sub=evse_uid,
        patch=patch,
        text=dumps(patch).decode(),
        correlation_id="patch",
    )


async def apply(db: Database, patch: Patch) -> Outcome:
    """Applies one Patch."""
    async with db.hot() as conn:
        (outcome,) = await apply_patches(conn, [patch])
    return outcome


async def put_tariff(db: Database, *, owner: str = OWNER, **overrides: Any) -> Outcome:
    """PUTs samples.tariff with some fields overridden."""
    document = samples.tariff(**overrides)
    async with db.hot_transaction() as conn:
        return await tariffs.put_tariff(conn, owner, document=document, correlation_id="put")


async def delete_tariff(db: Database, tariff_id: str) -> Outcome:
    """DELETEs a tariff of the owner."""
    async with db.hot_transaction() as conn:
        return await tariffs.delete_tariff(conn, OWNER, tariff_id, correlation_id="delete")


async def put_token(db: Database, *, owner: str = EMSP, **overrides: Any) -> Outcome:
    """PUTs samples.token with some fields overridden."""
    document = samples.token(**overrides)
    async with db.hot_transaction() as conn:
        return await tokens.put_token(conn, owner, document=document, correlation_id="put")


async def location(db: Database, location_id: str = "LOC1", *, owner: str = OWNER) -> Any:
    """The Location as GET serves it; None when there is none."""
    async with db.hot() as conn:
        found = await reads.find_location(conn, location_id, owners=[owner])
    return loads(found[0][1]) if found else None


async def uids(db: Database, location_id: str = "LOC1") -> list[str]:
    """The uids of the EVSEs a Location is served with, in order."""
    served = await location(db, location_id)
    return [evse["uid"] for evse in served.get("evses", [])]


async def list_page(
    db: Database,
    module: str = "locations",
    *,
    owners: list[str] | None = None,
    by_arrival: bool = False,
    **window: Any,
) -> Page:
    """A page of a list, of 100 when no limit is given."""
    async with db.hot() as conn:
        return await pages.page(
            conn,
            module,
            owners=owners,
            window=Window(**{"limit": 100} | window),
            by_arrival=by_arrival,
        )


def ids(page: Page) -> list[str]:
    """The ids on a page."""
    return [each["id"] for each in loads(page.body)]


async def changes_after(
    db: Database, position: Position = BEGINNING, *, module: str = "locations", limit: int = 500
) -> list[Change]:
    """What the guarded reader sees."""
    async with db.hot() as conn:
        return await changes.after(conn, module, position=position, limit=limit)


async def head(db: Database) -> Position:
    """Where a cursor begins that is to see only what comes."""
    async with db.hot() as conn:
        return await changes.head(conn)
