"""SQL of the problems that drivers report, and of what is said to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A report. `operator` (a Party.key) is whom it was offered to, `refusal` why they have not
    got it; `location` is the public id."""

    id: str
    driver_id: str
    kind: str
    text: str
    state: str
    location: str | None
    evse_uid: str | None
    charge_id: str | None
    operator: str | None
    refusal: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Something that support, the operator or the driver added."""

    id: int
    problem_id: str
    said_by: str
    text: str
    at: datetime


_COLUMNS = ", ".join(field.name for field in fields(Problem))
_VALUES = ", ".join(f"%({field.name})s" for field in fields(Problem))
_SELECT = f"SELECT {_COLUMNS} FROM problems"  # noqa: S608 - our columns
_ADD = f"INSERT INTO problems ({_COLUMNS}) VALUES ({_VALUES})"  # noqa: S608 - our columns

# What its operator would not take is for our own support.
_TAKE_BACK = """
UPDATE problems SET state = 'open', refusal = p.message, updated_at = %(now)s
FROM parked p
WHERE p.module = %(module)s AND p.id = lower(problems.id) AND p.retry_at IS NULL
    AND problems.state = 'with_operator'
RETURNING problems.id
"""


async def add(conn: Hot, problem: Problem) -> None:
    """Keeps a new report."""
    await conn.execute(_ADD.encode(), asdict(problem))


async def find(conn: Hot, problem_id: str, *, lock: bool = False) -> Problem | None:
    """The report; with `lock` nobody else's to change until the transaction ends."""
    found = await _select(
        conn, f"{_SELECT} WHERE id = %s{' FOR UPDATE' if lock else ''}", (problem_id,)
    )
    return found[0] if found else None


async def of_driver(
    conn: Hot, driver_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> list[Problem]:
    """A driver's reports, the newest first."""
    at, id_ = before or (None, None)
    return await _select(
        conn,
        f"{_SELECT} WHERE driver_id = %s"
        " AND (%s::timestamptz IS NULL OR (created_at, id) < (%s, %s::text))"
        " ORDER BY created_at DESC, id DESC LIMIT %s",
        (driver_id, at, at, id_, limit),
    )


async def listed(
    conn: Hot, *, state: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[Problem]:
    """Everybody's reports, those that wait longest first."""
    at, id_ = after or (None, None)
    return await _select(
        conn,
        f"{_SELECT} WHERE (%s::text IS NULL OR state = %s)"
        " AND (%s::timestamptz IS NULL OR (created_at, id) > (%s, %s::text))"
        " ORDER BY created_at, id LIMIT %s",
        (state, state, at, at, id_, limit),
    )


async def answers(conn: Hot, problem_ids: Sequence[str]) -> list[Answer]:
    """What was said to some reports, in order."""
    async with conn.cursor(row_factory=class_row(Answer)) as cursor:
        await cursor.execute(
            "SELECT id, problem_id, said_by, text, at FROM problem_answers"
            " WHERE problem_id = ANY (%s) ORDER BY id",
            (list(problem_ids),),
        )
        return await cursor.fetchall()


async def add_answer(
    conn: Hot,
    problem_id: str,
    *,
    said_by: str,
    text: str,
    now: datetime,
    operator_id: str | None = None,
) -> int | None:
    """Keeps what somebody said: its number, None for an operator's answer that is known."""
    cursor = await conn.execute(
        "INSERT INTO problem_answers (problem_id, operator_id, said_by, text, at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (problem_id, operator_id) DO NOTHING"
        " RETURNING id",
        (problem_id, operator_id, said_by, text, now),
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def set_state(conn: Hot, problem_id: str, state: str, *, now: datetime) -> None:
    """How far it is."""
    await conn.execute(
        "UPDATE problems SET state = %s, updated_at = %s WHERE id = %s", (state, now, problem_id)
    )


async def take_back(conn: Hot, *, module: str, now: datetime) -> int:
    """Reports that their operator refused are open again; how many."""
    return (await conn.execute(_TAKE_BACK, {"module": module, "now": now})).rowcount


async def _select(conn: Hot, statement: str, values: tuple[object, ...]) -> list[Problem]:
    async with conn.cursor(row_factory=class_row(Problem)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()
