"""Credentials: invited platforms come in, change and leave; nobody gets in as somebody else."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from tests import samples
from tests.hub.network import Network, data_of, eventually, status
from tests.parties import Received, RecordingParty, envelope, raw_response


async def credentials(
    party: RecordingParty, method: str, token: str | None = None, **changes: Any
) -> httpx.Response:
    """A request on the hub's credentials endpoint."""
    body = party.credentials(party.token) | changes if method in ("POST", "PUT") else None
    url = f"{party.hub_versions_url.removesuffix('versions')}2.2.1/credentials"
    return await party.request(method, url, body, token=token)


def parties(network: Network) -> set[str]:
    roles = (r for p in network.hub.registry.snapshot.platforms.values() for r in p.roles)
    return {str(role.party) for role in roles if role.platform_id}


async def good(network: Network, party: RecordingParty, token: str) -> bool:
    return (await party.request("GET", network.versions_url, token=token)).status_code == 200


# --- coming in -------------------------------------------------------------------------------


async def test_the_answer_to_a_post_holds_a_token_for_us_and_only_the_hubs_role(
    network: Network,
) -> None:
    party = await network.stranger("NL/CPO/CPO")
    token_a = await network.invite("cpo")

    response = await party.register(network.versions_url, token_a)

    answered = data_of(response)
    assert status(response) == (200, 1000)
    assert answered["url"] == network.versions_url
    assert [role["role"] for role in answered["roles"]] == ["HUB"]
    assert answered["token"] not in (token_a, party.token)
    assert not await good(network, party, token_a)
    assert await good(network, party, answered["token"])


async def test_get_shows_the_same_credentials_again(network: Network, cpo: RecordingParty) -> None:
    assert data_of(await credentials(cpo, "GET"))["token"] == cpo.hub_token


async def test_an_invitation_opens_credentials_and_versions_only(network: Network) -> None:
    """AUTH-04."""
    party = await network.stranger("NL/CPO/CPO")
    token_a = await network.invite("cpo")
    url = f"{network.url}/ocpi/sender/2.2.1/locations"

    assert await good(network, party, token_a)
    assert (await party.request("GET", url, token=token_a)).status_code == 401


async def test_when_the_answer_was_lost_a_new_invitation_keeps_everything(
    network: Network, emsp: RecordingParty
) -> None:
    party = await network.stranger("NL/CPO/CPO")
    await party.register(network.versions_url, await network.invite("cpo"))
    await party.call("PUT", "receiver", "locations", "NL/CPO/LOC1", samples.location())
    lost = party.hub_token

    again = await party.register(network.versions_url, await network.invite("cpo"))

    assert status(again) == (200, 1000)
    assert not await good(network, party, lost)
    listed = await emsp.call("GET", "sender", "locations", to="NL/HUB")
    assert [location["id"] for location in data_of(listed)] == ["LOC1"]


async def test_several_parties_and_roles_come_in_as_one_platform(network: Network) -> None:
    await network.join("NL/ONE/CPO", "NL/ONE/EMSP", "NL/TWO/NSP")

    await network.hub.registry.refresh()
    assert parties(network) == {"NL/ONE", "NL/TWO"}


async def test_a_platform_that_takes_tokens_as_they_are_is_known_for_it(network: Network) -> None:
    """AMB-01."""
    party = await network.stranger("DE/EMS/EMSP", plain_token=True)
    response = await party.register(network.versions_url, await network.invite("ems"))
    cpo = await network.join("NL/CPO/CPO")

    put = await cpo.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session())

    assert status(response) == (200, 1000)
    assert status(put) == (200, 1000)


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "bound_to"),
    [
        pytest.param(("NL", "CPO", "CPO"), None, id="another platform's party"),
        pytest.param(("nl", "cpo", "CPO"), None, id="the same in other letters"),
        pytest.param(("NL", "HUB", "CPO"), None, id="the hub's own party"),
        pytest.param(("NL", "NEW", "HUB"), None, id="a hub"),
        pytest.param(("NL", "NEW", "EMSP"), ["NL/NEW/CPO"], id="a role not invited"),
        pytest.param(("NL", "OTH", "CPO"), ["NL/NEW/CPO"], id="a party not invited"),
    ],
)
async def test_a_role_that_is_not_free_or_not_invited_changes_nothing(
    network: Network,
    cpo: RecordingParty,
    role: tuple[str, str, str],
    bound_to: list[str] | None,
) -> None:
    """T5, CRE-18, CRE-19."""
    party = await network.stranger("/".join(role))
    token_a = await network.invite("new", bound_to)

    response = await party.register(network.versions_url, token_a)

    assert status(response) == (200, 2001)
    assert await good(network, party, token_a)
    assert await good(network, cpo, cpo.hub_token)
    assert not party.hub_token


