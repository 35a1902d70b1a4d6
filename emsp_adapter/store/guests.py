"""SQL of guests: who charges once, without an account."""

from __future__ import annotations

from ocpi_hub.node.engine import Hot


async def add(conn: Hot, driver_id: str, email: str) -> None:
    """Where the receipt goes."""
    await conn.execute("INSERT INTO guests (driver_id, email) VALUES (%s, %s)", (driver_id, email))
