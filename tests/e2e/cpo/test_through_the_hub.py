"""An eMSP far behind the hub charges at a station: three processes, and one bill that is right."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests import samples
from tests.cpo_adapter.running import APP_USER, Emsp, plugged_in
from tests.e2e.conftest import HubProcess
from tests.e2e.cpo.process import CpoProcess
from tests.partners import eventually, status

VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


async def cleared(hub: HubProcess, count: int = 1) -> list[dict[str, Any]]:
    """The CDRs that the hub has taken, once it has priced so many."""
    found: list[dict[str, Any]] = []

    async def all_priced() -> bool:
        found[:] = await hub.run("cdr", "list")
        return len(found) == count and all(each["verdict"] for each in found)

    await eventually(all_priced)
    return found


@VERSIONS
async def test_an_app_session_reaches_its_emsp_and_the_hub_finds_its_price_right(
    hub: HubProcess, cpo: CpoProcess, behind: Emsp, version: str
) -> None:
    async with cpo.station(version=version) as station:
        started = await behind.start(authorization_reference="REF1")
        assert (started.response, await started.result()) == ("ACCEPTED", "ACCEPTED")
        transaction = await plugged_in(station, meter=1_000)
        active = await behind.session("ACTIVE")
        await station.meter(transaction, 6_000)
        await eventually(lambda: behind.sessions()[-1]["kwh"] == 5)
        stopped = await behind.command("STOP_SESSION", session_id=active["id"])
        assert (stopped.response, await stopped.result()) == ("ACCEPTED", "ACCEPTED")
        await station.stop(transaction, 13_345, reason="Remote")
        cdr = await behind.cdr()
        (bill,) = await cleared(hub)

    assert behind.statuses() == ["PENDING", "ACTIVE", "COMPLETED"]
    assert cdr["total_energy"] == Decimal("12.345")
    assert cdr["total_cost"]["excl_vat"] == Decimal("3.7035")
    assert (cdr["session_id"], cdr["cdr_token"]["uid"]) == (active["id"], APP_USER["uid"])
    assert (bill["id"], bill["verdict"]) == (cdr["id"], "match")


async def test_a_card_of_an_emsp_behind_the_hub_is_asked_about_and_billed(
    hub: HubProcess, cpo: CpoProcess, behind: Emsp
) -> None:
    card = samples.token(whitelist="NEVER")
    behind.party.lists["tokens"] = [card]
    put = await behind.party.call("PUT", "receiver", "tokens", f"DE/EMS/{card['uid']}", card)
    assert status(put) == (201, 1000)
    await eventually(lambda: _has_card(behind, card["uid"]))

    async with cpo.station() as station:
        await station.card_session(card["uid"], [0, 7_000])
        cdr = await behind.cdr()
        (bill,) = await cleared(hub)

    (asked,) = behind.party.of("POST", "/sender/tokens")
    assert asked.routing() == ("NL/CPO", "DE/EMS")
    assert (cdr["total_energy"], cdr["auth_method"]) == (Decimal(7), "AUTH_REQUEST")
    assert bill["verdict"] == "match"


async def test_statuses_of_a_station_reach_an_emsp_behind_the_hub(
    cpo: CpoProcess, behind: Emsp
) -> None:
    async with cpo.station() as station:
        await eventually(lambda: _last_status(behind) == "AVAILABLE")
        await station.status("Faulted")
        await eventually(lambda: _last_status(behind) == "OUTOFORDER")


async def _has_card(ems: Emsp, uid: str) -> bool:
    """Whether the hub has brought a card to the adapter."""
    answer = await ems.party.call("GET", "receiver", "tokens", f"DE/EMS/{uid}", to="NL/CPO")
    return answer.status_code == 200


def _last_status(ems: Emsp) -> str | None:
    """What the eMSP was told last of EVSE1, on its own or as part of its Location."""
    path = "/receiver/locations/NL/CPO/LOC1"
    told = [each for each in ems.party.received if each.path in (path, f"{path}/EVSE1")]
    evse = told[-1].json
    return str(evse["evses"][0]["status"] if "evses" in evse else evse["status"])
