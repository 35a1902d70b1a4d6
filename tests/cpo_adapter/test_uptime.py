"""Uptime: outages of ports from the first day, and what they leave of a period."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal

import pytest

from cpo_adapter import uptime
from cpo_adapter.store import outages
from cpo_adapter.store.outages import Interval
from cpo_adapter.uptime import PortUptime
from ocpi_hub.node.engine import Database
from tests.cpo_adapter.offering import (
    MINUTE,
    NOW,
    executed,
    location,
    mapped,
    notice,
    offered,
    said,
    site,
    station_row,
)

END = NOW + 1000 * MINUTE
KNOWN_SINCE = "UPDATE stations SET created_at = %s"


async def report(db: Database) -> list[PortUptime]:
    async with db.hot() as conn:
        return await uptime.report(conn, since=NOW, until=END)


async def intervals(db: Database) -> list[Interval]:
    async with db.hot() as conn:
        return await outages.within(conn, since=NOW, until=END)


def at(minutes: int) -> timedelta:
    return minutes * MINUTE


@pytest.fixture
async def db(cpo_db: Database) -> Database:
    """LOC1 at station CS1, known before the period began."""
    await site(cpo_db)
    await executed(cpo_db, KNOWN_SINCE, NOW - at(10))
    return cpo_db


async def test_a_faulted_port_is_out_until_it_works_again(db: Database) -> None:
    await said(db, notice(1, "Faulted", at=NOW + at(100)), notice(1, "Available", at=NOW + at(150)))

    one, two = await report(db)

    assert (one.outage, one.uptime) == (Decimal(50), Decimal("95.000"))
    assert (two.outage, two.uptime) == (Decimal(0), Decimal("100.000"))


async def test_a_port_is_faulted_only_while_all_its_connectors_are(cpo_db: Database) -> None:
    both = location("EVSE1")
    both["evses"][0]["connectors"] *= 2
    both["evses"][0]["connectors"][1] = {**both["evses"][0]["connectors"][0], "id": "2"}
    await offered(cpo_db, both)
    await mapped(cpo_db, "CS1", "EVSE1")
    await executed(cpo_db, KNOWN_SINCE, NOW - at(10))

    await said(
        cpo_db,
        notice(1, "Faulted", at=NOW + at(10)),
        notice(2, "Available", at=NOW + at(10)),
        notice(2, "Faulted", at=NOW + at(20)),
        notice(1, "Available", at=NOW + at(30)),
    )

    (port,) = await report(cpo_db)
    assert port.outage == 10


async def test_another_reason_is_another_interval(db: Database) -> None:
    await said(
        db,
        notice(1, "Faulted", at=NOW + at(10)),
        notice(1, "Unavailable", at=NOW + at(20)),
        notice(1, "Available", at=NOW + at(30)),
    )

    found = [(each.reason, each.since, each.until) for each in await intervals(db)]
    assert found == [
        ("faulted", NOW + at(10), NOW + at(20)),
        ("unavailable", NOW + at(20), NOW + at(30)),
    ]


async def test_offline_is_an_outage_of_every_port_and_overlaps_count_once(db: Database) -> None:
    await said(db, notice(1, "Faulted", at=NOW + at(100)), notice(1, "Available", at=NOW + at(200)))
    async with db.hot() as conn:
        await uptime.went_offline(conn, "CS1", since=NOW + at(150))
        await uptime.came_back(conn, "CS1", at=NOW + at(250))

    one, two = await report(db)

    assert (one.outage, two.outage) == (Decimal(150), Decimal(100))


async def test_an_outage_that_lasts_counts_to_the_end_of_the_period(db: Database) -> None:
    async with db.hot() as conn:
        await uptime.went_offline(conn, "CS1", since=NOW - at(100))

    assert [port.outage for port in await report(db)] == [1000, 1000]


async def test_what_is_excluded_does_not_count(db: Database) -> None:
    await said(db, notice(1, "Faulted", at=NOW + at(100)), notice(1, "Available", at=NOW + at(200)))
    (fault,) = await intervals(db)
    async with db.hot() as conn:
        assert await outages.exclude(conn, fault.id, excluded=True)
        await uptime.went_offline(conn, "CS1", since=NOW + at(150))
        await uptime.came_back(conn, "CS1", at=NOW + at(250))

    one = (await report(db))[0]

    assert (one.outage, one.excluded, one.uptime) == (Decimal(150), Decimal(50), Decimal("90.000"))


async def test_a_station_counts_from_the_day_it_is_known(db: Database) -> None:
    await executed(db, KNOWN_SINCE, NOW + at(500))
    async with db.hot() as conn:
        await uptime.went_offline(conn, "CS1", since=NOW + at(900))

    one = (await report(db))[0]

    assert (one.minutes, one.outage, one.uptime) == (Decimal(500), Decimal(100), Decimal("80.000"))


async def test_a_station_that_is_not_mapped_has_ports_too(cpo_db: Database) -> None:
    await mapped(cpo_db, "CS1")
    await executed(cpo_db, KNOWN_SINCE, NOW - at(10))

    await said(cpo_db, notice(2, "Faulted", at=NOW + at(900)))

    (port,) = await report(cpo_db)
    assert (port.port, port.evse_uid, port.outage) == (2, None, Decimal(100))


async def test_the_same_silence_is_one_interval(db: Database) -> None:
    async with db.hot() as conn:
        first = await uptime.went_offline(conn, "CS1", since=NOW)
        again = await uptime.went_offline(conn, "CS1", since=NOW + MINUTE)

    assert (first, again) == (True, False)
    assert len(await intervals(db)) == 1


async def test_a_report_is_a_table_without_formulas(db: Database) -> None:
    """T35."""
    await mapped(db, "=CMD")
    await executed(db, KNOWN_SINCE, NOW - at(10))
    await said(db, notice(1, "Available", station_id="=CMD"))

    rows = list(csv.reader(uptime.to_csv(await report(db)).splitlines()))

    assert rows[0][:3] == ["station", "port", "evse_uid"]
    assert [row[0] for row in rows[1:]] == ["'=CMD", "CS1", "CS1"]
    assert rows[2][-1] == "100"
    assert (await station_row(db)).id == "CS1"
