"""CDRs in custody: taken once, pushed until there is an outcome, seen by their two parties."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.secrets import new_reference
from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.protocol.paging import Window
from ocpi_hub.store import custody
from ocpi_hub.store.custody import Cdr, CdrDraft, CdrState, Taken, Taking
from tests.hub.registering import NOW

CPO, EMS, HOSTILE = "nl/cpo", "de/ems", "de/bad"
BODY = b'{"id": "CDR-1", "total_cost": {"excl_vat": 1.50}}'


@pytest.fixture
async def conn(db: Database) -> AsyncIterator[Hot]:
    """A connection; each statement is committed."""
    async with db.hot() as connection:
        yield connection


def draft(cdr_id: str = "CDR-1", body: bytes = BODY, emsp: str = EMS) -> CdrDraft:
    """A CDR that is due at once."""
    return CdrDraft(
        owner=CPO,
        id=cdr_id,
        emsp=emsp,
        raw=body,
        sha256=hashlib.sha256(body).digest(),
        last_updated=NOW,
        correlation_id="c-1",
        reference=new_reference(),
        next_at=NOW,
    )


async def stored(conn: Hot, cdr_id: str = "CDR-1") -> Cdr:
    found = await custody.by_id(conn, CPO, cdr_id=cdr_id)
    assert found is not None
    return found


def window(limit: int = 1000, **changes: Any) -> Window:
    """Everything, unless told otherwise."""
    return Window(limit, **changes)


async def count(conn: Hot, table: str) -> int:
    row = await (await conn.execute(f"SELECT count(*) FROM hub.{table}")).fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])


async def test_a_cdr_is_kept_byte_for_byte(conn: Hot) -> None:
    taken = await custody.take(conn, draft(), now=NOW)

    kept = await stored(conn)
    assert taken == Taken(Taking.NEW, kept)
    assert kept.raw == BODY
    assert kept.state == CdrState.HELD


@pytest.mark.parametrize(
    ("again", "taking"),
    [
        pytest.param(BODY, Taking.SAME, id="same bytes"),
        pytest.param(b'{"total_cost":{"excl_vat":1.5},"id":"CDR-1"}', Taking.SAME, id="equal JSON"),
        pytest.param(BODY.replace(b"1.50", b"1.51"), Taking.DIFFERENT, id="another amount"),
        pytest.param(
            BODY.replace(b"1.50", b"1.500000000000000000001"), Taking.DIFFERENT, id="exact decimals"
        ),
    ],
)
async def test_an_id_that_was_taken(conn: Hot, again: bytes, taking: Taking) -> None:
    """CDR-25, T18."""
    first = await custody.take(conn, draft(), now=NOW)

    second = await custody.take(conn, draft("cdr-1", again), now=NOW)

    assert second == Taken(taking, first.cdr)
    assert await count(conn, "cdrs") == 1
    assert await count(conn, "cdr_conflicts") == (taking is Taking.DIFFERENT)


async def test_a_refused_cdr_is_tried_again_when_it_is_posted_again(conn: Hot) -> None:
    taken = await custody.take(conn, draft(), now=NOW)
    await custody.mark_refused(conn, taken.cdr, code=2001, message="currency: unknown")
    refused = await stored(conn)

    again = await custody.take(conn, draft(), now=NOW)
    once_more = await custody.take(conn, draft(), now=NOW)

    assert (refused.state, refused.answer_code, refused.next_at) == (CdrState.REFUSED, 2001, None)
    assert again.taking is Taking.AGAIN
    assert (again.cdr.state, again.cdr.answer_code) == (CdrState.HELD, None)
    assert again.cdr.reference == taken.cdr.reference
    assert once_more.taking is Taking.SAME


async def test_a_delivered_cdr_is_never_due_again(conn: Hot) -> None:
    """Invariant 2."""
    taken = await custody.take(conn, draft(), now=NOW)
    await custody.mark_delivered(conn, taken.cdr, location="https://ems.example/1", now=NOW)

    again = await custody.take(conn, draft(), now=NOW)
    await custody.reschedule(conn, taken.cdr, next_at=NOW, code=None, message=None)
    await custody.mark_refused(conn, taken.cdr, code=2000, message=None)
    await custody.hasten(conn, EMS, now=NOW, busy_until=NOW)

    assert again.taking is Taking.SAME
    assert again.cdr.location == "https://ems.example/1"
    assert (await stored(conn)).state == CdrState.DELIVERED
    assert await custody.receivers_due(conn, now=NOW + timedelta(days=1)) == []


async def test_the_same_cdr_twenty_times_at_once_is_one_row(db: Database) -> None:
    """F14: 200 ids, each posted 20 times in parallel."""
    writer = custody.writer(db, now=lambda: NOW)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(writer.run())

        taken = await asyncio.gather(
            *(writer.submit(draft(f"CDR-{n % 200}")) for n in range(200 * 20))
        )

        running.cancel()
    async with db.hot() as conn:
        rows = await count(conn, "cdrs")
    assert rows == 200
    assert Counter(t.taking for t in taken) == {Taking.NEW: 200, Taking.SAME: 3800}
    assert len({t.cdr.reference for t in taken}) == 200


async def test_two_processes_that_take_the_same_cdrs_agree(db: Database) -> None:
    writers = [custody.writer(db, now=lambda: NOW), custody.writer(db, now=lambda: NOW)]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(writer.run()) for writer in writers]

        taken = await asyncio.gather(
            *(writer.submit(draft(f"CDR-{n}")) for n in range(100) for writer in writers)
        )

        [task.cancel() for task in running]
    assert Counter(t.taking for t in taken) == {Taking.NEW: 100, Taking.SAME: 100}


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 0), (1, 5), (2, 30), (3, 120), (5, 1800), (8, 14400), (9, 28800), (90, 28800)],
)
def test_attempts_follow_the_schedule_with_jitter(attempts: int, seconds: int) -> None:
    earliest = custody.next_attempt(attempts, now=NOW, random=lambda: 0.0)
    latest = custody.next_attempt(attempts, now=NOW, random=lambda: 1.0)

    assert earliest - NOW == timedelta(seconds=seconds)
    assert latest - NOW == timedelta(seconds=seconds * 1.25)


async def test_what_is_due_is_claimed_once_and_in_order(conn: Hot) -> None:
    await custody.take(conn, draft("CDR-2"), now=NOW)
    await custody.take(conn, draft("CDR-1"), now=NOW + timedelta(seconds=1))
    await custody.take(conn, draft("OTHER", emsp="de/oth"), now=NOW)
    later = NOW + timedelta(minutes=1)

    claimed = await custody.claim_due(conn, EMS, now=NOW, until=later, limit=10)
    again = await custody.claim_due(conn, EMS, now=NOW, until=later, limit=10)
    after_a_crash = await custody.claim_due(conn, EMS, now=later, until=later, limit=1)

    assert [cdr.id for cdr in claimed] == ["cdr-2", "cdr-1"]
    assert again == []
    assert [cdr.id for cdr in after_a_crash] == ["cdr-2"]


async def test_an_attempt_without_an_outcome_is_repeated_later(conn: Hot) -> None:
    taken = await custody.take(conn, draft(), now=NOW)
    later = NOW + timedelta(minutes=1)

    await custody.reschedule(conn, taken.cdr, next_at=later, code=3000, message="down")

    kept = await stored(conn)
    assert (kept.attempts, kept.next_at, kept.answer_code) == (1, later, 3000)
    assert await custody.receivers_due(conn, now=NOW) == []
    assert await custody.receivers_due(conn, now=later) == [EMS]


async def test_a_receiver_that_is_back_gets_what_waits_at_once(conn: Hot) -> None:
    taken = await custody.take(conn, draft(), now=NOW)
    later = NOW + timedelta(hours=8)
    await custody.reschedule(conn, taken.cdr, next_at=later, code=None, message=None)

    hastened = await custody.hasten(conn, EMS, now=NOW, busy_until=NOW)

    assert hastened == 1
    assert await custody.receivers_due(conn, now=NOW) == [EMS]


async def test_a_cdr_for_a_receiver_that_pulls_is_never_due(conn: Hot) -> None:
    await custody.take(conn, replace(draft(), next_at=None), now=NOW)

    await custody.hasten(conn, EMS, now=NOW, busy_until=NOW)
    dead = await custody.give_up(conn, now=NOW + timedelta(days=400))

    assert await custody.receivers_due(conn, now=NOW + timedelta(days=400)) == []
    assert dead == []


async def test_after_thirty_days_a_cdr_is_dead_but_still_served(conn: Hot) -> None:
    await custody.take(conn, draft(), now=NOW)

    early = await custody.give_up(conn, now=NOW + timedelta(days=29))
    dead = await custody.give_up(conn, now=NOW + timedelta(days=30))

    assert early == []
    assert [cdr.id for cdr in dead] == ["cdr-1"]
    assert await custody.in_state(conn, [CdrState.DEAD], limit=10) == dead
    assert (await custody.page(conn, EMS, window=window())).total == 1


async def test_a_replayed_cdr_has_thirty_days_again(conn: Hot) -> None:
    await custody.take(conn, draft(), now=NOW)
    later = NOW + timedelta(days=31)
    await custody.give_up(conn, now=later)

    replayed = await custody.replay(conn, CPO, cdr_id="CDR-1", now=later)
    twice = await custody.replay(conn, CPO, cdr_id="CDR-1", now=later)

    assert replayed is not None
    assert (replayed.state, replayed.next_at) == (CdrState.HELD, later)
    assert twice is None
    assert await custody.give_up(conn, now=later + timedelta(days=29)) == []


@pytest.mark.parametrize(("viewer", "sees"), [(CPO, True), (EMS, True), (HOSTILE, False)])
async def test_a_reference_is_good_for_the_two_parties_only(
    conn: Hot, viewer: str, sees: bool
) -> None:
    """T7, SEC-08."""
    taken = await custody.take(conn, draft(), now=NOW)

    found = await custody.by_reference(conn, taken.cdr.reference, viewer=viewer)

    assert (found is not None) is sees


@pytest.mark.parametrize(("viewer", "total"), [(CPO, 1000), (EMS, 1000), (HOSTILE, 0)])
async def test_a_list_holds_only_what_is_the_viewers(db: Database, viewer: str, total: int) -> None:
    """T7: neither rows nor a count of what is others'."""
    async with db.hot() as conn:
        drafts = [draft(f"CDR-{n}", b'{"id":"%d"}' % n) for n in range(1000)]
        await custody.take_all(conn, drafts, now=NOW)

        page = await custody.page(conn, viewer, window=window(limit=10))

    assert page.total == total
    assert page.count == min(total, 10)
    assert len(loads(page.body)) == page.count


