"""Calls to peers: the way they take, their headers, and what comes back when there is no answer."""

from __future__ import annotations

import pytest

from ocpi_hub.peering.pull import pull
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.errors import (
    HubError,
    InvalidParameters,
    OcpiError,
    ReceiverNotConnected,
    ReceiverTimeout,
    UnknownReceiver,
)
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from tests.parties import envelope
from tests.partners import eventually
from tests.peering.node import Node
from tests.peering.scene import Scene, behind
from tests.samples import command_result, location_references, token

AUTHORIZE = operation("tokens", Interface.SENDER, "POST", "{token_uid}/authorize")
RESULT = operation("commands", Interface.SENDER, "POST", "{command}/{result_id}")
EMS, OTHER = Party("DE", "EMS"), Party("FR", "EMS")


async def test_a_peer_is_asked_directly_before_a_hub(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    await scene.hub(behind("DE/EMS"))
    emsp.lists["tokens"] = [token(uid="U 1")]

    reply = await node.side.outgoing.send(
        AUTHORIZE, to=EMS, params={"token_uid": "U 1"}, body=location_references()
    )

    (asked,) = emsp.of("POST", "/sender/tokens/U%201/authorize")
    assert data_of(reply)["allowed"] == "ALLOWED"
    assert asked.routing() == ("NL/CPO", "DE/EMS")


async def test_behind_a_hub_the_party_is_addressed(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("DE/EMS"))

    await node.side.outgoing.send(AUTHORIZE, to=EMS, params={"token_uid": "U1"})

    (asked,) = hub.of("POST", "/sender/tokens/U1/authorize")
    assert asked.routing() == ("NL/CPO", "DE/EMS")


async def test_a_hub_finds_out_who_is_not_named(node: Node, scene: Scene) -> None:
    """RTE-17: an open routing request."""
    hub = await scene.hub(behind("DE/EMS"))

    await node.side.outgoing.send(AUTHORIZE, peer=scene.peer("hub"), params={"token_uid": "U1"})

    (asked,) = hub.of("POST", "/sender/tokens/U1/authorize")
    assert asked.routing() == ("NL/CPO", None)


async def test_a_party_that_is_not_there_is_not_called(node: Node, scene: Scene) -> None:
    """HCI-09."""
    hub = await scene.hub(behind("DE/EMS", status="OFFLINE"))

    with pytest.raises(ReceiverNotConnected, match="DE/EMS is not connected"):
        await node.side.outgoing.send(AUTHORIZE, to=EMS, params={"token_uid": "U1"})

    assert not hub.of("POST", "/sender/tokens")


async def test_there_has_to_be_a_way(node: Node, scene: Scene) -> None:
    await scene.emsp()

    with pytest.raises(UnknownReceiver, match="FR/EMS"):
        await node.side.outgoing.send(AUTHORIZE, to=OTHER, params={"token_uid": "U1"})


async def test_the_deadline_is_for_everything(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    emsp.answer = emsp.never

    with pytest.raises(ReceiverTimeout):
        await node.side.outgoing.send(AUTHORIZE, to=EMS, params={"token_uid": "U1"}, timeout=0.2)


async def test_what_we_write_is_right_before_it_leaves(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()

    with pytest.raises(InvalidParameters, match="location_id missing"):
        await node.side.outgoing.send(AUTHORIZE, to=EMS, params={"token_uid": "U1"}, body={})

    assert not emsp.of("POST", "/sender/tokens")


async def test_a_result_is_posted_where_it_was_asked_for(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()

    await node.side.outgoing.send(
        RESULT, to=EMS, url=f"{emsp.url}/ocpi/results/4711", body=command_result()
    )

    (posted,) = emsp.of("POST", "/results/4711")
    assert posted.json == command_result()


async def test_a_result_behind_a_hub_is_posted_to_the_hub_alone(node: Node, scene: Scene) -> None:
    """Whoever named the URL would get the token that is for the hub."""
    thief = await scene.party("FR/EMS/EMSP")
    await scene.hub(behind("DE/EMS"))

    with pytest.raises(InvalidParameters, match="not on the server of the hub"):
        await node.side.outgoing.send(
            RESULT, to=EMS, url=f"{thief.url}/ocpi/results/1", body=command_result()
        )

    assert not thief.received


async def test_who_failed_too_often_is_left_alone_until_it_is_back(
    node: Node, scene: Scene
) -> None:
    emsp = await scene.emsp()
    await scene.stop(emsp)
    for _ in range(5):
        with pytest.raises(OcpiError):
            await node.side.outgoing.send(AUTHORIZE, to=EMS, params={"token_uid": "U1"})
    await eventually(lambda: scene.peer("emsp").presence == "OFFLINE")

    await scene.start(emsp)

    await eventually(lambda: scene.peer("emsp").presence == "CONNECTED", within=20)


# --- lists -----------------------------------------------------------------------------------


async def _all(node: Node, scene: Scene, name: str, to: Party | None = None) -> list[str]:
    found = pull(node.side.outgoing, scene.peer(name), "tokens", to=to)
    return [document["uid"] async for document in found]


async def test_a_list_is_read_to_its_end(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp(page_size=2)
    emsp.lists["tokens"] = [token(uid=f"U{number}") for number in range(5)]

    found = await _all(node, scene, "emsp")

    assert found == ["U0", "U1", "U2", "U3", "U4"]
    assert {each.routing() for each in emsp.of("GET", "/sender/tokens")} == {("NL/CPO", "DE/EMS")}


async def test_a_hub_is_asked_for_everybodys(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("DE/EMS"))

    await _all(node, scene, "hub")
    await _all(node, scene, "hub", to=EMS)

    asked = [each.routing()[1] for each in hub.of("GET", "/sender/tokens")]
    assert asked == ["XX/HUB", "DE/EMS"]


_LINKS = {
    "another server": "http://127.0.0.1:9/ocpi/sender/tokens?offset=1",
    "another port": "http://127.0.0.1:1/ocpi/sender/tokens?offset=1",
}


@pytest.mark.parametrize("link", _LINKS.values(), ids=_LINKS)
async def test_a_link_that_leads_elsewhere_is_not_followed(
    node: Node, scene: Scene, link: str
) -> None:
    """T15."""
    emsp = await scene.emsp()
    emsp.say(lambda: envelope([token()], Link=f'<{link}>; rel="next"'))

    with pytest.raises(HubError, match="another server"):
        await _all(node, scene, "emsp")


async def test_a_link_in_a_circle_ends(node: Node, scene: Scene) -> None:
    emsp = await scene.emsp()
    link = f"{emsp.url}/ocpi/sender/tokens?offset=1"
    emsp.say(lambda: envelope([token(uid="U1")], Link=f'<{link}>; rel="next"'))

    assert await _all(node, scene, "emsp") == ["U1", "U1"]


@pytest.mark.parametrize("answer", [{"tokens": []}, "none", None], ids=str)
async def test_what_is_no_list_is_refused(node: Node, scene: Scene, answer: object) -> None:
    emsp = await scene.emsp()
    emsp.say(lambda: envelope(answer))

    with pytest.raises(HubError, match="no list"):
        await _all(node, scene, "emsp")
