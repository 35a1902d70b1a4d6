"""What the CPO of the demo has fits together, and its drivers' cards are the eMSP's."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.demo import cards, park
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff
from ocpi_hub.protocol.v2_2_1.tokens import Token
from ocpi_hub.protocol.validation import check
from tests.samples import MOMENT

CPO = Party("NL", "ELM")
EMSP = Party("DE", "SBM")

LOCATIONS = park.locations(CPO)
TARIFFS = park.tariffs(CPO)
TOKENS = cards.tokens(EMSP, now=MOMENT)


@pytest.mark.parametrize("tariff", TARIFFS, ids=[tariff["id"] for tariff in TARIFFS])
def test_a_tariff_is_as_ocpi_wants_it(tariff: dict[str, Any]) -> None:
    check(Tariff, tariff | {"last_updated": MOMENT})


@pytest.mark.parametrize("token", TOKENS, ids=[token["visual_number"] for token in TOKENS])
def test_a_token_is_as_ocpi_wants_it(token: dict[str, Any]) -> None:
    check(Token, token)


def test_every_evse_of_a_location_is_a_plug_of_one_station() -> None:
    offered = [evse["uid"] for location in LOCATIONS for evse in location["evses"]]
    mapped = [uid for station in park.STATIONS for uid in station.evse_uids]

    assert sorted(offered) == sorted(mapped)
    assert len(set(mapped)) == len(mapped)


def test_every_connector_has_a_tariff_that_there_is() -> None:
    used = {
        tariff_id
        for location in LOCATIONS
        for evse in location["evses"]
        for connector in evse["connectors"]
        for tariff_id in connector["tariff_ids"]
    }

    assert used == {tariff["id"] for tariff in TARIFFS}


def test_one_place_with_both_kinds_of_current_and_of_ocpp_has_no_visitors() -> None:
    quiet = [each for each in park.scenario()["stations"] if not each["visitors"]]

    assert {each["name"] for each in quiet} == {
        each.id for each in park.STATIONS if each.place is park.QUIET
    }
    assert {each["protocol"] for each in quiet} == {"1.6", "2.0.1"}
    assert {each["connectors"][0]["current"] for each in quiet} == {"AC", "DC"}


def test_half_of_the_stations_speak_each_version_of_ocpp() -> None:
    spoken = [station["protocol"] for station in park.scenario()["stations"]]

    assert spoken.count("1.6") == spoken.count("2.0.1") == len(spoken) / 2


def test_drivers_show_the_cards_of_the_emsp_and_one_that_nobody_has_issued() -> None:
    issued = {token["uid"] for token in TOKENS if token["type"] == "RFID"}

    assert issued < set(cards.shown_cards())
    assert len(cards.shown_cards()) == len(issued) + 1


def test_a_card_fits_into_ocpp_1_6_and_a_uid_of_the_app_does_not() -> None:
    assert max(map(len, cards.shown_cards())) <= 20
    assert {len(token["uid"]) for token in TOKENS if token["type"] == "APP_USER"} == {36}
