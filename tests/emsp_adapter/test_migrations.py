"""The adapter's revisions make the tables of store/tables, up and down."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, text

from emsp_adapter.store.schema import EMSP_SCHEMA
from emsp_adapter.store.tables import SCHEMA, metadata
from migrations import runner
from ocpi_hub.node.engine import open_unlimited
from tests.schemas import describe


def _made_from_the_models(conn: Connection) -> list[tuple[str, ...]]:
    conn.execute(text("DROP SCHEMA emsp CASCADE"))
    conn.execute(text("CREATE SCHEMA emsp"))
    metadata.create_all(conn)
    return describe(conn, SCHEMA)


async def test_models_and_migrations_agree(emsp_database_url: str) -> None:
    async with open_unlimited(emsp_database_url, schema=SCHEMA) as conn:
        migrated = await conn.run_sync(partial(describe, schema=SCHEMA))
        modelled = await conn.run_sync(_made_from_the_models)

    assert migrated == modelled


async def test_down_to_nothing_and_up_again(emsp_database_url: str) -> None:
    async with open_unlimited(emsp_database_url, schema=SCHEMA) as conn:
        before = await conn.run_sync(partial(describe, schema=SCHEMA))
        await conn.run_sync(partial(runner.downgrade, service=EMSP_SCHEMA.service, target="base"))
        between = await conn.run_sync(partial(describe, schema=SCHEMA))
        await conn.run_sync(partial(runner.upgrade, service=EMSP_SCHEMA.service))
        after = await conn.run_sync(partial(describe, schema=SCHEMA))

    assert not between
    assert after == before
