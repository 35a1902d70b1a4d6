"""Disputes about CDRs: opened by a party or the hub, settled or withdrawn; one open per CDR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot

HUB = "hub"


class DisputeState(StrEnum):
    """Where a dispute stands."""

    OPEN = "open"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute; `opened_by` is a Party.key or `hub`."""

    id: int
    owner: str
    cdr_id: str
    opened_by: str
    reason: str
    opened_at: datetime
    state: str
    settled_at: datetime | None
    note: str | None


_COLUMNS = "id, owner, cdr_id, opened_by, reason, opened_at, state, settled_at, note"
# Both parties find a change of a dispute in their list of clearings.
_TOUCH = """
    UPDATE hub.clearings SET last_updated = %(now)s
     WHERE owner = %(owner)s AND id = %(cdr_id)s
"""


async def open_dispute(
    conn: Hot, owner: str, *, cdr_id: str, by: str, reason: str, now: datetime
) -> Dispute | None:
    """A new dispute about a CDR in custody; None when one is open already."""
    return await _change(
        conn,
        f"""
        INSERT INTO hub.disputes (owner, cdr_id, opened_by, reason, opened_at)
        VALUES (%(owner)s, %(cdr_id)s, %(by)s, %(reason)s, %(now)s)
            ON CONFLICT (owner, cdr_id) WHERE state = 'open' DO NOTHING
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - only the column list, a constant
        {"owner": owner, "cdr_id": cdr_id.lower(), "by": by, "reason": reason, "now": now},
    )


async def end(
    conn: Hot, owner: str, *, cdr_id: str, state: DisputeState, note: str, now: datetime
) -> Dispute | None:
    """Settle or withdraw the open dispute about a CDR; None when there is none."""
    return await _change(
        conn,
        f"""
        UPDATE hub.disputes SET state = %(state)s, settled_at = %(now)s, note = %(note)s
         WHERE owner = %(owner)s AND cdr_id = %(cdr_id)s AND state = 'open'
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - only the column list, a constant
        {"owner": owner, "cdr_id": cdr_id.lower(), "state": state.value, "note": note, "now": now},
    )


async def latest(conn: Hot, owner: str, *, cdr_id: str) -> Dispute | None:
    """The last dispute about a CDR, open or not."""
    async with conn.cursor(row_factory=class_row(Dispute)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM hub.disputes"  # noqa: S608 - only the column list, a constant
            " WHERE owner = %s AND cdr_id = %s ORDER BY id DESC LIMIT 1",
            (owner, cdr_id.lower()),
        )
        return await cursor.fetchone()


async def _change(conn: Hot, statement: str, values: dict[str, object]) -> Dispute | None:
    async with conn.transaction(), conn.cursor(row_factory=class_row(Dispute)) as cursor:
        await cursor.execute(statement, values)
        changed = await cursor.fetchone()
        if changed is not None:
            await conn.execute(_TOUCH, values)
    return changed
