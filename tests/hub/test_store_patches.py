"""PATCH in groups: merged in the database, many to a commit (SEM-04, SEM-17, F15, F16)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.node.group_commit import GroupCommit
from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.store import reads
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.patches import Patch, apply_patches
from tests import samples
from tests.hub import shelves
from tests.hub.shelves import OWNER, at, status_patch

Commits = GroupCommit[Patch, Outcome]


@pytest.fixture
async def commits(db: Database) -> AsyncIterator[Commits]:
    """A group commit that runs."""
    writer: Commits = GroupCommit(db, write=apply_patches, key=lambda patch: patch.key)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(writer.run())
        yield writer
        running.cancel()


def _field(name: str, value: int) -> dict[str, Any]:
    return {name: value, "last_updated": at(1)}


async def _evse(db: Database, uid: str, *, location_id: str = "LOC1") -> dict[str, object]:
    async with db.hot() as conn:
        found = await reads.find_evse(conn, location_id, evse_uid=uid, owners=[OWNER])
    evse: dict[str, object] = loads(found[0][1])
    return evse


@pytest.mark.parametrize(
    ("uid", "patch", "outcome"),
    [
        pytest.param(
            "A", {"status": "CHARGING", "last_updated": at(20)}, Outcome.UPDATED, id="newer"
        ),
        pytest.param(
            "a", {"status": "CHARGING", "last_updated": at(10)}, Outcome.UPDATED, id="equal"
        ),
        pytest.param("A", {"status": "CHARGING", "last_updated": at(9)}, Outcome.STALE, id="older"),
        pytest.param(
            "A", {"status": "AVAILABLE", "last_updated": at(10)}, Outcome.UNCHANGED, id="same"
        ),
        pytest.param(
            "B", {"status": "CHARGING", "last_updated": at(20)}, Outcome.UNKNOWN, id="no such EVSE"
        ),
    ],
)
@pytest.mark.parametrize("neighbours", [0, 3], ids=["alone", "in a batch"])
async def test_the_outcome_of_a_patch(
    db: Database, uid: str, patch: dict[str, str], outcome: Outcome, neighbours: int
) -> None:
    evses = [
        samples.evse(uid=each, status="AVAILABLE", last_updated=at(10))
        for each in ("A", "N0", "N1", "N2")
    ]
    await shelves.put_location(db, evses=evses, last_updated=at(10))
    batch = [status_patch(uid, **patch)]
    batch += [
        status_patch(f"N{n}", status="BLOCKED", last_updated=at(30)) for n in range(neighbours)
    ]

    async with db.hot() as conn:
        outcomes = await apply_patches(conn, batch)

    assert outcomes == [outcome] + [Outcome.UPDATED] * neighbours
    expected = "CHARGING" if outcome is Outcome.UPDATED else "AVAILABLE"
    assert (await _evse(db, "A"))["status"] == expected


async def test_sem_17_a_null_removes_an_optional_field(db: Database) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A", floor_level="-2")])

    await shelves.patch_evse(db, "A", floor_level=None, last_updated=at(1))

    assert "floor_level" not in await _evse(db, "A")


async def test_sem_08_a_patch_of_an_evse_raises_its_location(db: Database) -> None:
    await shelves.put_location(db)

    await shelves.patch_evse(db, samples.evse()["uid"], status="CHARGING", last_updated=at(7))

    assert (await shelves.location(db))["last_updated"] == at(7)


@pytest.mark.parametrize(
    ("patch", "full"),
    [
        pytest.param({"status": "CHARGING"}, False, id="only the status"),
        pytest.param({"status": "CHARGING", "floor_level": "1"}, True, id="something else too"),
    ],
)
async def test_a_receiver_can_tell_whether_a_status_is_all_it_misses(
    db: Database, patch: dict[str, str], full: bool
) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A")])
    seen = (await shelves.changes_after(db))[-1].position

    await shelves.patch_evse(db, "A", **patch, last_updated=at(1))

    (change,) = await shelves.changes_after(db, seen)
    assert (change.full_position > seen) is full
    assert change.full_position <= change.position
    assert (change.status, change.last_updated) == ("CHARGING", at(1))


async def test_f16_no_patch_is_lost_when_four_clients_write_one_evse(
    db: Database, commits: Commits
) -> None:
    """A read-modify-write without a lock keeps about a quarter of 1,200 such patches."""
    await shelves.put_location(db, evses=[samples.evse(uid="A")])
    patches = [
        status_patch("A", **_field(f"x{client}_{n}", n)) for client in range(4) for n in range(100)
    ]

    outcomes = await asyncio.gather(*(commits.submit(patch) for patch in patches))

    stored = await _evse(db, "A")
    assert set(outcomes) == {Outcome.UPDATED}
    assert len([name for name in stored if name.startswith("x")]) == 400


async def test_f16_two_processes_with_keys_in_common_neither_lose_nor_block(db: Database) -> None:
    uids = [f"E{n}" for n in range(40)]
    await shelves.put_location(db, evses=[samples.evse(uid=uid) for uid in uids])
    order = random.Random(16)

    async def writer(name: str) -> list[Outcome]:
        done: list[Outcome] = []
        for n in range(15):
            batch = [status_patch(uid, **_field(f"{name}{n}", n)) for uid in uids]
            order.shuffle(batch)
            async with db.hot() as conn:
                done += await apply_patches(conn, batch)
        return done

    results = await asyncio.gather(*(writer(name) for name in "wxyz"))

    assert {outcome for done in results for outcome in done} == {Outcome.UPDATED}
    stored = await _evse(db, "E7")
    assert len([name for name in stored if name[0] in "wxyz" and name[1:].isdigit()]) == 60


async def test_f15_shuffled_updates_end_with_the_newest(db: Database, commits: Commits) -> None:
    uids = [f"E{n}" for n in range(20)]
    await shelves.put_location(db, evses=[samples.evse(uid=uid) for uid in uids])
    patches = [
        status_patch(uid, x=second, status="BLOCKED", last_updated=at(second))
        for uid in uids
        for second in range(50)
    ]
    random.Random(15).shuffle(patches)

    outcomes = await asyncio.gather(*(commits.submit(patch) for patch in patches))

    served = await shelves.location(db)
    assert {(evse["x"], evse["last_updated"]) for evse in served["evses"]} == {(49, at(49))}
    assert Outcome.STALE in outcomes


async def test_patches_of_one_key_are_applied_in_the_order_they_came(
    db: Database, commits: Commits
) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A")])
    patches = [status_patch("A", x=n, last_updated=at(1)) for n in range(300)]

    await asyncio.gather(*(commits.submit(patch) for patch in patches))

    assert (await _evse(db, "A"))["x"] == 299


async def test_a_patch_that_fails_does_not_fail_its_neighbours(
    db: Database, commits: Commits
) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid=uid) for uid in "ABC"])
    good = [status_patch(uid, status="CHARGING", last_updated=at(1)) for uid in "AC"]
    bad = status_patch("B", status="CHARGING", last_updated="not a moment")

    results = await asyncio.gather(
        *(commits.submit(patch) for patch in [good[0], bad, good[1]]), return_exceptions=True
    )

    assert [results[0], results[2]] == [Outcome.UPDATED, Outcome.UPDATED]
    assert isinstance(results[1], psycopg.DataError)


async def _attempt(commits: Commits, patch: Patch) -> Outcome | BaseException:
    (result,) = await asyncio.gather(commits.submit(patch), return_exceptions=True)
    return result


async def test_a_lost_connection_fails_the_batch_and_the_next_one_is_written(
    db: Database, commits: Commits
) -> None:
    await shelves.put_location(db, evses=[samples.evse(uid="A")])
    async with db.hot() as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    attempts = [
        await _attempt(commits, status_patch("A", x=n, last_updated=at(1))) for n in range(12)
    ]

    assert isinstance(attempts[0], psycopg.OperationalError)
    assert attempts[-1] is Outcome.UPDATED


async def test_whoever_waits_when_the_writer_stops_is_not_left_waiting(db: Database) -> None:
    async def never(_conn: object, _items: object) -> list[Outcome]:
        await asyncio.sleep(60)
        return []

    writer: Commits = GroupCommit(db, write=never, key=lambda patch: patch.key)
    running = asyncio.create_task(writer.run())
    waiting = [
        asyncio.create_task(writer.submit(status_patch("A", last_updated=at(n)))) for n in range(3)
    ]
    await asyncio.sleep(0.05)

    running.cancel()
    results = await asyncio.gather(running, *waiting, return_exceptions=True)

    assert [type(result) for result in results] == [asyncio.CancelledError] * 4
