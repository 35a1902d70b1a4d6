"""Every authorization_reference that an eMSP gave out, so that a CDR can be matched with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Authorization:
    """A reference that an eMSP gave a CPO for one token; ids are folded."""

    emsp: str
    reference: str
    cpo: str
    token_uid: str
    location_id: str | None


async def keep(conn: Hot, given: Authorization, *, now: datetime) -> None:
    """Remember it; given again it counts from then."""
    await conn.execute(
        """
        INSERT INTO hub.authorizations (emsp, reference, cpo, token_uid, location_id, granted_at)
        VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (emsp, reference, cpo, token_uid) DO UPDATE
           SET location_id = excluded.location_id, granted_at = excluded.granted_at
        """,
        (given.emsp, given.reference, given.cpo, given.token_uid, given.location_id, now),
    )


async def purge(conn: Hot, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` that were given before a moment; how many."""
    cursor = await conn.execute(
        """
        DELETE FROM hub.authorizations
         WHERE (emsp, reference, cpo, token_uid) IN (
               SELECT emsp, reference, cpo, token_uid FROM hub.authorizations
                WHERE granted_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        (before, limit),
    )
    return cursor.rowcount
