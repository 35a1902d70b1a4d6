"""Every authorization_reference that an eMSP gave out, so that a CDR can be matched with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.group_commit import GroupCommit


@dataclass(frozen=True, slots=True)
class Authorization:
    """A reference that an eMSP gave a CPO for one token; ids are folded."""

    emsp: str
    reference: str
    cpo: str
    token_uid: str
    location_id: str | None


# Not worth a wait for the disk: a power cut may lose those of the last second, and a CDR that
# refers to one of them is remarked, and delivered all the same.
_KEEP = """
    WITH setting AS (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO hub.authorizations (emsp, reference, cpo, token_uid, location_id, granted_at)
    SELECT given.*, %(now)s
      FROM setting, unnest(%(emsp)s::text[], %(reference)s::text[], %(cpo)s::text[],
                           %(token_uid)s::text[], %(location_id)s::text[]) AS given
        ON CONFLICT (emsp, reference, cpo, token_uid) DO UPDATE
       SET location_id = excluded.location_id, granted_at = excluded.granted_at
"""
_NAMES = [field.name for field in fields(Authorization)]


def writer(db: Database, *, now: Callable[[], datetime]) -> GroupCommit[Authorization, None]:
    """Remembers concurrent ones with one statement for many; somebody has to `run` it."""

    async def write(conn: Hot, given: Sequence[Authorization]) -> list[None]:
        await keep(conn, given, now=now())
        return [None] * len(given)

    return GroupCommit(db, write=write, key=_key)


async def keep(conn: Hot, given: Sequence[Authorization], *, now: datetime) -> None:
    """Remember some of different keys; one that is given again counts from then."""
    columns = {name: [getattr(each, name) for each in given] for name in _NAMES}
    await conn.execute(_KEEP, columns | {"now": now})


def _key(given: Authorization) -> tuple[str, ...]:
    return given.emsp, given.reference, given.cpo, given.token_uid


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
