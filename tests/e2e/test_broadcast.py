"""What a CPO says once reaches every eMSP: now, later, by backfill, by pull, or page by page."""

from __future__ import annotations

import time

from tests import samples
from tests.e2e.conftest import HubProcess, Start
from tests.parties import RecordingParty
from tests.partners import eventually, status


async def put_location(cpo: RecordingParty, id_: str, **fields: object) -> None:
    response = await cpo.call(
        "PUT",
        "receiver",
        "locations",
        f"NL/CPO/{id_}",
        samples.location(id=id_, **fields),
        to="NL/HUB",
    )
    assert response.json()["status_code"] == 1000, response.text


async def patch_status(cpo: RecordingParty, id_: str, new: str) -> None:
    response = await cpo.call(
        "PATCH",
        "receiver",
        "locations",
        f"NL/CPO/{id_}/EVSE1",
        {"status": new, "last_updated": samples.LATER},
        to="NL/HUB",
    )
    assert status(response) == (200, 1000)


def has(emsp: RecordingParty, *ids: str) -> bool:
    return all(f"/receiver/locations/nl/cpo/{id_}".lower() in emsp.objects for id_ in ids)


async def test_of_three_emsps_one_hangs_and_one_is_down_and_the_third_waits_for_neither(
    hub: HubProcess,
) -> None:
    cpo = await hub.join("NL/CPO/CPO")
    well = await hub.join("DE/OK1/EMSP")
    hangs = await hub.join("DE/HNG/EMSP")
    down = await hub.join("DE/DWN/EMSP")
    hangs.answer = hangs.never
    await hub.stop(down)

    begun = time.monotonic()
    for number in range(20):
        await put_location(cpo, f"LOC{number}")
    answered = time.monotonic() - begun
    await eventually(lambda: has(well, *(f"LOC{n}" for n in range(20))))
    delivered = time.monotonic() - begun

    assert answered < 2
    assert delivered < answered + 1
    (first, *_) = well.of("PUT", "/receiver/locations")
    assert first.routing() == ("NL/HUB", "DE/OK1")


async def test_who_was_down_has_the_newest_state_of_everything_when_it_is_back(
    hub: HubProcess,
) -> None:
    cpo = await hub.join("NL/CPO/CPO")
    emsp = await hub.join("DE/EMS/EMSP")
    await put_location(cpo, "SEEN")
    await eventually(lambda: has(emsp, "SEEN"))
    await hub.stop(emsp)

    for id_ in ("NEW1", "NEW2"):
        await put_location(cpo, id_)
    for new in ("CHARGING", "BLOCKED", "OUTOFORDER"):
        await patch_status(cpo, "SEEN", new)
    await eventually(lambda: cpo.clients.get("DE/EMS/EMSP") == "OFFLINE", within=20)
    emsp.received.clear()
    await hub.start(emsp)

    await eventually(lambda: has(emsp, "NEW1", "NEW2"), within=20)
    await eventually(lambda: bool(emsp.of("PATCH", "/receiver/locations/NL/CPO/SEEN")))
    (patch,) = emsp.of("PATCH", "/receiver/locations/NL/CPO/SEEN")
    assert patch.json == {"status": "OUTOFORDER", "last_updated": samples.LATER}
    assert cpo.clients["DE/EMS/EMSP"] == "CONNECTED"


async def test_a_new_agreement_brings_everything_there_is(start: Start) -> None:
    async with start(AGREEMENTS="required") as hub:
        cpo = await hub.join("NL/CPO/CPO")
        emsp = await hub.join("DE/EMS/EMSP")
        for number in range(5):
            await put_location(cpo, f"LOC{number}")
        before = await emsp.call("GET", "sender", "locations", to="NL/HUB")

        await hub.run("agreement", "add", "NL/CPO", "DE/EMS")

        await eventually(lambda: has(emsp, *(f"LOC{n}" for n in range(5))))
        after = await emsp.call("GET", "sender", "locations", to="NL/HUB")
        assert before.json()["data"] == []
        assert len(after.json()["data"]) == 5


async def test_what_a_cpo_only_serves_is_pulled_and_told_to_an_emsp(hub: HubProcess) -> None:
    emsp = await hub.join("DE/EMS/EMSP")
    listed = [samples.location(id=f"LOC{n:03}") for n in range(120)]
    cpo = await hub.stranger("NL/CPO/CPO", receivers=("commands",), page_size=50)
    cpo.lists["locations"] = listed

    token = await hub.invite("cpo")
    assert status(await cpo.register(hub.versions_url, token)) == (200, 1000)

    await eventually(lambda: has(emsp, *(location["id"] for location in listed)), within=20)
    asked = cpo.of("GET", "/sender/locations")
    assert [get.routing() for get in asked] == [("NL/HUB", "NL/CPO")] * 3


async def test_get_all_is_paged_to_the_end(hub: HubProcess) -> None:
    cpo = await hub.join("NL/CPO/CPO")
    emsp = await hub.join("DE/EMS/EMSP")
    ids = [f"LOC{n}" for n in range(7)]
    for id_ in ids:
        await put_location(cpo, id_)

    found: list[str] = []
    response = await emsp.call("GET", "sender", "locations", "?limit=3", to="NL/HUB")
    while True:
        found += [location["id"] for location in response.json()["data"]]
        assert response.headers["X-Total-Count"] == "7"
        if "next" not in response.links:
            break
        response = await emsp.request(
            "GET", response.links["next"]["url"], to="NL/HUB", from_="DE/EMS"
        )

    assert found == ids
