"""Frames: recorded without secrets, shown live, kept for some days."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter.frame_redaction import shown
from cpo_adapter.frames import Forgetting, FrameRecorder
from cpo_adapter.ocpp.ports import Direction, FrameKind, FrameRecord
from cpo_adapter.store import frames
from cpo_adapter.store.frames import Frame
from ocpi_hub.node.engine import Database
from tests.cpo_adapter.offering import NOW, SECOND

LONG = "MIID" + "A" * 500


def recorder(db: Database, **options: Any) -> FrameRecorder:
    return FrameRecorder(db, heard=lambda station_id, at: None, **options)


def record(
    action: str | None = "Heartbeat",
    payload: Mapping[str, Any] | None = None,
    *,
    at: datetime = NOW,
    direction: Direction = Direction.IN,
    violations: tuple[str, ...] = (),
) -> FrameRecord:
    kind = FrameKind.CALL if action else FrameKind.BAD
    return FrameRecord(at, direction, kind, "m-1", action, payload or {}, violations)


async def history(db: Database, station_id: str = "CS1", **options: Any) -> list[Frame]:
    async with db.hot() as conn:
        return await frames.history(conn, station_id, **options)


# --- what is shown -------------------------------------------------------------------------------

REDACTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an id tag": ({"idTag": "04A1B2C3D4"}, {"idTag": "04A1***"}),
    "a short id tag": ({"idTag": "04A1"}, {"idTag": "04A1"}),
    "a token of 2.0.1": (
        {"idToken": {"idToken": "04A1B2C3D4", "type": "ISO14443"}},
        {"idToken": {"idToken": "04A1***", "type": "ISO14443"}},
    ),
    "a group": (
        {"idTagInfo": {"parentIdTag": "GROUP-1", "status": "Accepted"}},
        {"idTagInfo": {"parentIdTag": "GROU***", "status": "Accepted"}},
    ),
    "tokens on a list": (
        {"localAuthorizationList": [{"idTag": "04A1B2C3D4"}]},
        {"localAuthorizationList": [{"idTag": "04A1***"}]},
    ),
    "a certificate": ({"csr": LONG}, {"csr": LONG[:40] + "…"}),
    "a user in a URL": (
        {"location": "ftp://box:secret@logs.example/up"},
        {"location": "ftp://***@logs.example/up"},
    ),
    "NUL and a lone surrogate": (
        {"vendorId": "a\x00b", "data": "\ud800"},
        {"vendorId": "a\ufffdb", "data": "\ufffd"},
    ),
    "numbers": ({"a": Decimal("1.50"), "b": Decimal("1e99")}, {"a": Decimal("1.50"), "b": "1E+99"}),
}


@pytest.mark.parametrize(("payload", "expected"), REDACTED.values(), ids=REDACTED)
def test_what_is_shown_holds_no_token(payload: dict[str, Any], expected: dict[str, Any]) -> None:
    """T34."""
    assert shown("DataTransfer", payload) == expected


def test_what_is_nested_without_an_end_is_cut() -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"a": deep}

    assert "…" in str(shown("DataTransfer", deep))


# --- history -------------------------------------------------------------------------------------


async def test_a_history_is_newest_first(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    writing.frame("CS1", record("BootNotification", {"chargePointModel": "Box"}))
    writing.frame("CS1", record("Heartbeat", at=NOW + SECOND))
    writing.frame("CS2", record("Heartbeat"))
    await writing.flush()

    found = await history(cpo_db)

    assert [each.action for each in found] == ["Heartbeat", "BootNotification"]
    assert found[1].payload == {"chargePointModel": "Box"}
    assert (found[0].direction, found[0].kind, found[0].message_id) == ("in", "CALL", "m-1")


async def test_a_history_is_filtered_and_paged(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    for number in range(6):
        action = "Heartbeat" if number % 2 else "MeterValues"
        writing.frame("CS1", record(action, at=NOW + number * SECOND))
    await writing.flush()

    recent = await history(cpo_db, since=NOW + 4 * SECOND)
    some = await history(cpo_db, action="Heartbeat", limit=2)
    rest = await history(cpo_db, action="Heartbeat", before=some[-1].id)

    assert len(recent) == 2
    assert [each.at for each in some] == [NOW + 5 * SECOND, NOW + 3 * SECOND]
    assert [each.at for each in rest] == [NOW + SECOND]


async def test_a_bad_frame_keeps_what_was_wrong_with_it(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    writing.frame("CS1", record(None, violations=("not JSON: at character 0",)))
    await writing.flush()

    (found,) = await history(cpo_db)
    assert (found.kind, found.violations) == ("BAD", ["not JSON: at character 0"])


async def test_a_frame_that_cannot_be_stored_fails_no_other(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    writing.frame("CS1", record("MeterValues", {"value": Decimal("1e200000")}))
    writing.frame("CS1", record("Heartbeat"))
    await writing.flush()

    assert [each.action for each in await history(cpo_db)] == ["Heartbeat"]
    assert writing.dropped == 1


async def test_recording_writes_by_itself_and_at_the_end(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(writing.run())
        await asyncio.sleep(0)

        writing.frame("CS1", record())
        running.cancel()

    assert len(await history(cpo_db)) == 1


async def test_what_is_billed_is_dropped_last(cpo_db: Database) -> None:
    writing = recorder(cpo_db, capacity=2)
    for action in ("Heartbeat", "Heartbeat", "Heartbeat", "StopTransaction", "Heartbeat"):
        writing.frame("CS1", record(action))
    await writing.flush()

    actions = [each.action for each in await history(cpo_db)]
    assert sorted(filter(None, actions)) == ["Heartbeat", "Heartbeat", "StopTransaction"]
    assert writing.dropped == 2


async def test_a_lost_database_costs_frames_and_nothing_else(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    writing.frame("CS1", record())
    await cpo_db.pool.close()

    await writing.flush()

    assert writing.dropped == 1


async def test_what_a_station_sends_is_a_sign_of_life(cpo_db: Database) -> None:
    alive: list[tuple[str, datetime]] = []
    writing = FrameRecorder(cpo_db, heard=lambda *sign: alive.append(sign))

    writing.frame("CS1", record())
    writing.frame("CS1", record(direction=Direction.OUT))

    assert alive == [("CS1", NOW)]


# --- live ----------------------------------------------------------------------------------------


async def test_whoever_listens_sees_the_frames_of_that_station(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    with writing.listening("CS1") as listener:
        writing.frame("CS2", record("Heartbeat"))
        writing.frame("CS1", record("Authorize", {"idTag": "04A1B2C3D4"}))

        (frame,) = await listener.some(within=5)

    assert (frame.station_id, frame.payload) == ("CS1", {"idTag": "04A1***"})


async def test_a_listener_that_does_not_read_holds_only_the_newest(cpo_db: Database) -> None:
    writing = recorder(cpo_db, capacity=1)
    with writing.listening("CS1") as listener:
        for number in range(1_500):
            writing.frame("CS1", record(at=NOW + number * SECOND))

        frame = (await listener.some(within=5))[0]

    assert frame.at == NOW + 500 * SECOND


# --- retention -----------------------------------------------------------------------------------


async def test_frames_are_forgotten_after_their_time(cpo_db: Database) -> None:
    writing = recorder(cpo_db)
    for days in range(20, 25):
        writing.frame("CS1", record(at=NOW - timedelta(days=days)))
    writing.frame("CS1", record())
    await writing.flush()

    await Forgetting(cpo_db, timedelta(days=14), lambda: NOW, purged_at_once=2).step()

    assert [each.at for each in await history(cpo_db)] == [NOW]