async def test_a_list_serves_the_bytes_as_received(conn: Hot) -> None:
    await custody.take(conn, draft(), now=NOW)
    await custody.take(conn, draft("CDR-2", b'{ "id": "CDR-2" }'), now=NOW)

    page = await custody.page(conn, EMS, window=window())

    assert page.body == b"[" + BODY + b',{ "id": "CDR-2" }]'


async def test_pages_follow_each_other_by_offset_and_by_hint(conn: Hot) -> None:
    """PAG-04, PAG-10."""
    for n in range(5):
        await custody.take(conn, draft(f"CDR-{n}", b"%d" % n), now=NOW)

    first = await custody.page(conn, EMS, window=window(limit=2))
    by_offset = await custody.page(conn, EMS, window=window(limit=2, offset=2))
    by_hint = await custody.page(
        conn, EMS, window=window(limit=2, offset=2, after=first.last_created)
    )
    beyond = await custody.page(conn, EMS, window=window(offset=99))

    assert first.body == b"[0,1]"
    assert by_offset.body == by_hint.body == b"[2,3]"
    assert by_hint.total == 5
    assert (beyond.body, beyond.total, beyond.last_created) == (b"[]", 5, None)


@pytest.mark.parametrize(
    ("date_from", "date_to", "found"),
    [
        pytest.param(0, None, b"[0,1,2]", id="from is inclusive"),
        pytest.param(1, None, b"[1,2]", id="from"),
        pytest.param(None, 1, b"[0]", id="to is exclusive"),
        pytest.param(1, 2, b"[1]", id="both"),
        pytest.param(1.4, 2, b"[1]", id="in whole milliseconds"),
    ],
)
async def test_dates_filter_by_last_updated(
    conn: Hot, date_from: float | None, date_to: float | None, found: bytes
) -> None:
    """PAG-03; offsets are milliseconds."""
    for n in range(3):
        moment = NOW + timedelta(milliseconds=n)
        await custody.take(
            conn, replace(draft(f"CDR-{n}", b"%d" % n), last_updated=moment), now=NOW
        )

    page = await custody.page(
        conn, CPO, window=window(date_from=after_now(date_from), date_to=after_now(date_to))
    )

    assert page.body == found
    assert page.total == page.count


def after_now(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else NOW + timedelta(milliseconds=milliseconds)


async def test_by_arrival_an_old_cdr_that_came_late_is_listed_too(conn: Hot) -> None:
    old = replace(draft(), last_updated=NOW - timedelta(days=3))
    await custody.take(conn, old, now=NOW)
    hour_ago = NOW - timedelta(hours=1)

    by_update = await custody.page(conn, EMS, window=window(date_from=hour_ago))
    by_arrival = await custody.page(conn, EMS, window=window(date_from=hour_ago), by_arrival=True)

    assert (by_update.total, by_arrival.total) == (0, 1)
