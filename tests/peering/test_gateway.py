"""Who may say what at the door of an adapter, and what is answered there."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.protocol.party import Party
from tests.partners import status
from tests.peering.node import Node
from tests.peering.scene import Scene, behind
from tests.peering.speaking import say
from tests.samples import location, session, start_session, token


async def test_the_details_list_what_is_served(node: Node, scene: Scene) -> None:
    """VER-08."""
    emsp = await scene.emsp()

    details = (await say(emsp, node, "GET", "2.2.1")).json()["data"]

    served = {(each["identifier"], each["role"]) for each in details["endpoints"]}
    assert served >= {
        ("credentials", "SENDER"),
        ("hubclientinfo", "RECEIVER"),
        ("locations", "SENDER"),
        ("commands", "RECEIVER"),
        ("tokens", "RECEIVER"),
    }
    assert ("locations", "RECEIVER") not in served
    assert ("hubclientinfo", "SENDER") not in served


async def test_a_direct_peer_pushes_what_is_its_own(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    own = token(country_code="DE", party_id="EMS", uid="U1")

    taken = await say(
        emsp,
        node,
        "PUT",
        "receiver/2.2.1/tokens/DE/EMS/U1",
        own,
        from_="DE/EMS",
        to="NL/CPO",
    )

    assert status(taken) == (200, 1000)
    ((message, sender, peer),) = node.heard
    assert (message.document["uid"], sender, peer.name) == ("U1", Party("DE", "EMS"), "emsp")
    assert taken.headers["OCPI-to-party-id"] == "EMS"
    assert taken.headers["OCPI-from-party-id"] == "CPO"


_OWN = token(country_code="DE", party_id="EMS", uid="U1")
_REFUSED: dict[str, tuple[str, str, Any, dict[str, Any], tuple[int, int]]] = {
    "another owner in the URL": (
        "PUT", "receiver/2.2.1/tokens/FR/EMS/U1", _OWN, {}, (404, 2001),
    ),
    "another owner in the body": (
        "PUT", "receiver/2.2.1/tokens/DE/EMS/U1", _OWN | {"party_id": "XXX"}, {}, (200, 2001),
    ),
    "another id in the body": (
        "PUT", "receiver/2.2.1/tokens/DE/EMS/U2", _OWN, {}, (200, 2001),
    ),
    "a sender that is not the peer's": (
        "PUT", "receiver/2.2.1/tokens/DE/EMS/U1", _OWN, {"from_": "FR/EMS"}, (200, 2001),
    ),
    "a receiver that is not us": (
        "PUT", "receiver/2.2.1/tokens/DE/EMS/U1", _OWN, {"to": "FR/CPO"}, (200, 4001),
    ),
    "half an object": (
        "PUT", "receiver/2.2.1/tokens/DE/EMS/U1", {"uid": "U1"}, {}, (200, 2001),
    ),
    "no JSON": (
        "PUT", "receiver/2.2.1/tokens/DE/EMS/U1", b"{", {}, (400, 2001),
    ),
    "a module that is not served": (
        "PUT", "receiver/2.2.1/tariffs/DE/EMS/T1", {}, {}, (404, 2000),
    ),
    "a method that is not served": (
        "DELETE", "receiver/2.2.1/tokens/DE/EMS/U1", None, {}, (405, 2000),
    ),
    "a client info of one that is no hub": (
        "PUT", "2.2.1/hubclientinfo/FR/EMS", behind("FR/EMS"), {}, (200, 2001),
    ),
    "a token it does not have": (
        "PUT", "receiver/2.2.1/tokens/DE/EMS/U1", _OWN, {"token": "wrong"}, (401, 2000),
    ),
    "a command with somebody else's token": (
        "POST", "receiver/2.2.1/commands/START_SESSION",
        start_session(token=token(country_code="FR", party_id="EMS")), {}, (200, 2001),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", _REFUSED.values(), ids=_REFUSED)
async def test_what_a_peer_may_not_say_is_not_heard(
    node: Node, scene: Scene, case: tuple[str, str, Any, dict[str, Any], tuple[int, int]]
) -> None:
    method, path, body, how, expected = case
    emsp = await scene.emsp()

    refused = await say(emsp, node, method, path, body, **how)

    assert status(refused) == expected
    assert not node.heard


async def test_a_platform_of_several_parties_names_the_one_that_speaks(
    node: Node, scene: Scene
) -> None:
    """RTE-27."""
    emsp = await scene.emsp("DE/EMS/EMSP", "FR/EMS/EMSP")

    silent = await say(emsp, node, "GET", "sender/2.2.1/locations")
    named = await say(emsp, node, "GET", "sender/2.2.1/locations", from_="FR/EMS")

    assert (status(silent), status(named)) == ((200, 2001), (200, 1000))


async def test_a_list_has_pages(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp(receivers=())
    for number in range(3):
        await node.publish("locations", location(id=f"LOC{number}"))

    first = await say(emsp, node, "GET", "sender/2.2.1/locations?limit=2")
    link = first.headers["Link"].partition(">")[0].removeprefix("<")
    second = await emsp.request("GET", link)

    assert [each["id"] for each in first.json()["data"]] == ["LOC0", "LOC1"]
    assert [each["id"] for each in second.json()["data"]] == ["LOC2"]
    assert (first.headers["X-Total-Count"], first.headers["X-Limit"]) == ("3", "2")
    assert "Link" not in second.headers


async def test_a_peer_sees_its_own_sessions_alone(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp(receivers=())
    await node.publish("sessions", session(id="S1"), receiver="DE/EMS")
    await node.publish("sessions", session(id="S2"), receiver="FR/EMS")

    listed = await say(emsp, node, "GET", "sender/2.2.1/sessions?date_from=2020-01-01T00:00:00Z")

    assert [each["id"] for each in listed.json()["data"]] == ["S1"]
