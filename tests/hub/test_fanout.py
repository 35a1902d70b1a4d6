"""The fan-out when receivers misbehave: refusing, failing, hanging, away, or told by two hubs."""

from __future__ import annotations

from ocpi_hub.store import parked
from tests import samples
from tests.hub.network import Network, eventually, running_network
from tests.parties import RecordingParty, envelope

BELOW = "/receiver/locations/NL/CPO"


async def put(cpo: RecordingParty, *ids: str, name: str = "Square") -> None:
    for id_ in ids:
        body = samples.location(id=id_, name=name, evses=[])
        response = await cpo.call("PUT", "receiver", "locations", f"NL/CPO/{id_}", body)
        assert response.json()["status_code"] == 1000


def ids_of(emsp: RecordingParty) -> list[str]:
    return [r.path.rpartition("/")[2] for r in emsp.of("PUT", "/receiver/locations")]


async def reasons(network: Network) -> list[str]:
    async with network.db.hot() as conn:
        return [p.reason for p in await parked.parked(conn, receiver=None, limit=10)]


async def test_what_a_receiver_refuses_is_parked_and_blocks_nothing(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """F23."""
    emsp.say(lambda: envelope(None, 2001, message="not this one"), below=f"{BELOW}/POISON")

    await put(cpo, "POISON", *(f"LOC{n}" for n in range(20)))

    await eventually(lambda: len(ids_of(emsp)) == 21)
    assert await reasons(network) == ["OCPI 2001: not this one"]


async def test_what_is_taken_after_all_is_not_parked_any_more(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.say(lambda: envelope(None, 2001), below=f"{BELOW}/POISON")
    await put(cpo, "POISON")
    await eventually(lambda: _is_parked(network))

    emsp.answer = None
    await put(cpo, "POISON", name="Another")

    await eventually(lambda: _is_not_parked(network))


async def test_an_object_that_breaks_its_receiver_is_parked_after_some_tries(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.say(lambda: envelope(None, 3000, http_status=500), below=f"{BELOW}/POISON")

    await put(cpo, "POISON", *(f"LOC{n}" for n in range(300)))

    await eventually(lambda: len({*ids_of(emsp)}) == 301, within=20)
    await eventually(lambda: _is_parked(network), within=20)
    assert len(ids_of(emsp)) < 310


async def test_a_receiver_that_fails_for_a_while_misses_nothing(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.say(lambda: envelope(None, 3000, http_status=503))
    await put(cpo, *(f"LOC{n}" for n in range(30)))
    await eventually(lambda: len(ids_of(emsp)) >= 16)

    emsp.received.clear()
    emsp.answer = None

    await eventually(lambda: len({*ids_of(emsp)}) == 30, within=20)
    assert await reasons(network) == []


async def test_a_receiver_that_hangs_delays_nobody(network: Network, cpo: RecordingParty) -> None:
    """F5."""
    hangs = await network.join("DE/HNG/EMSP")
    well = await network.join("DE/OK1/EMSP")
    hangs.answer = hangs.never

    await put(cpo, *(f"LOC{n}" for n in range(50)))

    await eventually(lambda: len({*ids_of(well)}) == 50, within=3)
    assert len(ids_of(hangs)) <= 8


async def test_of_many_changes_while_away_the_last_state_is_told_once(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """F20."""
    await network.stop(emsp)
    for n in range(10):
        await put(cpo, "LOC1", "LOC2", name=f"Square {n}")
    await network.start(emsp)

    await eventually(lambda: {*ids_of(emsp)} == {"LOC1", "LOC2"}, within=20)
    assert [r.json["name"] for r in emsp.of("PUT", BELOW)] == ["Square 9"] * 2


async def test_a_restarted_hub_goes_on_where_it_was(database_url: str) -> None:
    async with running_network(database_url) as before:
        cpo = await before.join("NL/CPO/CPO")
        emsp = await before.join("DE/EMS/EMSP")
        await put(cpo, "SEEN")
        await eventually(lambda: ids_of(emsp) == ["SEEN"])
        await before.stop(emsp)
        await put(cpo, "MISSED")
    async with running_network(database_url, port=before.url.rpartition(":")[2]) as after:
        await after.start(cpo)
        await after.start(emsp)

        await eventually(lambda: ids_of(emsp) == ["SEEN", "MISSED"], within=15)


async def test_an_interface_added_by_a_put_is_told_from_then_on(
    network: Network, cpo: RecordingParty
) -> None:
    emsp = await network.join("DE/EMS/EMSP", receivers=("tariffs",))
    emsp.receivers = ("tariffs", "locations")

    response = await emsp.request(
        "PUT", emsp.hub_endpoints[("credentials", "SENDER")], emsp.credentials(emsp.token)
    )
    emsp.hub_token = response.json()["data"]["token"]
    await put(cpo, "LOC1")

    await eventually(lambda: ids_of(emsp) == ["LOC1"])


async def _is_parked(network: Network) -> bool:
    return bool(await reasons(network))


async def _is_not_parked(network: Network) -> bool:
    return not await reasons(network)
