"""The ledger of sessions: private to the CPO and the eMSP of each.

A session's eMSP is the owner of its cdr_token and never changes. Nothing changes a session that
is COMPLETED or INVALID (2.2.1 sessions, Push model; checklist SES-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps, loads, same
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.patch import merge_session
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.store.private import Listing
from ocpi_hub.store.private import Pager as Pager

FINAL = ("COMPLETED", "INVALID")

# A stamp further in the future than this is a wrong clock, and a PUT may set it right.
_FUTURE = timedelta(minutes=5)


class Kept(Enum):
    """What a PUT or PATCH of a Session did to the ledger."""

    CREATED = auto()
    UPDATED = auto()
    UNCHANGED = auto()  # a repetition of the final state
    STALE = auto()  # older than what is kept: unchanged, and still worth forwarding
    CLOSED = auto()  # the session is final and this would change it
    UNKNOWN = auto()  # a PATCH of a session the hub has not seen


@dataclass(frozen=True, slots=True)
class Session:
    """A session as kept; `document` is its JSON."""

    owner: str
    emsp: str
    status: str
    last_updated: datetime
    document: bytes


_PUT = """
    INSERT INTO hub.sessions AS kept
           (owner, id, emsp, status, document, last_updated, received_at, statuses)
    VALUES (%(owner)s, %(id)s, %(emsp)s, %(status)s, %(document)s::jsonb,
            %(last_updated)s, %(now)s, ARRAY[%(status)s::text])
        ON CONFLICT (owner, id) DO UPDATE
       SET status = excluded.status,
           statuses = CASE WHEN excluded.status = ANY (kept.statuses) THEN kept.statuses
                           ELSE kept.statuses || excluded.status END,
           document = excluded.document,
           last_updated = excluded.last_updated,
           received_at = excluded.received_at
     WHERE kept.emsp = excluded.emsp
       AND kept.status <> ALL (%(final)s)
       AND (kept.last_updated <= excluded.last_updated OR kept.last_updated > %(future)s)
    RETURNING xmax = 0
"""


async def put_session(
    conn: Hot,
    owner: str,
    *,
    document: Mapping[str, Any],
    body: bytes,
    now: datetime,
) -> Kept:
    """Keep a validated Session; `body` is the JSON text of `document`.

    InvalidParameters when the session is another eMSP's.
    """
    emsp = emsp_of(document)
    parameters = {
        "owner": owner,
        "id": document["id"].lower(),
        "emsp": emsp,
        "status": document["status"],
        "document": body.decode("utf-8-sig"),
        "last_updated": parse_datetime(document["last_updated"]),
        "now": now,
        "future": now + _FUTURE,
        "final": list(FINAL),
    }
    cursor = await conn.execute(_PUT, parameters)
    written = await cursor.fetchone()
    if written is not None:
        return Kept.CREATED if written[0] else Kept.UPDATED
    kept = await find(conn, owner, session_id=document["id"])
    if kept is None:
        raise RuntimeError("a session that was in the way of a PUT is gone")
    _check_emsp(emsp, kept.emsp)
    if kept.status not in FINAL:
        return Kept.STALE
    return Kept.UNCHANGED if same(loads(kept.document), document) else Kept.CLOSED


async def patch_session(
    conn: Hot,
    owner: str,
    *,
    session_id: str,
    patch: Mapping[str, Any],
    now: datetime,
) -> Kept:
    """Merge a validated PATCH; its row stays locked until the transaction ends.

    InvalidParameters when it would change whose session it is.
    """
    kept = await find(conn, owner, session_id=session_id, lock=True)
    if kept is None:
        return Kept.UNKNOWN
    stored = loads(kept.document)
    merged = merge_session(stored, patch)
    _check_emsp(emsp_of(merged), kept.emsp)
    if kept.status in FINAL:
        return Kept.UNCHANGED if same(stored, merged) else Kept.CLOSED
    last_updated = parse_datetime(patch["last_updated"])
    if last_updated < kept.last_updated:
        return Kept.STALE
    await conn.execute(
        """
        UPDATE hub.sessions
           SET status = %(status)s, document = %(document)s::jsonb,
               last_updated = %(last_updated)s, received_at = %(now)s,
               statuses = CASE WHEN %(status)s = ANY (statuses) THEN statuses
                               ELSE statuses || %(status)s::text END
         WHERE owner = %(owner)s AND id = %(id)s
        """,
        {
            "status": merged["status"],
            "document": dumps(merged).decode(),
            "last_updated": last_updated,
            "now": now,
            "owner": owner,
            "id": session_id.lower(),
        },
    )
    return Kept.UPDATED


async def find(conn: Hot, owner: str, *, session_id: str, lock: bool = False) -> Session | None:
    """One session of a CPO, or None."""
    statement = """
        SELECT owner, emsp, status, last_updated, convert_to(document::text, 'UTF8') AS document
          FROM hub.sessions WHERE owner = %s AND id = %s
    """
    async with conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            statement + "FOR UPDATE" if lock else statement, (owner, session_id.lower())
        )
        return await cursor.fetchone()


async def parties_of(conn: Hot, session_id: str) -> list[tuple[str, str]]:
    """The (CPO, eMSP) of every session with that id: ids are unique only per CPO."""
    cursor = await conn.execute(
        "SELECT owner, emsp FROM hub.sessions WHERE id = %s ORDER BY owner",
        (session_id.lower(),),
    )
    return [(owner, emsp) for owner, emsp in await cursor.fetchall()]


page: Pager = Listing("hub.sessions", "convert_to(document::text, 'UTF8')").page


async def purge(conn: Hot, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` sessions last heard of before a moment; how many."""
    cursor = await conn.execute(
        """
        DELETE FROM hub.sessions
         WHERE (owner, id) IN (SELECT owner, id FROM hub.sessions
                                WHERE received_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        (before, limit),
    )
    return cursor.rowcount


def emsp_of(document: Mapping[str, Any]) -> str:
    """The Party.key of the owner of a Session's or CDR's cdr_token."""
    token = document["cdr_token"]
    return Party(token["country_code"], token["party_id"]).key


def _check_emsp(claimed: str, kept: str) -> None:
    if claimed != kept:
        raise InvalidParameters(
            f"cdr_token: the session is one of {kept.upper()}, not of {claimed.upper()}"
        )
