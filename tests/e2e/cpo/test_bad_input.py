"""What stations should not send: answered as OCPP says, nothing to be billed is lost, and nothing
doubtful is billed; other stations do not notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests import samples
from tests.chargers import Charger, socket, written
from tests.cpo_adapter.running import Emsp
from tests.databases import copied
from tests.e2e.cpo.process import CpoProcess, cpo_process, emsp_of
from tests.serving import free_port

# A number where text belongs has to be some card's number.
CARD = samples.token(uid="12345678", whitelist="ALWAYS")
OTHER = samples.token(uid="87654321", whitelist="ALWAYS")
CLOSED_FOR_SIZE = 1009
_LATELY = datetime.now(UTC) - timedelta(minutes=4)


@pytest.fixture(scope="module")
def module_database_url(postgres_url: str, furnished_template: str) -> Iterator[str]:
    """A furnished database for all of these tests."""
    yield from copied(postgres_url, furnished_template)


@pytest.fixture(scope="module")
async def shared(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[CpoProcess, Emsp]]:
    """One adapter for all of these tests, and an eMSP whose cards it knows."""
    folder: Path = tmp_path_factory.mktemp("adapter")
    given = {"DATABASE_URL": module_database_url, "DATA_DIR": str(folder)}
    cpo = cpo_process(given | {"PORT": str(free_port())})
    await cpo.start()
    try:
        async with emsp_of(cpo) as ems:
            for card in (CARD, OTHER):
                await ems.party.call("PUT", "receiver", "tokens", f"DE/EMS/{card['uid']}", card)
            yield cpo, ems
    finally:
        await cpo.stop()


@pytest.fixture
def cpo(shared: tuple[CpoProcess, Emsp]) -> CpoProcess:
    """The adapter."""
    return shared[0]


@pytest.fixture
def ems(shared: tuple[CpoProcess, Emsp]) -> Emsp:
    """The eMSP, which has heard nothing yet."""
    shared[1].party.begin_anew()
    return shared[1]


@pytest.fixture
async def bystander(cpo: CpoProcess) -> AsyncIterator[Charger]:
    """CS2, which has to live through it all."""
    async with cpo.station("CS2") as station:
        yield station
        assert (await station.heartbeat()).current_time


@dataclass
class Line:
    """CS1's bare websocket."""

    websocket: ClientConnection
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def call(self, action: str, **payload: Any) -> dict[str, Any]:
        """The payload of the answer to a CALL, which has to be a CALLRESULT."""
        message_id = f"c{next(self._numbers)}"
        await self.websocket.send(json.dumps([2, message_id, action, payload]))
        answer = await self.answer(message_id)
        assert answer[0] == 3, answer
        found: dict[str, Any] = answer[2]
        return found

    async def answer(self, message_id: str) -> list[Any]:
        """The answer to the message of that id; other messages are passed over."""
        *_, last = await self.answers(message_id)
        return last

    async def answers(self, last_id: str) -> list[list[Any]]:
        """All answers up to the one to that message; the central system's own CALLs are none."""
        found: list[list[Any]] = []
        async with asyncio.timeout(10):
            while not found or found[-1][1] != last_id:
                frame = json.loads(await self.websocket.recv())
                found += [frame] if frame[0] != 2 else []
        return found


@asynccontextmanager
async def line(cpo: CpoProcess, version: str = "1.6") -> AsyncIterator[Line]:
    """CS1, booted."""
    async with socket(cpo.stations_url, "CS1", version=version) as websocket:
        made = Line(websocket)
        await made.call("BootNotification", **_BOOTS[version])
        yield made


_BOOTS: dict[str, dict[str, Any]] = {
    "1.6": {"chargePointVendor": "Example", "chargePointModel": "Wallbox"},
    "2.0.1": {
        "chargingStation": {"vendorName": "Example", "model": "Wallbox"},
        "reason": "PowerUp",
    },
}

# --- frames that are none ---

