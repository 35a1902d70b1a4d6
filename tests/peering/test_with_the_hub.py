"""A party of ours at the hub of this project, and eMSPs and CPOs that are there too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from tests.hub.network import Network, running_network
from tests.parties import RecordingParty
from tests.partners import eventually, status
from tests.peering.node import Node
from tests.samples import (
    cdr,
    evse,
    location,
    location_references,
    session,
    start_session,
    tariff,
    token,
)

AUTHORIZE = operation("tokens", Interface.SENDER, "POST", "{token_uid}/authorize")


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[Network]:
    """A hub where everybody roams with everybody."""
    async with running_network(database_url) as running:
        yield running


@pytest.fixture
async def emsp(network: Network) -> RecordingParty:
    """DE/EMS, registered at the hub."""
    return await network.join("DE/EMS/EMSP")


@pytest.fixture
async def registered(node: Node, network: Network, emsp: RecordingParty) -> Node:
    """NL/CPO of ours, registered at the hub."""
    token_a = await network.invite("cpo")
    registrar = node.side.registrar
    peer = await registrar.connect("hub", versions_url=network.versions_url, token=token_a)
    await node.side.clients.read(peer)
    assert [str(each.party) for each in node.side.peers.named("hub").clients] == ["DE/EMS"]
    assert emsp.hub_token
    return node


async def test_a_location_and_its_statuses_are_broadcast(
    registered: Node, emsp: RecordingParty
) -> None:
    stamp = "2026-02-01T10:00:00Z"
    document = location(id="LOC1", evses=[evse(uid="3256")])

    await registered.publish("locations", document)
    await eventually(lambda: bool(emsp.of("PUT", "/receiver/locations/NL/CPO/LOC1")))
    await registered.set_status("LOC1", "3256", "CHARGING", stamp)
    await eventually(lambda: bool(emsp.of("PATCH", "/receiver/locations/NL/CPO/LOC1/3256")))

    (put,) = emsp.of("PUT", "/receiver/locations")
    (patch,) = emsp.of("PATCH", "/receiver/locations")
    assert put.json == document
    assert put.routing() == ("NL/HUB", "DE/EMS")
    assert patch.json == {"status": "CHARGING", "last_updated": stamp}


async def test_a_tariff_comes_and_goes(registered: Node, emsp: RecordingParty) -> None:
    await registered.publish("tariffs", tariff(id="T1"))
    await eventually(lambda: bool(emsp.of("PUT", "/receiver/tariffs/NL/CPO/T1")))

    await registered.withdraw("tariffs", "T1")

    await eventually(lambda: bool(emsp.of("DELETE", "/receiver/tariffs/NL/CPO/T1")))


async def test_a_session_and_its_cdr_reach_their_emsp(
    registered: Node, network: Network, emsp: RecordingParty
) -> None:
    other = await network.join("FR/EMS/EMSP")

    await registered.publish("sessions", session(id="S1"), receiver="DE/EMS")
    await registered.publish("cdrs", cdr(id="C1"), receiver="DE/EMS")
    await eventually(registered.has_handed_over("C1"))
    await eventually(lambda: bool(emsp.of("PUT", "/receiver/sessions/NL/CPO/S1")))

    (post,) = emsp.of("POST", "/receiver/cdrs")
    assert (post.json, post.routing()) == (cdr(id="C1"), ("NL/CPO", "DE/EMS"))
    assert (await registered.handed_over("C1") or "").startswith(network.url)
    assert not other.of("POST", "/receiver/cdrs")


async def test_a_command_comes_through_the_hub(registered: Node, emsp: RecordingParty) -> None:
    body = start_session(response_url=f"{emsp.url}/ocpi/results/1")

    answer = await emsp.call("POST", "receiver", "commands", "START_SESSION", body, to="NL/CPO")

    ((message, sender, peer),) = registered.heard_of("commands")
    assert status(answer) == (200, 1000)
    assert (sender, peer.name) == (Party("DE", "EMS"), "hub")
    assert message.document["response_url"].startswith(peer.endpoints[_RESULTS].split("/ocpi")[0])


_RESULTS = ("commands", Interface.SENDER)


async def test_tokens_come_from_those_the_hub_tells_of(
    registered: Node, network: Network, emsp: RecordingParty
) -> None:
    """RTE-38, also for one that joined after us."""
    late = await network.join("FR/EMS/EMSP")
    french = token(country_code="FR", uid="F1")

    await emsp.call("PUT", "receiver", "tokens", "DE/EMS/D1", token(uid="D1"))
    await late.call("PUT", "receiver", "tokens", "FR/EMS/F1", french)

    await eventually(lambda: len(registered.heard_of("tokens")) == 2)
    heard = registered.heard_of("tokens")
    assert {str(message.owner) for message, _, _ in heard} == {"DE/EMS", "FR/EMS"}
    assert {str(sender) for _, sender, _ in heard} == {"NL/HUB"}


async def test_a_card_is_asked_about_through_the_hub(
    registered: Node, emsp: RecordingParty
) -> None:
    emsp.lists["tokens"] = [token(uid="D1")]

    reply = await registered.side.outgoing.send(
        AUTHORIZE,
        to=Party("DE", "EMS"),
        params={"token_uid": "D1"},
        body=location_references(),
    )

    assert reply.ok
    (asked,) = emsp.of("POST", "/sender/tokens/D1/authorize")
    assert asked.routing() == ("NL/CPO", "DE/EMS")


async def test_what_an_absent_emsp_missed_it_gets_when_it_is_back(
    registered: Node, network: Network, emsp: RecordingParty
) -> None:
    await network.stop(emsp)
    for minute in range(3):
        stamp = f"2026-02-01T10:0{minute}:00Z"
        document = session(id="S1", last_updated=stamp)
        await registered.publish("sessions", document, receiver="DE/EMS")
    await registered.publish("cdrs", cdr(id="C1"), receiver="DE/EMS")
    await eventually(lambda: registered.side.publisher.told.failed > 0)

    await network.start(emsp)

    await eventually(lambda: bool(emsp.of("PUT", "/receiver/sessions")), within=40)
    await eventually(lambda: bool(emsp.of("POST", "/receiver/cdrs")), within=40)
    newest = emsp.of("PUT", "/receiver/sessions")[-1].json["last_updated"]
    assert newest == "2026-02-01T10:02:00Z"
    assert len(emsp.of("POST", "/receiver/cdrs")) == 1


async def test_tokens_are_exchanged_with_the_hub_and_nothing_is_lost(
    registered: Node, emsp: RecordingParty
) -> None:
    before = registered.side.peers.named("hub")

    after = await registered.side.registrar.rotate(before)
    await registered.publish("tariffs", tariff(id="T1"))

    await eventually(lambda: bool(emsp.of("PUT", "/receiver/tariffs")))
    assert after.token_out != before.token_out


async def test_the_hub_reads_what_was_there_before(
    node: Node, network: Network, emsp: RecordingParty
) -> None:
    """It pulls with To = the party, From = itself."""
    await node.publish("locations", location(id="LOC1"))
    token_a = await network.invite("cpo")

    await node.side.registrar.connect("hub", versions_url=network.versions_url, token=token_a)

    await eventually(lambda: any(each.operation.module == "locations" for each, _, _ in node.heard))
    lists = [sender for each, sender, _ in node.heard if each.operation.module == "locations"]
    assert str(lists[0]) == "NL/HUB"
    await eventually(lambda: bool(emsp.of("PUT", "/receiver/locations/NL/CPO/LOC1")))


async def test_the_hub_registers_here_by_invitation(node: Node, network: Network) -> None:
    emsp = await network.join("DE/EMS/EMSP")
    token_a = (await node.side.registrar.invite("hub")).token

    url = node.identity.versions_url
    await network.run("partner", "connect", "cpo", "--versions-url", url, "--token", token_a)
    await node.publish("tariffs", tariff(id="T1"))

    await eventually(lambda: bool(emsp.of("PUT", "/receiver/tariffs/NL/CPO/T1")))
    assert node.side.peers.named("hub").is_hub
