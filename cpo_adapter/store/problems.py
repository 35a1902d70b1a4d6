"""SQL of what drivers report, and of what the operator answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Problem:
    """A report of an eMSP's driver; `number` is the operator's own, `owner` a Party.key."""

    number: int
    owner: str
    id: str
    location_id: str
    evse_uid: str | None
    station_id: str | None
    kind: str
    text: str
    state: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator said to a report."""

    id: str
    problem: int
    operator: str
    text: str
    closes: bool
    at: datetime


_COLUMNS = ", ".join(field.name for field in fields(Problem))

# A report that says something new is open again.
_PUT = f"""
INSERT INTO problems AS p (owner, id, location_id, evse_uid, station_id, kind, text, created_at,
    updated_at)
VALUES (%(owner)s, %(id)s, %(location_id)s, %(evse_uid)s, %(station_id)s, %(kind)s, %(text)s,
    %(created_at)s, %(now)s)
ON CONFLICT (owner, id) DO UPDATE
SET location_id = excluded.location_id, evse_uid = excluded.evse_uid,
    station_id = excluded.station_id, kind = excluded.kind, text = excluded.text, state = 'open',
    updated_at = excluded.updated_at
WHERE (p.location_id, p.evse_uid, p.kind, p.text) IS DISTINCT FROM
    (excluded.location_id, excluded.evse_uid, excluded.kind, excluded.text)
RETURNING {_COLUMNS}
"""  # noqa: S608 - only the column list


async def put(
    conn: Hot,
    *,
    owner: str,
    id: str,
    location_id: str,
    evse_uid: str | None,
    station_id: str | None,
    kind: str,
    text: str,
    created_at: datetime,
    now: datetime,
) -> Problem | None:
    """Keeps a report; None when it says nothing new."""
    values = {
        "owner": owner,
        "id": id,
        "location_id": location_id,
        "evse_uid": evse_uid,
        "station_id": station_id,
        "kind": kind,
        "text": text,
        "created_at": created_at,
        "now": now,
    }
    async with conn.cursor(row_factory=class_row(Problem)) as cursor:
        await cursor.execute(_PUT, values)
        return await cursor.fetchone()


async def find(conn: Hot, number: int, *, lock: bool = False) -> Problem | None:
    """The report; with `lock` nobody else's to change until the transaction ends."""
    async with conn.cursor(row_factory=class_row(Problem)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM problems WHERE number = %s"  # noqa: S608 - the column list
            f"{' FOR UPDATE' if lock else ''}",
            (number,),
        )
        return await cursor.fetchone()


async def listed(
    conn: Hot, *, state: str | None = None, before: int | None = None, limit: int = 100
) -> list[Problem]:
    """Reports, the newest first; those with a lower number than `before`."""
    async with conn.cursor(row_factory=class_row(Problem)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM problems"  # noqa: S608 - only the column list
            " WHERE (%(state)s::text IS NULL OR state = %(state)s)"
            " AND (%(before)s::bigint IS NULL OR number < %(before)s)"
            " ORDER BY number DESC LIMIT %(limit)s",
            {"state": state, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def answers(conn: Hot, numbers: Sequence[int]) -> list[Answer]:
    """What was said to some reports, in order."""
    async with conn.cursor(row_factory=class_row(Answer)) as cursor:
        await cursor.execute(
            "SELECT id, problem, operator, text, closes, at FROM problem_answers"
            " WHERE problem = ANY (%s) ORDER BY at, id",
            (list(numbers),),
        )
        return await cursor.fetchall()


async def add_answer(conn: Hot, answer: Answer) -> None:
    """Keeps what an operator said; the report is answered or closed."""
    await conn.execute(
        "INSERT INTO problem_answers (id, problem, operator, text, closes, at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (answer.id, answer.problem, answer.operator, answer.text, answer.closes, answer.at),
    )
    await conn.execute(
        "UPDATE problems SET state = %s, updated_at = %s WHERE number = %s",
        ("closed" if answer.closes else "answered", answer.at, answer.problem),
    )
