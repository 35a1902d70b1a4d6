"""What partners read from the adapter, and the tokens they bring to it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests import samples
from tests.cpo_adapter.running import Adapter, Emsp, adapter, charging, emsp, scene
from tests.partners import data_of, eventually, status

CARD = samples.token(uid="04CAFE01")
PATH = "DE/EMS/04CAFE01"


async def _get(ems: Emsp, module: str, path: str = "") -> httpx.Response:
    return await ems.party.call("GET", "sender", module, path)


async def _tokens(ems: Emsp, method: str, path: str = PATH, body: Any = None) -> httpx.Response:
    return await ems.party.call(method, "receiver", "tokens", path, body)


async def test_what_a_cpo_serves_is_in_its_version_details(cpo_database_url: str) -> None:
    """VER-08."""
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        served = set(ems.party.hub_endpoints)

    sender = {(module, "SENDER") for module in ("locations", "tariffs", "sessions", "cdrs")}
    receiver = {(module, "RECEIVER") for module in ("tokens", "commands", "chargingprofiles")}
    assert sender | receiver <= served


async def test_locations_and_tariffs_are_listed(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        locations = await _get(ems, "locations")
        tariffs = await _get(ems, "tariffs")

    (location,) = data_of(locations)
    (tariff,) = data_of(tariffs)
    assert {evse["uid"] for evse in location["evses"]} == {"EVSE1", "EVSE2", "EVSE3"}
    assert tariff["id"] == "TARIFF1"
    assert locations.headers["X-Total-Count"] == "1"


OBJECTS = {
    "a Location": ("locations", "LOC1", "id", "LOC1"),
    "a Location in another spelling": ("locations", "loc1", "id", "LOC1"),
    "an EVSE": ("locations", "LOC1/EVSE2", "uid", "EVSE2"),
    "a Connector": ("locations", "LOC1/EVSE2/1", "id", "1"),
    "a Tariff": ("tariffs", "TARIFF1", "id", "TARIFF1"),
}


@pytest.mark.parametrize(("module", "path", "key", "value"), OBJECTS.values(), ids=OBJECTS)
async def test_one_object_is_found(
    cpo_database_url: str, module: str, path: str, key: str, value: str
) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        found = await _get(ems, module, path)

    assert status(found) == (200, 1000)
    assert data_of(found)[key] == value


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("locations", "NOWHERE"),
        ("locations", "LOC1/NOWHERE"),
        ("locations", "LOC1/EVSE1/9"),
        ("tariffs", "NOTHING"),
    ],
)
async def test_what_there_is_not_is_404(cpo_database_url: str, module: str, path: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        assert status(await _get(ems, module, path)) == (404, 2001)


async def test_sessions_and_cdrs_are_listed_to_whose_token_it_was(cpo_database_url: str) -> None:
    async with (
        scene(cpo_database_url) as (cpo, ems, station),
        emsp(cpo, name="other", roles="FR/OTH/EMSP") as other,
    ):
        session, transaction = await charging(ems, station)
        await station.stop(transaction, 1_000)
        cdr = await ems.cdr()
        query = "?date_from=2020-01-01T00:00:00Z"
        mine = [data_of(await _get(ems, module, query)) for module in ("sessions", "cdrs")]
        theirs = [data_of(await _get(other, module, query)) for module in ("sessions", "cdrs")]

    assert [[each["id"] for each in listed] for listed in mine] == [[session["id"]], [cdr["id"]]]
    assert theirs == [[], []]


async def test_a_token_is_put_patched_and_read(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        put = await _tokens(ems, "PUT", body=CARD)
        changes = {"valid": False, "last_updated": "2026-02-01T00:00:00Z"}
        patched = await _tokens(ems, "PATCH", body=changes)
        found = await _tokens(ems, "GET")

    assert [status(each)[1] for each in (put, patched)] == [1000, 1000]
    assert data_of(found) == CARD | changes


async def test_a_token_that_cannot_be_kept_spoils_no_list(cpo_database_url: str) -> None:
    """ROB-01."""
    listed = [CARD | {"uid": "BAD", "visual_number": "a\0b"}, CARD]
    async with adapter(cpo_database_url) as cpo, emsp(cpo, tokens=listed) as ems:

        async def found() -> bool:
            return status(await _tokens(ems, "GET")) == (200, 1000)

        await eventually(found)
        bad = await _tokens(ems, "GET", PATH.replace(CARD["uid"], "BAD"))

    assert status(bad)[0] == 404


async def test_tokens_of_one_uid_are_told_apart_by_their_type(cpo_database_url: str) -> None:
    app = CARD | {"type": "APP_USER"}
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        await _tokens(ems, "PUT", body=CARD)
        await _tokens(ems, "PUT", f"{PATH}?type=APP_USER", app)
        found = [
            data_of(await _tokens(ems, "GET", path))["type"]
            for path in (PATH, f"{PATH}?type=APP_USER")
        ]

    assert found == ["RFID", "APP_USER"]


async def test_a_token_that_is_not_there_is_404(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        read = await _tokens(ems, "GET")
        patched = await _tokens(
            ems, "PATCH", body={"valid": False, "last_updated": "2026-02-01T00:00:00Z"}
        )

    assert (status(read)[0], status(patched)[0]) == (404, 404)


async def test_a_pushed_card_charges(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        await _tokens(ems, "PUT", body=CARD | {"whitelist": "ALWAYS"})
        await station.card_session(CARD["uid"], [0, 500, 1_000])
        cdr = await ems.cdr()

    assert (cdr["auth_method"], cdr["total_energy"]) == ("WHITELIST", 1)


async def test_the_tokens_of_a_partner_are_read_once_it_is_connected(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo, tokens=[CARD]) as ems:

        async def read() -> bool:
            return status(await _tokens(ems, "GET")) == (200, 1000)

        await eventually(read)


async def test_what_a_cpo_does_not_take_is_not_there(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        url = f"{_receiver(cpo)}/cdrs"
        refused = await ems.party.request("POST", url, samples.cdr(), from_="DE/EMS")

    assert refused.status_code in (404, 405)


def _receiver(cpo: Adapter) -> str:
    return f"{cpo.url}/ocpi/receiver/2.2.1"
