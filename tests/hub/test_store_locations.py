"""Writes of Locations, EVSEs and Connectors (checklist section 12, SEM-08 to SEM-18, F13, F15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import same
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.store import evses, locations
from ocpi_hub.store.outcomes import Outcome
from tests import samples
from tests.hub import shelves
from tests.hub.shelves import OWNER, at


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param({}, id="with EVSEs"),
        pytest.param({"evses": []}, id="an empty list of EVSEs"),
        pytest.param({"evses": None}, id="null for the EVSEs"),
        pytest.param({"x_rate": Decimal("1.50"), "x_large": 10**25}, id="exact decimals"),
        pytest.param({"name": 'Zoë\'s "place" \\ 東京'}, id="any characters"),
    ],
)
async def test_a_location_is_served_as_it_was_put(db: Database, overrides: dict[str, Any]) -> None:
    sent = samples.location(**overrides)

    await shelves.put_location(db, **overrides)

    assert same(await shelves.location(db), sent)


async def test_a_location_without_a_list_of_evses_is_served_without_one(db: Database) -> None:
    sent = samples.location()
    del sent["evses"]

    async with db.hot_transaction() as conn:
        await locations.put_location(conn, OWNER, document=sent, correlation_id="c")

    assert same(await shelves.location(db), sent)


async def test_sem_18_the_same_put_twice_is_created_then_unchanged(db: Database) -> None:
    outcomes = [await shelves.put_location(db), await shelves.put_location(db)]

    assert outcomes == [Outcome.CREATED, Outcome.UNCHANGED]
    assert len((await shelves.list_page(db)).body) > 2


async def test_an_unchanged_put_makes_no_change_to_send(db: Database) -> None:
    await shelves.put_location(db)
    seen = (await shelves.changes_after(db))[-1].position

    await shelves.put_location(db)

    assert await shelves.changes_after(db, seen) == []


async def test_own_07_ids_in_another_case_are_the_same_location(db: Database) -> None:
    await shelves.put_location(db, id="LOC1")

    outcome = await shelves.put_location(db, id="loc1", last_updated=at(1))

    assert outcome is Outcome.UPDATED
    assert (await shelves.list_page(db)).total == 1
    assert (await shelves.location(db, "Loc1"))["id"] == "loc1"


@pytest.mark.parametrize(
    ("second", "outcome", "name"),
    [
        pytest.param(20, Outcome.UPDATED, "new", id="newer"),
        pytest.param(10, Outcome.UPDATED, "new", id="equal"),
        pytest.param(9, Outcome.STALE, "old", id="older"),
    ],
)
async def test_f15_a_put_counts_when_it_is_not_older(
    db: Database, second: int, outcome: Outcome, name: str
) -> None:
    await shelves.put_location(db, name="old", last_updated=at(10))

    assert await shelves.put_location(db, name="new", last_updated=at(second)) is outcome

    assert (await shelves.location(db))["name"] == name


@pytest.mark.parametrize(
    ("minutes", "outcome"),
    [
        pytest.param(4, Outcome.STALE, id="4 minutes ahead counts"),
        pytest.param(6, Outcome.UPDATED, id="6 minutes ahead is replaced"),
    ],
)
async def test_f13_a_stamp_far_in_the_future_does_not_freeze_a_location(
    db: Database, minutes: int, outcome: Outcome
) -> None:
    ahead = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes))
    await shelves.put_location(db, last_updated=ahead)

    assert await shelves.put_location(db, name="new", last_updated=at(1)) is outcome


async def test_an_evse_that_is_not_listed_is_served_no_more(db: Database) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A"), samples.evse(uid="B")])

    await shelves.put_location(db, evses=[samples.evse(uid="B")], last_updated=at(1))

    assert await shelves.uids(db) == ["B"]
    assert await shelves.patch_evse(db, "A", status="CHARGING", last_updated=at(2)) is (
        Outcome.UNKNOWN
    )


async def test_an_evse_that_is_listed_again_is_back(db: Database) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A"), samples.evse(uid="B")])
    await shelves.put_location(db, evses=[samples.evse(uid="B")], last_updated=at(1))

    await shelves.put_location(
        db, evses=[samples.evse(uid="B"), samples.evse(uid="A")], last_updated=at(2)
    )

    assert await shelves.uids(db) == ["B", "A"]


async def test_evses_are_served_in_the_order_of_the_list(db: Database) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid=uid) for uid in "DBCA"])
    await shelves.put_location(
        db, evses=[samples.evse(uid=uid) for uid in "ABDC"], last_updated=at(1)
    )

    assert await shelves.uids(db) == ["A", "B", "D", "C"]


async def test_an_evse_left_out_makes_the_location_a_change_even_with_an_equal_row(
    db: Database,
) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A"), samples.evse(uid="B")])
    seen = (await shelves.changes_after(db))[-1].position

    outcome = await shelves.put_location(db, evses=[samples.evse(uid="B")])

    assert outcome is Outcome.UPDATED
    changed = await shelves.changes_after(db, seen)
    assert [(change.sub, change.absent) for change in changed] == [("", False), ("a", True)]


async def test_a_put_of_a_location_does_not_set_a_newer_evse_back(db: Database) -> None:
    await shelves.put_location(db)
    await shelves.put_evse(db, status="CHARGING", last_updated=at(30))

    await shelves.put_location(db, name="new", last_updated=at(20))

    served = await shelves.location(db)
    assert served["name"] == "new"
    assert served["evses"][0]["status"] == "CHARGING"


async def test_only_the_evse_that_changed_is_a_change(db: Database) -> None:
    both = [samples.evse(uid="A"), samples.evse(uid="B")]
    await shelves.put_location(db, evses=both)
    seen = (await shelves.changes_after(db))[-1].position

    changed = [both[0], samples.evse(uid="B", status="BLOCKED", last_updated=at(1))]
    await shelves.put_location(db, evses=changed)

    assert [change.sub for change in await shelves.changes_after(db, seen)] == ["b"]


async def test_a_uid_that_is_listed_twice_is_refused_by_name(db: Database) -> None:
    twice = [samples.evse(uid="A"), samples.evse(uid="a")]

    with pytest.raises(InvalidParameters, match=r"evses\.1\.uid: 'a' is there twice"):
        await shelves.put_location(db, evses=twice)

    assert await shelves.location(db) is None


async def test_loc_06_an_evse_below_an_unknown_location_is_unknown(db: Database) -> None:
    assert await shelves.put_evse(db) is Outcome.UNKNOWN


async def test_sem_08_a_newer_evse_raises_the_stamp_the_location_is_served_with(
    db: Database,
) -> None:
    await shelves.put_location(db, last_updated=at(10))

    outcome = await shelves.put_evse(db, uid="NEW", last_updated="2026-03-01T12:00:20.5")

    assert outcome is Outcome.CREATED
    assert (await shelves.location(db))["last_updated"] == "2026-03-01T12:00:20.5"


async def test_sem_10_an_older_evse_does_not_lower_the_stamp_of_its_location(
    db: Database,
) -> None:
    await shelves.put_location(db, last_updated="2026-03-01T12:00:50")

    await shelves.put_evse(db, uid="NEW", last_updated=at(20))

    assert (await shelves.location(db))["last_updated"] == "2026-03-01T12:00:50"


async def test_sem_08_a_newer_connector_raises_the_stamps_of_evse_and_location(
    db: Database,
) -> None:
    await shelves.put_location(db)
    uid = samples.evse()["uid"]

    async with db.hot_transaction() as conn:
        outcome = await evses.put_connector(
            conn,
            OWNER,
            "LOC1",
            uid,
            document=samples.connector(id="9", last_updated=at(5)),
            correlation_id="c",
        )

    served = await shelves.location(db)
    assert outcome is Outcome.CREATED
    assert [each["last_updated"] for each in (served, served["evses"][0])] == [at(5), at(5)]
    assert served["evses"][0]["connectors"][-1]["id"] == "9"


@pytest.mark.parametrize(
    ("connector_id", "second", "outcome"),
    [
        pytest.param("1", 5, Outcome.UPDATED, id="newer"),
        pytest.param("1", -1, Outcome.STALE, id="older"),
        pytest.param("none", 5, Outcome.UNKNOWN, id="no such connector"),
    ],
)
async def test_a_patch_of_a_connector(
    db: Database, connector_id: str, second: int, outcome: Outcome
) -> None:
    await shelves.put_location(
        db, evses=[samples.evse(connectors=[samples.connector(id="1", last_updated=at(0))])]
    )
    stamp = at(second) if second >= 0 else "2026-03-01T11:59:59Z"

    async with db.hot_transaction() as conn:
        done = await evses.patch_connector(
            conn,
            OWNER,
            "LOC1",
            samples.evse()["uid"],
            connector_id,
            document={"tariff_ids": ["T9"], "last_updated": stamp},
            correlation_id="c",
        )

    connector = (await shelves.location(db))["evses"][0]["connectors"][0]
    assert done is outcome
    assert (connector["tariff_ids"] == ["T9"]) is (outcome is Outcome.UPDATED)


async def test_amb_12_a_patch_with_connectors_removes_none(db: Database) -> None:
    both = [samples.connector(id="1"), samples.connector(id="2")]
    await shelves.put_location(db, evses=[samples.evse(connectors=both)])

    async with db.hot_transaction() as conn:
        outcome = await evses.patch_evse(
            conn,
            OWNER,
            "LOC1",
            samples.evse()["uid"],
            document={
                "connectors": [{"id": "2", "max_voltage": 400, "last_updated": at(1)}],
                "last_updated": at(1),
            },
            correlation_id="c",
        )

    connectors = (await shelves.location(db))["evses"][0]["connectors"]
    assert outcome is Outcome.UPDATED
    assert [each["id"] for each in connectors] == ["1", "2"]
    assert connectors[1]["max_voltage"] == 400


async def test_amb_12_a_patch_with_evses_removes_none(db: Database) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A"), samples.evse(uid="B")])

    outcome = await shelves.patch_location(
        db,
        evses=[{"uid": "B", "status": "BLOCKED", "last_updated": at(1)}],
        last_updated=at(1),
    )

    served = await shelves.location(db)
    assert outcome is Outcome.UPDATED
    assert [evse["status"] for evse in served["evses"]][1] == "BLOCKED"
    assert await shelves.uids(db) == ["A", "B"]


@pytest.mark.parametrize(
    ("location_id", "stamp", "outcome"),
    [
        pytest.param("none", at(1), Outcome.UNKNOWN, id="unknown"),
        pytest.param("LOC1", "2020-01-01T00:00:00Z", Outcome.STALE, id="older"),
        pytest.param("LOC1", at(1), Outcome.UPDATED, id="newer"),
    ],
)
async def test_a_patch_with_a_time_zone(
    db: Database, location_id: str, stamp: str, outcome: Outcome
) -> None:
    await shelves.put_location(db)

    async with db.hot_transaction() as conn:
        done = await locations.patch_location(
            conn,
            OWNER,
            location_id,
            document={"time_zone": "Europe/Paris", "last_updated": stamp},
            correlation_id="c",
        )

    assert done is outcome


async def test_every_time_zone_a_location_had_is_kept(db: Database) -> None:
    await shelves.put_location(db)
    await shelves.put_location(db, name="other", last_updated=at(1))
    await shelves.patch_location(db, time_zone="Europe/Paris", last_updated=at(2))

    async with db.hot() as conn:
        kept = await conn.execute("SELECT time_zone FROM time_zones ORDER BY since")
        rows = await kept.fetchall()

    assert rows == [("Europe/Amsterdam",), ("Europe/Paris",)]
