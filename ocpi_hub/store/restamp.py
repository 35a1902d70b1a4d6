"""After a restore on another cluster transaction ids mean nothing: everything is stamped anew."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.node.engine import open_unlimited
from ocpi_hub.store.tables import SCHEMA

# The numbers stay: they keep the order, and the cursors behind the last one.
_ROWS = text("""
UPDATE hub.catalogue SET xid = pg_current_xact_id(), full_xid = pg_current_xact_id()
""")
_CURSORS = text("""
UPDATE hub.cursors
SET xid = pg_current_xact_id(), seq = (SELECT coalesce(max(seq), 0) FROM hub.catalogue),
    moved_at = now()
""")
_LOCK = text("SELECT system_identifier FROM hub.state FOR UPDATE")
_HERE = text("SELECT system_identifier::text FROM pg_control_system()")
_KEEP = text("UPDATE hub.state SET system_identifier = :here")


async def adopt_cluster(url: str) -> bool:
    """To be called before anything is served; True when rows and cursors had to be stamped anew.

    Receivers then continue from the present state: what they missed before the restore they GET.
    """
    async with open_unlimited(url, schema=SCHEMA) as conn:
        return await _adopt(conn)


async def _adopt(conn: AsyncConnection) -> bool:
    known = (await conn.execute(_LOCK)).scalar_one()
    here = (await conn.execute(_HERE)).scalar_one()
    if known == here:
        return False
    await conn.execute(_KEEP, {"here": here})
    if known is None:
        return False
    await conn.execute(_ROWS)
    await conn.execute(_CURSORS)
    return True
