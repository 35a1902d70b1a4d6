"""The adapter's revisions make the tables of store/tables, up and down."""

from __future__ import annotations

from typing import Any

from emsp_adapter.store.schema import EMSP_SCHEMA
from tests.emsp_adapter.places import location, pushed
from tests.emsp_adapter.running import Adapter, Cpo
from tests.schemas import again_from, down_and_up, migrated_and_modelled


async def test_models_and_migrations_agree(emsp_database_url: str) -> None:
    migrated, modelled = await migrated_and_modelled(emsp_database_url, EMSP_SCHEMA.service)

    assert migrated == modelled


async def test_private_places_are_known_after_the_revision(
    emsp_database_url: str, emsp: Adapter, partner: Cpo
) -> None:
    named = {"uid": "04A1B2C3", "type": "RFID"}
    unlike = {"visual_number": "1", "issuer": "Somebody"}
    private: dict[str, Any] = {
        "publish": False,
        "publish_allowed_to": [unlike, named, named | {"issuer": "Ours"}],
    }
    await pushed(partner, location("HOME", **private), location("NOBODY", publish=False))
    await pushed(partner, location("PUBLIC"))
    statement = "SELECT location_id, allowed_to FROM places ORDER BY location_id"
    before = await emsp.rows(statement)

    await again_from(emsp_database_url, EMSP_SCHEMA.service, "0007")

    after = await emsp.rows(statement)
    assert after == before
    assert dict(after) == {
        "home": ["rfid\n04a1b2c3", "rfid\n04a1b2c3\nours"],
        "nobody": [],
        "public": [],
    }


async def test_down_to_nothing_and_up_again(emsp_database_url: str) -> None:
    before, between, after = await down_and_up(emsp_database_url, EMSP_SCHEMA.service)

    assert not between
    assert after == before
