"""The adapter's revisions make the tables of store/tables, up and down."""

from __future__ import annotations

from emsp_adapter.store.schema import EMSP_SCHEMA
from tests.schemas import down_and_up, migrated_and_modelled


async def test_models_and_migrations_agree(emsp_database_url: str) -> None:
    migrated, modelled = await migrated_and_modelled(emsp_database_url, EMSP_SCHEMA.service)

    assert migrated == modelled


async def test_down_to_nothing_and_up_again(emsp_database_url: str) -> None:
    before, between, after = await down_and_up(emsp_database_url, EMSP_SCHEMA.service)

    assert not between
    assert after == before
