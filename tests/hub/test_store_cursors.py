"""Cursors, the leases they are moved under, backfills and parked objects (F24, F20)."""

from __future__ import annotations

import asyncio

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.store import backfills, cursors, leases, parked
from ocpi_hub.store.changes import Position
from ocpi_hub.store.cursors import Move
from tests.hub import shelves
from tests.hub.shelves import EMSP, OWNER

LEASE = "de/ems"


async def _acquire(db: Database, holder: str, *, seconds: float = 10) -> int | None:
    async with db.hot() as conn:
        return await leases.acquire(conn, LEASE, holder=holder, seconds=seconds)


async def _start(db: Database, *modules: str) -> Position:
    async with db.hot_transaction() as conn:
        return await cursors.start_cursors_at_head(conn, EMSP, modules=modules)


async def _cursor(db: Database, module: str = "locations") -> Position | None:
    async with db.hot() as conn:
        return await cursors.cursor(conn, EMSP, module)


async def test_a_lease_has_one_holder_at_a_time(db: Database) -> None:
    epochs = await asyncio.gather(*(_acquire(db, f"process {n}") for n in range(6)))

    assert sorted(epochs, key=str) == [1, None, None, None, None, None]


async def test_a_lease_that_ran_out_is_free_under_the_next_epoch(db: Database) -> None:
    await _acquire(db, "one", seconds=-1)

    assert await _acquire(db, "two") == 2


async def test_a_released_lease_is_free_at_once(db: Database) -> None:
    await _acquire(db, "one")

    async with db.hot() as conn:
        await leases.release(conn, {LEASE: 1})

    assert await _acquire(db, "two") == 2


async def test_only_what_is_still_held_is_renewed(db: Database) -> None:
    async with db.hot() as conn:
        held = await leases.acquire_all(conn, ["a", "b", "c"], holder="one", seconds=10)
        await leases.acquire_all(conn, ["d"], holder="one", seconds=-1)

        renewed = await leases.renew(conn, {**held, "b": 7, "d": 1}, seconds=10)

    assert held == {"a": 1, "b": 1, "c": 1}
    assert renewed == {"a", "c"}


async def test_a_release_of_a_lost_lease_leaves_the_new_holder_alone(db: Database) -> None:
    await _acquire(db, "one", seconds=-1)
    await _acquire(db, "two")

    async with db.hot() as conn:
        await leases.release(conn, {LEASE: 1})
        renewed = await leases.renew(conn, {LEASE: 2}, seconds=10)

    assert renewed == {LEASE}


async def test_a_new_cursor_begins_at_the_head(db: Database) -> None:
    await shelves.put_tariff(db, id="BEFORE")
    await _start(db, "tariffs")
    await shelves.put_tariff(db, id="AFTER")

    position = await _cursor(db, "tariffs")

    assert position is not None
    changed = await shelves.changes_after(db, position, module="tariffs")
    assert [change.id for change in changed] == ["after"]
    assert await _cursor(db, "tokens") is None


@pytest.mark.parametrize(
    ("epoch", "step", "moved"),
    [
        pytest.param(1, 1, True, id="under its lease"),
        pytest.param(0, 1, False, id="F24 under an old epoch"),
        pytest.param(1, -1, False, id="not backwards"),
    ],
)
async def test_a_cursor_moves(db: Database, epoch: int, step: int, moved: bool) -> None:
    await _acquire(db, "one")
    before = await _start(db, "locations")
    after = Position(before.xid + step, 5)

    async with db.hot() as conn:
        done = await cursors.move_cursors(conn, [Move(EMSP, "locations", after, LEASE, epoch)])

    assert done == ({(EMSP, "locations")} if moved else set())
    assert await _cursor(db) == (after if moved else before)


async def test_many_cursors_move_in_one_statement(db: Database) -> None:
    names = [f"de/e{n:02d}" for n in range(50)]
    async with db.hot_transaction() as conn:
        epochs = await leases.acquire_all(conn, names, holder="one", seconds=10)
        for name in names:
            head = await cursors.start_cursors_at_head(conn, name, modules=["tokens", "tariffs"])
    ahead = Position(head.xid + 9, 1)
    moves = [
        Move(name, module, ahead, name, epochs[name])
        for name in names
        for module in ("tokens", "tariffs")
    ]

    async with db.hot() as conn:
        moved = await cursors.move_cursors(conn, moves)

    assert len(moved) == 100


async def test_a_backfill_is_walked_advanced_and_ended(db: Database) -> None:
    async with db.hot_transaction() as conn:
        await backfills.add_backfill(conn, EMSP, owner=OWNER, module="locations")
        (walk,) = await backfills.backfills(conn, EMSP)
        advanced = await backfills.advance_backfill(conn, walk, position=7)
        (later,) = await backfills.backfills(conn, EMSP)
        await backfills.end_backfill(conn, EMSP, owner=OWNER, module="locations")
        left = await backfills.backfills(conn, EMSP)

    assert (walk.position, advanced, later.position, left) == (0, True, 7, [])


async def test_a_backfill_that_began_anew_is_not_advanced_by_the_old_walk(db: Database) -> None:
    async with db.hot_transaction() as conn:
        await backfills.add_backfill(conn, EMSP, owner=OWNER, module="locations")
        (walk,) = await backfills.backfills(conn, EMSP)
        await backfills.advance_backfill(conn, walk, position=7)
        (later,) = await backfills.backfills(conn, EMSP)
        await backfills.add_backfill(conn, EMSP, owner=OWNER, module="locations")

        assert not await backfills.advance_backfill(conn, later, position=9)


async def _park(db: Database, id_: str, reason: str) -> bool:
    async with db.hot() as conn:
        return await parked.park(
            conn,
            EMSP,
            module="tariffs",
            owner=OWNER,
            id_=id_,
            sub="",
            reason=reason,
            correlation_id="c",
        )


async def test_what_is_parked_is_listed_with_its_last_reason_until_it_is_taken(
    db: Database,
) -> None:
    await _park(db, "t1", "2001 no currency")
    await _park(db, "t1", "HTTP 500")
    await _park(db, "t2", "2001 no currency")

    async with db.hot() as conn:
        await parked.unpark(conn, EMSP, module="tariffs", owner=OWNER, id_="t2", sub="")
        (left,) = await parked.parked(conn, receiver=EMSP, limit=10)
        everybody = await parked.parked(conn, receiver=None, limit=10)
        nobody = await parked.parked(conn, receiver="fr/emp", limit=10)

    assert (left.id, left.reason, left.attempts) == ("t1", "HTTP 500", 2)
    assert (everybody, nobody) == ([left], [])


async def test_parking_is_bounded_for_each_receiver(db: Database) -> None:
    async with db.hot() as conn:
        await conn.execute(
            "INSERT INTO parked (receiver, module, owner, id, sub, reason, correlation_id)"
            " SELECT %s, 'tariffs', %s, 't' || n, '', 'full', 'c' FROM generate_series(1, %s) n",
            (EMSP, OWNER, parked.MOST_PER_RECEIVER),
        )

    results = [await _park(db, "one-more", "2001"), await _park(db, "t1", "again")]

    assert results == [False, True]
