"""Broadcasts: what the sender hears at once, and what each receiver gets."""

from __future__ import annotations

from typing import Any

import pytest

from tests import samples
from tests.hub.network import Network, data_of, eventually, status
from tests.parties import Received, RecordingParty, envelope

LATER = "2026-02-01T00:00:00Z"
LAST = "2026-03-01T00:00:00Z"
EARLIER = "2025-01-01T00:00:00Z"


@pytest.fixture
def cpo(shared_cpo: RecordingParty) -> RecordingParty:
    """NL/CPO, with nothing received yet."""
    shared_cpo.begin_anew()
    return shared_cpo


@pytest.fixture
def emsp(shared_emsp: RecordingParty) -> RecordingParty:
    """DE/EMS, with nothing received yet."""
    shared_emsp.begin_anew()
    return shared_emsp


async def send(
    party: RecordingParty, method: str, path: str, body: object = None, module: str = "locations"
) -> tuple[int, int]:
    owner = "/".join(party.first)
    return status(
        await party.call(method, "receiver", module, f"{owner}/{path}", body, to="NL/HUB")
    )


async def arrived(party: RecordingParty, method: str, path: str) -> Received:
    """The first request that comes with that method, exactly there."""
    await eventually(lambda: any(r.path == path for r in party.of(method, path)))
    return next(r for r in party.of(method, path) if r.path == path)


async def known(cpo: RecordingParty, emsp: RecordingParty, id_: str, **fields: Any) -> None:
    """A Location that both sides have."""
    await send(cpo, "PUT", id_, samples.location(id=id_, **fields))
    await arrived(emsp, "PUT", f"/receiver/locations/NL/CPO/{id_}")
    emsp.received.clear()


