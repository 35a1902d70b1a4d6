"""SQL of commands: kept before they are sent, then with the answer, and with the later result."""

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
    party: str
    charge_id: str | None = None
    reservation_id: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    state: str = "sent"
    response: str | None = None
    result: str | None = None
    message: str | None = None
    sent_at: datetime
    deadline: datetime | None = None
    answered_at: datetime | None = None


_NAMES = tuple(each.name for each in fields(Command))
_COLUMNS = ", ".join(_NAMES)
_VALUES = ", ".join(f"%({name})s" for name in _NAMES)
_ADD = f"INSERT INTO commands ({_COLUMNS}) VALUES ({_VALUES})".encode()  # noqa: S608 - only columns
_FIND = f"SELECT {_COLUMNS} FROM commands WHERE id = %s".encode()  # noqa: S608 - only columns

# A result may be there before the answer.
_ANSWER = b"""
UPDATE commands SET state = CASE WHEN state = 'sent' THEN %(state)s ELSE state END,
    response = %(response)s, message = coalesce(message, %(message)s), deadline = %(deadline)s
WHERE id = %(id)s
"""

_FINISH = b"""
UPDATE commands SET state = 'done', result = %(result)s, message = %(message)s,
    answered_at = %(now)s
WHERE id = %(id)s
"""


async def add(conn: Hot, command: Command) -> None:
    """Keep one that is about to be sent."""
    values = {name: getattr(command, name) for name in _NAMES}
    await conn.execute(_ADD, values | {"request": Jsonb(dict(command.request))})


async def find(conn: Hot, command_id: str, *, lock: bool = False) -> Command | None:
    """The command."""
    statement = _FIND + (b" FOR UPDATE" if lock else b"")
    async with conn.cursor(row_factory=class_row(Command)) as cursor:
        return await (await cursor.execute(statement, (command_id,))).fetchone()


async def answer(
    conn: Hot,
    command_id: str,
    *,
    taken: bool,
    response: str,
    message: str | None,
    deadline: datetime | None,
) -> None:
    """Whether it was taken on."""
    values = {
        "id": command_id,
        "state": "taken" if taken else "refused",
        "response": response,
        "message": message,
        "deadline": deadline,
    }
    await conn.execute(_ANSWER, values)


async def purge(conn: Hot, *, before: datetime) -> int:
    """Forgets what was asked before a moment; how many."""
    return (await conn.execute("DELETE FROM commands WHERE sent_at < %s", (before,))).rowcount


async def finish(
    conn: Hot, command_id: str, *, result: str, message: str | None, now: datetime
) -> None:
    """What became of it."""
    values = {"id": command_id, "result": result, "message": message, "now": now}
    await conn.execute(_FINISH, values)
