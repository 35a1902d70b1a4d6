"""The tables are modelled as they are made."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, text

from ocpi_hub.node.engine import Database
from ocpi_hub.peering.store import ddl
from tests.peering.node import SCHEMA, Node, new_metadata, now
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


async def test_an_adapter_that_has_published_objects_is_their_party(node: Node) -> None:
    token = {"uid": "04A1", "country_code": "BE", "party_id": "OWN", "last_updated": now()}
    await node.publish("tokens", token)

    async with node.db.hot() as conn:
        for statement in (*ddl.DROP_WHOSE, *ddl.WHOSE):
            await conn.execute(statement.encode())
        cursor = await conn.execute("SELECT country_code, party_id FROM announced")
        kept = await cursor.fetchall()

    assert kept == [("BE", "OWN")]