# What 1.6 and 2.0.1 answer; None is nothing.
FRAMES: dict[str, tuple[str, str | None, str]] = {
    "not JSON": ("nonsense", None, "RpcFrameworkError"),
    "not a list": ('{"a":1}', None, "RpcFrameworkError"),
    "an empty list": ("[]", None, "RpcFrameworkError"),
    "a list of one": ("[2]", None, "RpcFrameworkError"),
    "no action": ('[2,"x"]', "FormationViolation", "RpcFrameworkError"),
    "a number as action": ('[2,"x",5,{}]', "FormationViolation", "RpcFrameworkError"),
    "an object as action": ('[2,"x",{},{}]', "FormationViolation", "RpcFrameworkError"),
    "a list as payload": ('[2,"x","Heartbeat",[]]', "FormationViolation", "FormatViolation"),
    "a type that is none": ('[9,"x","Heartbeat",{}]', None, "MessageTypeNotSupported"),
    "an unknown action": ('[2,"x","Levitate",{}]', "NotImplemented", "NotImplemented"),
    "an answer to nothing": ('[3,"x",{}]', None, ""),
}


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize(("text", "old", "new"), FRAMES.values(), ids=FRAMES)
async def test_what_is_no_frame_is_answered_as_ocpp_says(
    cpo: CpoProcess, bystander: Charger, version: str, text: str, old: str | None, new: str
) -> None:
    async with line(cpo, version) as station:
        await station.websocket.send(text)
        await station.websocket.send('[2,"last","Heartbeat",{}]')
        *before, last = await station.answers("last")

    expected = old if version == "1.6" else new
    assert [each[2] for each in before] == ([expected] if expected else [])
    assert last[0] == 3


async def test_a_frame_of_16_mb_ends_its_connection_alone(
    cpo: CpoProcess, bystander: Charger
) -> None:
    """T31"""
    async with line(cpo) as station:
        # It may be cut off before all of it has left.
        with suppress(ConnectionClosed):
            await station.websocket.send("[2," + " " * 16_000_000 + "]")
        async with asyncio.timeout(10):
            await station.websocket.wait_closed()
        code = station.websocket.close_code
    async with line(cpo) as station:
        assert await station.call("Heartbeat")

    assert code == CLOSED_FOR_SIZE


async def test_a_flood_is_answered_and_delays_nobody_else(
    cpo: CpoProcess, bystander: Charger
) -> None:
    async with line(cpo) as station:
        for number in range(2_000):
            await station.websocket.send(f'[2,"m{number}","Heartbeat",{{}}]')
        async with asyncio.timeout(5):
            beat = await bystander.heartbeat()
        async with asyncio.timeout(30):
            answered = [await station.websocket.recv() for _ in range(2_000)]

    assert beat.current_time
    assert len(answered) == 2_000


# --- sessions that are odd ---


_MOMENTS = count()


def moment() -> str:
    """A few minutes ago, another time for each session."""
    return written(_LATELY + timedelta(milliseconds=next(_MOMENTS)))


def start(**odd: Any) -> dict[str, Any]:
    """A StartTransaction that is right but for what is odd."""
    return {"connectorId": 1, "idTag": CARD["uid"], "meterStart": 1000} | odd


def stop(**odd: Any) -> dict[str, Any]:
    """The same of its StopTransaction, 1 kWh later."""
    return {"meterStop": 2000, "timestamp": written(None), "reason": "Local"} | odd


def measured(**odd: Any) -> dict[str, Any]:
    """MeterValues half-way, with something odd about its one sample."""
    sample = {"value": "1500", "unit": "Wh"} | odd
    return {
        "connectorId": 1,
        "meterValue": [{"timestamp": written(None), "sampledValue": [sample]}],
    }


