"""What is stored of one object, row by row, and how far receivers are: for an operator's eyes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot
from ocpi_hub.store.changes import Position


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the catalogue; `sub` is folded: the uid of an EVSE, the type of a Token, or ''."""

    sub: str
    document: str
    absent: bool
    last_updated: datetime
    received_at: datetime
    correlation_id: str
    xid: int
    seq: int

    @property
    def position(self) -> Position:
        """Where its last change stands in the order of changes."""
        return Position(self.xid, self.seq)


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A Session of the ledger."""

    emsp: str
    document: str
    last_updated: datetime
    received_at: datetime


async def rows(conn: Hot, module: str, *, owner: str, id_: str) -> list[Row]:
    """Everything under one id of one owner: a Location and its EVSEs, a Tariff, or Tokens."""
    async with conn.cursor(row_factory=class_row(Row)) as cursor:
        await cursor.execute(
            "SELECT sub, document::text AS document, absent, last_updated, received_at,"
            " correlation_id, xid, seq FROM catalogue"
            " WHERE module = %s AND owner = %s AND id = %s ORDER BY position, sub",
            (module, owner, id_.lower()),
        )
        return await cursor.fetchall()


async def session(conn: Hot, owner: str, *, session_id: str) -> KeptSession | None:
    """A Session by its CPO and id."""
    async with conn.cursor(row_factory=class_row(KeptSession)) as cursor:
        await cursor.execute(
            "SELECT emsp, document::text AS document, last_updated, received_at FROM sessions"
            " WHERE owner = %s AND id = %s",
            (owner, session_id.lower()),
        )
        return await cursor.fetchone()


async def cursors_of(conn: Hot, module: str) -> dict[str, Position]:
    """How far every receiver of a module is."""
    cursor = await conn.execute(
        "SELECT receiver, xid, seq FROM cursors WHERE module = %s", (module,)
    )
    return {receiver: Position(xid, seq) for receiver, xid, seq in await cursor.fetchall()}
