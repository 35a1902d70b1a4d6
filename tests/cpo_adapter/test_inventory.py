"""The inventory: imported from OCPI JSON, exported to it, told to partners."""

from __future__ import annotations

from typing import Any

import pytest

from cpo_adapter import inventory
from cpo_adapter.offer_files import BadInventory, read_objects
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.locations import Location
from ocpi_hub.protocol.validation import check
from tests import samples
from tests.cpo_adapter.offering import (
    NOW,
    PARTY,
    SECOND,
    evse,
    evse_row,
    executed,
    location,
    mapped,
    notice,
    offered,
    published,
    said,
)

CONFIGURED = """
UPDATE stations SET configuration = '{"SupportedFeatureProfiles":
    {"value": "Core,Reservation,SmartCharging"}}'
"""


@pytest.fixture
def db(cpo_db: Database) -> Database:
    """The adapter's database."""
    return cpo_db


async def exported(db: Database) -> list[dict[str, Any]]:
    async with db.hot() as conn:
        return await inventory.export_locations(conn)


async def whole(db: Database, location_id: str = "loc1") -> dict[str, Any]:
    found: dict[str, Any] = (await published(db))[location_id, ""]
    return found


def _without_stamps(value: Any) -> Any:
    match value:
        case dict():
            return {k: _without_stamps(v) for k, v in value.items() if k != "last_updated"}
        case list():
            return [_without_stamps(each) for each in value]
        case _:
            return value


# --- import and export ---------------------------------------------------------------------------


async def test_what_is_imported_is_exported_again(db: Database) -> None:
    given = location("EVSE1", "EVSE2")

    done = await offered(db, given)

    (back,) = await exported(db)
    written = {**given, "evses": [{**each, "status": "UNKNOWN"} for each in given["evses"]]}
    assert _without_stamps(back) == _without_stamps(written)
    assert done.created == ("LOC1",)


async def test_an_export_that_is_imported_changes_nothing(db: Database) -> None:
    await offered(db, location("EVSE1", "EVSE2"))
    before, told = await exported(db), await whole(db)

    done = await offered(db, *before)

    assert done.unchanged == ("LOC1",)
    assert await exported(db) == before
    assert await whole(db) == told


async def test_what_an_operator_has_no_word_in_may_be_left_out(db: Database) -> None:
    given = location("EVSE1")
    for name in ("country_code", "party_id", "last_updated"):
        del given[name]
    given["evses"][0].pop("last_updated")
    given["evses"][0]["connectors"][0].pop("last_updated")

    await offered(db, given)

    check(Location, await whole(db))
    assert (await whole(db))["party_id"] == "CPO"


async def test_a_file_holds_one_object_or_a_list(db: Database) -> None:
    one, two = location("EVSE1"), location("EVSE2", id="LOC2")

    assert read_objects(dumps(one), what="a Location") == [one]
    assert read_objects(dumps([one, two]), what="a Location") == [one, two]


NOT_FILES = {
    "not JSON": (b"{", "not JSON"),
    "a number": (b"7", "the file: expected a Location, an object, got a number"),
    "a list of texts": (b'["a", "b"]', r"\[0\]: expected a Location, an object, got a string"),
}


@pytest.mark.parametrize(("body", "why"), NOT_FILES.values(), ids=NOT_FILES)
def test_a_file_of_something_else_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(BadInventory, match=why):
        read_objects(body, what="a Location")


def broken(**overrides: Any) -> dict[str, Any]:
    return location("EVSE1", **overrides)