Odd = tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any]]
HARMLESS: dict[str, Odd] = {
    "a number as token": (start(idTag=12345678), None, stop()),
    "text as register": (start(meterStart="1000"), None, stop(meterStop="2000")),
    "fields nobody knows": (start(x=1, y={"z": []}), None, stop(vendor="Example")),
    "a reason nobody knows": (start(), None, stop(reason="Alien")),
    "a token in the stop that is too long": (start(), None, stop(idTag="X" * 300)),
    "a number as value": (start(), measured(value=1500), stop()),
    "a context nobody knows": (start(), measured(context="Alien"), stop()),
    "a unit nobody knows": (start(), measured(unit="Horsepower"), stop()),
    "a measurand nobody knows": (start(), measured(measurand="Mood"), stop()),
    "a zero in the middle": (start(), measured(value="0"), stop()),
}
DOUBTFUL: dict[str, Odd] = {
    "begun in 1970": (start(timestamp="1970-01-01T00:00:00Z"), None, stop()),
    "begun in 2099": (start(timestamp="2099-01-01T00:00:00Z"), None, stop()),
    "begun yesterday": (start(timestamp="yesterday"), None, stop()),
    "ended in 2099": (start(), None, stop(timestamp="2099-01-01T00:00:00Z")),
    "a falling register": (start(), None, stop(meterStop=500)),
    "a register that fell on the way": (start(), measured(value="700"), stop()),
    "a jump beyond the power": (start(), None, stop(meterStop=90_000_000)),
    "a register below zero": (start(), None, stop(meterStop=-5)),
    "no register at the end": (start(), measured(value="99999999"), {"reason": "Local"}),
}


async def charged(cpo: CpoProcess, odd: Odd) -> dict[str, Any]:
    """The session as the adapter knows it once CS1 has told all of it."""
    begin, middle, end = odd
    async with line(cpo) as station:
        number = (await station.call("StartTransaction", **({"timestamp": moment()} | begin)))[
            "transactionId"
        ]
        assert number > 0
        if middle is not None:
            await station.call("MeterValues", transactionId=number, **middle)
        await station.call("StopTransaction", transactionId=number, **end)
    return next(s for s in await cpo.sessions() if s["transaction_id"] == str(number))


@pytest.mark.parametrize("odd", HARMLESS.values(), ids=HARMLESS)
async def test_what_is_only_strange_is_billed_all_the_same(
    cpo: CpoProcess, ems: Emsp, bystander: Charger, odd: Odd
) -> None:
    session = await charged(cpo, odd)
    cdr = await ems.cdr()

    assert (cdr["session_id"], cdr["total_energy"]) == (session["id"], Decimal(1))


@pytest.mark.parametrize("odd", DOUBTFUL.values(), ids=DOUBTFUL)
async def test_what_cannot_be_right_is_kept_and_waits_for_a_person(
    cpo: CpoProcess, ems: Emsp, bystander: Charger, odd: Odd
) -> None:
    """T30: the next session is billed, this one is not."""
    session = await charged(cpo, odd)
    await bystander.card_session(OTHER["uid"], [0, 3_000])
    cdr = await ems.cdr()

    assert (session["state"], session["billing"], session["cdr_id"]) == (
        "completed",
        "suspect",
        None,
    )
    assert session["suspicions"]
    assert cdr["cdr_token"]["uid"] == OTHER["uid"]


def event(kind: str, seq_no: int, register: int, **odd: Any) -> dict[str, Any]:
    """A TransactionEvent that is right but for what is odd."""
    contexts = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}
    value = {"value": register, "context": contexts[kind]}
    return {
        "eventType": kind,
        "triggerReason": "Authorized" if kind == "Started" else "StopAuthorized",
        "seqNo": seq_no,
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": CARD["uid"], "type": "ISO14443"},
        "meterValue": [{"timestamp": written(None), "sampledValue": [value]}],
    } | odd


# What is odd about the beginning, and about the end.
OddEvents = tuple[dict[str, Any], dict[str, Any]]
HARMLESS_EVENTS: dict[str, OddEvents] = {
    "a number as token": ({"idToken": {"idToken": 12345678, "type": 7}}, {}),
    "a trigger nobody knows": ({"triggerReason": "Whim"}, {"triggerReason": "Whim"}),
    "fields nobody knows": ({"x": 1}, {"y": [{}]}),
    "text as number": ({"seqNo": "0"}, {"seqNo": "1"}),
}
DOUBTFUL_EVENTS: dict[str, OddEvents] = {
    "begun in 1970": ({"timestamp": "1970-01-01T00:00:00Z"}, {}),
    "begun in 2099": ({"timestamp": "2099-01-01T00:00:00Z"}, {}),
    "ended yesterday": ({}, {"timestamp": "yesterday"}),
}


