"""The places that a driver keeps at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests import samples
from tests.emsp_adapter.running import Adapter, Cpo, Driver, cpo


@pytest.fixture
async def ada(emsp: Adapter) -> Driver:
    """A driver."""
    return await emsp.driver("ada@drivers.example")


@pytest.fixture
async def offering(emsp: Adapter) -> AsyncIterator[Cpo]:
    """NL/CPO with LOC1 and LOC2."""
    async with cpo(emsp) as registered:
        for location_id in ("LOC1", "LOC2"):
            document = samples.location(id=location_id, evses=[samples.evse(uid=location_id)])
            await registered.put("locations", location_id, document)
        yield registered


async def listed(driver: Driver) -> list[str]:
    answer = await driver.api.get("/favourites")
    return [each["id"] for each in answer.json()["favourites"]]


async def test_favourites_are_kept_once_and_listed_the_newest_first(
    offering: Cpo, ada: Driver
) -> None:
    keys = ["NL*CPO*LOC1", "NL*CPO*LOC2", "nl*cpo*loc1"]
    kept = [(await ada.api.put(f"/favourites/{key}")).status_code for key in keys]

    assert kept == [204] * 3
    assert await listed(ada) == ["NL*CPO*LOC2", "NL*CPO*LOC1"]
    assert (await ada.api.get("/locations/NL*CPO*LOC1")).json()["favourite"] is True


async def test_a_favourite_is_forgotten_however_it_is_spelled(offering: Cpo, ada: Driver) -> None:
    await ada.api.put("/favourites/NL*CPO*LOC1")

    gone = [
        (await ada.api.delete(f"/favourites/{key}")).status_code
        for key in ("nl*cpo*loc1", "NL*CPO*LOC1")
    ]

    assert gone == [204, 204]
    assert await listed(ada) == []


async def test_drivers_have_their_own(emsp: Adapter, offering: Cpo, ada: Driver) -> None:
    ben = await emsp.driver("ben@drivers.example")
    await ada.api.put("/favourites/NL*CPO*LOC1")

    await ben.api.delete("/favourites/NL*CPO*LOC1")

    assert (await listed(ben), await listed(ada)) == ([], ["NL*CPO*LOC1"])


@pytest.mark.parametrize("key", ["NL*CPO*LOC9", "LOC1", "%3Cscript%3E", "NL*CPO*"])
async def test_what_there_is_not_is_no_favourite(offering: Cpo, ada: Driver, key: str) -> None:
    answer = await ada.api.put(f"/favourites/{key}")

    assert (answer.status_code, answer.json()["field"]) == (404, "location")
