"""The guarded reader of changes, and Locations put together for sending (F20, F21, F28)."""

from __future__ import annotations

import asyncio
import random

from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.jsontext import loads, same
from ocpi_hub.store import changes, cursors
from ocpi_hub.store.changes import Position
from tests import samples
from tests.hub import shelves
from tests.hub.shelves import BEGINNING, OWNER, at

_INSERT = """
INSERT INTO catalogue (module, id, owner, sub, document, last_updated, correlation_id)
VALUES ('tariffs', %s, 'nl/cpo', '', '{"country_code": "NL", "party_id": "CPO", "id": "T"}',
    now(), 'c')
"""


async def test_f21_no_change_is_missed_under_six_writers_with_pauses(db: Database) -> None:
    """Without the guard the same reader misses about 90 of the 180: it passes open writers by."""
    writing = 6
    seen: list[str] = []

    async def writer(name: int) -> None:
        nonlocal writing
        pause = random.Random(name)
        for n in range(30):
            async with db.hot_transaction() as conn:
                await conn.execute(_INSERT, (f"{name}-{n}",))
                await asyncio.sleep(pause.random() * 0.02)
        writing -= 1

    async def reader() -> None:
        position = BEGINNING
        last_look = False
        while not last_look:
            last_look = writing == 0
            page = await shelves.changes_after(db, position, module="tariffs", limit=20)
            seen.extend(change.id for change in page)
            position = page[-1].position if page else position
            last_look = last_look and not page
            await asyncio.sleep(0.001)

    await asyncio.gather(reader(), *(writer(name) for name in range(6)))

    assert sorted(seen) == sorted(f"{name}-{n}" for name in range(6) for n in range(30))


async def test_f28_what_commits_behind_an_open_writer_is_held_back_until_it_ends(
    db: Database,
) -> None:
    async with db.hot_transaction() as conn:
        await conn.execute(_INSERT, ("open",))
        await shelves.put_tariff(db, id="committed")

        during = await shelves.changes_after(db, module="tariffs")
        async with db.hot() as other:
            age = await cursors.guard_age(other)

    after = await shelves.changes_after(db, module="tariffs")
    assert during == []
    assert age > 0
    assert [change.id for change in after] == ["open", "committed"]


async def test_f28_a_reader_that_is_open_holds_nothing_back(db: Database) -> None:
    async with db.hot_transaction() as conn:
        await conn.execute("SELECT count(*) FROM catalogue")
        await shelves.put_tariff(db, id="T")

        assert [change.id for change in await shelves.changes_after(db, module="tariffs")] == ["t"]


async def test_f20_an_object_changed_often_while_away_is_one_change_in_its_newest_state(
    db: Database,
) -> None:
    away_since = await shelves.head(db)
    await shelves.put_location(db, evses=[samples.evse(uid="A")])
    for second in range(20):
        await shelves.patch_evse(db, "A", status="CHARGING", x=second, last_updated=at(second))

    changed = await shelves.changes_after(db, away_since)

    assert [(change.id, change.sub) for change in changed] == [("loc1", ""), ("loc1", "a")]
    assert loads(changed[1].document.encode())["x"] == 19


async def test_the_head_is_after_everything_committed_and_before_all_that_comes(
    db: Database,
) -> None:
    await shelves.put_tariff(db, id="BEFORE")
    head = await shelves.head(db)
    await shelves.put_tariff(db, id="AFTER")

    changed = await shelves.changes_after(db, head, module="tariffs")

    assert [change.id for change in changed] == ["after"]


async def test_changes_come_in_pages_without_a_gap(db: Database) -> None:
    for n in range(7):
        await shelves.put_tariff(db, id=f"T{n}")

    first = await shelves.changes_after(db, module="tariffs", limit=4)
    second = await shelves.changes_after(db, first[-1].position, module="tariffs", limit=4)

    assert [change.id for change in first + second] == [f"t{n}" for n in range(7)]


async def test_a_location_comes_before_the_evses_put_with_it(db: Database) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid=uid) for uid in "BA"])

    changed = await shelves.changes_after(db)

    assert changed[0].sub == ""
    assert {change.sub for change in changed} == {"", "a", "b"}


async def test_an_assembled_location_says_which_rows_it_covers(db: Database) -> None:
    both = [samples.evse(uid="A"), samples.evse(uid="B")]
    await shelves.put_location(db, evses=both)
    await shelves.put_location(db, evses=both[:1], last_updated=at(1))
    changed = await shelves.changes_after(db)

    async with db.hot() as conn:
        assembled = await changes.assemble(conn, [(OWNER, "loc1"), (OWNER, "none")])

    (location,) = assembled.values()
    assert same(loads(location.text.encode()), await shelves.location(db))
    assert location.positions == {change.sub: change.position for change in changed}
    assert set(location.positions) == {"", "a", "b"}


async def test_a_walk_over_one_owner_gives_its_locations_in_order_of_arrival(db: Database) -> None:
    for name in ("L1", "L2", "L3"):
        await shelves.put_location(db, id=name)
    await shelves.put_location(db, owner="be/bec", id="L4")

    async with db.hot() as conn:
        first = await changes.listed_after(conn, "locations", OWNER, created=0, limit=2)
        rest = await changes.listed_after(
            conn, "locations", OWNER, created=first[-1].created, limit=2
        )

    assert [change.id for change in first + rest] == ["l1", "l2", "l3"]
    assert {change.sub for change in first + rest} == {""}


async def test_how_far_behind_is_counted_up_to_a_limit(db: Database) -> None:
    for n in range(5):
        await shelves.put_tariff(db, id=f"T{n}")

    async with db.hot() as conn:
        counts = [
            await cursors.behind(conn, "tariffs", BEGINNING, at_most=most) for most in (3, 100)
        ]

    assert counts == [3, 5]


async def test_positions_are_ordered_by_transaction_and_then_number() -> None:
    assert Position(1, 9) < Position(2, 1) < Position(2, 2)
