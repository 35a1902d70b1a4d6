"""Connections: order, repeats, deadlines, and what becomes of everything when a socket ends."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from cpo_adapter.ocpp.answers import AuthorizationStatus, RegistrationStatus
from cpo_adapter.ocpp.calls import GetLocalListVersion, Outcome, RemoteStart, Unlock
from cpo_adapter.ocpp.connection import CallError, NoAnswer, NotConnected
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Event,
    HeartbeatReceived,
    IdToken,
    MeterValuesReceived,
    StatusNotified,
    TransactionStarted,
)
from cpo_adapter.ocpp.ports import Direction, FrameKind
from tests.chargers import charger, socket
from tests.cpo_adapter.ocpp.central import (
    FRONTS,
    Central,
    Ports,
    on_shared_port,
    open_station,
    until,
)

START = (
    '[2,"{id}","StartTransaction",{{"connectorId":1,"idTag":"{tag}","meterStart":0,'
    '"timestamp":"2026-03-01T12:00:00Z"}}]'
)
HEARTBEAT = '[2,"hb","Heartbeat",{}]'
REMOTE_START = RemoteStart(1, IdToken("04AABB"), 1)


async def received(websocket: ClientConnection) -> Any:
    """The next frame."""
    async with asyncio.timeout(5):
        return json.loads(await websocket.recv())


def hold(ports: Ports, kind: type[Event]) -> asyncio.Event:
    """Keeps events of a kind from being answered until the event is set."""
    released = asyncio.Event()

    async def wait(_: Event) -> None:
        await released.wait()

    ports.before[kind] = wait
    return released


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_card_session_is_told_in_order(either: Central, ports: Ports, version: str) -> None:
    async with charger(either.url, "CP1", version=version) as station:
        await station.boot()
        await station.card_session("04AABB", [0, 500, 1500])

    middle = "MeterValuesReceived" if version == "1.6" else "TransactionUpdated"
    assert [type(event).__name__ for event in ports.events] == [
        "Booted",
        "StatusNotified",
        "AuthorizeRequested",
        "TransactionStarted",
        middle,
        "TransactionEnded",
        "StatusNotified",
    ]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_command_is_answered(either: Central, version: str) -> None:
    async with charger(either.url, "CP1", version=version) as station:
        station.answers["UnlockConnector"] = {"status": "UnlockFailed"}
        await either.connection("CP1")
        started = await either.registry.perform("CP1", REMOTE_START, timeout=5)
        unlocked = await either.registry.perform("CP1", Unlock(1, 1), timeout=5)

    assert (started.outcome, unlocked.outcome) == (Outcome.ACCEPTED, Outcome.FAILED)


async def test_a_command_to_a_station_that_is_not_there(central: Central) -> None:
    answer = await central.registry.perform("CP1", REMOTE_START, timeout=5)

    assert answer.outcome is Outcome.NOT_CONNECTED


async def test_links_are_told_of_coming_and_going(either: Central, ports: Ports) -> None:
    async with charger(either.url, "CP1"):
        await either.connection("CP1")
    await until(lambda: bool(ports.going))

    assert [link.station_id for link in ports.coming] == ["CP1"]
    assert [link.station_id for link, _ in ports.going] == ["CP1"]
    assert either.registry.get("CP1") is None


# --- what comes in ---


async def test_frames_are_handled_in_their_order(central: Central, ports: Ports) -> None:
    async with socket(central.url, "CP1") as station:
        for number in range(20):
            await station.send(START.format(id=f"m{number}", tag=f"T{number}"))
        answers = [await received(station) for _ in range(20)]

    assert [answer[1] for answer in answers] == [f"m{number}" for number in range(20)]
    tags = [event.id_token and event.id_token.value for event in ports.of(TransactionStarted)]
    assert tags == [f"T{number}" for number in range(20)]


async def test_an_authorization_that_takes_long_holds_up_nothing_else(
    central: Central, ports: Ports
) -> None:
    released = hold(ports, AuthorizeRequested)
    async with charger(central.url, "CP1") as station:
        authorizing = asyncio.create_task(station.authorize("04AABB"))
        await until(lambda: any(record.action == "Authorize" for _, record in ports.frames))
        await station.websocket.send('[2,"s","StatusNotification",{"connectorId":1}]')
        await until(lambda: bool(ports.of(StatusNotified)))
        answered = await central.registry.perform("CP1", GetLocalListVersion(), timeout=5)
        released.set()
        status = await authorizing

    assert (answered.outcome, status) == (Outcome.ACCEPTED, "Accepted")


async def test_a_repeated_call_gets_the_same_answer_and_is_handled_once(
    either: Central, ports: Ports
) -> None:
    frame = START.format(id="m1", tag="04AABB")
    async with socket(either.url, "CP1") as station:
        await station.send(frame)
        await station.send(frame)
        first, second = await received(station), await received(station)

    assert first == second
    assert len(ports.of(TransactionStarted)) == 1


async def test_the_same_id_with_another_content_is_another_call(
    central: Central, ports: Ports
) -> None:
    async with socket(central.url, "CP1") as station:
        await station.send(START.format(id="m1", tag="A"))
        await station.send(START.format(id="m1", tag="B"))
        first, second = await received(station), await received(station)

    assert first[2]["transactionId"] != second[2]["transactionId"]
    assert len(ports.of(TransactionStarted)) == 2


async def test_a_heartbeat_with_the_same_id_is_asked_anew(central: Central, ports: Ports) -> None:
    async with socket(central.url, "CP1") as station:
        for _ in range(3):
            await station.send(HEARTBEAT)
            await received(station)

    assert len(ports.of(HeartbeatReceived)) == 3


async def test_an_exception_is_an_internal_error_and_the_next_try_is_handled(
    central: Central, ports: Ports
) -> None:
    async def fail(_: Event) -> None:
        raise ConnectionError("the database has gone")

    ports.before[TransactionStarted] = fail
    async with socket(central.url, "CP1") as station:
        await station.send(START.format(id="m1", tag="A"))
        refused = await received(station)
        ports.before.clear()
        await station.send(START.format(id="m1", tag="A"))
        answered = await received(station)

    assert refused == [
        4,
        "m1",
        "InternalError",
        "this could not be handled, try again later",
        {},
    ]
    assert answered[0] == 3


LENIENT: dict[str, tuple[str, dict[str, Any]]] = {
    "an unknown field": ("StartTransaction", {"vendorField": 1}),
    "a tag that is too long": ("StartTransaction", {"idTag": "X" * 40}),
    "a number as text": ("StartTransaction", {"meterStart": "100"}),
    "yesterday": ("StartTransaction", {"timestamp": "yesterday"}),
    "nothing at all": ("StopTransaction", {}),
    "an unknown measurand": (
        "MeterValues",
        {"meterValue": [{"sampledValue": [{"value": 1, "measurand": "Joy"}]}]},
    ),
    "an unknown status": ("StatusNotification", {"status": "Sleeping"}),
}


@pytest.mark.parametrize(("action", "payload"), LENIENT.values(), ids=LENIENT)
async def test_what_is_to_be_billed_is_answered_whatever_it_looks_like(
    central: Central, ports: Ports, action: str, payload: dict[str, Any]
) -> None:
    async with socket(central.url, "CP1") as station:
        await station.send(json.dumps([2, "m1", action, payload]))
        answer = await received(station)

    assert answer[0] == 3
    assert ports.events[-1].violations


# --- before the station was accepted ---


async def test_201_hears_nothing_before_the_boot_was_accepted(
    central: Central, ports: Ports
) -> None:
    ports.unknown, ports.boot = open_station(status=None), RegistrationStatus.PENDING
    station_type = {"model": "M", "vendorName": "V"}
    boot = json.dumps(
        [2, "b", "BootNotification", {"reason": "PowerUp", "chargingStation": station_type}]
    )
    async with socket(central.url, "CP1", version="2.0.1") as station:
        answers = []
        for frame in (HEARTBEAT, boot, HEARTBEAT):
            await station.send(frame)
            answers.append(await received(station))
        ports.boot = RegistrationStatus.ACCEPTED
        for frame in (boot, HEARTBEAT):
            await station.send(frame)
            answers.append(await received(station))

    assert [answer[2] if answer[0] == 4 else answer[0] for answer in answers] == [
        "SecurityError",
        3,
        "SecurityError",
        3,
        3,
    ]


async def test_201_may_come_back_without_a_boot(central: Central) -> None:
    async with charger(central.url, "CP1", version="2.0.1") as station:
        answer = await station.heartbeat()

    assert answer.current_time


async def test_16_may_say_its_status_before_it_boots(central: Central, ports: Ports) -> None:
    ports.unknown = open_station(status=None)
    async with charger(central.url, "CP1") as station:
        await station.status("Available")

    assert len(ports.of(StatusNotified)) == 1


# --- what goes out ---


async def test_a_call_that_follows_waits_for_the_answer_before_it(
    central: Central, ports: Ports
) -> None:
    released = hold(ports, TransactionStarted)
    async with socket(central.url, "CP1") as station:
        await station.send(START.format(id="m1", tag="04AABB"))
        connection = await central.connection("CP1")
        await until(lambda: bool(ports.frames))
        calling = asyncio.create_task(connection.call("ClearCache", {}, timeout=5))
        await asyncio.sleep(0.05)
        released.set()
        answer, call = await received(station), await received(station)
        await station.send(json.dumps([3, call[1], {"status": "Accepted"}]))
        await calling

    assert (answer[:2], call[0], call[2]) == ([3, "m1"], 2, "ClearCache")


async def test_one_call_is_on_its_way_at_a_time(central: Central) -> None:
    async with socket(central.url, "CP1") as station:
        connection = await central.connection("CP1")
        calls = [
            asyncio.create_task(connection.call("DataTransfer", {"vendorId": str(n)}, timeout=5))
            for n in range(3)
        ]
        for number in range(3):
            call = await received(station)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(station.recv(), 0.05)
            answer = {"status": "Accepted", "data": str(number)}
            await station.send(json.dumps([3, call[1], answer]))
        answers = [await call for call in calls]

    assert [answer["data"] for answer in answers] == ["0", "1", "2"]


async def test_the_deadline_covers_the_wait_for_other_calls(central: Central) -> None:
    """F18: three calls to a silent station end together, not one after the other."""
    async with socket(central.url, "CP1"):
        connection = await central.connection("CP1")
        began = time.monotonic()
        ended = await asyncio.gather(
            *(connection.call("ClearCache", {}, timeout=0.3) for _ in range(3)),
            return_exceptions=True,
        )
        took = time.monotonic() - began

    assert [str(error) for error in ended] == [
        "ClearCache was not answered in 0.3 s",
        "ClearCache could not be sent in 0.3 s",
        "ClearCache could not be sent in 0.3 s",
    ]
    assert all(isinstance(error, NoAnswer) for error in ended)
    assert took < 0.8


async def test_a_late_answer_is_not_taken_for_the_next(central: Central, ports: Ports) -> None:
    async with socket(central.url, "CP1") as station:
        connection = await central.connection("CP1")
        with pytest.raises(NoAnswer):
            await connection.call("ClearCache", {}, timeout=0.1)
        late = await received(station)
        await station.send(json.dumps([3, late[1], {"status": "Late"}]))
        calling = asyncio.create_task(connection.call("ClearCache", {}, timeout=5))
        call = await received(station)
        await station.send(json.dumps([3, call[1], {"status": "InTime"}]))
        answer = await calling

    assert answer == {"status": "InTime"}
    bad = [record for _, record in ports.frames if record.kind is FrameKind.BAD]
    assert bad[0].violations == ("answers no CALL that is waiting: too late, or never sent",)


async def test_a_refused_call_says_how(central: Central) -> None:
    async with socket(central.url, "CP1") as station:
        connection = await central.connection("CP1")
        calling = asyncio.create_task(connection.call("ClearCache", {}, timeout=5))
        call = await received(station)
        await station.send(json.dumps([4, call[1], "NotSupported", "no cache", {}]))
        with pytest.raises(CallError, match="NotSupported: no cache") as refused:
            await calling

    assert (refused.value.code, refused.value.description) == ("NotSupported", "no cache")


async def test_a_call_ends_when_its_station_goes(either: Central) -> None:
    """The caller hears within a second, and so do those who wait behind it."""
    async with charger(either.url, "CP1") as station:
        station.silent.add("ClearCache")
        connection = await either.connection("CP1")
        calls = [
            asyncio.create_task(connection.call("ClearCache", {}, timeout=30)) for _ in range(3)
        ]
        await station.expect("ClearCache")
        began = time.monotonic()
        station.drop()
        ended = await asyncio.gather(*calls, return_exceptions=True)

    assert time.monotonic() - began < 1
    assert [isinstance(error, NotConnected) and error.sent for error in ended] == [
        True,
        False,
        False,
    ]


async def test_a_call_behind_a_slow_answer_ends_when_its_station_goes(
    central: Central, ports: Ports
) -> None:
    released = hold(ports, TransactionStarted)
    async with socket(central.url, "CP1") as station:
        await station.send(START.format(id="m1", tag="04AABB"))
        connection = await central.connection("CP1")
        await until(lambda: bool(ports.frames))
        calling = asyncio.create_task(connection.call("ClearCache", {}, timeout=30))
        await asyncio.sleep(0.05)
        station.transport.abort()
        with pytest.raises(NotConnected):
            async with asyncio.timeout(1):
                await calling
        released.set()


async def test_what_a_station_said_before_it_went_is_still_handled(
    central: Central, ports: Ports
) -> None:
    """F19: a transaction is not lost because the line was."""
    released = hold(ports, TransactionStarted)
    async with socket(central.url, "CP1") as station:
        await station.send(START.format(id="m1", tag="A"))
        await station.send(
            '[2,"m2","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":'
            '"2026-03-01T12:00:00Z","sampledValue":[{"value":"5"}]}]}]'
        )
        await until(lambda: bool(ports.frames))
    await until(lambda: central.registry.get("CP1") is None)
    released.set()
    await until(lambda: bool(ports.of(MeterValuesReceived)))

    assert len(ports.of(TransactionStarted)) == 1


# --- abuse ---


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_ten_bad_frames_end_the_connection(either: Central, version: str) -> None:
    """T31"""
    async with charger(either.url, "CP1", version=version) as station:
        for _ in range(10):
            await station.websocket.send("this is not OCPP")
        code = await station.closed()

    assert code == 1008


ANSWERS_TO_BAD: dict[str, tuple[str, str, list[str] | None]] = {
    "no id, 1.6": ("1.6", "nonsense", None),
    "no id, 2.0.1": ("2.0.1", "nonsense", ["-1", "RpcFrameworkError"]),
    "no action, 1.6": ("1.6", '[2,"m1"]', ["m1", "FormationViolation"]),
    "an object for an action, 2.0.1": ("2.0.1", '[2,"m1",{},{}]', ["m1", "RpcFrameworkError"]),
    "a list for a payload, 1.6": ("1.6", '[2,"m1","A",[]]', ["m1", "FormationViolation"]),
    "a list for a payload, 2.0.1": ("2.0.1", '[2,"m1","A",[]]', ["m1", "FormatViolation"]),
    "a type of its own, 1.6": ("1.6", '[7,"m1"]', None),
    "a type of its own, 2.0.1": ("2.0.1", '[7,"m1"]', ["m1", "MessageTypeNotSupported"]),
    "an unknown action": ("1.6", '[2,"m1","Dance",{}]', ["m1", "NotImplemented"]),
    "an action for stations": ("2.0.1", '[2,"m1","Reset",{}]', ["m1", "NotSupported"]),
    "a missing field, 1.6": ("1.6", '[2,"m1","Authorize",{}]', ["m1", "ProtocolError"]),
    "a missing field, 2.0.1": (
        "2.0.1",
        '[2,"m1","Authorize",{}]',
        ["m1", "OccurrenceConstraintViolation"],
    ),
}


@pytest.mark.parametrize(
    ("version", "frame", "expected"), ANSWERS_TO_BAD.values(), ids=ANSWERS_TO_BAD
)
async def test_a_bad_frame_is_answered_as_its_version_says(
    central: Central, version: str, frame: str, expected: list[str] | None
) -> None:
    async with socket(central.url, "CP1", version=version) as station:
        await station.send(frame)
        await station.send(HEARTBEAT)
        answers = [await received(station)]
        if expected is not None:
            answers.append(await received(station))

    refusals = [answer[1:3] for answer in answers if answer[0] == 4]
    assert refusals == ([] if expected is None else [expected])


async def test_a_frame_that_is_too_large_ends_its_connection_only(either: Central) -> None:
    """T31: the limit is 64 kB."""
    async with (
        charger(either.url, "CP1") as good,
        socket(either.url, "CP2") as bad,
    ):
        await bad.send('[2,"m1","Heartbeat",{"x":"' + "x" * 70_000 + '"}]')
        async with asyncio.timeout(5):
            await bad.wait_closed()
        answer = await good.heartbeat()

    assert bad.close_code == 1009
    assert answer.current_time


async def test_a_binary_message_is_a_bad_frame(central: Central, ports: Ports) -> None:
    async with socket(central.url, "CP1") as station:
        await station.send(b'[2,"m1","Heartbeat",{}]')
        await station.send(HEARTBEAT)
        await received(station)

    bad = [record for _, record in ports.frames if record.kind is FrameKind.BAD]
    assert bad[0].violations == ("a binary message, expected text",)


@pytest.mark.parametrize("front", FRONTS)
async def test_a_silent_station_is_dropped_after_two_pings(ports: Ports, front: str) -> None:
    async with (
        FRONTS[front](ports, ping_seconds=0.1) as central,
        socket(central.url, "CP1") as station,
    ):
        await central.connection("CP1")
        station.transport.pause_reading()
        await until(lambda: bool(ports.going))
        station.transport.abort()

    assert len(ports.going) == 1


async def test_a_station_that_answers_pings_stays(ports: Ports) -> None:
    async with on_shared_port(ports, ping_seconds=0.05) as central, socket(central.url, "CP1"):
        await asyncio.sleep(0.5)
        connected = central.registry.connected()

    assert connected == ("CP1",)


async def test_authorizations_are_answered_by_the_port(central: Central, ports: Ports) -> None:
    ports.authorization = AuthorizationStatus.NO_CREDIT
    async with charger(central.url, "CP1") as station:
        assert await station.authorize("04AABB") == "Blocked"


# --- for the record ---


async def test_every_frame_is_recorded_without_keys(central: Central, ports: Ports) -> None:
    async with charger(central.url, "CP1") as station:
        connection = await central.connection("CP1")
        await connection.call(
            "ChangeConfiguration", {"key": "AuthorizationKey", "value": "secret"}, timeout=5
        )
        await station.heartbeat()

    shown = [
        (record.direction, record.kind, record.action, record.payload)
        for _, record in ports.frames[:3]
    ]
    assert shown == [
        (
            Direction.OUT,
            FrameKind.CALL,
            "ChangeConfiguration",
            {"key": "AuthorizationKey", "value": "***"},
        ),
        (Direction.IN, FrameKind.CALLRESULT, "ChangeConfiguration", {"status": "Accepted"}),
        (Direction.IN, FrameKind.CALL, "Heartbeat", {}),
    ]
