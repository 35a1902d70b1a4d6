"""The tables are modelled as they are made."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, text

from ocpi_hub.node.engine import Database
from ocpi_hub.peering.store import ddl
from tests.peering.node import SCHEMA, new_metadata
from tests.schemas import describe


def _modelled(conn: Connection) -> list[tuple[str, ...]]:
    for statement in ddl.DROP:
        conn.execute(text(statement))
    new_metadata().create_all(conn)
    return describe(conn, SCHEMA)


async def test_models_and_statements_agree(db: Database) -> None:
    async with db.begin() as conn:
        made = await conn.run_sync(partial(describe, schema=SCHEMA))
        modelled = await conn.run_sync(_modelled)

    assert modelled == made
