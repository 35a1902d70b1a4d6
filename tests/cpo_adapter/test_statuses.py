"""Statuses: derived from reports, sessions and reservations, settled, then told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cpo_adapter import statuses
from cpo_adapter.ocpp.version import Version
from cpo_adapter.skew import Skews
from cpo_adapter.telling import StatusTeller
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.types import parse_datetime
from tests.cpo_adapter.offering import (
    MINUTE,
    NOW,
    SECOND,
    SETTLE,
    Clock,
    evse_row,
    executed,
    location,
    mapped,
    notice,
    offered,
    published,
    said,
    site,
    station_row,
)

BOOT = "UPDATE stations SET booted_at = %s, protocol = %s WHERE id = 'CS1'"
OPEN = (
    "INSERT INTO transactions (id, station_id, evse_uid, state) VALUES ('S1', 'CS1', %s, 'active')"
)


def teller(db: Database, clock: Clock) -> tuple[StatusTeller, list[str]]:
    pokes: list[str] = []
    return StatusTeller(db, SETTLE, lambda: pokes.append("poke"), clock), pokes


async def told(db: Database, uid: str = "evse1") -> str | None:
    found = (await published(db)).get(("loc1", uid))
    return None if found is None else found["status"]


async def rederived(db: Database, *uids: str) -> None:
    async with db.hot_transaction() as conn:
        await statuses.rederive(conn, uids, now=NOW, settle=SETTLE)


# --- deriving ------------------------------------------------------------------------------------


async def test_a_report_becomes_the_status_of_its_evse(cpo_db: Database) -> None:
    await site(cpo_db)

    await said(cpo_db, notice(1, "Available"), notice(2, "Charging"))

    assert (await evse_row(cpo_db, "EVSE1")).status == "AVAILABLE"
    assert (await evse_row(cpo_db, "EVSE2")).status == "CHARGING"


async def test_what_connector_0_says_holds_for_the_whole_station(cpo_db: Database) -> None:
    await site(cpo_db)
    await said(cpo_db, notice(1, "Available"), notice(2, "Available"))

    await said(cpo_db, notice(0, "Unavailable"))

    assert (await evse_row(cpo_db, "EVSE1")).status == "INOPERATIVE"
    assert (await evse_row(cpo_db, "EVSE2")).status == "INOPERATIVE"


async def test_a_session_that_opens_makes_its_evse_charging(cpo_db: Database) -> None:
    await site(cpo_db)
    await said(cpo_db, notice(1, "Available"))
    await executed(cpo_db, OPEN, "EVSE1")

    await rederived(cpo_db, "EVSE1")

    assert (await evse_row(cpo_db)).status == "CHARGING"


async def test_a_reservation_that_was_accepted_makes_its_evse_reserved(cpo_db: Database) -> None:
    await site(cpo_db)
    await said(cpo_db, notice(1, "Available"))
    await executed(
        cpo_db,
        "INSERT INTO reservations (id, station_id, location_id, evse_uid, id_tag, token, state)"
        " VALUES (7, 'CS1', 'LOC1', 'EVSE1', 'A', '{}', 'active')",
    )

    await rederived(cpo_db, "EVSE1")

    assert (await evse_row(cpo_db)).status == "RESERVED"


async def test_siblings_at_one_outlet_are_blocked_while_one_is_in_use(cpo_db: Database) -> None:
    await site(cpo_db, shared_outlet=True)
    await said(cpo_db, notice(1, "Available"), notice(2, "Available"))

    await said(cpo_db, notice(1, "Charging"))
    during = (await evse_row(cpo_db, "EVSE2")).status
    await said(cpo_db, notice(1, "Available"))

    assert during == "BLOCKED"
    assert (await evse_row(cpo_db, "EVSE2")).status == "AVAILABLE"


async def test_a_connector_of_2_0_1_is_found_by_both_numbers(cpo_db: Database) -> None:
    await offered(cpo_db, location("EVSE1", "EVSE2"))
    await mapped(cpo_db, "CS1", "EVSE1=1/1", "EVSE2=2/3")
    await executed(cpo_db, BOOT, NOW - MINUTE * 10, "ocpp2.0.1")

    await said(
        cpo_db,
        notice(2, "Occupied", version=Version.V201, connector_id=3),
        notice(1, "Available", version=Version.V201, connector_id=None),
    )

    assert (await evse_row(cpo_db, "EVSE2")).status == "CHARGING"
    assert (await evse_row(cpo_db, "EVSE1")).status == "AVAILABLE"


@pytest.mark.parametrize(
    "event",
    [notice(None, "Available"), notice(1, None), notice(1, "Available", station_id="CS9")],
    ids=["without a connector", "without a status", "of a station nobody knows"],
)
async def test_a_report_that_says_nothing_changes_nothing(cpo_db: Database, event: object) -> None:
    await site(cpo_db)

    await said(cpo_db, event)  # type: ignore[arg-type]  # parametrised

    assert (await evse_row(cpo_db)).status == "UNKNOWN"


# --- whose clock ---------------------------------------------------------------------------------


async def test_a_replayed_report_is_not_applied(cpo_db: Database) -> None:
    """F19: a station that was offline brings old reports with their old timestamps."""
    await site(cpo_db)

    await said(
        cpo_db,
        notice(1, "Available"),
        notice(1, "Charging", at=NOW + MINUTE, timestamp=NOW - 60 * MINUTE),
    )

    assert (await evse_row(cpo_db)).status == "AVAILABLE"


UNTRUE = {
    "of 1970": datetime(1970, 1, 1, tzinfo=UTC),
    "of 2099": datetime(2099, 1, 1, tzinfo=UTC),
    "two hours ahead": NOW + timedelta(hours=2),
    "none": None,
}


@pytest.mark.parametrize("stamp", UNTRUE.values(), ids=UNTRUE)
async def test_a_timestamp_that_cannot_be_is_the_moment_of_receipt(
    cpo_db: Database, stamp: datetime | None
) -> None:
    """T30."""
    await site(cpo_db)

    await said(
        cpo_db,
        notice(1, "Charging", timestamp=stamp),
        notice(1, "Available", at=NOW + SECOND),
    )

    assert (await evse_row(cpo_db)).status == "AVAILABLE"


async def test_a_clock_in_the_wrong_zone_is_measured_after_the_boot(cpo_db: Database) -> None:
    await site(cpo_db)
    await executed(cpo_db, BOOT, NOW - SECOND, "ocpp1.6")
    skews, behind = Skews(), timedelta(hours=2)

    await said(cpo_db, notice(1, "Available", timestamp=NOW - behind), skews=skews)
    first = (await station_row(cpo_db)).skew
    # What it replays beside it only looks slower.
    await said(cpo_db, notice(1, "Charging", timestamp=NOW - behind * 2), skews=skews)

    assert first == behind
    assert (await station_row(cpo_db)).skew == behind
    assert (await evse_row(cpo_db)).status == "AVAILABLE"


async def test_what_is_old_without_a_boot_is_a_replay_and_no_skew(cpo_db: Database) -> None:
    await site(cpo_db)
    await executed(cpo_db, BOOT, NOW - MINUTE * 10, "ocpp1.6")

    await said(cpo_db, notice(1, "Available", timestamp=NOW - timedelta(hours=2)))

    assert (await station_row(cpo_db)).skew == timedelta()


async def test_a_clock_that_has_been_set_is_right_again(cpo_db: Database) -> None:
    await site(cpo_db)
    skews, ahead = Skews(), timedelta(hours=1)

    await said(cpo_db, notice(1, "Available", timestamp=NOW + ahead), skews=skews)
    wrong = (await station_row(cpo_db)).skew
    await said(cpo_db, notice(1, "Charging", at=NOW + SECOND), skews=skews)

    assert wrong == -ahead
    assert (await station_row(cpo_db)).skew == timedelta()


# --- telling -------------------------------------------------------------------------------------


async def test_a_status_is_told_once_it_has_stood_still(cpo_db: Database) -> None:
    await site(cpo_db)
    clock = Clock()
    telling, pokes = teller(cpo_db, clock)
    await said(cpo_db, notice(1, "Available"))

    await telling.step()
    early = await told(cpo_db)
    clock.forward(SETTLE)
    await telling.step()

    assert early is None
    assert await told(cpo_db) == "AVAILABLE"
    assert pokes == ["poke"]


async def test_a_status_that_was_there_for_a_millisecond_is_never_told(cpo_db: Database) -> None:
    """Simulators send Occupied and Available within one millisecond."""
    await site(cpo_db)
    clock = Clock(NOW + SETTLE)
    telling, _ = teller(cpo_db, clock)
    await said(cpo_db, notice(1, "Available"))
    await telling.step()
    before = (await published(cpo_db))["loc1", "evse1"]

    blink = clock.at + timedelta(milliseconds=1)
    await said(cpo_db, notice(1, "Preparing", at=clock.at), notice(1, "Available", at=blink))
    clock.forward(MINUTE)
    await telling.step()

    assert (await published(cpo_db))["loc1", "evse1"] == before
    assert (await evse_row(cpo_db)).tell_at is None


async def test_last_updated_rises_even_when_the_clock_goes_back(cpo_db: Database) -> None:
    await site(cpo_db)
    clock = Clock(NOW + MINUTE)
    telling, _ = teller(cpo_db, clock)
    await said(cpo_db, notice(1, "Available"))
    await telling.step()
    first = (await published(cpo_db))["loc1", "evse1"]["last_updated"]

    await said(cpo_db, notice(1, "Charging", at=NOW + SECOND))
    clock.at = NOW + SECOND + SETTLE
    await telling.step()
    second = (await published(cpo_db))["loc1", "evse1"]

    assert second["status"] == "CHARGING"
    assert parse_datetime(second["last_updated"]) > parse_datetime(first)


async def test_the_whole_location_shows_what_was_told(cpo_db: Database) -> None:
    await site(cpo_db)
    telling, _ = teller(cpo_db, Clock(NOW + SETTLE))
    await said(cpo_db, notice(2, "Charging"))

    await telling.step()

    whole = (await published(cpo_db))["loc1", ""]
    assert [each["status"] for each in whole["evses"]] == ["UNKNOWN", "CHARGING"]


async def test_an_evse_that_partners_do_not_have_is_told_with_its_location(
    cpo_db: Database,
) -> None:
    await site(cpo_db)
    await executed(cpo_db, "DELETE FROM published")
    telling, _ = teller(cpo_db, Clock(NOW + SETTLE))
    await said(cpo_db, notice(1, "Available"))

    await telling.step()

    whole = (await published(cpo_db))["loc1", ""]
    assert [each["status"] for each in whole["evses"]] == ["AVAILABLE", "UNKNOWN"]
