"""What the hub answers out of what it has stored: lists of everybody, and single objects."""

from __future__ import annotations

from typing import Any

import pytest

from tests import samples
from tests.hub.network import Network, data_of, status
from tests.parties import RecordingParty

LATER = "2026-02-01T00:00:00Z"


@pytest.fixture(scope="module")
async def stored(shared_cpo: RecordingParty, shared_network: Network) -> RecordingParty:
    """FR/TWO, a second CPO; both have a LOC1, and NL/CPO has four more."""
    other = await shared_network.join("FR/TWO/CPO")
    for n in range(1, 6):
        await put(shared_cpo, samples.location(id=f"LOC{n}"))
    await put(other, samples.location(country_code="FR", party_id="TWO"))
    await put(other, samples.location(country_code="FR", party_id="TWO", id="ONLY"))
    return other


async def put(party: RecordingParty, location: dict[str, Any]) -> None:
    path = f"{'/'.join(party.first)}/{location['id']}"
    response = await party.call("PUT", "receiver", "locations", path, location)
    assert status(response) == (201, 1000)


@pytest.fixture
def emsp(stored: RecordingParty, shared_emsp: RecordingParty) -> RecordingParty:
    """DE/EMS, who sees all of it."""
    return shared_emsp


async def get(party: RecordingParty, path: str, *, to: str | None = "NL/HUB") -> Any:
    return await party.call("GET", "sender", "locations", path, to=to)


async def test_a_list_to_the_hub_holds_the_objects_of_all_owners(emsp: RecordingParty) -> None:
    """RTE-21."""
    answer = await get(emsp, "")

    assert status(answer) == (200, 1000)
    assert answer.headers["X-Total-Count"] == "7"
    assert {location["party_id"] for location in data_of(answer)} == {"CPO", "TWO"}
    assert answer.headers["OCPI-from-party-id"] == "HUB"


async def test_an_owner_finds_its_own_objects_in_no_list(
    stored: RecordingParty, shared_network: Network
) -> None:
    both = await shared_network.join("FR/BOT/CPO", "FR/BOT/EMSP")
    await put(both, samples.location(country_code="FR", party_id="BOT", id="MINE"))

    found = [location["id"] for location in data_of(await get(both, ""))]

    assert "ONLY" in found
    assert "MINE" not in found
    await both.request("DELETE", both.hub_endpoints["credentials", "SENDER"])


async def test_the_newest_child_dates_its_location(
    shared_cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await shared_cpo.call(
        "PATCH",
        "receiver",
        "locations",
        "NL/CPO/LOC5/EVSE1",
        {"status": "CHARGING", "last_updated": LATER},
    )

    (found,) = data_of(await get(emsp, f"?date_from={LATER}"))

    assert (found["id"], found["last_updated"]) == ("LOC5", LATER)
    assert found["evses"][0]["status"] == "CHARGING"
    assert data_of(await get(emsp, "?date_to=2026-01-01T00:00:00Z")) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("ONLY", (200, 1000), id="a Location of one owner"),
        pytest.param("only", (200, 1000), id="whatever its case"),
        pytest.param("ONLY/EVSE1", (200, 1000), id="an EVSE"),
        pytest.param("ONLY/EVSE1/1", (200, 1000), id="a Connector"),
        pytest.param("LOC1", (200, 4001), id="a Location of two owners"),
        pytest.param("LOC9", (404, 2003), id="of nobody"),
        pytest.param("ONLY/EVSE9", (404, 2003), id="no such EVSE"),
    ],
)
async def test_one_object_is_served_when_exactly_one_matches(
    emsp: RecordingParty, path: str, expected: tuple[int, int]
) -> None:
    """RTE-25."""
    assert status(await get(emsp, path)) == expected


async def test_an_owner_reads_back_what_it_broadcast(
    stored: RecordingParty, emsp: RecordingParty
) -> None:
    own = await stored.call("GET", "receiver", "locations", "FR/TWO/ONLY")
    to_hub = await stored.call("GET", "receiver", "locations", "FR/TWO/ONLY", to="NL/HUB")

    assert data_of(own)["id"] == "ONLY"
    assert status(to_hub) == (200, 2000)  # RTE-24


async def test_a_list_needs_a_receiver_unless_the_partner_is_known_for_it(
    shared_network: Network, emsp: RecordingParty
) -> None:
    quirky = await shared_network.join("DE/QRK/EMSP")
    refused = await get(quirky, "", to=None)

    name = f"platform-{len(shared_network.parties)}"
    await shared_network.run("partner", "quirk", name, "list_without_to")
    await shared_network.hub.registry.refresh()

    assert status(refused) == (200, 2001)
    assert len(data_of(await get(quirky, "", to=None))) == 7


async def test_what_was_sent_to_one_party_is_in_no_list(
    shared_cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """RTE-22."""
    body = samples.location(id="DIRECTED")
    sent = await shared_cpo.call(
        "PUT", "receiver", "locations", "NL/CPO/DIRECTED", body, to="DE/EMS"
    )

    assert status(sent) == (200, 1000)
    assert "DIRECTED" not in [location["id"] for location in data_of(await get(emsp, ""))]
