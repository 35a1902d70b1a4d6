"""The changes of the catalogue in order, and Locations put together for sending.

Rows written by transactions that are still open, or that may yet commit before them, are held back:
a reader who passed them by would never see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from psycopg import sql

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.urls import segment
from ocpi_hub.store.serving import EVSES_OF, LOCATION_TEXT


class Position(NamedTuple):
    """A place in the order of changes."""

    xid: int
    seq: int


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the catalogue as it is now. `id` and `sub` are folded, `document` is JSON text.

    `tail` is its path on a Receiver interface, owner and ids in their own spelling; `parent` that
    of the Location an EVSE belongs to. `full_position` is that of its last change beyond status
    and last_updated.
    """

    owner: str
    id: str
    sub: str
    document: str
    absent: bool
    last_updated: str
    status: str | None
    correlation_id: str
    position: Position
    full_position: Position
    created: int
    tail: str
    parent: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Owner, id and sub: the same for every change of one row."""
        return self.owner, self.id, self.sub


@dataclass(frozen=True, slots=True)
class Assembled:
    """A whole Location as JSON text, and the position of each of its rows in it by `sub`."""

    text: str
    positions: Mapping[str, Position]


_ROW = sql.SQL("""
c.owner, c.id, c.sub, c.document::text, c.absent, c.document ->> 'last_updated',
c.document ->> 'status', c.correlation_id, c.xid, c.seq, c.full_xid, c.full_seq, c.created,
coalesce(p.document, c.document) ->> 'country_code',
coalesce(p.document, c.document) ->> 'party_id', p.document ->> 'id',
coalesce(c.document ->> 'uid', c.document ->> 'id')
""")
# An EVSE's own document has neither owner nor Location: they stand in its Location's row.
_PARENT = sql.SQL("""
LEFT JOIN catalogue p ON c.module = 'locations' AND c.sub <> '' AND p.module = c.module
    AND p.id = c.id AND p.owner = c.owner AND p.sub = ''
""")

_CHANGES_AFTER = (
    sql.SQL("""
SELECT {row} FROM catalogue c {parent}
WHERE c.module = %s AND (c.xid, c.seq) > (%s::text::xid8, %s)
    AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY c.xid, c.seq LIMIT %s
""")
    .format(row=_ROW, parent=_PARENT)
    .as_string()
)

_LISTED_AFTER = (
    sql.SQL("""
SELECT {row} FROM catalogue c {parent}
WHERE c.module = %s AND c.owner = %s AND c.created > %s AND c.position = 0 AND NOT c.absent
ORDER BY c.created LIMIT %s
""")
    .format(row=_ROW, parent=_PARENT)
    .as_string()
)

_ASSEMBLE = (
    sql.SQL("""
SELECT c.owner, c.id, {text}, rows.subs, rows.xids, rows.seqs
FROM unnest(%s::text[], %s::text[]) AS wanted (owner, id)
JOIN catalogue c ON c.module = 'locations' AND c.id = wanted.id AND c.owner = wanted.owner
    AND c.sub = ''
{evses}
CROSS JOIN LATERAL (
    SELECT array_agg(r.sub) AS subs, array_agg(r.xid::text) AS xids, array_agg(r.seq) AS seqs
    FROM catalogue r
    WHERE r.module = 'locations' AND r.id = c.id AND r.owner = c.owner
) AS rows
""")
    .format(text=LOCATION_TEXT, evses=EVSES_OF)
    .as_string()
)


async def head(conn: Hot) -> Position:
    """A place that everything committed so far lies before, and nothing that may yet commit."""
    (xid,) = await one_row(conn, "SELECT pg_snapshot_xmin(pg_current_snapshot())")
    # Numbers begin with 1, so 0 is before every change of the first open transaction.
    return Position(xid, 0)


async def after(conn: Hot, module: str, *, position: Position, limit: int) -> list[Change]:
    """The rows changed after a position, each once, in order."""
    cursor = await conn.execute(_CHANGES_AFTER, (module, str(position.xid), position.seq, limit))
    return [_change(*row) for row in await cursor.fetchall()]


async def listed_after(
    conn: Hot, module: str, owner: str, *, created: int, limit: int
) -> list[Change]:
    """What an owner has in the catalogue, EVSEs left out, from a place in the order of arrival."""
    cursor = await conn.execute(_LISTED_AFTER, (module, owner, created, limit))
    return [_change(*row) for row in await cursor.fetchall()]


async def assemble(conn: Hot, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Assembled]:
    """Locations by (owner, folded id), all from one snapshot; an unknown one is left out."""
    owners, ids = [owner for owner, _ in keys], [id_ for _, id_ in keys]
    cursor = await conn.execute(_ASSEMBLE, (owners, ids))
    return {
        (owner, id_): Assembled(
            text,
            {sub: Position(int(xid), seq) for sub, xid, seq in zip(subs, xids, seqs, strict=True)},
        )
        for owner, id_, text, subs, xids, seqs in await cursor.fetchall()
    }


def _change(
    owner: str,
    id_: str,
    sub: str,
    document: str,
    absent: bool,
    last_updated: str,
    status: str | None,
    correlation_id: str,
    xid: int,
    seq: int,
    full_xid: int,
    full_seq: int,
    created: int,
    country_code: str,
    party_id: str,
    location_id: str | None,
    own_id: str,
) -> Change:
    owned = f"{segment(country_code)}/{segment(party_id)}"
    parent = "" if location_id is None else f"{owned}/{segment(location_id)}"
    return Change(
        owner=owner,
        id=id_,
        sub=sub,
        document=document,
        absent=absent,
        last_updated=last_updated,
        status=status,
        correlation_id=correlation_id,
        position=Position(xid, seq),
        full_position=Position(full_xid, full_seq),
        created=created,
        tail=f"{parent or owned}/{segment(own_id)}",
        parent=parent,
    )
