"""Backfills: a walk over everything of one owner for a receiver that may newly see it."""

from __future__ import annotations

from dataclasses import dataclass

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Backfill:
    """Who is to get what of whom, and how far the walk has come in the order of arrival."""

    receiver: str
    owner: str
    module: str
    position: int


async def add_backfill(conn: Hot, receiver: str, *, owner: str, module: str) -> None:
    """Begins a walk, or begins it anew."""
    await conn.execute(
        "INSERT INTO backfills (receiver, owner, module) VALUES (%s, %s, %s)"
        " ON CONFLICT (receiver, owner, module) DO UPDATE SET position = 0, since = now()",
        (receiver, owner, module),
    )


async def backfills(conn: Hot, receiver: str) -> list[Backfill]:
    """The walks a receiver still waits for, oldest first; their pages are changes.listed_after."""
    cursor = await conn.execute(
        "SELECT receiver, owner, module, position FROM backfills WHERE receiver = %s"
        " ORDER BY since, owner, module",
        (receiver,),
    )
    return [Backfill(*row) for row in await cursor.fetchall()]


async def waiting(conn: Hot) -> set[tuple[str, str]]:
    """The (receiver, module) of all walks that are not done."""
    cursor = await conn.execute("SELECT DISTINCT receiver, module FROM backfills")
    return {(receiver, module) for receiver, module in await cursor.fetchall()}


async def advance_backfill(conn: Hot, backfill: Backfill, *, position: int) -> bool:
    """Keeps how far a walk has come; False when it ended or began anew meanwhile."""
    cursor = await conn.execute(
        "UPDATE backfills SET position = %s"
        " WHERE receiver = %s AND owner = %s AND module = %s AND position = %s",
        (position, backfill.receiver, backfill.owner, backfill.module, backfill.position),
    )
    return cursor.rowcount == 1


async def end_backfill(conn: Hot, receiver: str, *, owner: str, module: str) -> None:
    """Ends a walk, done or not."""
    await conn.execute(
        "DELETE FROM backfills WHERE receiver = %s AND owner = %s AND module = %s",
        (receiver, owner, module),
    )
