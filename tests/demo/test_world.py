"""What the sandbox platforms begin with is valid OCPI, and looks like Europe."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from ocpi_hub.demo import cards, world
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.locations import Location
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff
from ocpi_hub.protocol.v2_2_1.tokens import Token
from ocpi_hub.protocol.validation import check
from tests.samples import MOMENT

CPO = Party("NL", "SBC")
EMSP = Party("DE", "SBM")

LOCATIONS = world.locations(CPO, 200, now=MOMENT)
TARIFFS = world.tariffs(CPO, now=MOMENT)
TOKENS = cards.tokens(EMSP, 50, now=MOMENT)


@pytest.mark.parametrize(
    ("model", "documents"),
    [(Location, LOCATIONS), (Tariff, TARIFFS), (Token, TOKENS)],
    ids=["locations", "tariffs", "tokens"],
)
def test_everything_is_valid_without_a_finding(
    model: type[BaseModel], documents: list[dict[str, Any]]
) -> None:
    assert {check(model, document) for document in documents} == {()}


def test_the_locations_are_spread_over_at_least_fifteen_countries_and_zones() -> None:
    assert len({location["country"] for location in LOCATIONS}) >= 15
    assert len({ZoneInfo(location["time_zone"]) for location in LOCATIONS}) >= 15


def test_no_two_locations_or_evses_share_an_id_an_address_or_a_place() -> None:
    evses = [evse["uid"] for location in LOCATIONS for evse in location["evses"]]
    addresses = {(location["city"], location["address"]) for location in LOCATIONS}
    places = {tuple(location["coordinates"].values()) for location in LOCATIONS}

    assert len({location["id"] for location in LOCATIONS}) == 200
    assert len(set(evses)) == len(evses)
    assert len(addresses) == len(places) == 200


def test_every_connector_has_a_tariff_that_exists() -> None:
    named = {
        tariff_id
        for location in LOCATIONS
        for evse in location["evses"]
        for connector in evse["connectors"]
        for tariff_id in connector["tariff_ids"]
    }

    assert named <= {tariff["id"] for tariff in TARIFFS}


def test_some_cards_are_blocked_and_no_app_is() -> None:
    blocked = {token["type"] for token in TOKENS if not token["valid"]}

    assert blocked == {"RFID"}
    assert {token["type"] for token in TOKENS} == {"RFID", "APP_USER"}