BAD: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a connector's standard": (
        [location(evses=[evse("E1", connectors=[samples.connector(standard=7)])])],
        "evses[0].connectors[0].standard: expected",
    ),
    "a missing field": (
        [{k: v for k, v in location("EVSE1").items() if k != "address"}],
        "address missing",
    ),
    "the second of two": (
        [location("EVSE1"), location("EVSE2", id="LOC2", coordinates={"latitude": "52"})],
        "[1].coordinates.latitude: expected degrees",
    ),
    "another party": ([broken(country_code="DE")], "country_code: expected NL"),
    "an EVSE that is no object": ([broken(evses=[7])], "evses[0]: expected an object"),
    "the same uid twice": ([location("E1", "e1")], "evses: the uid 'e1' is there twice"),
    "the same location twice": ([location("E1"), location("E2", id="loc1")], "is there twice"),
    "one uid in two locations": (
        [location("E1"), location("E1", id="LOC2")],
        "[1].evses[0].uid: 'E1' belongs to location 'LOC1'",
    ),
}


@pytest.mark.parametrize(("documents", "why"), BAD.values(), ids=BAD)
async def test_the_field_at_fault_is_named_and_nothing_is_stored(
    db: Database, documents: list[dict[str, Any]], why: str
) -> None:
    with pytest.raises(BadInventory) as refused:
        await offered(db, *documents)

    assert why in str(refused.value)
    assert not await exported(db)


# --- what an EVSE goes through -------------------------------------------------------------------


async def test_an_evse_that_is_left_out_is_removed(db: Database) -> None:
    await offered(db, location("EVSE1", "EVSE2"))

    done = await offered(db, location("EVSE1"))

    assert done.removed_evses == ("EVSE2",)
    assert [each["status"] for each in (await whole(db))["evses"]] == ["UNKNOWN", "REMOVED"]


async def test_removed_is_for_ever(db: Database) -> None:
    await offered(db, location("EVSE1", "EVSE2"))
    await offered(db, location("EVSE1"))

    with pytest.raises(BadInventory, match=r"evses\[1\].uid: 'EVSE2' is REMOVED"):
        await offered(db, location("EVSE1", "EVSE2"))


async def test_a_uid_is_never_another_locations(db: Database) -> None:
    await offered(db, location("EVSE1", "EVSE2"))
    await offered(db, location("EVSE1"))

    with pytest.raises(BadInventory, match="'EVSE2' belongs to location 'LOC1'"):
        await offered(db, location("EVSE2", id="LOC2"))


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (location("evse1"), "'evse1' is 'EVSE1' in another spelling"),
        (location("EVSE1", id="loc1"), "'loc1' is 'LOC1' in another spelling"),
    ],
    ids=["of a uid", "of an id"],
)
async def test_another_spelling_is_no_other_object(
    db: Database, document: dict[str, Any], why: str
) -> None:
    await offered(db, location("EVSE1"))

    with pytest.raises(BadInventory, match=why):
        await offered(db, document)


async def test_planned_is_the_operators_word_and_becomes_live(db: Database) -> None:
    await offered(db, location(evses=[{**evse("EVSE1"), "status": "PLANNED"}]))
    planned = (await evse_row(db)).status

    await offered(db, location("EVSE1"))

    assert planned == "PLANNED"
    assert (await evse_row(db)).status == "UNKNOWN"


async def test_a_status_in_the_file_is_not_believed(db: Database) -> None:
    await offered(db, location(evses=[{**evse("EVSE1"), "status": "AVAILABLE"}]))

    assert (await evse_row(db)).status == "UNKNOWN"


async def test_a_change_of_one_connector_leaves_the_stamp_of_the_other(db: Database) -> None:
    one, two = samples.connector(id="1"), samples.connector(id="2")
    await offered(db, location(evses=[evse("EVSE1", connectors=[one, two])]))
    later = {"last_updated": samples.LATER}

    await offered(
        db,
        location(
            evses=[evse("EVSE1", connectors=[one | later, two | later | {"max_amperage": 16}])]
        ),
    )

    connectors = (await evse_row(db)).document["connectors"]
    assert [each["last_updated"] for each in connectors] == [samples.MOMENT, samples.LATER]


# --- what partners are told ----------------------------------------------------------------------


