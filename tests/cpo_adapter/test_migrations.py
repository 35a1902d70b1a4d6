"""The adapter's revisions make the tables of store/tables, up and down."""

from __future__ import annotations

from cpo_adapter.store.schema import CPO_SCHEMA
from tests.schemas import down_and_up, migrated_and_modelled


async def test_models_and_migrations_agree(cpo_database_url: str) -> None:
    migrated, modelled = await migrated_and_modelled(cpo_database_url, CPO_SCHEMA.service)

    assert migrated == modelled


async def test_down_to_nothing_and_up_again(cpo_database_url: str) -> None:
    before, between, after = await down_and_up(cpo_database_url, CPO_SCHEMA.service)

    assert not between
    assert after == before