async def test_a_location_is_told_at_its_three_levels(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await known(cpo, emsp, "LEVELS")
    base = "/receiver/locations/NL/CPO/LEVELS"
    evse = samples.evse(uid="EVSE2", last_updated=LATER)
    connector = samples.connector(max_amperage=16, last_updated=LAST)

    assert await send(cpo, "PUT", "LEVELS/EVSE2", evse) == (201, 1000)
    assert (await arrived(emsp, "PUT", f"{base}/EVSE2")).json == evse
    assert await send(cpo, "PUT", "LEVELS/EVSE2/1", connector) == (200, 1000)
    await eventually(lambda: len(emsp.of("PUT", f"{base}/EVSE2")) == 2)
    told = emsp.of("PUT", f"{base}/EVSE2")[1].json
    assert told["connectors"] == [connector]
    assert told["last_updated"] == LAST


async def test_a_status_goes_out_as_a_patch_of_status_and_last_updated(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await known(cpo, emsp, "STATUS")

    patch = {"status": "CHARGING", "last_updated": LATER}
    assert await send(cpo, "PATCH", "STATUS/EVSE1", patch) == (200, 1000)

    received = await arrived(emsp, "PATCH", "/receiver/locations/NL/CPO/STATUS/EVSE1")
    assert received.json == patch
    assert received.routing() == ("NL/HUB", "DE/EMS")


async def test_more_than_a_status_goes_out_as_a_put_of_the_evse(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await known(cpo, emsp, "MORE")

    patch = {"floor_level": "7", "status": "BLOCKED", "last_updated": LATER}
    await send(cpo, "PATCH", "MORE/EVSE1", patch)

    received = await arrived(emsp, "PUT", "/receiver/locations/NL/CPO/MORE/EVSE1")
    assert received.json == samples.evse(**patch)


async def test_an_evse_the_receiver_lacks_is_put_then_its_location(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await known(cpo, emsp, "LACKS")
    evse = "/receiver/locations/NL/CPO/LACKS/EVSE1"
    emsp.say(lambda: envelope(None, 2003, http_status=404), below=evse)

    await send(cpo, "PATCH", "LACKS/EVSE1", {"status": "CHARGING", "last_updated": LATER})

    whole = await arrived(emsp, "PUT", "/receiver/locations/NL/CPO/LACKS")
    told = [(r.method, r.path) for r in emsp.received]
    assert told == [("PATCH", evse), ("PUT", evse), ("PUT", whole.path)]
    assert whole.json["evses"][0]["status"] == "CHARGING"


async def test_a_stale_patch_changes_nothing_and_is_not_told(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """F15."""
    await known(cpo, emsp, "STALE", last_updated=LATER, evses=[samples.evse(last_updated=LATER)])

    stale = {"status": "REMOVED", "last_updated": EARLIER}
    answer = await cpo.call(
        "PATCH", "receiver", "locations", "NL/CPO/STALE/EVSE1", stale, to="NL/HUB"
    )
    await send(cpo, "PATCH", "STALE/EVSE1", {"status": "BLOCKED", "last_updated": LAST})

    assert status(answer) == (200, 1000)
    assert answer.json()["status_message"].startswith("stale")
    await eventually(lambda: bool(emsp.of("PATCH", "/receiver/locations/NL/CPO/STALE")))
    assert [r.json["status"] for r in emsp.received] == ["BLOCKED"]


async def test_an_evse_left_out_of_a_put_is_gone_and_comes_back_with_a_later_one(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    two = [samples.evse(uid="A"), samples.evse(uid="B")]
    await known(cpo, emsp, "LEFT", evses=two)

    await send(cpo, "PUT", "LEFT", samples.location(id="LEFT", evses=two[:1], last_updated=LATER))
    without = await arrived(emsp, "PUT", "/receiver/locations/NL/CPO/LEFT")
    gone = await send(cpo, "PATCH", "LEFT/B", {"status": "CHARGING", "last_updated": LATER})
    emsp.received.clear()
    await send(cpo, "PUT", "LEFT", samples.location(id="LEFT", evses=two, last_updated=LAST))
    back = await arrived(emsp, "PUT", "/receiver/locations/NL/CPO/LEFT")

    assert [evse["uid"] for evse in without.json["evses"]] == ["A"]
    assert gone == (404, 2003)
    assert [evse["uid"] for evse in back.json["evses"]] == ["A", "B"]


async def test_an_evse_of_an_unknown_location_is_not_stored(cpo: RecordingParty) -> None:
    assert await send(cpo, "PUT", "NOWHERE/EVSE1", samples.evse()) == (404, 2003)
    assert await send(cpo, "PATCH", "NOWHERE", {"name": "x", "last_updated": LATER}) == (404, 2003)


async def test_a_tariff_is_put_deleted_and_revived(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    path = "/receiver/tariffs/NL/CPO/TARIFF1"
    revived = samples.tariff(last_updated=LATER)

    assert await send(cpo, "PUT", "TARIFF1", samples.tariff(), "tariffs") == (201, 1000)
    assert (await arrived(emsp, "PUT", path)).json == samples.tariff()
    assert await send(cpo, "DELETE", "TARIFF1", module="tariffs") == (200, 1000)
    await arrived(emsp, "DELETE", path)
    listed = await emsp.call("GET", "sender", "tariffs", to="NL/HUB")
    assert await send(cpo, "DELETE", "TARIFF1", module="tariffs") == (404, 2001)
    assert await send(cpo, "PUT", "TARIFF1", revived, "tariffs") == (201, 1000)

    assert data_of(listed) == []
    await eventually(lambda: [r.json for r in emsp.of("PUT", path)][1:] == [revived])


async def test_a_token_is_told_to_cpos(cpo: RecordingParty, emsp: RecordingParty) -> None:
    token = samples.token(uid="CARD", type="APP_USER")

    assert await send(emsp, "PUT", "CARD", token, "tokens") == (201, 1000)
    put = await arrived(cpo, "PUT", "/receiver/tokens/DE/EMS/CARD")
    cpo.received.clear()
    patch = {"valid": False, "last_updated": LATER}
    assert await send(emsp, "PATCH", "CARD?type=APP_USER", patch, "tokens") == (200, 1000)
    patched = await arrived(cpo, "PUT", "/receiver/tokens/DE/EMS/CARD")

    assert (put.json, put.query) == (token, "type=APP_USER")
    assert patched.json == token | patch
    assert not emsp.of("PUT", "/receiver/tokens")


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("EMSP", {"locations", "tariffs"}),
        ("NSP", {"locations", "tariffs"}),
        ("NAP", {"locations", "tariffs"}),
        ("OTHER", {"locations", "tariffs"}),
        ("SCSP", set()),
    ],
)
async def test_each_role_is_told_what_concerns_it(
    shared_network: Network, cpo: RecordingParty, emsp: RecordingParty, role: str, told: set[str]
) -> None:
    """RTE-10, RTE-11."""
    party = await shared_network.join(f"FR/{role[:3]}/{role}")

    await send(cpo, "PUT", f"FOR-{role}", samples.location(id=f"FOR-{role}"))
    await send(cpo, "PUT", f"FOR-{role}", samples.tariff(id=f"FOR-{role}"), "tariffs")
    await send(emsp, "PUT", f"FOR-{role}", samples.token(uid=f"FOR-{role}"), "tokens")
    await arrived(emsp, "PUT", f"/receiver/locations/NL/CPO/FOR-{role}")
    await arrived(emsp, "PUT", f"/receiver/tariffs/NL/CPO/FOR-{role}")
    await arrived(cpo, "PUT", f"/receiver/tokens/DE/EMS/FOR-{role}")
    await eventually(lambda: {r.path.split("/")[2] for r in party.of("PUT", "/receiver")} >= told)

    assert {r.path.split("/")[2] for r in party.of("PUT", "/receiver")} - {"hubclientinfo"} == told


async def test_every_party_of_a_platform_is_told_but_the_sender(shared_network: Network) -> None:
    """RTE-16, RTE-30, RTE-31."""
    mixed = await shared_network.join("FR/MIX/CPO", "FR/MIX/EMSP", "FR/MI2/EMSP", "FR/MI3/NSP")

    location = samples.location(country_code="FR", party_id="MIX", id="OWN")
    await send(mixed, "PUT", "OWN", location)

    path = "/receiver/locations/FR/MIX/OWN"
    await eventually(lambda: len(mixed.of("PUT", path)) == 2)
    assert {r.routing() for r in mixed.of("PUT", path)} == {
        ("NL/HUB", "FR/MI2"),
        ("NL/HUB", "FR/MI3"),
    }


async def test_a_broadcast_keeps_its_correlation_id(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await cpo.call(
        "PUT",
        "receiver",
        "locations",
        "NL/CPO/TRACED",
        samples.location(id="TRACED"),
        to="NL/HUB",
        headers={"X-Correlation-ID": "traced-1", "X-Request-ID": "request-1"},
    )

    received = await arrived(emsp, "PUT", "/receiver/locations/NL/CPO/TRACED")
    assert received.headers["x-correlation-id"] == "traced-1"
    assert received.headers["x-request-id"] != "request-1"
