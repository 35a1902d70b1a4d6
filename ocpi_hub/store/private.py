"""Lists of what is private to two parties, sessions and CDRs: each party sees its own (SEC-04)."""

from __future__ import annotations

from typing import Protocol

from psycopg import sql

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.paging import Page, Window
from ocpi_hub.store.pages import milliseconds

# Two scans in the order of `created`, merged: `OR` would sort everything the viewer has. A document
# may cost much to put together, so only those of the page are. The total is counted by the same
# statement, so that it belongs to the same moment.
_PAGE = sql.SQL("""
    SELECT counted.total, listed.document, listed.created
      FROM (SELECT count(*) AS total FROM {table}
             WHERE ((emsp = %(viewer)s AND {shown}) OR owner = %(viewer)s) AND {dated}) AS counted
      LEFT JOIN LATERAL (
          SELECT {document} AS document, created
            FROM (SELECT owner, id, created
                    FROM (SELECT owner, id, created FROM {table}
                           WHERE emsp = %(viewer)s AND {shown} AND created > %(after)s AND {dated}
                          UNION ALL
                          SELECT owner, id, created FROM {table}
                           WHERE owner = %(viewer)s AND emsp <> %(viewer)s
                             AND created > %(after)s AND {dated}) AS either
                   ORDER BY created OFFSET %(offset)s LIMIT %(limit)s) AS chosen
            JOIN {table} USING (owner, id, created)) AS listed ON true
     ORDER BY listed.created
""")
_UPDATED = sql.SQL("""(last_updated >= coalesce(%(date_from)s::timestamptz, '-infinity')
                       AND last_updated < coalesce(%(date_to)s::timestamptz, 'infinity'))""")
_ARRIVED = sql.SQL("""({arrived} >= coalesce(%(date_from)s::timestamptz, '-infinity')
                       AND {arrived} < coalesce(%(date_to)s::timestamptz, 'infinity'))""")


class Pager(Protocol):
    """Gives a page of one of these lists; see Listing.page."""

    async def __call__(
        self, conn: Hot, viewer: str, *, window: Window, by_arrival: bool = False
    ) -> Page: ...


class Listing:
    """The list statements of one table, whose JSON bytes are `document`.

    `shown` tells which of its rows the eMSP may see, `arrived` is the moment a row came here.
    """

    def __init__(
        self, table: str, document: str, *, shown: str = "true", arrived: str = "received_at"
    ) -> None:
        arrival = _ARRIVED.format(arrived=sql.Identifier(arrived))
        either = sql.SQL("({} OR {})").format(_UPDATED, arrival)
        self._by_update = _statement(table, document, shown, _UPDATED)
        self._by_arrival = _statement(table, document, shown, either)

    async def page(
        self, conn: Hot, viewer: str, *, window: Window, by_arrival: bool = False
    ) -> Page:
        """A page of what the party `viewer` sent or receives, oldest arrival first.

        With `by_arrival` the dates also match what reached the hub between them.
        """
        values = {
            "viewer": viewer,
            "date_from": milliseconds(window.date_from),
            "date_to": milliseconds(window.date_to),
            "offset": window.offset if window.after is None else 0,
            "after": window.after or 0,
            "limit": window.limit,
        }
        statement = self._by_arrival if by_arrival else self._by_update
        # A plan of its own each time: how much the dates leave decides which index is best.
        cursor = await conn.execute(statement, values, prepare=False, binary=True)
        rows = await cursor.fetchall()
        found = [(document, created) for _, document, created in rows if created is not None]
        return Page(
            body=b"[" + b",".join(document for document, _ in found) + b"]",
            count=len(found),
            total=rows[0][0],
            last_created=found[-1][1] if found else None,
        )


def _statement(table: str, document: str, shown: str, dated: sql.Composable) -> sql.Composed:
    return _PAGE.format(
        table=sql.SQL(table), document=sql.SQL(document), shown=sql.SQL(shown), dated=dated
    )
