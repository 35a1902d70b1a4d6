"""Pages of a list, put together as JSON text by the database (checklist section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg import sql

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.paging import Page, Window
from ocpi_hub.store.serving import EVSES_OF, LOCATION_TEXT, ROW_TEXT

_PAGE = sql.SQL("""
WITH visible AS {once} (
    SELECT c.created FROM catalogue c
    WHERE c.module = %(module)s AND c.position = 0 AND NOT c.absent {conditions}
),
shown AS MATERIALIZED (
    SELECT created FROM visible {after} ORDER BY created LIMIT %(limit)s OFFSET %(offset)s
),
c AS (
    SELECT r.id, r.owner, r.document, r.last_updated, r.created
    FROM shown JOIN catalogue r USING (created)
    WHERE r.module = %(module)s AND r.position = 0 AND NOT r.absent
)
SELECT convert_to('[' || coalesce(string_agg({text}, ', ' ORDER BY c.created), '') || ']', 'UTF8'),
    count(*), (SELECT count(*) FROM visible), max(c.created)
FROM c {evses}
""")

# What dates leave is looked up once, to be counted and to be shown. Without dates count and offset
# read nothing but an index, and the page stops at its limit.
_ONCE = sql.SQL("MATERIALIZED")
_AS_NEEDED = sql.SQL("NOT MATERIALIZED")

_OWNERS = sql.SQL("AND c.owner = ANY(%(owners)s)")
_AFTER = sql.SQL("WHERE created > %(after)s")

# A Location's stamp is its newest EVSE's when that is newer than its own: it is not before `from`
# when any of its rows is not, and before `to` when all of them are. The rows are looked up in
# the index of all stamps; with a `from`, the newest row is among them.
_LOCATION_FROM = sql.SQL("""
(c.id, c.owner) IN (
    SELECT t.id, t.owner FROM catalogue t
    WHERE t.module = 'locations' AND NOT t.absent AND t.last_updated >= %(date_from)s
)
""")
_LOCATION_BETWEEN = sql.SQL("""
(c.id, c.owner) IN (
    SELECT t.id, t.owner FROM catalogue t
    WHERE t.module = 'locations' AND NOT t.absent AND t.last_updated >= %(date_from)s
    GROUP BY t.id, t.owner HAVING max(t.last_updated) < %(date_to)s
)
""")
_LOCATION_TO = sql.SQL("""
NOT EXISTS (
    SELECT FROM catalogue t
    WHERE t.module = 'locations' AND NOT t.absent AND t.last_updated >= %(date_to)s
        AND t.id = c.id AND t.owner = c.owner
)
""")
_ROW_FROM = sql.SQL("c.last_updated >= %(date_from)s")
_ROW_TO = sql.SQL("c.last_updated < %(date_to)s")
_ROW_BETWEEN = sql.SQL("c.last_updated >= %(date_from)s AND c.last_updated < %(date_to)s")

# What came late with an old stamp is listed as well: more than was asked for, never less.
_ARRIVED = sql.SQL("""
EXISTS (
    SELECT FROM catalogue t
    WHERE t.module = %(module)s AND t.id = c.id AND t.owner = c.owner
        AND t.received_at >= coalesce(%(date_from)s::timestamptz, '-infinity')
        AND t.received_at < coalesce(%(date_to)s::timestamptz, 'infinity')
)
""")


async def page(
    conn: Hot,
    module: str,
    *,
    owners: Sequence[str] | None,
    window: Window,
    by_arrival: bool = False,
) -> Page:
    """A page of what `owners` (None: everybody) have in the catalogue, oldest arrival first."""
    query, values = statement(module, owners=owners, window=window, by_arrival=by_arrival)
    # A plan of its own each time: how much a date filter leaves decides which index is best.
    return Page(*await one_row(conn, query, values, prepare=False, binary=True))


def statement(
    module: str, *, owners: Sequence[str] | None, window: Window, by_arrival: bool = False
) -> tuple[sql.Composed, dict[str, object]]:
    """What `page` asks of the database, and with which values."""
    query = _PAGE.format(
        once=_AS_NEEDED if _stamped(module, window) is None else _ONCE,
        text=LOCATION_TEXT if module == "locations" else ROW_TEXT,
        evses=EVSES_OF if module == "locations" else sql.SQL(""),
        after=_AFTER if window.after is not None else sql.SQL(""),
        conditions=_conditions(module, window, owners=owners, by_arrival=by_arrival),
    )
    values: dict[str, object] = {
        "module": module,
        "owners": None if owners is None else list(owners),
        "date_from": milliseconds(window.date_from),
        "date_to": milliseconds(window.date_to),
        "after": window.after,
        "offset": 0 if window.after is not None else window.offset,
        "limit": window.limit,
    }
    return query, values


def milliseconds(moment: datetime | None) -> datetime | None:
    """The moment as partners write it; what they could not see of a stamp must not hide it."""
    if moment is None:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _conditions(
    module: str, window: Window, *, owners: Sequence[str] | None, by_arrival: bool
) -> sql.Composable:
    visible = sql.SQL("") if owners is None else _OWNERS
    stamped = _stamped(module, window)
    if stamped is None:
        return visible
    if by_arrival:
        stamped = sql.SQL("{stamped} OR {arrived}").format(stamped=stamped, arrived=_ARRIVED)
    return sql.SQL("{visible} AND ({stamped})").format(visible=visible, stamped=stamped)


def _stamped(module: str, window: Window) -> sql.Composable | None:
    location = module == "locations"
    match window.date_from, window.date_to:
        case None, None:
            return None
        case _, None:
            return _LOCATION_FROM if location else _ROW_FROM
        case None, _:
            return _LOCATION_TO if location else _ROW_TO
        case _:
            return _LOCATION_BETWEEN if location else _ROW_BETWEEN
