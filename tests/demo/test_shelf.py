"""A sandbox platform's shelf: the levels of a Location, tokens by type, lists by page."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.demo.shelf import Shelf, part_of, patched_location, with_connector, with_evse
from ocpi_hub.protocol.arguments import Arguments
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.types import parse_datetime
from tests import samples
from tests.samples import LATER

CPO = Party("NL", "CPO")
EMSP = Party("DE", "EMS")
URL = "http://127.0.0.1:8010/ocpi/sender/2.2.1/tariffs"


def _list(query: str = "", **arguments: Any) -> Message:
    row = operation("tariffs", Interface.SENDER, "GET")
    return Message(row, "r", "c", query=query, arguments=Arguments(**arguments))


@pytest.fixture
def tariffs() -> Shelf:
    """A shelf with 250 tariffs."""
    shelf = Shelf("tariffs")
    for number in range(250):
        shelf.put(samples.tariff(id=f"T{number:03}"))
    return shelf


def test_ids_are_found_whatever_their_case() -> None:
    shelf = Shelf("tariffs")
    shelf.put(samples.tariff(id="Tariff-A"))

    assert shelf.get(Party("nl", "cpo"), "TARIFF-a")["id"] == "Tariff-A"


def test_two_tokens_of_one_uid_and_different_types_are_kept_apart() -> None:
    shelf = Shelf("tokens")
    shelf.put(samples.token(uid="1", type="RFID", country_code="DE", party_id="EMS"))
    shelf.put(samples.token(uid="1", type="APP_USER", country_code="DE", party_id="EMS"))

    assert len(shelf.all()) == 2
    assert shelf.get(EMSP, "1", "APP_USER")["type"] == "APP_USER"


def test_an_object_out_of_a_list_never_replaces_a_newer_one() -> None:
    shelf = Shelf("tariffs")
    shelf.put(samples.tariff(id="T1", last_updated=LATER))

    shelf.keep_newer(samples.tariff(id="T1"))

    assert shelf.get(CPO, "T1")["last_updated"] == LATER


def test_an_object_that_was_removed_is_not_found() -> None:
    shelf = Shelf("tariffs")
    shelf.put(samples.tariff(id="T1"))

    shelf.remove(CPO, "T1")

    with pytest.raises(ObjectNotFound, match="T1"):
        shelf.get(CPO, "T1")


def test_a_list_comes_in_pages_of_at_most_a_hundred_with_a_link(tariffs: Shelf) -> None:
    reply = tariffs.page(_list(limit=500), URL)

    assert len(loads(reply.data or b"")) == 100
    assert reply.header("X-Total-Count") == "250"
    assert reply.header("Link") == f'<{URL}?offset=100&limit=100>; rel="next"'


def test_the_link_of_a_page_repeats_the_filters(tariffs: Shelf) -> None:
    since = parse_datetime("2026-01-01T00:00:00Z")
    asked = _list("date_from=2026-01-01T00:00:00Z", date_from=since)

    link = tariffs.page(asked, URL).header("Link")

    assert link == f'<{URL}?date_from=2026-01-01T00%3A00%3A00Z&offset=100&limit=100>; rel="next"'


def test_the_last_page_has_no_link(tariffs: Shelf) -> None:
    reply = tariffs.page(_list(offset=200), URL)

    assert len(loads(reply.data or b"")) == 50
    assert reply.header("Link") is None


def test_a_list_holds_only_what_lies_within_its_dates(tariffs: Shelf) -> None:
    reply = tariffs.page(_list(date_from=parse_datetime(LATER)), URL)

    assert reply.header("X-Total-Count") == "0"


def test_a_patch_of_an_evse_changes_it_and_raises_the_locations_stamp() -> None:
    location = samples.location()

    changed = patched_location(
        location, {"evse_uid": "evse1"}, {"status": "CHARGING", "last_updated": LATER}
    )

    assert changed["evses"][0]["status"] == "CHARGING"
    assert changed["last_updated"] == LATER
    assert location["evses"][0]["status"] == samples.evse()["status"]


def test_a_patch_of_a_connector_raises_evse_and_location() -> None:
    params = {"evse_uid": "EVSE1", "connector_id": "1"}

    changed = patched_location(
        samples.location(), params, {"max_amperage": 16, "last_updated": LATER}
    )

    (evse,) = changed["evses"]
    assert evse["connectors"][0]["max_amperage"] == 16
    assert (evse["last_updated"], changed["last_updated"]) == (LATER, LATER)


def test_an_evse_that_is_new_goes_to_the_end_and_a_known_one_keeps_its_place() -> None:
    location = samples.location()

    grown = with_evse(location, samples.evse(uid="EVSE2"))
    changed = with_evse(grown, samples.evse(status="BLOCKED"))

    assert [(e["uid"], e["status"]) for e in changed["evses"]] == [
        ("EVSE1", "BLOCKED"),
        ("EVSE2", "AVAILABLE"),
    ]


def test_a_connector_that_is_new_goes_to_the_end_of_its_evse() -> None:
    changed = with_connector(samples.location(), "EVSE1", samples.connector(id="9"))

    assert [c["id"] for c in changed["evses"][0]["connectors"]][-1] == "9"


@pytest.mark.parametrize(
    "params",
    [{"evse_uid": "no"}, {"evse_uid": "EVSE1", "connector_id": "no"}],
    ids=["evse", "connector"],
)
def test_a_part_that_is_not_there_is_not_found(params: dict[str, str]) -> None:
    with pytest.raises(ObjectNotFound, match="'no'"):
        part_of(samples.location(), params)
