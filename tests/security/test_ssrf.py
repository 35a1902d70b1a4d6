"""URLs that registered partners give: nobody inside ever hears from the hub.

T11, T12, T14, T15, SEC-06, SEC-07. Private networks are allowed here, as the parties live in one;
what is tried is what is refused all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import Response

from tests import samples
from tests.hub.network import Network
from tests.parties import Answer, Received, RecordingParty, envelope
from tests.partners import eventually, status
from tests.security.inside import NEVER_CALLED, NO_ADDRESSES, NO_URLS, Listener
from tests.security.scene import Scene
from tests.serving import free_port


@dataclass
class Pointing(RecordingParty):
    """A platform whose versions and endpoints lead where it is told to."""

    details_url: str | None = None
    module_urls: dict[str, str] = field(default_factory=dict)

    async def _respond(self, heard: Received) -> Response:
        if heard.path == "/versions" and self.details_url is not None:
            return envelope([{"version": "2.2.1", "url": self.details_url}])
        return await super()._respond(heard)

    def version_details(self) -> dict[str, Any]:
        """What it serves, some of it elsewhere."""
        details = super().version_details()
        for endpoint in details["endpoints"]:
            endpoint["url"] = self.module_urls.get(endpoint["identifier"], endpoint["url"])
        return details


@pytest.fixture(scope="module")
async def attacker(hub: Scene) -> Pointing:
    """A served platform of FR/BAD that is not registered."""
    party = Pointing(
        url=f"http://127.0.0.1:{free_port()}", roles=["FR/BAD/CPO"], token="an-attackers-token"
    )
    await hub.network.start(party)
    return party


async def _register(network: Network, party: RecordingParty) -> tuple[int, int]:
    return status(await party.register(network.versions_url, await network.invite("attacker")))


@pytest.mark.parametrize("url", NEVER_CALLED.values(), ids=NEVER_CALLED)
async def test_the_versions_of_a_partner_lead_nobody_inside(
    hub: Scene, attacker: Pointing, inside: Listener, url: str
) -> None:
    """T11, second stage: versions[].url."""
    attacker.details_url = url.replace("PORT", str(inside.port))

    answer = await _register(hub.network, attacker)
    attacker.details_url = None

    assert answer in {(200, 3001), (200, 2001)}
    assert inside.hits == 0


_MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "hubclientinfo")


@pytest.mark.parametrize("url", NO_URLS.values(), ids=NO_URLS)
async def test_endpoints_that_are_no_urls_are_refused_at_registration(
    hub: Scene, attacker: Pointing, inside: Listener, url: str
) -> None:
    """T11, third stage."""
    attacker.module_urls = {"locations": url.replace("PORT", str(inside.port))}

    answer = await _register(hub.network, attacker)

    assert answer in {(200, 3001), (200, 3003), (200, 2001)}
    assert inside.hits == 0


@pytest.mark.parametrize("url", NO_ADDRESSES.values(), ids=NO_ADDRESSES)
async def test_the_endpoints_of_a_partner_lead_nobody_inside(
    hub: Scene, attacker: Pointing, inside: Listener, url: str
) -> None:
    """T11, third stage: endpoints[].url, called by relay, fan-out, pull and HubClientInfo."""
    attacker.module_urls = dict.fromkeys(_MODULES, url.replace("PORT", str(inside.port)))
    await _register(hub.network, attacker)
    body = samples.stop_session(response_url=f"{hub.emsp.url}/1")
    uid = f"CARD-{inside.port}"

    answer = await hub.ask(
        hub.emsp, "POST", "/receiver/2.2.1/commands/STOP_SESSION", body, to="FR/BAD"
    )
    push = await hub.ask(
        hub.emsp, "PUT", f"/receiver/2.2.1/tokens/DE/EMS/{uid}", samples.token(uid=uid)
    )
    # The two other CPOs are told, so the fan-out is past the attacker.
    await eventually(lambda: len(hub.heard(push.correlation_id)) == 2)
    left = await attacker.request("DELETE", attacker.hub_endpoints[("credentials", "SENDER")])

    assert answer.status == (200, 4003), answer.message
    assert status(left) == (200, 1000)
    assert inside.hits == 0
    assert hub.network.app.failure is None


# --- response_url -----------------------------------------------------------------------------

FOREIGN_RESPONSE_URLS = {
    "another name of the host": "http://localhost:PORT/1",
    "another platform": "https://other.example/1",
    "a host below": "http://evil.127.0.0.1:PORT/1",
    "a host that begins alike": "http://127.0.0.1.evil.example/1",
    "a user name like the host": "http://127.0.0.1@localhost:PORT/1",
    "a user name": "http://me:secret@127.0.0.1:PORT/1",
    "a decimal number": "http://2130706433:PORT/1",
    "a short form": "http://127.1:PORT/1",
    "IPv6": "http://[::1]:PORT/1",
    "mapped to IPv6": "http://[::ffff:127.0.0.1]:PORT/1",
    "a link-local address": "http://169.254.169.254/latest/meta-data/",
    "a file": "file:///etc/passwd",
    "another scheme": "ftp://127.0.0.1:PORT/1",
    "no scheme": "//127.0.0.1:PORT/1",
    "no host": "http:///1",
    "8 kB": "http://127.0.0.1:PORT/" + "x" * 8192,
}


@pytest.mark.parametrize("url", FOREIGN_RESPONSE_URLS.values(), ids=FOREIGN_RESPONSE_URLS)
async def test_a_response_url_that_is_not_the_callers_is_2001(
    hub: Scene, inside: Listener, url: str
) -> None:
    """T12, SEC-07: in a body and in a query."""
    url = url.replace("PORT", str(inside.port))
    body = samples.stop_session(response_url=url)
    profile = f"/receiver/2.2.1/chargingprofiles/SESSION1?response_url={url}"

    command = await hub.refused(
        hub.emsp, "POST", "/receiver/2.2.1/commands/STOP_SESSION", body, to="NL/CPO"
    )
    clearing = await hub.refused(hub.emsp, "DELETE", profile, to="NL/CPO")

    for answer in (command, clearing):
        assert answer.status == (200, 2001), answer.message
        assert "response_url" in answer.message
    assert inside.hits == 0


async def test_a_response_url_of_the_hub_itself_makes_no_loop(hub: Scene) -> None:
    """T12: here hub and platform share a host; the result is refused where it would be sent."""
    where = "/receiver/2.2.1/commands/STOP_SESSION"
    body = samples.stop_session(response_url=f"{hub.network.url}/ocpi/versions")

    command = await hub.ask(hub.emsp, "POST", where, body, to="NL/CPO")
    (heard,) = hub.heard(command.correlation_id)
    ours = heard.json["response_url"].partition("/ocpi")[2]
    result = await hub.ask(hub.cpo, "POST", ours, samples.command_result())

    assert result.status == (200, 4003), result.message


async def test_a_result_url_takes_one_result_from_the_platform_that_was_asked(hub: Scene) -> None:
    """T12, ERR-22, SEC-08: the receiver sees only the hub's URL, and nobody else can use it."""
    body = samples.stop_session(response_url=f"{hub.emsp.url}/ocpi/receiver/results/1")

    command = await hub.ask(
        hub.emsp, "POST", "/receiver/2.2.1/commands/STOP_SESSION", body, to="NL/CPO"
    )
    (heard,) = hub.heard(command.correlation_id)
    ours = heard.json["response_url"].partition("/ocpi")[2]
    by_others = await hub.refused(hub.rival_cpo, "POST", ours, samples.command_result())
    before = len(hub.emsp.received)
    await hub.ask(hub.cpo, "POST", ours, samples.command_result())
    again = await hub.ask(hub.cpo, "POST", ours, samples.command_result())

    assert hub.emsp.url not in heard.body.decode()
    assert by_others.status == (404, 2001)
    assert again.status == (404, 2001)
    assert [r.path for r in hub.emsp.received[before:]] == ["/receiver/results/1"]


