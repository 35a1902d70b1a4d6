"""SQL of commands: kept before the station is asked, answered by it, then told to the partner.

A row is `waiting` for the station, `answered` when its result is owed to the partner, and then
`told` or, after too many tries, `given_up`. The result that was written first counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A row of `commands`: see there for what each column means."""

    id: str
    kind: str
    owner: str
    peer_id: str
    response_url: str
    correlation_id: str
    station_id: str | None = None
    transaction_id: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    remote_start_id: int | None = None
    state: str = "waiting"
    result: Mapping[str, Any] | None = None
    deadline: datetime | None = None
    created_at: datetime
    attempts: int = 0
    next_at: datetime | None = None


_NAMES = tuple(each.name for each in fields(Command))
_COLUMNS = ", ".join(_NAMES)

_ADD = """
INSERT INTO commands (id, kind, owner, peer_id, response_url, correlation_id, station_id,
    transaction_id, request, remote_start_id, deadline, created_at)
VALUES (%(id)s, %(kind)s, %(owner)s, %(peer_id)s, %(response_url)s, %(correlation_id)s,
    %(station_id)s, %(transaction_id)s, %(request)s, %(remote_start_id)s, %(deadline)s,
    %(created_at)s)
"""

_ANSWER = """
UPDATE commands SET state = 'answered', result = %(result)s, next_at = %(now)s
WHERE id = %(id)s AND state = 'waiting'
"""

_EXPIRE = """
UPDATE commands SET state = 'answered', result = %(result)s, next_at = %(now)s
WHERE state = 'waiting' AND deadline < %(now)s
RETURNING id
"""

# `next_at` is moved first: who dies in the attempt has had it, and another tries later.
_CLAIM = f"""
UPDATE commands SET attempts = attempts + 1, next_at = %(until)s
WHERE id IN (
    SELECT id FROM commands WHERE state = 'answered' AND next_at <= %(now)s
    ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING {_COLUMNS}
"""  # noqa: S608 - only the column list


async def add(conn: Hot, command: Command) -> None:
    """Keep a command that a station is about to be asked."""
    values = {name: getattr(command, name) for name in _NAMES}
    await conn.execute(_ADD, values | {"request": Jsonb(command.request)})


async def answer(conn: Hot, command_id: str, *, result: Mapping[str, Any], now: datetime) -> bool:
    """Whether this is the result that is owed: another may have been there before."""
    values = {"id": command_id, "result": Jsonb(result), "now": now}
    return (await conn.execute(_ANSWER, values)).rowcount == 1


async def owe(conn: Hot, command: Command, *, result: Mapping[str, Any]) -> None:
    """Something a partner is to be told, though no station was asked for it."""
    await add(conn, command)
    await answer(conn, command.id, result=result, now=command.created_at)


async def expire(conn: Hot, *, result: Mapping[str, Any], now: datetime) -> int:
    """Give those whose time is over this result; how many."""
    return (await conn.execute(_EXPIRE, {"result": Jsonb(result), "now": now})).rowcount


async def claim(conn: Hot, *, now: datetime, until: datetime, limit: int) -> list[Command]:
    """Results that are due, each nobody else's until then."""
    values = {"now": now, "until": until, "limit": limit}
    async with conn.cursor(row_factory=class_row(Command)) as cursor:
        await cursor.execute(_CLAIM, values)
        return await cursor.fetchall()


async def told(conn: Hot, command_id: str) -> None:
    """The partner has the result."""
    await conn.execute(
        "UPDATE commands SET state = 'told', next_at = NULL WHERE id = %s", (command_id,)
    )


async def try_again(conn: Hot, command_id: str, *, at: datetime | None) -> None:
    """The partner did not take the result; None: it is not tried again."""
    await conn.execute(
        """
UPDATE commands SET next_at = %(at)s,
    state = CASE WHEN %(at)s::timestamptz IS NULL THEN 'given_up' ELSE state END
WHERE id = %(id)s AND state = 'answered'
""",
        {"id": command_id, "at": at},
    )
