"""HubClientInfo: the four states, as each viewer may know them, by pull and by push."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.hub.network import Network, data_of, eventually, running_network, status
from tests.parties import RecordingParty


async def pulled(party: RecordingParty, query: str = "") -> list[dict[str, Any]]:
    return list(data_of(await party.call("GET", "sender", "hubclientinfo", query)))


def states(found: list[dict[str, Any]]) -> dict[str, str]:
    return {f"{c['country_code']}/{c['party_id']}/{c['role']}": c["status"] for c in found}


async def test_all_four_states_are_told(database_url: str) -> None:
    async with running_network(database_url, alive_interval="1") as network:
        viewer = await network.join("DE/EMS/EMSP")
        away = await network.join("NL/OFF/CPO")
        await network.join("NL/OUT/CPO")
        await network.join("NL/CON/CPO", "NL/CON/EMSP")
        await network.invite("planned", ["NL/PLA/CPO"])
        await network.stop(away)
        await network.run("partner", "suspend", "platform-3")
        expected = {
            "NL/CON/CPO": "CONNECTED",
            "NL/CON/EMSP": "CONNECTED",
            "NL/OFF/CPO": "OFFLINE",
            "NL/OUT/CPO": "SUSPENDED",
            "NL/PLA/CPO": "PLANNED",
        }

        await eventually(lambda: viewer.clients == expected, within=20)
        assert states(await pulled(viewer)) == expected

        await network.start(away)
        await eventually(lambda: viewer.clients["NL/OFF/CPO"] == "CONNECTED", within=20)


async def test_a_push_has_the_partys_url_and_no_routing_headers(
    network: Network, emsp: RecordingParty
) -> None:
    before = datetime.now(UTC)
    await network.join("NL/CPO/CPO")

    await eventually(lambda: "NL/CPO/CPO" in emsp.clients)
    (push,) = emsp.of("PUT", "/receiver/hubclientinfo")
    assert push.path == "/receiver/hubclientinfo/NL/CPO"
    assert not [name for name in push.headers if name.startswith("ocpi-")]
    assert datetime.fromisoformat(push.json["last_updated"]) > before.replace(microsecond=0)


async def test_a_newcomer_is_told_of_everybody_and_nobody_of_itself(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """HCI-14."""
    newcomer = await network.join("FR/NEW/EMSP", "FR/NEW/CPO")

    expected = {"NL/CPO/CPO": "CONNECTED", "DE/EMS/EMSP": "CONNECTED"}
    await eventually(lambda: newcomer.clients == expected)
    assert states(await pulled(newcomer)) == expected


async def test_a_platform_without_the_interface_is_not_told(
    network: Network, cpo: RecordingParty
) -> None:
    """HCI-15."""
    quiet = await network.join("FR/QUI/EMSP", receivers=("locations",))
    await network.join("DE/EMS/EMSP")

    await eventually(lambda: "DE/EMS/EMSP" in cpo.clients)
    assert quiet.received == []


async def test_the_list_is_filtered_and_paged(network: Network, cpo: RecordingParty) -> None:
    """HCI-11, HCI-12."""
    for n in range(3):
        await network.join(f"DE/E{n:02}/EMSP")
    found = await pulled(cpo)
    newest = max(client["last_updated"] for client in found)

    later = await pulled(cpo, f"?date_from={newest}")
    first = await cpo.call("GET", "sender", "hubclientinfo", "?limit=2")
    rest = await cpo.request("GET", first.links["next"]["url"])

    assert [client["last_updated"] for client in later] == [newest]
    assert first.headers["X-Total-Count"] == "3"
    assert [*data_of(first), *data_of(rest)] == found
    assert "next" not in rest.links


async def test_who_has_no_agreement_is_planned(database_url: str) -> None:
    """HUB-23."""
    async with running_network(database_url, agreements="required") as network:
        cpo = await network.join("NL/CPO/CPO")
        emsp = await network.join("DE/EMS/EMSP")
        await eventually(lambda: emsp.clients == {"NL/CPO/CPO": "PLANNED"})

        await network.run("agreement", "add", "NL/CPO", "DE/EMS")

        await eventually(lambda: emsp.clients == {"NL/CPO/CPO": "CONNECTED"})
        await eventually(lambda: cpo.clients == {"DE/EMS/EMSP": "CONNECTED"})


async def test_a_viewer_that_hangs_delays_no_other(network: Network) -> None:
    hangs = await network.join("DE/HNG/EMSP")
    well = await network.join("DE/OK1/EMSP")
    hangs.answer = hangs.never

    for n in range(3):
        await network.join(f"NL/C{n:02}/CPO")

    await eventually(lambda: {f"NL/C{n:02}/CPO" for n in range(3)} <= {*well.clients}, within=3)


async def test_only_the_hub_writes_it(cpo: RecordingParty) -> None:
    url = cpo.hub_endpoints[("hubclientinfo", "SENDER")]

    assert (await cpo.request("PUT", f"{url}/NL/CPO", {})).status_code in (404, 405)
    assert status(await cpo.request("POST", url, {})) == (405, 2000)
