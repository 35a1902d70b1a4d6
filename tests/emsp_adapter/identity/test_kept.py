"""What identity forgets when it is over, and what it remembers to recognise it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emsp_adapter.drivers import accounts
from emsp_adapter.store import browser_sessions, drivers, expired, grants, mail_tokens
from emsp_adapter.store.mail_tokens import MailToken
from ocpi_hub.node.engine import Database, Hot

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


async def _driver(conn: Hot) -> str:
    await drivers.add(conn, accounts.new_driver("d1", "ada@drivers.example", now=NOW))
    return "d1"


async def _count(conn: Hot, table: str) -> int:
    row = await (await conn.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])


async def test_a_used_refresh_token_is_known_as_long_as_its_family(emsp_db: Database) -> None:
    async with emsp_db.hot_transaction() as conn:
        driver_id = await _driver(conn)
        await grants.add(conn, "g1", client_id="web", driver_id=driver_id, scope="openid")
        await grants.add_refresh(conn, b"old", grant_id="g1", expires_at=NOW - 20 * DAY)
        await grants.refresh_used(conn, b"old", now=NOW - 25 * DAY)
        await grants.add_refresh(conn, b"new", grant_id="g1", expires_at=NOW + DAY)
        await conn.execute("UPDATE grants SET created_at = %s", (NOW - 90 * DAY,))
        await expired.purge(conn, now=NOW)
        during = await grants.take_refresh(conn, b"old")
        await expired.purge(conn, now=NOW + 3 * DAY)
        after = await grants.take_refresh(conn, b"old")

    assert during is not None
    assert during.used
    assert after is None


async def test_sessions_and_links_that_are_over_are_forgotten(emsp_db: Database) -> None:
    async with emsp_db.hot_transaction() as conn:
        driver_id = await _driver(conn)
        await browser_sessions.add(conn, b"s", driver_id=driver_id, now=NOW, expires_at=NOW + DAY)
        link = MailToken("password", "ada@drivers.example", driver_id, None)
        await mail_tokens.add(conn, b"m", link, expires_at=NOW + DAY)
        await expired.purge(conn, now=NOW)
        during = [await _count(conn, table) for table in ("browser_sessions", "mail_tokens")]
        await expired.purge(conn, now=NOW + 2 * DAY)
        after = [await _count(conn, table) for table in ("browser_sessions", "mail_tokens")]

    assert (during, after) == ([1, 1], [0, 0])
