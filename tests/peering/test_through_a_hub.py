"""On a hub connection others speak: those that its HubClientInfo tells of, and the hub itself."""

from __future__ import annotations

import time

import pytest

from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from tests.partners import eventually, status
from tests.peering.node import Node
from tests.peering.scene import Scene, behind
from tests.peering.speaking import say
from tests.samples import cdr, command_result, location, session


@pytest.fixture
def role() -> Role:
    """Our party receives from others."""
    return Role.EMSP


async def test_a_hub_brings_the_objects_of_those_it_told_of(node: Node, scene: Scene) -> None:
    """RTE-38: the hub is the requester, the URL keeps the owner."""
    hub = await scene.hub(behind("NL/CPO", "CPO"))

    taken = await say(
        hub,
        node,
        "PUT",
        "receiver/2.2.1/locations/NL/CPO/LOC1",
        location(id="LOC1"),
        from_="XX/HUB",
        to="DE/EMS",
    )

    assert status(taken) == (200, 1000)
    ((message, sender, _),) = node.heard
    assert (message.owner, sender) == (Party("NL", "CPO"), Party("XX", "HUB"))


async def test_an_owner_the_hub_did_not_tell_of_is_refused(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("NL/CPO", "CPO"))
    body = location(id="LOC1", country_code="BE")

    refused = await say(
        hub, node, "PUT", "receiver/2.2.1/locations/BE/CPO/LOC1", body, from_="XX/HUB"
    )

    assert status(refused) == (404, 2001)
    assert "BE/CPO" in refused.json()["status_message"]
    assert not node.heard


async def test_an_owner_in_the_wrong_role_is_refused(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("NL/CPO", "EMSP"))

    refused = await say(
        hub,
        node,
        "PUT",
        "receiver/2.2.1/locations/NL/CPO/LOC1",
        location(id="LOC1"),
        from_="XX/HUB",
    )

    assert status(refused) == (200, 2001)


async def test_a_party_the_hub_told_of_speaks_through_it(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("NL/CPO", "CPO"))

    taken = await say(
        hub,
        node,
        "POST",
        "receiver/2.2.1/cdrs",
        cdr(id="C1"),
        from_="NL/CPO",
        to="DE/EMS",
    )
    stranger = await say(
        hub,
        node,
        "POST",
        "receiver/2.2.1/cdrs",
        cdr(id="C1", country_code="BE"),
        from_="BE/CPO",
        to="DE/EMS",
    )

    assert (status(taken), status(stranger)) == ((200, 1000), (200, 2001))
    assert [sender for _, sender, _ in node.heard] == [Party("NL", "CPO")]


async def test_a_party_may_not_bring_the_object_of_another(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("NL/CPO", "CPO"), behind("BE/CPO", "CPO"))

    refused = await say(
        hub,
        node,
        "PUT",
        "receiver/2.2.1/sessions/NL/CPO/S1",
        session(id="S1"),
        from_="BE/CPO",
    )

    assert status(refused) == (404, 2001)


async def test_the_hub_tells_of_a_newcomer(node: Node, scene: Scene) -> None:
    hub = await scene.hub()
    info = behind("NL/CPO", "CPO")

    told = await say(hub, node, "PUT", "2.2.1/hubclientinfo/NL/CPO", info)
    read = await say(hub, node, "GET", "2.2.1/hubclientinfo/NL/CPO")
    other = await say(hub, node, "GET", "2.2.1/hubclientinfo/BE/CPO")
    wrong = await say(hub, node, "PUT", "2.2.1/hubclientinfo/BE/CPO", info)
    taken = await say(
        hub,
        node,
        "PUT",
        "receiver/2.2.1/locations/NL/CPO/LOC1",
        location(id="LOC1"),
        from_="XX/HUB",
    )

    assert (status(told), status(taken)) == ((200, 1000), (200, 1000))
    assert read.json()["data"] == info | {"last_updated": "2026-01-15T10:00:00.000Z"}
    assert (status(other), status(wrong)) == ((404, 2001), (200, 2001))


