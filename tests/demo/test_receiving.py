"""How a sandbox platform takes what is pushed to it, and that it notices a wrong order."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.demo.receiving import receive, receive_location
from ocpi_hub.demo.shelf import Shelf
from ocpi_hub.demo.tally import Count, Tally
from ocpi_hub.protocol.arguments import Arguments
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.v2_2_1.tokens import TokenType
from tests import samples
from tests.samples import LATER, MOMENT

CPO = Party("NL", "CPO")
OWNER = {"country_code": "NL", "party_id": "CPO"}
EARLIER = "2026-01-15T09:00:00Z"

_PATHS = {
    ("location_id",): "{location_id}",
    ("location_id", "evse_uid"): "{location_id}/{evse_uid}",
    ("location_id", "evse_uid", "connector_id"): "{location_id}/{evse_uid}/{connector_id}",
    ("session_id",): "{session_id}",
    ("tariff_id",): "{tariff_id}",
    ("token_uid",): "{token_uid}",
}


def _push(module: str, method: str, document: dict[str, Any] | None = None, **ids: str) -> Message:
    path = "{country_code}/{party_id}/" + _PATHS[tuple(ids)]
    row = operation(module, Interface.RECEIVER, method, path)
    arguments = Arguments(type=TokenType.RFID) if module == "tokens" else Arguments()
    return Message(row, "r", "c", params=OWNER | ids, document=document, arguments=arguments)


@pytest.fixture
def locations() -> Shelf:
    """A shelf with LOC1."""
    shelf = Shelf("locations")
    shelf.put(samples.location())
    return shelf


def test_a_new_object_is_answered_with_201_and_a_known_one_with_200() -> None:
    shelf, put = Shelf("tariffs"), _push("tariffs", "PUT", samples.tariff(id="T1"), tariff_id="T1")

    answers = [receive(shelf, put, Tally()).http_status for _ in range(2)]

    assert answers == [201, 200]


def test_a_patch_of_a_session_appends_its_charging_period() -> None:
    shelf = Shelf("sessions")
    session = samples.session(id="S1")
    shelf.put(session)
    period = {**session["charging_periods"][0], "start_date_time": LATER}
    patch = {"charging_periods": [period], "last_updated": LATER}

    receive(shelf, _push("sessions", "PATCH", patch, session_id="S1"), Tally())

    assert len(shelf.get(CPO, "S1")["charging_periods"]) == len(session["charging_periods"]) + 1


def test_a_deleted_tariff_is_gone() -> None:
    shelf = Shelf("tariffs")
    shelf.put(samples.tariff(id="T1"))

    receive(shelf, _push("tariffs", "DELETE", tariff_id="T1"), Tally())

    assert shelf.all() == []


def test_a_token_is_found_by_its_type_too() -> None:
    shelf = Shelf("tokens")
    shelf.put(samples.token(uid="1", type="APP_USER", **OWNER))

    with pytest.raises(ObjectNotFound):
        receive(shelf, _push("tokens", "GET", token_uid="1"), Tally())


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        (samples.location(), {"location_id": "LOC2"}),
        (samples.evse(), {"location_id": "LOC1", "evse_uid": "EVSE2"}),
        (samples.connector(), {"location_id": "LOC1", "evse_uid": "EVSE1", "connector_id": "9"}),
    ],
    ids=["location", "evse", "connector"],
)
def test_a_put_under_another_id_is_refused(
    locations: Shelf, document: dict[str, Any], ids: dict[str, str]
) -> None:
    put = _push("locations", "PUT", document, **ids)

    with pytest.raises(InvalidParameters, match="in the URL"):
        receive_location(locations, put, Tally())


def test_a_patch_of_an_evse_that_is_not_known_is_a_404(locations: Shelf) -> None:
    patch = _push(
        "locations",
        "PATCH",
        {"status": "CHARGING", "last_updated": LATER},
        location_id="LOC1",
        evse_uid="EVSE9",
    )

    with pytest.raises(ObjectNotFound, match="EVSE9"):
        receive_location(locations, patch, Tally())


@pytest.mark.parametrize(
    ("last_updated", "noted"), [(LATER, 0), (MOMENT, 0), (EARLIER, 1)], ids=["new", "same", "old"]
)
def test_an_older_state_after_a_newer_one_is_noted(
    locations: Shelf, last_updated: str, noted: int
) -> None:
    tally = Tally()
    patch = _push(
        "locations",
        "PATCH",
        {"status": "CHARGING", "last_updated": last_updated},
        location_id="LOC1",
        evse_uid="EVSE1",
    )

    receive_location(locations, patch, tally)

    assert tally.counts[Count.OUT_OF_ORDER] == noted
