"""`ocpi-hub object`, `delivery`, `trace` and `status`: what the hub has and who has got it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.store import backfills, cursors, custody, leases, ledger, parked
from ocpi_hub.store.changes import Position
from ocpi_hub.store.custody import CdrDraft
from ocpi_hub.store.exchanges import Exchange, ExchangeWriter
from tests import samples
from tests.hub.commands import Commands
from tests.hub.registering import NOW, registered
from tests.hub.shelves import head, put_location

TNM, EVC, MSP = "nl/tnm", "de/evc", "de/msp"


@pytest.fixture
async def parties(db: Database) -> None:
    """A CPO and two eMSPs that are told everything."""
    await registered(db, "tnm", "NL/TNM/CPO")
    await registered(db, "evc", "DE/EVC/EMSP")
    await registered(db, "msp", "DE/MSP/EMSP")


async def start(db: Database, *receivers: str) -> None:
    """Cursors that begin now."""
    async with db.hot() as conn:
        for receiver in receivers:
            await cursors.start_cursors_at_head(conn, receiver, modules=["locations"])


async def move(db: Database, receiver: str, position: Position) -> None:
    """The receiver's cursor has come that far."""
    async with db.hot() as conn:
        epoch = await leases.acquire(conn, f"of {receiver}", holder="test", seconds=30)
        assert epoch is not None
        step = cursors.Move(receiver, "locations", position, f"of {receiver}", epoch)
        await cursors.move_cursors(conn, [step])


async def park(db: Database, receiver: str, id_: str = "loc1") -> None:
    """The receiver refused a location."""
    async with db.hot() as conn:
        await parked.park(
            conn, receiver, module="locations", owner=TNM, id_=id_, sub="",
            reason="2001 no coordinates", correlation_id="put",
        )  # fmt: skip


async def take_cdr(db: Database, cdr_id: str, *, refused: bool) -> None:
    """A CDR of NL/TNM for DE/EVC in custody, waiting or refused."""
    raw = dumps(samples.cdr(id=cdr_id))
    draft = CdrDraft(TNM, cdr_id, EVC, raw, hashlib.sha256(raw).digest(), NOW, "c-1", cdr_id, NOW)
    async with db.hot() as conn:
        taken = await custody.take(conn, draft, now=NOW)
        if refused:
            await custody.mark_refused(conn, taken.cdr, code=2001, message="unknown tariff")


# --- object ----------------------------------------------------------------------------------