async def charged_by_events(cpo: CpoProcess, odd: OddEvents) -> dict[str, Any]:
    """The session as the adapter knows it once CS1, of 2.0.1, has told its two ends."""
    begin, end = odd
    name = f"T{next(_MOMENTS)}"
    info = {"transactionInfo": {"transactionId": name}}
    async with line(cpo, "2.0.1") as station:
        begun = event("Started", 0, 1_000, timestamp=moment(), **info)
        await station.call("TransactionEvent", **(begun | begin))
        ended = event("Ended", 1, 2_000, timestamp=written(None), **info)
        await station.call("TransactionEvent", **(ended | end))
    return next(s for s in await cpo.sessions() if s["transaction_id"] == name)


@pytest.mark.parametrize("odd", HARMLESS_EVENTS.values(), ids=HARMLESS_EVENTS)
async def test_what_is_only_strange_in_2_0_1_is_billed_all_the_same(
    cpo: CpoProcess, ems: Emsp, bystander: Charger, odd: OddEvents
) -> None:
    session = await charged_by_events(cpo, odd)
    cdr = await ems.cdr()

    assert (cdr["session_id"], cdr["total_energy"]) == (session["id"], Decimal(1))


@pytest.mark.parametrize("odd", DOUBTFUL_EVENTS.values(), ids=DOUBTFUL_EVENTS)
async def test_what_cannot_be_right_in_2_0_1_is_kept_with_its_energy(
    cpo: CpoProcess, ems: Emsp, bystander: Charger, odd: OddEvents
) -> None:
    session = await charged_by_events(cpo, odd)

    assert (session["state"], session["billing"], session["kwh"]) == (
        "completed",
        "suspect",
        Decimal(1),
    )


async def test_a_message_that_comes_twice_under_one_id_is_answered_as_before(
    cpo: CpoProcess, ems: Emsp, bystander: Charger
) -> None:
    frame = json.dumps([2, "twice", "StartTransaction", start(timestamp=moment())])
    async with line(cpo) as station:
        await station.websocket.send(frame)
        first = await station.answer("twice")
        await station.websocket.send(frame)
        again = await station.answer("twice")
        number = first[2]["transactionId"]
        await station.call("StopTransaction", transactionId=number, **stop())
    cdr = await ems.cdr()

    assert first == again
    assert cdr["total_energy"] == Decimal(1)


async def test_an_id_that_is_used_for_something_else_is_not_taken_for_the_same(
    cpo: CpoProcess, ems: Emsp, bystander: Charger
) -> None:
    """Some stations count from 1 after each reconnect."""
    async with line(cpo) as station:
        for action, payload in (
            ("Heartbeat", {}),
            ("StartTransaction", start(timestamp=moment())),
        ):
            await station.websocket.send(json.dumps([2, "1", action, payload]))
            answer = await station.answer("1")
        await station.call("StopTransaction", transactionId=answer[2]["transactionId"], **stop())

    assert (await ems.cdr())["total_energy"] == Decimal(1)


async def test_a_station_cannot_end_the_session_of_another(
    cpo: CpoProcess, ems: Emsp, bystander: Charger
) -> None:
    """T29: it is answered, else it would repeat itself for ever; and it changes nothing."""
    running = await bystander.start(OTHER["uid"], meter=0)
    async with line(cpo) as station:
        await station.call("MeterValues", transactionId=running.id, **measured(value="9000"))
        answer = await station.call("StopTransaction", transactionId=running.id, **stop())
    theirs = await cpo.sessions("--open", "--station", "CS2")
    orphans = await cpo.sessions("--station", "CS1")
    await bystander.stop(running, 4_000)
    cdr = await ems.cdr()

    assert "transactionId" not in answer
    assert [each["transaction_id"] for each in theirs] == [str(running.id)]
    assert any(each["transaction_id"] == str(running.id) and not each["owner"] for each in orphans)
    assert (cdr["cdr_token"]["uid"], cdr["total_energy"]) == (OTHER["uid"], Decimal(4))
