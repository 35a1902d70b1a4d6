"""The hub's revisions make the tables of store/tables.py, up and down, and old ones are refused."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ocpi_hub.node.engine import open_database, open_unlimited
from ocpi_hub.node.schema import WrongSchema
from ocpi_hub.store import cursors
from ocpi_hub.store.restamp import adopt_cluster
from ocpi_hub.store.schema import HUB_SCHEMA
from ocpi_hub.store.tables import SCHEMA
from tests.hub import shelves
from tests.hub.shelves import at
from tests.schemas import down_and_up, migrated_and_modelled


async def test_models_and_migrations_agree(database_url: str) -> None:
    migrated, modelled = await migrated_and_modelled(database_url, HUB_SCHEMA.service)

    assert migrated == modelled


async def test_down_to_nothing_and_up_again(database_url: str) -> None:
    before, nothing, after = await down_and_up(database_url, HUB_SCHEMA.service)

    assert nothing == []
    assert after == before


async def test_migrating_twice_is_fine(database_url: str) -> None:
    await HUB_SCHEMA.migrate(database_url)

    assert await HUB_SCHEMA.current(database_url) == HUB_SCHEMA.head()


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        pytest.param(None, "no hub schema yet: run `ocpi-hub migrate`", id="never migrated"),
        pytest.param("9999", "schema 9999, which ocpi-hub does not know", id="newer"),
    ],
)
async def test_a_schema_of_another_version_is_refused_with_what_to_do(
    database_url: str, revision: str | None, message: str
) -> None:
    async with open_unlimited(database_url, schema=SCHEMA) as conn:
        await conn.execute(text("DELETE FROM hub.alembic_version"))
        if revision is not None:
            values = {"revision": revision}
            await conn.execute(text("INSERT INTO hub.alembic_version VALUES (:revision)"), values)

    with pytest.raises(WrongSchema, match=message):
        await HUB_SCHEMA.check(database_url)


async def test_the_newest_schema_is_accepted(database_url: str) -> None:
    await HUB_SCHEMA.check(database_url)


async def test_on_its_own_cluster_nothing_is_stamped_anew(database_url: str) -> None:
    stamped = [await adopt_cluster(database_url), await adopt_cluster(database_url)]

    assert stamped == [False, False]


async def test_after_a_restore_elsewhere_receivers_go_on_from_the_present(
    database_url: str,
) -> None:
    """A dump brings transaction ids along that the new cluster has not reached yet."""
    async with open_database(database_url, schema=SCHEMA, pool_size=2) as db:
        await shelves.put_tariff(db, id="OLD")
        async with db.hot() as conn:
            await conn.execute("UPDATE state SET system_identifier = 'another cluster'")
            await conn.execute("UPDATE catalogue SET xid = '99999999', full_xid = '99999999'")
            await conn.execute("INSERT INTO cursors VALUES ('de/ems', 'tariffs', '99999998', 3)")

        assert await adopt_cluster(database_url)

        await shelves.put_tariff(db, id="NEW", last_updated=at(1))
        async with db.hot() as conn:
            position = await cursors.cursor(conn, "de/ems", "tariffs")
        assert position is not None
        changed = await shelves.changes_after(db, position, module="tariffs")

    assert [change.id for change in changed] == ["new"]