async def test_a_newcomer_that_was_not_told_of_is_asked_about(node: Node, scene: Scene) -> None:
    """The news of a newcomer and what it says may overtake each other."""
    hub = await scene.hub()
    hub.lists["hubclientinfo"] = [behind("NL/CPO", "CPO")]
    node.side.clients.clock = lambda: time.monotonic() + 60

    taken = await say(
        hub,
        node,
        "PUT",
        "receiver/2.2.1/locations/NL/CPO/LOC1",
        location(id="LOC1"),
        from_="XX/HUB",
    )

    assert status(taken) == (200, 1000)


async def test_a_hub_without_a_list_tells_by_itself(node: Node, scene: Scene) -> None:
    hub = await scene.party("XX/HUB/HUB", senders=())
    await node.connect(hub, "hub")
    await say(hub, node, "PUT", "2.2.1/hubclientinfo/NL/CPO", behind("NL/CPO", "CPO"))

    await node.side.clients.read(scene.peer("hub"))

    (client,) = scene.peer("hub").clients
    assert client.status == "CONNECTED"


async def test_a_party_that_cannot_be_kept_hides_no_other(node: Node, scene: Scene) -> None:
    """ROB-01."""
    bad = behind("NL/CPO", "CPO") | {"status": "a\0b"}

    await scene.hub(bad, behind("BE/CPO", "CPO"))

    assert [client.party for client in scene.peer("hub").clients] == [Party("BE", "CPO")]


async def test_after_a_restart_the_hub_is_asked_what_was_missed(node: Node, scene: Scene) -> None:
    """HCI-10."""
    hub = await scene.hub(behind("NL/CPO", "CPO"))
    await node.stop()
    hub.lists["hubclientinfo"] = [behind("NL/CPO", "CPO", status="OFFLINE")]

    await node.start()

    await eventually(lambda: scene.peer("hub").clients[0].status == "OFFLINE")


async def test_a_party_keeps_its_roles_apart(node: Node, scene: Scene) -> None:
    """HCI-07: two roles are two objects under one URL."""
    hub = await scene.hub(behind("NL/CPO", "CPO"))

    await say(hub, node, "PUT", "2.2.1/hubclientinfo/NL/CPO", behind("NL/CPO", "EMSP"))

    roles = {client.role for client in scene.peer("hub").clients}
    assert roles == {Role.CPO, Role.EMSP}


async def test_who_left_the_hubs_list_is_suspended(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("NL/CPO", "CPO"), behind("BE/CPO", "CPO"))
    hub.lists["hubclientinfo"].pop()

    await node.side.clients.read(scene.peer("hub"))

    statuses = {str(client.party): client.status for client in scene.peer("hub").clients}
    assert statuses == {"NL/CPO": "CONNECTED", "BE/CPO": "SUSPENDED"}


async def test_a_result_comes_through_the_hub(node: Node, scene: Scene) -> None:
    hub = await scene.hub(behind("NL/CPO", "CPO"))

    taken = await say(
        hub,
        node,
        "POST",
        "sender/2.2.1/commands/START_SESSION/4711",
        command_result(),
        from_="NL/CPO",
        to="DE/EMS",
    )

    assert status(taken) == (200, 1000)


async def test_nothing_is_accepted_before_it_is_known_who_is_behind_a_hub(
    node: Node, scene: Scene
) -> None:
    hub = await scene.party("XX/HUB/HUB", senders=("hubclientinfo",))
    hub.lists["hubclientinfo"] = [behind("NL/CPO", "CPO")]
    token_a = (await node.side.registrar.invite("hub")).token

    await hub.register(node.identity.versions_url, token_a)
    taken = await say(
        hub,
        node,
        "PUT",
        "receiver/2.2.1/locations/NL/CPO/LOC1",
        location(id="LOC1"),
        from_="XX/HUB",
    )

    assert status(taken) == (200, 1000)
    assert hub.of("GET", "/sender/hubclientinfo")
    await eventually(lambda: scene.peer("hub").ready)


async def test_a_hub_does_not_speak_for_who_is_registered_itself(node: Node, scene: Scene) -> None:
    await scene.emsp("NL/CPO/CPO", name="direct")
    hub = await scene.hub(behind("NL/CPO", "CPO"), behind("BE/CPO", "CPO"))
    body = location(id="LOC1")

    refused = await say(
        hub, node, "PUT", "receiver/2.2.1/locations/NL/CPO/LOC1", body, from_="XX/HUB"
    )

    assert status(refused) == (404, 2001)
    assert [client.party for client in scene.peer("hub").clients] == [Party("BE", "CPO")]
