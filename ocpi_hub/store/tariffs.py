"""Writes of Tariffs. Every accepted version is kept: a CDR is repriced against the one it saw."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ocpi_hub.node.engine import Hot
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.puts import Key, put, tombstone

_MODULE = "tariffs"
_PURGE_AT_ONCE = 1000


async def put_tariff(
    conn: Hot, owner: str, *, document: dict[str, Any], correlation_id: str
) -> Outcome:
    """Creates or replaces a Tariff; one that was deleted comes back as CREATED (16, TAR-01)."""
    key = Key.of(_MODULE, owner, document["id"])
    done = await put(conn, key, document=document, correlation_id=correlation_id)
    if done.changed:
        await conn.execute(
            "INSERT INTO tariff_versions (owner, id, document, last_updated)"
            " SELECT owner, id, document, last_updated FROM catalogue"
            " WHERE module = %(module)s AND id = %(id)s AND owner = %(owner)s AND sub = %(sub)s",
            key.values(),
        )
    return done.outcome


async def delete_tariff(conn: Hot, owner: str, tariff_id: str, *, correlation_id: str) -> Outcome:
    """Leaves a tombstone, so that receivers are told; UNKNOWN is a 404 (TAR-02)."""
    return await tombstone(conn, Key.of(_MODULE, owner, tariff_id), correlation_id=correlation_id)


async def purge_tombstones(conn: Hot, *, before: datetime) -> int:
    """Forgets Tariffs deleted before a moment, some at once; returns how many, 0 when done."""
    cursor = await conn.execute(
        "DELETE FROM catalogue WHERE (module, id, owner, sub) IN ("
        " SELECT module, id, owner, sub FROM catalogue"
        " WHERE module = 'tariffs' AND absent AND received_at < %s LIMIT %s FOR UPDATE)",
        (before, _PURGE_AT_ONCE),
    )
    return cursor.rowcount


async def tariff_versions(conn: Hot, owner: str, tariff_id: str) -> list[dict[str, Any]]:
    """Every version ever accepted, oldest first, numbers exact."""
    cursor = await conn.execute(
        "SELECT document FROM tariff_versions WHERE owner = %s AND id = %s ORDER BY seq",
        (owner, tariff_id.lower()),
    )
    return [document for (document,) in await cursor.fetchall()]
