"""Writes of Tariffs and Tokens, and look-ups by id alone (TAR-01, TAR-02, TOK-01, RTE-20)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.jsontext import loads, same
from ocpi_hub.store import reads, tariffs
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.patches import Patch
from tests import samples
from tests.hub import shelves
from tests.hub.shelves import EMSP, OWNER, at


async def test_a_deleted_tariff_is_hidden_sent_as_absent_and_comes_back_as_created(
    db: Database,
) -> None:
    await shelves.put_tariff(db, id="T1")
    seen = (await shelves.changes_after(db, module="tariffs"))[-1].position

    deleted = [await shelves.delete_tariff(db, "t1"), await shelves.delete_tariff(db, "t1")]

    changed = await shelves.changes_after(db, seen, module="tariffs")
    assert deleted == [Outcome.UPDATED, Outcome.UNKNOWN]
    assert [(change.id, change.absent) for change in changed] == [("t1", True)]
    assert (await shelves.list_page(db, "tariffs")).total == 0
    assert await shelves.put_tariff(db, id="T1", last_updated=at(1)) is Outcome.CREATED


async def test_every_accepted_version_of_a_tariff_is_kept_and_exact(db: Database) -> None:
    await shelves.put_tariff(db, id="T1", currency="EUR")
    await shelves.put_tariff(db, id="T1", currency="EUR")
    await shelves.put_tariff(db, id="T1", currency="SEK", last_updated=at(1))

    async with db.hot() as conn:
        versions = await tariffs.tariff_versions(conn, OWNER, "T1")

    assert [version["currency"] for version in versions] == ["EUR", "SEK"]
    assert same(versions[0], samples.tariff(id="T1", currency="EUR"))


async def test_a_tombstone_is_forgotten_after_its_time(db: Database) -> None:
    await shelves.put_tariff(db, id="GONE")
    await shelves.put_tariff(db, id="KEPT")
    await shelves.delete_tariff(db, "GONE")
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    async with db.hot_transaction() as conn:
        purged = await tariffs.purge_tombstones(conn, before=tomorrow)

    assert purged == 1
    assert shelves.ids(await shelves.list_page(db, "tariffs")) == ["KEPT"]


async def test_tok_01_a_token_is_known_by_uid_and_type(db: Database) -> None:
    await shelves.put_token(db, uid="AB12", type="RFID")
    await shelves.put_token(db, uid="AB12", type="APP_USER", contract_id="OTHER")

    async with db.hot() as conn:
        found = await reads.find_token(conn, "ab12", type_="APP_USER", owners=[EMSP])

    assert [loads(text)["contract_id"] for _, text in found] == ["OTHER"]


async def test_t20_a_token_of_one_emsp_does_not_touch_the_same_uid_of_another(
    db: Database,
) -> None:
    await shelves.put_token(db, owner="de/ems", uid="AB12")
    await shelves.put_token(db, owner="fr/emp", uid="AB12", valid=False)

    async with db.hot() as conn:
        owners = await reads.owners_of_token(conn, "AB12", type_="RFID")
        found = await reads.find_token(conn, "AB12", type_="RFID", owners=["de/ems"])

    assert owners == ["de/ems", "fr/emp"]
    assert loads(found[0][1])["valid"] is True


async def test_a_patch_of_a_token_is_merged(db: Database) -> None:
    await shelves.put_token(db, uid="AB12", group_id="G1")
    patch = {"valid": False, "group_id": None, "last_updated": at(1)}
    text = '{"valid": false, "group_id": null, "last_updated": "2026-03-01T12:00:01Z"}'

    outcome = await shelves.apply(
        db,
        Patch.of("tokens", EMSP, "ab12", sub="RFID", patch=patch, text=text, correlation_id="c"),
    )

    (served,) = loads((await shelves.list_page(db, "tokens")).body)
    assert outcome is Outcome.UPDATED
    assert served["valid"] is False
    assert "group_id" not in served


async def test_rte_20_all_owners_of_a_location_id_are_found(db: Database) -> None:
    await shelves.put_location(db, owner="nl/cpo", evses=[samples.evse(uid="A")])
    await shelves.put_location(db, owner="be/bec", evses=[samples.evse(uid="B")])

    async with db.hot() as conn:
        by_location = await reads.owners_of_location(conn, "loc1")
        by_evse = await reads.owners_of_location(conn, "loc1", evse_uid="b")
        visible = await reads.find_location(conn, "loc1", owners=["be/bec", "fr/xyz"])

    assert by_location == ["be/bec", "nl/cpo"]
    assert by_evse == ["be/bec"]
    assert [owner for owner, _ in visible] == ["be/bec"]


async def test_loc_01_each_level_is_served_alone(db: Database) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A")])

    async with db.hot() as conn:
        evse = await reads.find_evse(conn, "LOC1", evse_uid="a", owners=[OWNER])
        connector = await reads.find_connector(
            conn,
            "LOC1",
            evse_uid="A",
            connector_id=samples.connector()["id"],
            owners=[OWNER],
        )

    assert same(loads(evse[0][1]), samples.evse(uid="A"))
    assert same(loads(connector[0][1]), samples.connector())
