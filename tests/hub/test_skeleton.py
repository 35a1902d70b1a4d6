"""The hub's main job, once through: register, broadcast, GET All, start, stop."""

from __future__ import annotations

from tests import samples
from tests.hub.network import Network, eventually, status


async def test_a_broadcast_location_reaches_the_emsp_and_comes_out_of_get_all(
    network: Network,
) -> None:
    cpo = await network.join("NL/CPO/CPO")
    emsp = await network.join("DE/EMS/EMSP")
    location = samples.location(country_code="NL", party_id="CPO", id="LOC1")

    put = await cpo.call("PUT", "receiver", "locations", "NL/CPO/LOC1", location, to="NL/HUB")

    assert status(put) == (201, 1000)
    await eventually(lambda: bool(emsp.of("PUT", "/receiver/locations")))
    (received,) = emsp.of("PUT", "/receiver/locations")
    assert received.path == "/receiver/locations/NL/CPO/LOC1"
    assert received.routing() == ("NL/HUB", "DE/EMS")
    listed = await emsp.call("GET", "sender", "locations", to="NL/HUB")
    assert status(listed) == (200, 1000)
    assert [found["id"] for found in listed.json()["data"]] == ["LOC1"]
