"""What we own and offer as Sender: Locations, Tariffs and Tokens for everybody, Sessions and CDRs
for the one party they concern.

Each change takes its place in the order of changes in the caller's own transaction, so that nobody
is told what was not committed, and everybody what was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import sql
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.paging import Page, Window
from ocpi_hub.protocol.party import Party

# The column `receiver` of what is for everybody.
EVERYBODY = ""


class Position(NamedTuple):
    """A place in the order of changes."""

    xid: int
    seq: int


@dataclass(frozen=True, slots=True)
class Change:
    """An object as it is now. `id` and `sub` are folded.

    Of an EVSE's status `document` is {status, last_updated}, and `path` holds the ids of Location
    and EVSE as they are spelled; it is empty when the Location has that EVSE no longer.
    """

    module: str
    id: str
    sub: str
    document: dict[str, Any]
    deleted: bool
    position: Position
    path: tuple[str, ...]
    # Every change of a transaction before this one is in `document`.
    horizon: int

    @property
    def key(self) -> tuple[str, str]:
        """The same for every change of one row."""
        return self.id, self.sub


_PUBLISH = """
INSERT INTO published AS p (module, id, sub, receiver, document, last_updated)
VALUES (%(module)s, %(id)s, %(sub)s, %(receiver)s, %(document)s, %(last_updated)s)
ON CONFLICT (module, id, sub) DO UPDATE
SET receiver = excluded.receiver, document = excluded.document,
    last_updated = excluded.last_updated, deleted = false, xid = DEFAULT, seq = DEFAULT
WHERE p.module <> 'cdrs' AND (
    p.deleted OR p.receiver <> excluded.receiver OR p.document <> excluded.document
    OR p.last_updated <> excluded.last_updated
)
RETURNING true
"""

_SAME = """
SELECT receiver = %(receiver)s AND document = %(document)s FROM published
WHERE module = %(module)s AND id = %(id)s AND sub = %(sub)s
"""

# A status that is told of an EVSE stands in its Location too, which is not told again for it.
_INTO_LOCATION = """
UPDATE published p
SET last_updated = greatest(p.last_updated, %(last_updated)s),
    document = jsonb_set(p.document, '{evses}', (
        SELECT jsonb_agg(
            CASE WHEN lower(e.evse ->> 'uid') = %(sub)s THEN e.evse || %(document)s ELSE e.evse END
            ORDER BY e.position
        )
        FROM jsonb_array_elements(p.document -> 'evses') WITH ORDINALITY AS e (evse, position)
    )) || CASE
        WHEN p.last_updated < %(last_updated)s
        THEN jsonb_build_object('last_updated', %(document)s -> 'last_updated')
        ELSE '{}'
    END
WHERE p.module = 'locations' AND p.id = %(id)s AND p.sub = '' AND EXISTS (
    SELECT FROM jsonb_array_elements(p.document -> 'evses') AS e (evse)
    WHERE lower(e.evse ->> 'uid') = %(sub)s
)
"""

_FORGET_EVSES = """
DELETE FROM published
WHERE module = 'locations' AND id = %s AND sub <> '' AND sub <> ALL(%s)
"""

# Who has something addressed to it is followed from its first object on.
_BEGIN = """
INSERT INTO cursors (peer_id, party, module) VALUES ('', %s, %s) ON CONFLICT DO NOTHING
"""

_WITHDRAW = """
UPDATE published SET deleted = true, last_updated = %s, xid = DEFAULT, seq = DEFAULT
WHERE module = %s AND id = %s AND NOT deleted
"""


async def publish(
    conn: Hot,
    module: str,
    *,
    id: str,
    sub: str = "",
    document: Mapping[str, Any],
    receiver: Party | None = None,
    last_updated: datetime,
) -> bool:
    """Offers an object in a new state, in the caller's transaction; False when it is the same.

    Without `receiver` it is for everybody. For a Token `sub` is its type. For a Location it is the
    uid of an EVSE whose status has changed, and `document` {status, last_updated}: LookupError when
    that EVSE is not published. ValueError for a CDR with other content: a CDR never changes.
    """
    values = {
        "module": module,
        "id": id.lower(),
        "sub": sub.lower(),
        "receiver": EVERYBODY if receiver is None else receiver.key,
        "document": Jsonb(document),
        "last_updated": _milliseconds(last_updated),
    }
    if module == "locations":
        await _keep_whole(conn, values, document)
    if receiver is not None:
        await conn.execute(_BEGIN, (receiver.key, module))
    changed = await (await conn.execute(_PUBLISH, values)).fetchone() is not None
    if module == "cdrs" and not changed:
        await _refuse_another(conn, values)
    return changed


async def _keep_whole(conn: Hot, values: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """A Location and the statuses told of its EVSEs never say different things."""
    if values["sub"]:
        done = await conn.execute(_INTO_LOCATION, values)
        if done.rowcount == 0:
            raise LookupError(
                f"locations: EVSE {values['sub']!r} of {values['id']!r} is not published"
            )
        return
    uids = [evse["uid"].lower() for evse in document.get("evses") or ()]
    await conn.execute(_FORGET_EVSES, (values["id"], uids))


async def _refuse_another(conn: Hot, values: Mapping[str, Any]) -> None:
    (same,) = await one_row(conn, _SAME, values)
    if not same:
        raise ValueError(
            f"cdrs: {values['id']!r} is published with other content; a CDR never changes"
        )


async def withdraw(conn: Hot, module: str, *, id: str, last_updated: datetime) -> bool:
    """Takes a Tariff back, so that its receivers get a DELETE; False when it is not offered."""
    if module != "tariffs":
        raise ValueError(f"{module}: only a Tariff can be taken back")
    values = (_milliseconds(last_updated), module, id.lower())
    return (await conn.execute(_WITHDRAW, values)).rowcount > 0


# --- reading ---------------------------------------------------------------------------------

_WHOLE = "(module <> 'locations' OR sub = '') AND NOT deleted"

_PAGE = (
    sql.SQL("""
