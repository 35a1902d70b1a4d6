"""What became of each reservation, as far as the hub saw it: a CDR cannot say it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Reservation:
    """A RESERVE_NOW that a CPO took on; ids are folded, `correlation_id` is the request's."""

    owner: str
    emsp: str
    id: str
    token_uid: str
    location_id: str
    authorization_reference: str | None
    expires_at: datetime
    correlation_id: str


async def keep(conn: Hot, made: Reservation, *, now: datetime) -> None:
    """Remember it; one of the same id replaces the former, as RESERVE_NOW says it does."""
    await conn.execute(
        """
        INSERT INTO hub.reservations (owner, emsp, id, token_uid, location_id,
                                      authorization_reference, expires_at, reserved_by, asked_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (owner, emsp, id) DO UPDATE
           SET token_uid = excluded.token_uid, location_id = excluded.location_id,
               authorization_reference = excluded.authorization_reference,
               expires_at = excluded.expires_at, reserved_by = excluded.reserved_by,
               asked_at = excluded.asked_at, cancelled_by = NULL, refused_at = NULL,
               cancelled_at = NULL
        """,
        (
            made.owner,
            made.emsp,
            made.id,
            made.token_uid,
            made.location_id,
            made.authorization_reference,
            made.expires_at,
            made.correlation_id,
            now,
        ),
    )


async def ask_to_cancel(
    conn: Hot, owner: str, emsp: str, *, reservation_id: str, correlation_id: str
) -> None:
    """Remember that a CANCEL_RESERVATION was taken on; its result comes later."""
    await conn.execute(
        "UPDATE hub.reservations SET cancelled_by = %s"
        " WHERE owner = %s AND emsp = %s AND id = %s AND cancelled_at IS NULL",
        (correlation_id, owner, emsp, reservation_id),
    )


# A result is known by our URL it was posted to, which stands for the request.
_OF_RESULT = """
  FROM hub.proxies AS asked
 WHERE asked.id = %(result_id)s AND made.owner = lower(asked."to")
   AND made.emsp = lower(asked.from_)
   AND asked.correlation_id IN (made.reserved_by, made.cancelled_by)
"""


async def mark_refused(conn: Hot, result_id: str, *, now: datetime) -> None:
    """The CPO could not reserve after all."""
    await conn.execute(
        f"UPDATE hub.reservations AS made SET refused_at = %(now)s {_OF_RESULT}",  # noqa: S608 - constants
        {"result_id": result_id, "now": now},
    )


async def mark_cancelled(conn: Hot, result_id: str, *, now: datetime) -> None:
    """The reservation is no more, because the driver or the CPO cancelled it."""
    await conn.execute(
        f"UPDATE hub.reservations AS made SET cancelled_at = %(now)s {_OF_RESULT}",  # noqa: S608 - constants
        {"result_id": result_id, "now": now},
    )


async def purge(conn: Hot, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` that expired before a moment; how many."""
    cursor = await conn.execute(
        """
        DELETE FROM hub.reservations
         WHERE (owner, emsp, id) IN (
               SELECT owner, emsp, id FROM hub.reservations
                WHERE expires_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        (before, limit),
    )
    return cursor.rowcount