async def test_partners_get_the_whole_location_with_its_statuses(db: Database) -> None:
    await offered(db, location("EVSE1", "EVSE2"))
    await mapped(db, "CS1", "EVSE1", "EVSE2")
    await said(db, notice(1, "Available"))

    await offered(db, location("EVSE1", "EVSE2", name="Renamed"))

    told = await whole(db)
    assert told["name"] == "Renamed"
    assert [each["status"] for each in told["evses"]] == ["AVAILABLE", "UNKNOWN"]
    assert (await evse_row(db)).tell_at is None


async def test_each_change_has_a_later_stamp_within_one_millisecond(db: Database) -> None:
    await offered(db, location("EVSE1"))
    first = (await whole(db))["last_updated"]

    await offered(db, location("EVSE1", name="Renamed"))

    assert parse_datetime((await whole(db))["last_updated"]) > parse_datetime(first)


async def test_capabilities_that_the_file_leaves_open_are_derived(db: Database) -> None:
    await offered(db, location("EVSE1"))
    unmapped = (await whole(db))["evses"][0].get("capabilities")

    await mapped(db, "CS1", "EVSE1")

    assert unmapped is None
    assert (await whole(db))["evses"][0]["capabilities"] == [
        "REMOTE_START_STOP_CAPABLE",
        "RFID_READER",
        "UNLOCK_CAPABLE",
    ]
    assert "capabilities" not in (await exported(db))[0]["evses"][0]


async def test_what_the_station_says_it_can_do_is_added(db: Database) -> None:
    await offered(db, location("EVSE1"))
    await mapped(db, "CS1", "EVSE1")
    await executed(db, CONFIGURED)

    async with db.hot_transaction() as conn:
        await inventory.publish_of_evses(conn, ["EVSE1"], now=NOW + SECOND)

    found = set((await whole(db))["evses"][0]["capabilities"])
    assert {"RESERVABLE", "CHARGING_PROFILE_CAPABLE"} <= found


async def test_what_the_file_says_of_capabilities_stands(db: Database) -> None:
    await offered(db, location(evses=[evse("EVSE1") | {"capabilities": ["RFID_READER"]}]))
    await mapped(db, "CS1", "EVSE1")

    assert (await whole(db))["evses"][0]["capabilities"] == ["RFID_READER"]


# --- tariffs -------------------------------------------------------------------------------------


async def tariffs(db: Database, *documents: dict[str, Any]) -> inventory.Imported:
    async with db.hot_transaction() as conn:
        return await inventory.import_tariffs(conn, documents, party=PARTY, now=NOW)


async def test_a_tariff_is_told_once_and_again_when_it_changes(db: Database) -> None:
    given = samples.tariff(id="TARIFF1")

    first = await tariffs(db, given)
    again = await tariffs(db, given)
    changed = await tariffs(db, {**given, "currency": "SEK"})

    assert (first.created, again.unchanged, changed.updated) == (("TARIFF1",),) * 3
    assert (await published(db, "tariffs"))["tariff1", ""]["currency"] == "SEK"


async def test_a_tariff_that_is_deleted_is_withdrawn(db: Database) -> None:
    await tariffs(db, samples.tariff(id="TARIFF1"))

    async with db.hot_transaction() as conn:
        done = await inventory.delete_tariff(conn, "tariff1", now=NOW)
        again = await inventory.delete_tariff(conn, "TARIFF1", now=NOW)

    assert (done, again) == (True, False)
    assert not await published(db, "tariffs")


async def test_a_tariff_names_the_field_at_fault(db: Database) -> None:
    bad = samples.tariff(elements=[{"price_components": [{"type": "ENERGY", "price": "1"}]}])

    with pytest.raises(BadInventory, match=r"elements\[0\].price_components\[0\].price: expected"):
        await tariffs(db, bad)


async def test_a_connector_of_an_unknown_tariff_is_a_warning(db: Database) -> None:
    done = await offered(db, location("EVSE1"))

    assert done.warnings == (
        "evses[0].connectors[0].tariff_ids: the tariff 'TARIFF1' is not known yet",
    )