WITH visible AS (
    SELECT created, document FROM published
    WHERE module = %(module)s AND {whole}
        AND (%(viewers)s::text[] IS NULL OR receiver = ANY(%(viewers)s))
        AND last_updated >= coalesce(%(date_from)s::timestamptz, '-infinity')
        AND last_updated < coalesce(%(date_to)s::timestamptz, 'infinity')
),
shown AS (
    SELECT created, document FROM visible WHERE created > %(after)s
    ORDER BY created LIMIT %(limit)s OFFSET %(offset)s
)
SELECT convert_to(
        '[' || coalesce(string_agg(document::text, ',' ORDER BY created), '') || ']', 'UTF8'
    ), count(*), (SELECT count(*) FROM visible), max(created)
FROM shown
""")
    .format(whole=sql.SQL(_WHOLE))
    .as_string()
)

_FIND = (
    sql.SQL("""
SELECT document FROM published
WHERE module = %s AND id = %s AND sub = %s AND {whole}
    AND (%s::text[] IS NULL OR receiver = ANY(%s))
""")
    .format(whole=sql.SQL(_WHOLE))
    .as_string()
)


async def page(
    conn: Hot, module: str, *, viewers: Collection[Party] | None, window: Window
) -> Page:
    """A page of what is offered to everybody or to one of `viewers` (None: to whomever)."""
    values = {
        "module": module,
        "viewers": _receivers(viewers),
        "date_from": _milliseconds(window.date_from),
        "date_to": _milliseconds(window.date_to),
        "after": window.after or 0,
        "offset": 0 if window.after is not None else window.offset,
        "limit": window.limit,
    }
    # A plan of its own each time: how much the dates leave decides which index is best.
    return Page(*await one_row(conn, _PAGE, values, prepare=False, binary=True))


async def find(
    conn: Hot, module: str, *, id: str, sub: str = "", viewers: Collection[Party] | None
) -> dict[str, Any] | None:
    """One object as it is offered; None when there is none or it is for others only."""
    receivers = _receivers(viewers)
    values = (module, id.lower(), sub.lower(), receivers, receivers)
    row = await (await conn.execute(_FIND, values)).fetchone()
    return None if row is None else row[0]


def _receivers(viewers: Collection[Party] | None) -> list[str] | None:
    return None if viewers is None else [EVERYBODY, *(party.key for party in viewers)]


# --- the order of changes --------------------------------------------------------------------

_CHANGE = sql.SQL("""
SELECT c.module, c.id, c.sub, c.document, c.deleted, c.xid, c.seq,
    pg_snapshot_xmin(pg_current_snapshot()), whole.document ->> 'id', (
    SELECT e.evse ->> 'uid' FROM jsonb_array_elements(whole.document -> 'evses') AS e (evse)
    WHERE lower(e.evse ->> 'uid') = c.sub LIMIT 1
)
FROM published c
LEFT JOIN published whole ON c.module = 'locations' AND c.sub <> '' AND whole.module = c.module
    AND whole.id = c.id AND whole.sub = ''
""")

# What open transactions hold, or may yet commit before it, is held back: a reader who went past it
# would never see it.
_AFTER = (
    sql.SQL("""
{change}
WHERE c.module = %s AND c.receiver = %s AND (c.xid, c.seq) > (%s::text::xid8, %s)
    AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY c.xid, c.seq LIMIT %s
""")
    .format(change=_CHANGE)
    .as_string()
)

_NOW = (
    sql.SQL("{change} WHERE c.module = %s AND c.id = %s AND c.sub = %s")
    .format(change=_CHANGE)
    .as_string()
)


async def after(
    conn: Hot, module: str, *, receiver: str, position: Position, limit: int
) -> list[Change]:
    """What changed after a position, each object once and as it is now, in order.

    `receiver` is a Party.key, or EVERYBODY for what is for everybody.
    """
    values = (module, receiver, str(position.xid), position.seq, limit)
    return [_change(*row) for row in await (await conn.execute(_AFTER, values)).fetchall()]


async def now(conn: Hot, module: str, *, id: str, sub: str) -> Change | None:
    """One object as it is now, withdrawn ones too."""
    row = await (await conn.execute(_NOW, (module, id.lower(), sub.lower()))).fetchone()
    return None if row is None else _change(*row)


def _change(
    module: str,
    id_: str,
    sub: str,
    document: dict[str, Any],
    deleted: bool,
    xid: int,
    seq: int,
    horizon: int,
    location_id: str | None,
    evse_uid: str | None,
) -> Change:
    path: tuple[str, ...]
    if module == "locations" and sub:
        path = () if location_id is None or evse_uid is None else (location_id, evse_uid)
    else:
        path = (document["uid"] if module == "tokens" else document["id"],)
    return Change(module, id_, sub, document, deleted, Position(xid, seq), path, horizon)


def _milliseconds(moment: datetime | None) -> datetime | None:
    """The moment as partners write it; what they could not see of a stamp must not hide it."""
    if moment is None:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
