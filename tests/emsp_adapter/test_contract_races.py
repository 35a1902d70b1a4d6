"""The same told many times at once, and everything of it through a hub."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

from tests.emsp_adapter.contracts import (
    ENDED,
    UID,
    app_token,
    card,
    cdr,
    cleared,
    credit,
    moment,
    session,
    status,
)
from tests.emsp_adapter.running import Adapter, Cpo, adapter, cpo
from tests.partners import eventually
from tests.peering.scene import behind

HUB = "XX/HUB"


async def test_a_cdr_that_comes_ten_times_at_once_is_one(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))

    answers = await asyncio.gather(*(partner.post_cdr(sent) for _ in range(10)))

    assert {each.json()["status_code"] for each in answers} == {1000}
    assert sorted(each.status_code for each in answers) == [200] * 9 + [201]
    assert len({each.headers["Location"] for each in answers}) == 1
    assert await emsp.row("SELECT count(*) FROM cdrs") == (1,)


async def test_of_several_credits_at_once_one_is_taken(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)
    credits = [credit(sent, id=f"CREDIT{number}") for number in range(5)]

    answers = await asyncio.gather(*(partner.post_cdr(each) for each in credits))

    codes = sorted(each.json()["status_code"] for each in answers)
    assert codes == [1000, 2001, 2001, 2001, 2001]
    assert await emsp.row("SELECT count(*) FROM cdrs WHERE credit") == (1,)


async def test_no_patch_of_a_session_is_lost(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()), charging_periods=[])
    await partner.put("sessions", "SESSION1", told)

    def change(number: int) -> dict[str, object]:
        at = moment(ENDED + timedelta(minutes=1))
        energy = {"type": "ENERGY", "volume": Decimal(number)}
        return {
            "charging_periods": [{"start_date_time": at, "dimensions": [energy]}],
            "last_updated": at,
        }

    answers = await asyncio.gather(
        *(partner.patch("sessions", "SESSION1", change(number)) for number in range(10))
    )

    assert set(answers) == {(200, 1000)}
    kept = await emsp.row("SELECT document -> 'charging_periods' FROM sessions")
    assert kept is not None
    assert len(kept[0]) == 10


async def test_a_new_session_that_is_told_of_twice_at_once_is_one_charge(
    emsp: Adapter, partner: Cpo
) -> None:
    told = session(await card(emsp, await emsp.driver()))

    answers = await asyncio.gather(*(partner.put("sessions", "SESSION1", told) for _ in range(8)))

    assert set(answers) == {(200, 1000)}
    assert await emsp.row("SELECT count(*) FROM charges") == (1,)


async def test_a_driver_who_starts_twice_at_once_has_one_token(emsp: Adapter) -> None:
    ada = await emsp.driver()

    made = await asyncio.gather(*(app_token(emsp, ada) for _ in range(8)))

    assert len({each["uid"] for each in made}) == 1


async def test_through_a_hub_it_is_all_the_same(emsp_database_url: str) -> None:
    async with (
        adapter(emsp_database_url) as emsp,
        cpo(emsp, roles=f"{HUB}/HUB", connect=False) as hub,
    ):
        hub.party.lists["hubclientinfo"] = [behind("NL/CPO", "CPO"), behind("BE/OTH", "CPO")]
        await emsp.office.side.registrar.connect(
            "hub", versions_url=f"{hub.party.url}/ocpi/versions", token=hub.party.token
        )
        await eventually(lambda: bool(emsp.office.side.peers.ready))
        made = await card(emsp, await emsp.driver())

        asked = await hub.party.call(
            "POST", "sender", "tokens", f"{UID}/authorize", from_="NL/CPO", to="NL/EMS"
        )
        told = await hub.party.call(
            "PUT", "receiver", "sessions", "NL/CPO/SESSION1", session(made), from_="NL/CPO"
        )
        sent = await hub.party.call("POST", "receiver", "cdrs", "", cdr(made), from_="NL/CPO")
        passed_on = await hub.party.call("POST", "receiver", "cdrs", "", cdr(made), from_=HUB)
        url = sent.headers["Location"]
        own = await hub.party.request("GET", url, from_="NL/CPO")
        others = await hub.party.request("GET", url, from_="BE/OTH")
        state, _ = await cleared(emsp)
        granted = await emsp.rows("SELECT cpo FROM authorizations")

    assert (status(asked), status(told)) == ((200, 1000), (200, 1000))
    assert (status(sent), status(passed_on)) == ((201, 1000), (200, 1000))
    assert (status(own), status(others)) == ((200, 1000), (404, 2001))
    assert state == "accepted"
    assert granted == [("nl/cpo",)]
