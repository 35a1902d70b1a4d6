"""No CDR on a suspicious meter without a person's word (T30), and what a person can say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cpo_adapter import cdrs, unbillable
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.errors import InvalidParameters, NotFound
from tests.cpo_adapter.site import Plugged, Site, open_site

Forged = Callable[[Plugged], Awaitable[None]]
_2099 = datetime(2099, 1, 1, tzinfo=UTC)


async def _ended(station: Plugged, stop: int, *samples: int) -> None:
    for each in samples:
        station.wait(10)
        await station.measure(each)
    station.wait(30)
    await station.stop(stop)


async def _falling(station: Plugged) -> None:
    await _ended(station, 15_000, 14_000, 12_000)


async def _falling_at_the_end(station: Plugged) -> None:
    await _ended(station, 12_000, 14_000)


async def _less_than_at_the_start(station: Plugged) -> None:
    await _ended(station, 9_000)


async def _negative(station: Plugged) -> None:
    await _ended(station, 15_000, -14_000)


async def _a_jump(station: Plugged) -> None:
    await _ended(station, 15_000, 900_111)


async def _a_jump_at_the_end(station: Plugged) -> None:
    await _ended(station, 900_111, 12_000)


async def _a_reading_of_the_future(station: Plugged) -> None:
    await station.measure(12_000, samples=station.register(12_000, at=_2099))
    await _ended(station, 15_000)


async def _an_end_before_the_start(station: Plugged) -> None:
    station.wait(30)
    await station.stop(15_000, timestamp=station.at - timedelta(hours=2))


PROFILES: dict[str, Forged] = {
    "falling": _falling,
    "falling at the end": _falling_at_the_end,
    "less than at the start": _less_than_at_the_start,
    "negative": _negative,
    "a jump": _a_jump,
    "a jump at the end": _a_jump_at_the_end,
    "a reading of the future": _a_reading_of_the_future,
    "an end before the start": _an_end_before_the_start,
}


@pytest.mark.parametrize("forge", PROFILES.values(), ids=PROFILES)
async def test_a_suspicious_session_is_shown_and_not_billed(
    cpo_db: Database, forge: Forged
) -> None:
    """T30."""
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)

    await forge(station)

    assert not await site.bill(after=timedelta(days=1))
    (found,) = await _listed(site)
    assert found.billing == "suspect"
    shown = await site.the_session()
    # COMPLETED would be final.
    assert (shown["status"], "end_date_time" in shown) == ("ACTIVE", True)


async def test_a_zero_in_the_middle_is_dropped(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)

    await _ended(station, 15_000, 12_000, 0, 14_000)

    (cdr,) = await site.bill()
    assert cdr["total_energy"] == 5


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        (None, "clock_unreadable"),
        (datetime(1970, 1, 1, tzinfo=UTC), "clock_unset"),
        (_2099, "clock_ahead"),
    ],
    ids=["yesterday", "1970", "2099"],
)
async def test_a_start_at_a_time_that_cannot_be_is_kept_for_a_person(
    cpo_db: Database, stamp: datetime | None, code: str
) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000, timestamp=stamp, timestamp_text="as it came")

    await _ended(station, 15_000)

    (found,) = await _listed(site)
    assert found.started_at == found.start_received_at
    assert found.suspicions[0]["code"] == code
    assert not await site.bill()


async def test_a_released_session_is_billed_with_the_energy_a_person_found(
    cpo_db: Database,
) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)
    await _a_jump_at_the_end(station)
    (held,) = await _listed(site)

    async with site.db.hot_transaction() as conn:
        await unbillable.release(
            conn, held.id, kwh=Decimal("2.5"), rules=site.rules, now=site.clock, actor="ann"
        )

    (cdr,) = await site.bill()
    shown = await site.the_session()
    assert cdr["total_energy"] == shown["kwh"] == Decimal("2.5")
    assert shown["status"] == "COMPLETED"
    assert not await _listed(site)


async def test_a_session_that_is_written_off_is_invalid(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)
    await _falling(station)
    (held,) = await _listed(site)

    async with site.db.hot_transaction() as conn:
        await unbillable.write_off(conn, held.id, rules=site.rules, now=site.clock, actor="ann")

    assert (await site.the_session())["status"] == "INVALID"
    assert not await site.bill()


async def test_a_session_that_waits_for_nobody_cannot_be_released(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)
    await _ended(station, 15_000)
    (found,) = await site.transactions()

    async with site.db.hot_transaction() as conn:
        with pytest.raises(InvalidParameters, match="does not wait"):
            await unbillable.release(conn, found.id, rules=site.rules, now=site.clock, actor="ann")


async def test_nobody_can_be_billed_for_an_unknown_card(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000, uid="STRANGER")
    await _ended(station, 15_000)
    (held,) = await _listed(site)

    async with site.db.hot_transaction() as conn:
        with pytest.raises(InvalidParameters, match="nobody's to pay"):
            await unbillable.release(conn, held.id, rules=site.rules, now=site.clock, actor="ann")

    assert held.billing == "unbillable"
    assert not await site.published("sessions")


async def test_a_stuck_session_is_listed_and_closed_by_hand(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)
    station.wait(10)
    await station.measure(12_000)
    now = site.clock + timedelta(days=2)

    async with site.db.hot_transaction() as conn:
        (stuck,) = await unbillable.stuck(conn, rules=site.rules, now=now)
        closed = await unbillable.close(conn, stuck.id, meter_stop=None, rules=site.rules, now=now)

    assert (closed.state, closed.energy, closed.billing) == ("completed", Decimal(2000), "suspect")
    assert closed.stopped_at == station.at


async def test_a_correction_is_a_credit_cdr_and_a_new_one(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)
    await _ended(station, 15_000)
    (wrong,) = await site.bill()

    async with site.db.hot_transaction() as conn:
        await cdrs.correct(
            conn, wrong["session_id"], kwh=Decimal(4), rules=site.rules, now=site.clock
        )

    first, credited, right = await site.published("cdrs")
    assert first == wrong
    assert credited["credit_reference_id"] == wrong["id"]
    assert credited["total_cost"]["excl_vat"] == -wrong["total_cost"]["excl_vat"]
    assert credited["total_energy"] == wrong["total_energy"]
    assert (right["total_energy"], "credit" in right) == (4, False)


async def test_what_was_never_billed_cannot_be_corrected(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(10_000)
    (found,) = await site.transactions()

    async with site.db.hot_transaction() as conn:
        with pytest.raises(NotFound, match="no CDR"):
            await cdrs.correct(conn, found.id, kwh=Decimal(4), rules=site.rules, now=site.clock)


async def _listed(site: Site) -> list[Transaction]:
    async with site.db.hot() as conn:
        return await unbillable.listed(conn)
