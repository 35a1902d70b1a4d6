"""What we own reaches who it is for: by broadcast, by its receiver, after outages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parties import RecordingParty, envelope
from tests.partners import eventually
from tests.peering.node import Node, node_of
from tests.peering.scene import Scene, behind
from tests.samples import cdr, cdr_token, evse, location, session, tariff

LOC = "/receiver/locations/NL/CPO/LOC1"


def _location(**overrides: Any) -> dict[str, Any]:
    return location(id="LOC1", evses=[evse(uid="3256")], **overrides)


def _of(party: RecordingParty, method: str, module: str) -> list[Any]:
    return [each.json for each in party.of(method, f"/receiver/{module}") if each.body]


async def test_a_location_is_put_whole_and_a_status_patched(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()

    await node.publish("locations", _location())
    await eventually(lambda: bool(emsp.of("PUT", LOC)))
    await node.set_status("loc1", "3256", "CHARGING", "2026-02-01T10:00:00Z")
    await eventually(lambda: bool(emsp.of("PATCH", LOC)))

    (put,), (patch,) = emsp.of("PUT", LOC), emsp.of("PATCH", LOC)
    assert put.json == _location()
    assert put.routing() == ("NL/CPO", "DE/EMS")
    assert patch.path == f"{LOC}/3256"
    assert patch.json == {"status": "CHARGING", "last_updated": "2026-02-01T10:00:00Z"}


async def test_a_hub_is_told_once_what_is_for_everybody(node: Node, scene: Scene) -> None:
    """RTE-12: one request to the hub, which tells the rest."""
    hub = await scene.hub(behind("DE/EMS"), behind("FR/EMS"))

    await node.publish("tariffs", tariff(id="T1"))
    await eventually(lambda: bool(_of(hub, "PUT", "tariffs")))

    (put,) = hub.of("PUT", "/receiver/tariffs")
    assert put.routing() == ("NL/CPO", "XX/HUB")


async def test_a_platform_of_two_emsps_is_told_for_each(node: Node, scene: Scene) -> None:
    """RTE-31."""
    emsp = await scene.emsp("DE/EMS/EMSP", "FR/EMS/EMSP")

    await node.publish("tariffs", tariff(id="T1"))
    await eventually(lambda: len(_of(emsp, "PUT", "tariffs")) == 2)

    told = {put.routing() for put in emsp.of("PUT", "/receiver/tariffs")}
    assert told == {("NL/CPO", "DE/EMS"), ("NL/CPO", "FR/EMS")}


async def test_a_session_and_its_cdr_reach_their_receiver_alone(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    hub = await scene.hub(behind("FR/EMS"))
    token = cdr_token(country_code="FR", party_id="EMS")

    await node.publish("sessions", session(id="S1"), receiver="DE/EMS")
    await node.publish("cdrs", cdr(id="C1", cdr_token=token), receiver="FR/EMS")
    await eventually(lambda: bool(_of(emsp, "PUT", "sessions") and _of(hub, "POST", "cdrs")))

    (put,), (post,) = emsp.of("PUT", "/receiver/sessions"), hub.of("POST", "/receiver/cdrs")
    assert (put.path, put.routing()) == ("/receiver/sessions/NL/CPO/S1", ("NL/CPO", "DE/EMS"))
    assert (post.json, post.routing()) == (cdr(id="C1", cdr_token=token), ("NL/CPO", "FR/EMS"))
    assert not _of(hub, "PUT", "sessions")
    assert not _of(emsp, "POST", "cdrs")


async def test_a_withdrawn_tariff_is_deleted(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    await node.publish("tariffs", tariff(id="T1"))
    await eventually(lambda: bool(_of(emsp, "PUT", "tariffs")))

    await node.withdraw("tariffs", "T1")

    await eventually(lambda: bool(emsp.of("DELETE", "/receiver/tariffs/NL/CPO/T1")))


async def test_a_status_of_an_unknown_evse_is_followed_by_the_location(
    node: Node, scene: Scene
) -> None:
    emsp = await scene.emsp()
    await node.publish("locations", _location())
    await eventually(lambda: bool(emsp.of("PUT", LOC)))
    emsp.received.clear()
    emsp.say(lambda: envelope(None, 2001, http_status=404), method="PATCH")

    await node.set_status("LOC1", "3256", "BLOCKED", "2026-02-01T10:00:00Z")
    await eventually(lambda: bool(emsp.of("PUT", LOC)))

    (put,) = emsp.of("PUT", LOC)
    assert put.json["evses"][0]["status"] == "BLOCKED"
    assert put.json["last_updated"] == "2026-02-01T10:00:00Z"


async def test_a_newcomer_gets_everything(node: Node, scene: Scene) -> None:
    await node.publish("locations", _location())
    await node.publish("tariffs", tariff(id="T1"))

    emsp = await scene.emsp()

    await eventually(lambda: bool(emsp.of("PUT", LOC) and _of(emsp, "PUT", "tariffs")))


async def test_after_an_outage_each_object_comes_once_and_as_it_is(
    node: Node, scene: Scene
) -> None:
    emsp = await scene.emsp()
    await node.publish("locations", _location())
    await eventually(lambda: bool(emsp.of("PUT", LOC)))
    await scene.stop(emsp)
    for minute in range(3):
        stamp = f"2026-02-01T10:0{minute}:00Z"
        await node.publish("tariffs", tariff(id="T1", last_updated=stamp))
        await node.publish("sessions", session(id="S1", last_updated=stamp), receiver="DE/EMS")
    await node.publish("cdrs", cdr(id="C1"), receiver="DE/EMS")

    emsp.received.clear()
    await scene.start(emsp)
    await eventually(lambda: bool(_of(emsp, "POST", "cdrs")), within=30)
    await eventually(
        lambda: bool(_of(emsp, "PUT", "tariffs") and _of(emsp, "PUT", "sessions")), within=30
    )

    newest = "2026-02-01T10:02:00Z"
    assert [each["last_updated"] for each in _of(emsp, "PUT", "tariffs")] == [newest]
    assert [each["last_updated"] for each in _of(emsp, "PUT", "sessions")] == [newest]
    assert [each["id"] for each in _of(emsp, "POST", "cdrs")] == ["C1"]


async def test_what_is_refused_is_parked_and_not_in_the_way(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    below = "/receiver/tariffs/NL/CPO/POISON"
    emsp.say(lambda: envelope(None, 2001, message="no such currency"), below=below)

    await node.publish("tariffs", tariff(id="POISON"))
    await node.publish("tariffs", tariff(id="T2"))
    await eventually(lambda: bool(emsp.of("PUT", "/receiver/tariffs/NL/CPO/T2")))
    await eventually(node.has_parked)

    (parked,) = await node.parked()
    assert (parked.id, parked.code, parked.message) == ("poison", 2001, "no such currency")
    assert parked.retry_at is None


async def test_a_newer_version_ends_the_parking(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    emsp.say(lambda: envelope(None, 2001), below="/receiver/tariffs")
    await node.publish("tariffs", tariff(id="T1"))
    await eventually(node.has_parked)
    emsp.begin_anew()

    await node.publish("tariffs", tariff(id="T1", last_updated="2026-02-01T10:00:00Z"))

    await eventually(lambda: bool(emsp.of("PUT", "/receiver/tariffs")))
    await eventually(node.has_nothing_parked)


async def test_a_refused_cdr_is_parked_with_the_reason(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    emsp.say(lambda: envelope(None, 2001, message="token unknown"), below="/receiver/cdrs")

    await node.publish("cdrs", cdr(id="C1"), receiver="DE/EMS")
    await eventually(node.has_parked)

    (parked,) = await node.parked()
    assert (parked.audience.party, parked.message) == ("de/ems", "token unknown")


async def test_a_cdr_that_fails_is_sent_again_until_it_is_taken(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    emsp.say(lambda: envelope(None, 3000), below="/receiver/cdrs")
    await node.publish("cdrs", cdr(id="C1"), receiver="DE/EMS")
    await eventually(lambda: len(_of(emsp, "POST", "cdrs")) >= 2)
    emsp.answer = None

    await eventually(node.has_handed_over("C1"))

    assert await node.handed_over("C1") == f"{emsp.url}/ocpi/receiver/cdrs/{_count(emsp)}"


def _count(emsp: RecordingParty) -> int:
    return len(emsp.of("POST", "/receiver/cdrs"))


async def test_a_slow_peer_delays_no_other(node: Node, scene: Scene) -> None:
    slow = await scene.emsp("FR/EMS/EMSP", name="slow")
    quick = await scene.emsp()
    slow.answer = slow.never

    for number in range(20):
        await node.publish("tariffs", tariff(id=f"T{number}"))

    await eventually(lambda: len(_of(quick, "PUT", "tariffs")) == 20, within=5)


async def test_a_restart_in_mid_push_loses_nothing(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    emsp.say(lambda: envelope(None, 3000, http_status=503))
    for number in range(30):
        await node.publish("tariffs", tariff(id=f"T{number}"))
        await node.publish("cdrs", cdr(id=f"C{number}"), receiver="DE/EMS")
    await eventually(lambda: len(emsp.received) > 5)
    await node.stop()
    emsp.begin_anew()

    await node.start()

    await eventually(lambda: len({t["id"] for t in _of(emsp, "PUT", "tariffs")}) == 30, within=30)
    await eventually(lambda: len(_of(emsp, "POST", "cdrs")) == 30, within=30)
    assert len({each["id"] for each in _of(emsp, "POST", "cdrs")}) == 30


async def test_a_cdr_that_was_taken_is_not_sent_after_a_restart(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    await node.publish("cdrs", cdr(id="C1"), receiver="DE/EMS")
    await eventually(node.has_handed_over("C1"))
    await node.stop()
    await node.forget_cursors()

    await node.start()
    await node.publish("cdrs", cdr(id="C2"), receiver="DE/EMS")
    await eventually(node.has_handed_over("C2"))

    assert [each["id"] for each in _of(emsp, "POST", "cdrs")] == ["C1", "C2"]


@pytest.mark.parametrize("status", ["OFFLINE", "PLANNED", "SUSPENDED"])
async def test_nothing_is_sent_to_a_party_that_is_not_there(
    node: Node, scene: Scene, status: str
) -> None:
    """HCI-09; it comes when the hub says that the party is back."""
    hub = await scene.hub(behind("DE/EMS", status=status), behind("FR/EMS"))
    token = cdr_token(country_code="FR", party_id="EMS")
    await node.publish("cdrs", cdr(id="C1"), receiver="DE/EMS")
    await node.publish("cdrs", cdr(id="C2", cdr_token=token), receiver="FR/EMS")
    await eventually(lambda: bool(_of(hub, "POST", "cdrs")))
    before = [each["id"] for each in _of(hub, "POST", "cdrs")]

    info = behind("DE/EMS") | {"last_updated": "2026-02-02T00:00:00Z"}
    answer = await hub.request("PUT", node.client_info_url("DE/EMS"), info)

    assert answer.json()["status_code"] == 1000
    await eventually(lambda: len(_of(hub, "POST", "cdrs")) == 2)
    assert before == ["C2"]


async def test_a_peer_without_the_interface_is_not_pushed(node: Node, scene: Scene) -> None:
    pulling = await scene.emsp("FR/EMS/EMSP", name="pulling", receivers=("commands",))
    other = await scene.emsp()

    await node.publish("tariffs", tariff(id="T1"))
    await node.publish("cdrs", cdr(id="C1"), receiver="FR/EMS")
    await eventually(lambda: bool(_of(other, "PUT", "tariffs")))

    assert not pulling.of("PUT", "/receiver/tariffs")
    assert not pulling.of("POST", "/receiver/cdrs")


async def test_of_several_processes_one_tells(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    second = node_of(node.db)
    await second.start()

    for number in range(10):
        await node.publish("cdrs", cdr(id=f"C{number}"), receiver="DE/EMS")
        second.side.publisher.poke()
    await eventually(lambda: len(_of(emsp, "POST", "cdrs")) >= 10)
    await node.stop()
    await second.publish("cdrs", cdr(id="C10"), receiver="DE/EMS")

    await eventually(node.has_handed_over("C10"))
    await second.stop()
    await node.start()
    assert sorted(each["id"] for each in _of(emsp, "POST", "cdrs")) == sorted(
        f"C{number}" for number in range(11)
    )
