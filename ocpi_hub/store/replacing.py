"""Putting another schema of the hub in place of the one there is, which can be had back."""

from __future__ import annotations

from sqlalchemy import text

from ocpi_hub.node.engine import open_unlimited
from ocpi_hub.store.tables import SCHEMA

_HAS = text("SELECT to_regnamespace('hub') IS NOT NULL")
_DROP_ASIDE = text("DROP SCHEMA IF EXISTS hub_replaced CASCADE")
_DROP = text("DROP SCHEMA IF EXISTS hub CASCADE")
_ASIDE = text("ALTER SCHEMA hub RENAME TO hub_replaced")
_BACK = text("ALTER SCHEMA hub_replaced RENAME TO hub")
_HAS_ASIDE = text("SELECT to_regnamespace('hub_replaced') IS NOT NULL")
_PLATFORMS = text("SELECT count(*) FROM hub.platforms")
_OTHERS = text("""
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'ocpi-hub'
       AND pid <> pg_backend_pid()
""")


async def platforms(url: str) -> int:
    """How many partners the database knows; 0 where the hub has nothing in it."""
    async with open_unlimited(url, schema=SCHEMA) as conn:
        if not await conn.scalar(_HAS):
            return 0
        return int(await conn.scalar(_PLATFORMS) or 0)


async def in_use(url: str) -> bool:
    """Whether a hub, or another command, is connected to the database."""
    async with open_unlimited(url, schema=SCHEMA) as conn:
        return bool(await conn.scalar(_OTHERS))


async def set_aside(url: str) -> None:
    """Makes room for another schema."""
    async with open_unlimited(url, schema=SCHEMA) as conn:
        if await conn.scalar(_HAS):
            await conn.execute(_DROP_ASIDE)
            await conn.execute(_ASIDE)


async def put_back(url: str) -> None:
    """Has the one that was set aside again, whatever came in its place."""
    async with open_unlimited(url, schema=SCHEMA) as conn:
        await conn.execute(_DROP)
        if await conn.scalar(_HAS_ASIDE):
            await conn.execute(_BACK)


async def drop_aside(url: str) -> None:
    """Forgets the one that was set aside."""
    async with open_unlimited(url, schema=SCHEMA) as conn:
        await conn.execute(_DROP_ASIDE)
