"""A card session and an app session of both OCPP versions, from the plug to the CDR."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests import samples
from tests.cpo_adapter.running import APP_USER, Emsp, plugged_in
from tests.e2e.cpo.process import CpoProcess
from tests.partners import eventually, status

CARD = samples.token(whitelist="ALWAYS")
VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


@VERSIONS
async def test_a_card_session_goes_from_the_plug_to_its_cdr(
    cpo: CpoProcess, ems: Emsp, version: str
) -> None:
    put = await ems.party.call("PUT", "receiver", "tokens", f"DE/EMS/{CARD['uid']}", CARD)
    async with cpo.station(version=version) as station:
        await station.card_session(CARD["uid"], [1_000, 4_000, 9_000, 13_345])
        done = await ems.session("COMPLETED")
        cdr = await ems.cdr()

    assert status(put) == (200, 1000)
    assert done["kwh"] == cdr["total_energy"] == Decimal("12.345")
    assert cdr["total_cost"]["excl_vat"] == Decimal("3.7035")
    assert (cdr["session_id"], cdr["cdr_token"]["uid"]) == (done["id"], CARD["uid"])
    assert (cdr["auth_method"], cdr["cdr_location"]["evse_uid"]) == ("WHITELIST", "EVSE1")


@VERSIONS
async def test_a_card_that_has_to_be_asked_about_charges_once_its_emsp_allows_it(
    cpo: CpoProcess, ems: Emsp, version: str
) -> None:
    card = samples.token(whitelist="NEVER")
    ems.party.lists["tokens"] = [card]
    await ems.party.call("PUT", "receiver", "tokens", f"DE/EMS/{card['uid']}", card)
    async with cpo.station(version=version) as station:
        await station.card_session(card["uid"], [0, 2_500])
        cdr = await ems.cdr()

    assert ems.party.of("POST", "/sender/tokens")
    assert (cdr["total_energy"], cdr["auth_method"]) == (Decimal("2.5"), "AUTH_REQUEST")


@VERSIONS
async def test_an_app_session_goes_from_start_session_to_its_cdr(
    cpo: CpoProcess, ems: Emsp, version: str
) -> None:
    async with cpo.station(version=version) as station:
        await station.status("Preparing" if version == "1.6" else "Occupied")
        started = await ems.start(authorization_reference="REF1")
        assert (started.response, await started.result()) == ("ACCEPTED", "ACCEPTED")
        transaction = await plugged_in(station, meter=1_000)
        active = await ems.session("ACTIVE")
        await station.meter(transaction, 6_000)
        await eventually(lambda: ems.sessions()[-1]["kwh"] == 5)
        stopped = await ems.command("STOP_SESSION", session_id=active["id"])
        assert (stopped.response, await stopped.result()) == ("ACCEPTED", "ACCEPTED")
        await station.stop(transaction, 13_345, reason="Remote")
        done = await ems.session("COMPLETED")
        cdr = await ems.cdr()

    assert ems.statuses() == ["PENDING", "ACTIVE", "COMPLETED"]
    assert done["kwh"] == cdr["total_energy"] == Decimal("12.345")
    assert cdr["session_id"] == active["id"]
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("COMMAND", "REF1")


@VERSIONS
async def test_a_uid_of_36_characters_has_an_alias_on_the_wire_and_its_own_name_in_the_cdr(
    cpo: CpoProcess, ems: Emsp, version: str
) -> None:
    async with cpo.station(version=version) as station:
        started = await ems.start()
        assert await started.result() == "ACCEPTED"
        transaction = await plugged_in(station)
        allowed = await station.authorize(transaction.uid)
        await station.stop(transaction, 4_200)
        done = await ems.session("COMPLETED")
        cdr = await ems.cdr()

    assert len(APP_USER["uid"]) == 36
    assert re.fullmatch(r"[0-9A-F]{1,20}", transaction.uid)
    assert (transaction.status, allowed) == ("Accepted", "Accepted")
    assert {done["cdr_token"]["uid"], cdr["cdr_token"]["uid"]} == {APP_USER["uid"]}
    assert not ems.party.of("POST", "/sender/tokens")
