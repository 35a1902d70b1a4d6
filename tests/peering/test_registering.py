"""Registering with peers, from both sides; tokens that change; registrations that end."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import Response

from ocpi_hub.peering.store.peers import PeerStatus
from ocpi_hub.protocol.errors import (
    InvalidParameters,
    NoMatchingEndpoints,
    OcpiError,
    UnableToUseClientApi,
    UnsupportedVersion,
)
from tests.parties import Received, RecordingParty, envelope
from tests.partners import eventually, status
from tests.peering.node import Node
from tests.peering.scene import Scene, behind
from tests.peering.speaking import say
from tests.samples import tariff


async def _invited(node: Node, scene: Scene, *roles: str, **options: Any) -> RecordingParty:
    """An eMSP that registered here with an invitation."""
    party = await scene.party(*(roles or ("DE/EMS/EMSP",)), **options)
    invitation = await node.side.registrar.invite("emsp")
    response = await party.register(node.identity.versions_url, invitation.token)
    assert status(response) == (200, 1000), response.text
    return party


async def test_who_is_invited_registers(node: Node, scene: Scene) -> None:
    party = await _invited(node, scene)

    answer = await say(party, node, "GET", "2.2.1/credentials")

    peer = scene.peer("emsp")
    assert (peer.status, peer.token_out) == (PeerStatus.REGISTERED, party.token)
    credentials = answer.json()["data"]
    assert credentials["token"] == party.hub_token
    assert credentials["url"] == node.identity.versions_url
    (role,) = credentials["roles"]
    assert (role["country_code"], role["party_id"], role["role"]) == ("NL", "CPO", "CPO")


async def test_an_invitation_is_good_for_registering_alone(node: Node, scene: Scene) -> None:
    """AUTH-04, AUTH-13, CRE-15."""
    party = await scene.party("DE/EMS/EMSP")
    token = (await node.side.registrar.invite("emsp")).token

    listing = await say(party, node, "GET", "sender/2.2.1/locations", token=token)
    removal = await say(party, node, "DELETE", "2.2.1/credentials", token=token)
    await party.register(node.identity.versions_url, token)
    afterwards = await say(party, node, "GET", "versions", token=token)

    assert (status(listing), status(removal)) == ((401, 2000), (405, 2000))
    assert status(afterwards) == (401, 2000)


async def test_we_register_where_we_are_invited(node: Node, scene: Scene) -> None:
    party = await scene.emsp()

    heard = await say(party, node, "GET", "sender/2.2.1/locations")

    peer = scene.peer("emsp")
    assert (peer.registered, peer.token_out) == (True, party.token)
    assert status(heard) == (200, 1000)


async def test_a_name_that_is_taken_does_not_lead_elsewhere(node: Node, scene: Scene) -> None:
    await scene.emsp(name="emsp")

    with pytest.raises(InvalidParameters, match=r"emsp is registered at .*; remove it first"):
        await node.side.registrar.connect(
            "emsp", versions_url="http://127.0.0.1:9/ocpi/versions", token="another"
        )


async def test_to_connect_again_is_to_put(node: Node, scene: Scene) -> None:
    party = await scene.emsp()
    before = party.token

    await node.connect(party, "emsp")

    methods = [each.method for each in party.received if each.path == "/credentials"]
    assert methods == ["POST", "PUT"]
    assert scene.peer("emsp").token_out == party.token != before


async def test_the_old_token_is_good_until_the_new_one_is_used(node: Node, scene: Scene) -> None:
    """AUTH-17, AUTH-18: the answer with the new token may be lost."""
    party = await _invited(node, scene)
    old = party.hub_token

    answer = await say(party, node, "PUT", "2.2.1/credentials", party.credentials(party.token))
    new = answer.json()["data"]["token"]
    still = await say(party, node, "GET", "versions", token=old)
    first = await say(party, node, "GET", "versions", token=new)
    late = await say(party, node, "GET", "versions", token=old)

    assert new != old
    assert [each.status_code for each in (still, first, late)] == [200, 200, 401]


async def test_a_put_that_fails_changes_nothing(node: Node, scene: Scene) -> None:
    """CRE-23."""
    party = await _invited(node, scene)
    before = scene.peer("emsp")
    nowhere = party.credentials("another-token") | {"url": "http://127.0.0.1:9/ocpi/versions"}

    refused = await say(party, node, "PUT", "2.2.1/credentials", nowhere)
    still = await say(party, node, "GET", "versions")

    assert (status(refused), status(still)) == ((200, 3001), (200, 1000))
    assert scene.peer("emsp") == before


async def test_a_plain_token_is_noticed_and_kept(node: Node, scene: Scene) -> None:
    """AMB-01."""
    party = await scene.party("DE/EMS/EMSP", plain_token=True)

    await node.connect(party, "emsp")
    await node.publish("tariffs", tariff(id="T1"))

    await eventually(lambda: bool(party.of("PUT", "/receiver/tariffs")))
    assert scene.peer("emsp").quirks == {"plain_token"}


async def test_who_leaves_is_told_nothing_more(node: Node, scene: Scene) -> None:
    """CRE-12."""
    party = await _invited(node, scene)

    left = await say(party, node, "DELETE", "2.2.1/credentials")
    afterwards = await say(party, node, "GET", "versions")

    assert (status(left), status(afterwards)) == ((200, 1000), (401, 2000))
    assert scene.peer("emsp").status is PeerStatus.REMOVED
    assert scene.peer("emsp").token_out is None


async def test_who_comes_back_gets_everything_again(node: Node, scene: Scene) -> None:
    party = await _invited(node, scene)
    await node.publish("tariffs", tariff(id="T1"))
    await eventually(lambda: bool(party.of("PUT", "/receiver/tariffs")))
    await say(party, node, "DELETE", "2.2.1/credentials")
    party.received.clear()

    again = await node.side.registrar.invite("emsp")
    await party.register(node.identity.versions_url, again.token)

    await eventually(lambda: bool(party.of("PUT", "/receiver/tariffs")))


async def test_we_leave_and_say_so(node: Node, scene: Scene) -> None:
    party = await scene.emsp()

    untold = await node.side.registrar.leave(scene.peer("emsp"))

    assert untold is None
    assert party.of("DELETE", "/credentials")
    assert scene.peer("emsp").status is PeerStatus.REMOVED


async def test_of_a_hub_it_is_known_who_is_behind_it(node: Node, scene: Scene) -> None:
    """It is read before anything is told."""
    await node.publish("tariffs", tariff(id="T1"))
    hub = await scene.hub(behind("DE/EMS"), behind("FR/EMS"))
    await eventually(lambda: bool(hub.of("PUT", "/receiver/tariffs")))

    functional = [each.path for each in hub.received if each.path != "/credentials"]
    parties = {str(client.party) for client in scene.peer("hub").clients}
    assert functional[0] == "/sender/hubclientinfo"
    assert parties == {"DE/EMS", "FR/EMS"}


async def test_a_long_list_of_a_hub_is_read_to_its_end(node: Node, scene: Scene) -> None:
    hub = await scene.party("XX/HUB/HUB", senders=("hubclientinfo",), page_size=2)
    hub.lists["hubclientinfo"] = [behind(f"DE/E{number:02}") for number in range(5)]

    await node.connect(hub, "hub")

    assert len(scene.peer("hub").clients) == 5


# --- bad input -------------------------------------------------------------------------------


_BODIES: dict[str, dict[str, Any]] = {
    "no roles": {"roles": []},
    "a token with a space": {"token": "a b"},
    "a relative URL": {"url": "/ocpi/versions"},
    "our own party": {
        "roles": [
            {
                "role": "CPO",
                "country_code": "NL",
                "party_id": "CPO",
                "business_details": {"name": "Example"},
            }
        ]
    },
}


@pytest.mark.parametrize("change", _BODIES.values(), ids=_BODIES)
async def test_bad_credentials_are_refused_before_anybody_is_called(
    node: Node, scene: Scene, change: dict[str, Any]
) -> None:
    """CRE-16."""
    party = await scene.party("DE/EMS/EMSP")
    token = (await node.side.registrar.invite("emsp")).token
    body = party.credentials(party.token) | change

    refused = await say(party, node, "POST", "2.2.1/credentials", body, token=token)

    assert status(refused) == (200, 2001)
    assert party.asked == 0


async def test_a_party_of_another_peer_is_not_given_away(node: Node, scene: Scene) -> None:
    """CRE-18."""
    await scene.emsp()
    thief = await scene.party("DE/EMS/EMSP")
    token = (await node.side.registrar.invite("thief")).token

    refused = await thief.register(node.identity.versions_url, token)

    assert status(refused) == (200, 2001)
    assert "DE/EMS" in refused.json()["status_message"]
    assert scene.peer("thief").status is PeerStatus.INVITED


async def test_a_party_behind_a_hub_is_not_given_away(node: Node, scene: Scene) -> None:
    """CRE-18: else an invitation would cut off whoever is reached through the hub."""
    hub = await scene.hub(behind("FR/OWN"))
    thief = await scene.party("FR/OWN/EMSP")
    token = (await node.side.registrar.invite("thief")).token

    refused = await thief.register(node.identity.versions_url, token)
    await node.publish("tariffs", tariff(id="T1"))

    assert status(refused) == (200, 2001)
    assert "FR/OWN is known here already" in refused.json()["status_message"]
    await eventually(lambda: bool(hub.of("PUT", "/receiver/tariffs")))
    assert not thief.of("PUT", "/receiver/tariffs")


async def test_a_put_takes_no_party_of_others(node: Node, scene: Scene) -> None:
    """CRE-18."""
    await scene.hub(behind("FR/OWN"))
    party = await _invited(node, scene)
    before = scene.peer("emsp")
    party.roles = ["FR/OWN/EMSP"]
    body = party.credentials(party.token)

    refused = await say(party, node, "PUT", "2.2.1/credentials", body)

    assert status(refused) == (200, 2001)
    assert "FR/OWN is known here already" in refused.json()["status_message"]
    assert scene.peer("emsp").roles == before.roles


async def test_a_peer_may_be_another_role_of_a_party_only_by_invitation(
    node: Node, scene: Scene
) -> None:
    await scene.emsp()
    other = await scene.party("DE/EMS/SCSP")
    unnamed = (await node.side.registrar.invite("other")).token
    refused = await other.register(node.identity.versions_url, unnamed)
    named = (await node.side.registrar.invite("other", bound_to=["de/ems/SCSP"])).token

    taken = await other.register(node.identity.versions_url, named)

    assert (status(refused), status(taken)) == ((200, 2001), (200, 1000))


async def test_a_peer_is_another_role_of_our_own_party_only_by_invitation(
    node: Node, scene: Scene
) -> None:
    """CRE-18: else an invitation would let a stranger speak in our name."""
    other = await scene.party("nl/cpo/EMSP")
    unnamed = (await node.side.registrar.invite("other")).token
    refused = await other.register(node.identity.versions_url, unnamed)
    named = (await node.side.registrar.invite("other", bound_to=["NL/CPO/EMSP"])).token

    taken = await other.register(node.identity.versions_url, named)

    assert (status(refused), status(taken)) == ((200, 2001), (200, 1000))
    assert "NL/CPO is known here already" in refused.json()["status_message"]


async def test_a_party_behind_a_hub_registers_where_it_was_invited_by_name(
    node: Node, scene: Scene
) -> None:
    await scene.hub(behind("FR/OWN"))
    party = await scene.party("FR/OWN/EMSP")
    token = (await node.side.registrar.invite("own", bound_to=["FR/OWN/EMSP"])).token

    taken = await party.register(node.identity.versions_url, token)
    again = await say(party, node, "PUT", "2.2.1/credentials", party.credentials(party.token))

    assert (status(taken), status(again)) == ((200, 1000), (200, 1000))
    assert scene.peer("hub").clients == ()


async def test_an_invitation_by_name_is_for_nobody_else(node: Node, scene: Scene) -> None:
    """CRE-19, and for every PUT that follows."""
    party = await scene.party("FR/OWN/EMSP")
    token = (await node.side.registrar.invite("own", bound_to=["FR/OWN/EMSP"])).token
    party.roles = ["FR/OTH/EMSP"]
    refused = await party.register(node.identity.versions_url, token)
    party.roles = ["FR/OWN/EMSP"]
    await party.register(node.identity.versions_url, token)
    party.roles = ["FR/OTH/EMSP"]
    body = party.credentials(party.token)

    later = await say(party, node, "PUT", "2.2.1/credentials", body)

    assert (status(refused), status(later)) == ((200, 2001), (200, 2001))
    assert "FR/OTH/EMSP is not among the invited roles" in later.json()["status_message"]


async def test_what_a_hub_says_of_a_peer_changes_nothing(node: Node, scene: Scene) -> None:
    """Who is registered here speaks for itself."""
    party = await _invited(node, scene)
    hub = await scene.hub()
    told = behind("DE/EMS", status="SUSPENDED")

    await say(hub, node, "PUT", "2.2.1/hubclientinfo/DE/EMS", told)
    await node.publish("tariffs", tariff(id="T1"))

    await eventually(lambda: bool(party.of("PUT", "/receiver/tariffs")))
    assert scene.peer("hub").clients == ()


async def test_a_registered_peer_does_not_post_again(node: Node, scene: Scene) -> None:
    """CRE-06."""
    party = await _invited(node, scene)

    again = await say(party, node, "POST", "2.2.1/credentials", party.credentials("token"))

    assert status(again) == (405, 2000)


def _says(path: str, response: Response) -> Any:
    async def answer(heard: Received) -> Response | None:
        return response if heard.path == path else None

    return answer


_FAILURES: dict[str, tuple[str, Response, type[OcpiError]]] = {
    "an error": ("/versions", envelope(None, 3000), UnableToUseClientApi),
    "a redirect": (
        "/versions",
        envelope(None, http_status=302, Location="http://127.0.0.1:9/"),
        UnableToUseClientApi,
    ),
    "no version in common": (
        "/versions",
        envelope([{"version": "2.1.1", "url": "https://emsp.example/ocpi/2.1.1"}]),
        UnsupportedVersion,
    ),
    "no endpoints": ("/2.2.1", envelope({"version": "2.2.1"}), NoMatchingEndpoints),
    "no credentials": ("/credentials", envelope({}), UnableToUseClientApi),
}


@pytest.mark.parametrize("case", _FAILURES.values(), ids=_FAILURES)
async def test_a_handshake_that_fails_says_where(
    node: Node, scene: Scene, case: tuple[str, Response, type[OcpiError]]
) -> None:
    path, response, expected = case
    party = await scene.party("DE/EMS/EMSP")
    party.handshake = _says(path, response)

    with pytest.raises(expected, match=path):
        await node.connect(party, "emsp")

    assert not [peer for peer in node.side.peers if peer.registered]


async def test_an_address_inside_is_not_called(node: Node) -> None:
    with pytest.raises(InvalidParameters, match="versions_url"):
        await node.side.registrar.connect("x", versions_url="ftp://peer.example", token="t")
    with pytest.raises(UnableToUseClientApi):
        await node.side.registrar.connect(
            "x", versions_url="http://169.254.169.254/ocpi/versions", token="t"
        )
