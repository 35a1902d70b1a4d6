"""A partner registers at the hub, and the hub at a partner."""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import HubProcess
from tests.partners import eventually, status


async def listed(hub: HubProcess) -> dict[str, Any]:
    return {p["name"]: p for p in await hub.run("partner", "list")}


async def test_a_partner_that_was_invited_registers_and_its_invitation_is_used_up(
    hub: HubProcess,
) -> None:
    party = await hub.stranger("NL/CPO/CPO")
    token_a = await hub.invite("cpo", ["NL/CPO/CPO"])

    response = await party.register(hub.versions_url, token_a)

    assert status(response) == (200, 1000)
    assert response.json()["data"]["roles"][0]["role"] == "HUB"
    with_a = await party.request("GET", hub.versions_url, token=token_a)
    assert status(with_a)[0] == 401
    with_c = await party.request("GET", hub.versions_url)
    assert status(with_c) == (200, 1000)
    assert (await listed(hub))["cpo"]["parties"] == [
        {"country_code": "NL", "party_id": "CPO", "role": "CPO", "status": "CONNECTED"}
    ]


async def test_the_hub_registers_at_a_partner_that_invited_it(hub: HubProcess) -> None:
    party = await hub.stranger("DE/EMS/EMSP")
    versions_url = f"{party.url}/ocpi/versions"

    connected = await hub.run(
        "partner", "connect", "ems", "--versions-url", versions_url, "--token", party.token
    )

    assert connected["version"] == "2.2.1"
    assert [p["party_id"] for p in connected["parties"]] == ["EMS"]
    assert party.of("POST", "/credentials")
    assert status(await party.request("GET", hub.versions_url)) == (200, 1000)


async def test_connecting_again_exchanges_both_tokens(hub: HubProcess) -> None:
    party = await hub.stranger("DE/EMS/EMSP")
    words = ("partner", "connect", "ems", "--versions-url", f"{party.url}/ocpi/versions")
    await hub.run(*words, "--token", party.token)
    first = party.hub_token

    await hub.run(*words, "--token", "not-needed-any-more")

    assert party.of("PUT", "/credentials")
    assert party.hub_token != first
    assert status(await party.request("GET", hub.versions_url)) == (200, 1000)
    assert (await party.request("GET", hub.versions_url, token=first)).status_code == 401


async def test_everybody_hears_who_came_and_who_is_suspended(hub: HubProcess) -> None:
    emsps = [await hub.join(f"DE/E0{n}/EMSP") for n in range(3)]
    await hub.join("NL/CPO/CPO")

    await eventually(lambda: all(e.clients.get("NL/CPO/CPO") == "CONNECTED" for e in emsps))
    await hub.run("partner", "suspend", "platform-4")

    await eventually(lambda: all(e.clients["NL/CPO/CPO"] == "SUSPENDED" for e in emsps))
    (pushed,) = [p for p in emsps[0].of("PUT", "/receiver/hubclientinfo") if "SUSPENDED" in str(p)]
    assert pushed.path == "/receiver/hubclientinfo/NL/CPO"
    assert pushed.routing() == (None, None)
    pulled = await emsps[0].call("GET", "sender", "hubclientinfo")
    assert {(c["party_id"], c["status"]) for c in pulled.json()["data"]} == {
        ("E01", "CONNECTED"),
        ("E02", "CONNECTED"),
        ("CPO", "SUSPENDED"),
    }
