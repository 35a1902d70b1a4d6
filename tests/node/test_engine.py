"""Connections to the database: forms of its URL, limits on time, exact numbers."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb
from sqlalchemy import literal, select, text
from sqlalchemy.dialects.postgresql import JSONB

from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.store.tables import SCHEMA


def _several_hosts(url: str) -> str:
    """The same server behind one that is not there, as a fail-over pair is written."""
    parts = conninfo_to_dict(url)
    port = str(parts.get("port", 5432))
    query = urlencode(
        {
            "host": f"127.0.0.1,{parts['host']}",
            "port": f"1,{port}",
            "target_session_attrs": "read-write",
        }
    )
    return f"postgresql://{parts['user']}:{parts['password']}@/{parts['dbname']}?{query}"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda url: url, id="postgresql://"),
        pytest.param(lambda url: urlsplit(url)._replace(scheme="postgres").geturl(), id="postgres"),
        pytest.param(_several_hosts, id="several hosts"),
    ],
)
async def test_every_form_of_url_that_libpq_knows_is_taken(database_url: str, form: object) -> None:
    assert callable(form)

    async with open_database(form(database_url), schema=SCHEMA, pool_size=1) as db:
        async with db.hot() as hot:
            row = await (await hot.execute("SELECT count(*) FROM state")).fetchone()
        async with db.begin() as conn:
            count = (await conn.execute(text("SELECT count(*) FROM state"))).scalar_one()

    assert (row, count) == ((1,), 1)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("synchronous_commit", "on", id="invariant 1"),
        pytest.param("statement_timeout", "5s", id="statement"),
        pytest.param("lock_timeout", "2s", id="lock"),
        pytest.param("idle_in_transaction_session_timeout", "15s", id="F28 idle transaction"),
        pytest.param("TimeZone", "UTC", id="time zone"),
    ],
)
async def test_every_connection_has_these_settings(db: Database, setting: str, value: str) -> None:
    alone = await db.connect()
    async with db.hot() as hot, db.begin() as conn, alone:
        found = [
            await (await each.execute("SELECT current_setting(%s)", (setting,))).fetchone()
            for each in (hot, alone)
        ]
        found.append((await conn.execute(text(f"SELECT current_setting('{setting}')"))).one())

    assert [tuple(row or ()) for row in found] == [(value,)] * 3


async def test_numbers_in_json_are_exact(db: Database) -> None:
    exact = {"price": Decimal("0.1234567890123456789")}
    parameter = literal(exact, JSONB)

    async with db.hot() as hot, db.begin() as conn:
        row = await (await hot.execute("SELECT %s", (Jsonb(exact),))).fetchone()
        core = (await conn.execute(select(parameter))).one()

    assert (row, tuple(core)) == ((exact,), (exact,))


async def _write_and_fail(db: Database) -> None:
    async with db.hot_transaction() as conn:
        await conn.execute("UPDATE state SET registry_version = 7")
        await conn.execute("SELECT 1 / 0")


async def test_a_hot_transaction_that_fails_leaves_nothing(db: Database) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await _write_and_fail(db)

    async with db.hot() as conn:
        row = await (await conn.execute("SELECT registry_version FROM state")).fetchone()
    assert row == (0,)


async def test_the_password_is_not_shown(db: Database) -> None:
    assert "password" not in repr(db)