async def test_an_object_is_shown_with_who_has_its_last_version(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    await start(db, EVC, MSP)
    await put_location(db, owner=TNM)
    await move(db, EVC, await head(db))

    shown = (await ocpi_hub.aside("object", "show", "locations", "NL/TNM/LOC1", "--json")).json

    assert shown["stored"][0]["document"] == samples.location()
    assert shown["stored"][0]["correlation_id"] == "put"
    assert shown["visible_to"] == ["DE/EVC", "DE/MSP"]
    assert shown["receivers"] == [
        {"party": "DE/EVC", "sent": True, "refused": None},
        {"party": "DE/MSP", "sent": False, "refused": None},
    ]


async def test_a_refusal_is_shown_with_its_reason(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    await put_location(db, owner=TNM)
    await start(db, EVC)
    await park(db, EVC)

    ran = await ocpi_hub.aside(
        "object", "show", "locations", "nl/tnm/loc1", "--as", "DE/EVC", "--json"
    )

    assert ran.json["receivers"] == [
        {"party": "DE/EVC", "sent": False, "refused": "2001 no coordinates"}
    ]


async def test_an_object_is_not_shown_as_a_party_that_may_not_see_it(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    await put_location(db, owner=TNM)
    required = ocpi_hub.given(AGREEMENTS="required")

    ran = await required.aside("object", "show", "locations", "NL/TNM/LOC1", "--as", "DE/EVC")

    assert ran.code == 1
    assert "locations NL/TNM/LOC1 is not visible to DE/EVC" in ran.stderr


async def test_a_session_is_shown_to_its_emsp_alone(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    document = samples.session()
    async with db.hot() as conn:
        await ledger.put_session(conn, TNM, document=document, body=dumps(document), now=NOW)

    ran = await ocpi_hub.aside("object", "show", "sessions", f"NL/TNM/{document['id']}", "--json")

    assert ran.json["stored"][0]["document"] == document
    assert len(ran.json["visible_to"]) == 1


async def test_a_cdr_is_shown_with_its_state(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    await take_cdr(db, "CDR9", refused=True)

    shown = (await ocpi_hub.aside("object", "show", "cdrs", "NL/TNM/CDR9", "--json")).json

    assert shown["stored"][0]["state"] == "refused"
    assert shown["receivers"] == [{"party": "DE/EVC", "sent": False, "refused": "unknown tariff"}]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("locations", "NL/TNM/NO"), 1, "no locations NL/TNM/NO", id="location"),
        pytest.param(("sessions", "NL/TNM/NO"), 1, "no sessions NL/TNM/NO", id="session"),
        pytest.param(("cdrs", "NL/TNM/NO"), 1, "no cdrs NL/TNM/NO", id="cdr"),
        pytest.param(("cars", "NL/TNM/NO"), 64, "expected one of locations", id="module"),
        pytest.param(("cdrs", "NL/TNM"), 64, "NL/TNM/ID", id="no id"),
    ],
)
def test_an_unknown_object_is_named(
    ocpi_hub: Commands, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = ocpi_hub("object", "show", *words)

    assert ran.code == code
    assert said in ran.stderr


# --- delivery --------------------------------------------------------------------------------


@pytest.fixture
async def undelivered(parties: None, db: Database) -> None:
    """A refused location, a refused CDR and one that waits."""
    await park(db, MSP)
    await take_cdr(db, "REFUSED", refused=True)
    await take_cdr(db, "WAITS", refused=False)


@pytest.mark.parametrize(
    ("words", "states"),
    [
        pytest.param((), {"parked", "refused", "held"}, id="everything"),
        pytest.param(("--parked",), {"parked"}, id="parked"),
        pytest.param(("--dead",), {"refused"}, id="dead"),
        pytest.param(("--to", "DE/MSP"), {"parked"}, id="of one receiver"),
    ],
)
async def test_what_has_not_arrived_is_listed(
    undelivered: None, ocpi_hub: Commands, words: tuple[str, ...], states: set[str]
) -> None:
    ran = await ocpi_hub.aside("delivery", "list", *words, "--json")

    assert {entry["state"] for entry in ran.json} == states


async def test_a_refused_object_is_sent_again(
    undelivered: None, db: Database, ocpi_hub: Commands
) -> None:
    ran = await ocpi_hub.aside("delivery", "replay", "locations", "NL/TNM/LOC1", "--json")

    async with db.hot() as conn:
        assert await parked.parked(conn, receiver=None, limit=10) == []
        (walk,) = await backfills.backfills(conn, MSP)
    assert (walk.owner, walk.module) == (TNM, "locations")
    assert [entry["receiver"] for entry in ran.json["replayed"]] == ["DE/MSP"]


async def test_everything_of_a_receiver_is_sent_again(
    undelivered: None, db: Database, ocpi_hub: Commands
) -> None:
    ran = await ocpi_hub.aside("delivery", "replay", "--to", "DE/EVC", "--json")

    assert [entry["id"] for entry in ran.json["replayed"]] == ["refused"]
    async with db.hot() as conn:
        again = await custody.by_id(conn, TNM, cdr_id="REFUSED")
    assert again is not None
    assert again.state == "held"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param((), 64, id="nothing named"),
        pytest.param(("cdrs",), 64, id="no id"),
        pytest.param(("cdrs", "NL/TNM/WAITS"), 1, id="not given up"),
        pytest.param(("--to", "DE/NOB"), 1, id="nothing for the receiver"),
    ],
)
async def test_a_replay_of_nothing_is_refused(
    undelivered: None, ocpi_hub: Commands, words: tuple[str, ...], code: int
) -> None:
    assert (await ocpi_hub.aside("delivery", "replay", *words)).code == code


# --- trace -----------------------------------------------------------------------------------


def leg(**changes: Any) -> Exchange:
    """A PUT of LOC1 that reached the hub."""
    values: dict[str, Any] = {
        "at": NOW, "correlation_id": "put", "request_id": "r-1", "leg": 0,
        "platform_id": "id-tnm", "module": "locations", "interface": "RECEIVER", "method": "PUT",
        "path": "NL/TNM/LOC1", "sender": "NL/TNM", "receiver": None, "http_status": 200,
        "status_code": 1000, "message": None, "milliseconds": 7,
    }  # fmt: skip
    return Exchange(**values | changes)


async def record(db: Database, *legs: Exchange) -> None:
    """As the hub does."""
    writer = ExchangeWriter(db)
    for each in legs:
        writer.put(each)
    await writer.flush()


async def test_a_direct_message_is_traced_leg_by_leg(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    command = {
        "module": "commands",
        "method": "POST",
        "path": "START_SESSION",
        "receiver": "NL/TNM",
    }
    await record(
        db,
        leg(**command, sender="DE/EVC", platform_id="id-evc"),
        leg(**command, sender="DE/EVC", leg=1, status_code=4002, message="no answer in 15 s"),
    )

    traced = (await ocpi_hub.aside("trace", "put", "--json")).json

    assert [
        (e["direction"], e["partner"], e["sender"], e["receiver"], e["status_code"])
        for e in traced["legs"]
    ] == [("in", "evc", "DE/EVC", "NL/TNM", 1000), ("out", "tnm", "DE/EVC", "NL/TNM", 4002)]
    assert traced["legs"][1]["message"] == "no answer in 15 s"
    assert traced["objects"] == []


async def test_a_broadcast_is_traced_to_each_receiver(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    await start(db, EVC, MSP)
    await put_location(db, owner=TNM)
    await move(db, EVC, await head(db))
    await record(db, leg())

    traced = (await ocpi_hub.aside("trace", "put", "--json")).json

    (traced_object,) = traced["objects"]
    assert traced_object["current"] is True
    assert {r["party"]: r["sent"] for r in traced_object["receivers"]} == {
        "DE/EVC": True,
        "DE/MSP": False,
    }


async def test_a_broadcast_that_was_overtaken_says_so(
    parties: None, db: Database, ocpi_hub: Commands
) -> None:
    await put_location(db, owner=TNM)
    await record(db, leg(correlation_id="older"))

    traced = (await ocpi_hub.aside("trace", "older", "--json")).json

    assert traced["objects"] == [
        {"module": "locations", "owner": "NL/TNM", "id": "LOC1", "current": False, "receivers": []}
    ]


def test_a_message_nobody_knows_is_refused(ocpi_hub: Commands) -> None:
    ran = ocpi_hub("trace", "unknown")

    assert ran.code == 1
    assert "no record of unknown; records are kept for 14 days" in ran.stderr


# --- status ----------------------------------------------------------------------------------


async def test_the_status_has_everything_in_one_look(
    undelivered: None, db: Database, ocpi_hub: Commands
) -> None:
    await start(db, EVC)
    await put_location(db, owner=TNM)

    status = (await ocpi_hub.aside("status", "--json")).json

    assert status["running"] is False
    assert status["platforms"] == {"CONNECTED": 3}
    assert status["objects"] == {"evses": 1, "locations": 1, "sessions": 0, "cdrs": 2}
    assert [(w["receiver"], w["count"]) for w in status["undelivered_cdrs"]] == [("DE/EVC", 1)]
    assert status["receivers"] == [{"receiver": "DE/EVC", "module": "locations", "behind": 2}]
    assert (status["refused_objects"], status["dropped_records"]) == (1, 0)


async def test_dropped_records_are_counted_for_good(db: Database, ocpi_hub: Commands) -> None:
    writer = ExchangeWriter(db, capacity=1)
    writer.put(leg())
    writer.put(leg())
    await writer.flush()

    assert (await ocpi_hub.aside("status", "--json")).json["dropped_records"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("partner", "list"),
        ("partner", "show", "tnm"),
        ("agreement", "list"),
        ("object", "show", "cdrs", "NL/TNM/WAITS"),
        ("delivery", "list"),
        ("status",),
    ],
)
async def test_people_get_tables(
    undelivered: None, ocpi_hub: Commands, words: tuple[str, ...]
) -> None:
    ran = await ocpi_hub.aside(*words)

    assert ran.code == 0
    assert ran.stdout + ran.stderr
    assert not ran.stdout.startswith(("{", "["))