# --- what stands in an answer -----------------------------------------------------------------


def _answering(http_status: int, data: object = None, *, headers: dict[str, str]) -> Answer:
    async def answer(heard: Received) -> Response | None:
        response = envelope(data, http_status=http_status)
        response.headers.update(headers)
        return response

    return answer


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "127.1"])
async def test_a_link_to_another_server_is_4000(hub: Scene, inside: Listener, host: str) -> None:
    """T15: the host of a Link is the host of its list, port included."""
    link = f'<http://{host}:{inside.port}/ocpi/sender/locations?offset=1>; rel="next"'
    headers = {"Link": link, "X-Total-Count": "9", "X-Limit": "1"}
    hub.cpo.answer = _answering(200, [samples.location()], headers=headers)

    answer = await hub.ask(hub.emsp, "GET", "/sender/2.2.1/locations", to="NL/CPO")
    hub.cpo.answer = None

    assert answer.status == (200, 4000), answer.message
    assert "link" not in answer.response.headers
    assert inside.hits == 0


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(hub: Scene, inside: Listener, code: int) -> None:
    """T14."""
    hub.cpo.answer = _answering(code, headers={"Location": f"http://127.0.0.1:{inside.port}/"})
    body = samples.stop_session(response_url=f"{hub.emsp.url}/1")

    answer = await hub.ask(
        hub.emsp, "POST", "/receiver/2.2.1/commands/STOP_SESSION", body, to="NL/CPO"
    )
    hub.cpo.answer = None

    assert answer.status == (200, 4000), answer.message
    assert inside.hits == 0


async def test_the_location_of_a_cdr_on_another_host_is_not_asked(
    hub: Scene, inside: Listener
) -> None:
    """SEC-06: the CPO is served the hub's own copy instead."""
    location = f"http://localhost:{inside.port}/cdrs/1"
    hub.emsp.answer = _answering(201, headers={"Location": location})

    posted = await hub.ask(hub.cpo, "POST", "/receiver/2.2.1/cdrs", samples.cdr())
    hub.emsp.answer = None
    ours = posted.response.headers["location"]
    got = await hub.ask(hub.cpo, "GET", ours.partition("/ocpi")[2])

    assert ours.startswith(hub.network.url)
    assert got.response.json()["data"]["id"] == "CDR1"
    assert inside.hits == 0