async def test_a_put_does_not_take_over_either(network: Network, cpo: RecordingParty) -> None:
    other = await network.join("NL/OTH/CPO")

    response = await credentials(other, "PUT", roles=cpo.credentials("")["roles"])

    assert status(response) == (200, 2001)
    assert await good(network, other, other.hub_token)


@pytest.mark.parametrize(
    ("path", "answer", "code"),
    [
        pytest.param("/versions", raw_response(b"<html>"), 3001, id="no JSON"),
        pytest.param("/versions", envelope(None, 3000, http_status=500), 3001, id="an error"),
        pytest.param("/versions", raw_response(b"", 302), 3001, id="a redirect"),
        pytest.param(
            "/versions",
            envelope([{"version": "2.1.1", "url": "https://cpo.example/2.1.1"}]),
            3002,
            id="another version",
        ),
        pytest.param("/versions", envelope([]), 3002, id="no version"),
        pytest.param("/2.2.1", envelope({"version": "2.2.1"}), 3003, id="no endpoints"),
        pytest.param(
            "/2.2.1", envelope({"version": "2.2.1", "endpoints": []}), 3003, id="no credentials"
        ),
    ],
)
async def test_a_platform_that_cannot_be_used_may_try_again(
    network: Network, path: str, answer: Response, code: int
) -> None:
    party = await network.stranger("NL/CPO/CPO")
    token_a = await network.invite("cpo")

    async def wrong(heard: Received) -> Response | None:
        return answer if heard.path == path else None

    party.handshake = wrong
    refused = await party.register(network.versions_url, token_a)
    party.handshake = None
    again = await party.register(network.versions_url, token_a)

    assert status(refused) == (200, code)
    assert path in refused.json()["status_message"]
    assert status(again) == (200, 1000)


async def test_a_platform_nobody_serves_is_a_3001(network: Network) -> None:
    party = await network.stranger("NL/CPO/CPO")
    await network.stop(party)

    refused = await party.register(network.versions_url, await network.invite("cpo"))

    assert status(refused) == (200, 3001)


async def test_methods_out_of_turn_are_405(network: Network, cpo: RecordingParty) -> None:
    party = await network.stranger("NL/NEW/CPO")
    token_a = await network.invite("new")

    assert (await credentials(cpo, "POST")).status_code == 405
    assert (await credentials(party, "PUT", token_a)).status_code == 405
    assert (await credentials(party, "DELETE", token_a)).status_code == 405


async def test_no_database_connection_is_held_while_a_platform_is_called(
    network: Network,
) -> None:
    party = await network.stranger("NL/CPO/CPO")
    token_a = await network.invite("cpo")
    party.handshake = party.never
    registering = asyncio.create_task(party.register(network.versions_url, token_a))

    def nothing_is_held() -> bool:
        idle = network.db.pool.get_stats()["pool_available"] == network.app.settings.pool_size
        return idle and network.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    await eventually(lambda: bool(party.asked))
    await eventually(nothing_is_held, within=3)
    assert not registering.done()
    party.released.set()
    assert status(await registering) == (200, 3001)


# --- changing and leaving --------------------------------------------------------------------


async def test_after_a_put_the_old_token_is_good_until_the_new_one_is_used(
    network: Network, cpo: RecordingParty
) -> None:
    """AUTH-18, F25."""
    old = cpo.hub_token

    new = data_of(await credentials(cpo, "PUT"))["token"]

    assert await good(network, cpo, old)
    assert await good(network, cpo, new)
    assert not await good(network, cpo, old)


async def test_a_put_changes_the_parties(network: Network, cpo: RecordingParty) -> None:
    cpo.roles = ["NL/CPO/CPO", "NL/TWO/CPO"]
    await credentials(cpo, "PUT")

    await network.hub.registry.refresh()
    assert parties(network) == {"NL/CPO", "NL/TWO"}


async def test_who_leaves_is_out_and_may_be_invited_again(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    left = await credentials(cpo, "DELETE")

    assert status(left) == (200, 1000)
    assert not await good(network, cpo, cpo.hub_token)
    await eventually(lambda: emsp.clients.get("NL/CPO/CPO") == "SUSPENDED")
    back = await cpo.register(network.versions_url, await network.invite("platform-1"))
    assert status(back) == (200, 1000)
    await eventually(lambda: emsp.clients.get("NL/CPO/CPO") == "CONNECTED")
