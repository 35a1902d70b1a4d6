"""Stored secrets under a new key: every sealed column of a service, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psycopg import sql

from ocpi_hub.node.engine import Hot


async def seal_anew(conn: Hot, columns: Sequence[str], rotate: Callable[[bytes], bytes]) -> int:
    """Encrypts what stands in these columns, as "peers.token_out", anew; how many there are."""
    return sum([await _column(conn, *each.split("."), rotate=rotate) for each in columns])


async def _column(conn: Hot, table: str, column: str, *, rotate: Callable[[bytes], bytes]) -> int:
    names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
    kept = await conn.execute(
        sql.SQL("SELECT {column} FROM {table} WHERE {column} IS NOT NULL FOR UPDATE").format(
            **names
        )
    )
    rows = await kept.fetchall()
    change = sql.SQL("UPDATE {table} SET {column} = %s WHERE {column} = %s").format(**names)
    for (sealed,) in rows:
        await conn.execute(change, (rotate(bytes(sealed)), sealed))
    return len(rows)
