"""The query parameters that OCPI defines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ocpi_hub.protocol.arguments import NONE, read
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.modules import OPERATIONS, Kind, Operation
from tests.protocol.messages import query_of, row

LIST = row("locations", "SENDER", "GET")
SESSIONS = row("sessions", "SENDER", "GET")
TOKEN = row("tokens", "RECEIVER", "GET", "{country_code}/{party_id}/{token_uid}")
PROFILE = row("chargingprofiles", "RECEIVER", "GET", "{session_id}")
CLEAR = row("chargingprofiles", "RECEIVER", "DELETE", "{session_id}")
URL = "response_url=https%3A%2F%2Fems.example%2F1%3Fa%3D1%26b%3D2"
MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)

GIVEN: dict[str, tuple[Operation, str, dict[str, Any]]] = {
    "nothing": (LIST, "", {"offset": 0, "limit": None, "date_from": None}),
    "a page": (LIST, "offset=20&limit=10", {"offset": 20, "limit": 10}),
    "dates": (
        LIST,
        "date_from=2026-01-31T12:00:00Z&date_to=2026-01-31T12:00:00Z",
        {"date_from": MOMENT, "date_to": MOMENT},
    ),
    "a date without its Z": (LIST, "date_from=2026-01-31T12:00:00", {"date_from": MOMENT}),
    "a date with a fraction": (
        LIST,
        "date_from=2026-01-31T12:00:00.250Z",
        {"date_from": MOMENT.replace(microsecond=250_000)},
    ),
    "an encoded plus": (LIST, "date_from=2026-01-31T12:00:00%2B00:00", {"date_from": MOMENT}),
    "a raw plus": (LIST, "date_from=2026-01-31T12:00:00+00:00", {"date_from": MOMENT}),
    "a type": (TOKEN, "type=APP_USER", {"type": "APP_USER"}),
    "a profile": (
        PROFILE,
        f"duration=900&{URL}",
        {"duration": 900, "response_url": "https://ems.example/1?a=1&b=2"},
    ),
    "what others add": (LIST, "limit=10&token=x&x=1&x=2", {"limit": 10}),
    "our own hint": (LIST, "offset=10&limit=10&after=10-4711", {"after": 4711}),
    "our own hint beside another offset": (
        LIST,
        "offset=9&limit=10&after=10-4711",
        {"after": None},
    ),
    "the largest offset": (LIST, f"offset={2**53}", {"offset": 2**53}),
}


@pytest.mark.parametrize(("asked", "query", "expected"), GIVEN.values(), ids=GIVEN)
def test_arguments_are_typed(asked: Operation, query: str, expected: dict[str, Any]) -> None:
    """PAG-02 to PAG-04, FAP-06."""
    found = read(asked, query)

    assert {name: getattr(found, name) for name in expected} == expected


REFUSED: dict[str, tuple[Operation, str, str]] = {
    "negative limit": (LIST, "limit=-1", "limit"),
    "zero limit": (LIST, "limit=0", "limit"),
    "no number": (LIST, "limit=ten", "limit"),
    "empty limit": (LIST, "limit=", "limit"),
    "a fraction": (LIST, "limit=1.5", "limit"),
    "a plus": (LIST, "limit=%2B5", "limit"),
    "unicode digits": (LIST, "limit=%D9%A3", "limit"),
    "underscore": (LIST, "limit=1_000", "limit"),
    "negative offset": (LIST, "offset=-1", "offset"),
    "an offset beyond any list": (LIST, "offset=9223372036854775808", "offset"),
    "an offset of 5000 digits": (LIST, f"offset={'9' * 5000}", "offset"),
    "a date only": (LIST, "date_from=2026-01-31", "date_from"),
    "another zone": (LIST, "date_from=2026-01-31T12:00:00%2B02:00", "date_from"),
    "a space in a date": (LIST, "date_from=2026-01-31%2012:00:00Z", "date_from"),
    "no date": (LIST, "date_to=yesterday", "date_to"),
    "an empty date": (LIST, "date_from=", "date_from"),
    "None": (LIST, "date_from=None", "date_from"),
    "reversed dates": (
        LIST,
        "date_from=2026-02-01T00:00:00Z&date_to=2026-01-01T00:00:00Z",
        "date_to",
    ),
    "limit twice": (LIST, "limit=1&limit=2", "limit"),
    "limit twice, encoded": (LIST, "limit=1&%6Cimit=2", "limit"),
    "sessions without date_from": (SESSIONS, "", "date_from"),
    "an unknown type": (TOKEN, "type=CARD", "type"),
    "a type in lower case": (TOKEN, "type=rfid", "type"),
    "no duration": (PROFILE, URL, "duration"),
    "zero duration": (PROFILE, f"duration=0&{URL}", "duration"),
    "negative duration": (PROFILE, f"duration=-900&{URL}", "duration"),
    "no response_url": (CLEAR, "", "response_url"),
    "relative response_url": (CLEAR, "response_url=/results/1", "response_url"),
    "response_url of another scheme": (CLEAR, "response_url=ftp://ems.example/", "response_url"),
    "response_url twice": (CLEAR, f"{URL}&{URL}", "response_url"),
    "too many": (LIST, "&".join(["x=1"] * 101), "query"),
}


@pytest.mark.parametrize(("asked", "query", "field"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_argument_is_a_2001_that_names_it(asked: Operation, query: str, field: str) -> None:
    """PAG-14, ERR-12, ERR-13, ERR-21, T26."""
    with pytest.raises(InvalidParameters, match=field) as error:
        read(asked, query)

    assert error.value.http_status == 200


@pytest.mark.parametrize(
    "asked",
    [pytest.param(each, id=each.operation_id) for each in OPERATIONS if not each.query],
)
def test_an_operation_without_parameters_reads_none(asked: Operation) -> None:
    assert read(asked, "limit=x&date_from=y&type=z") is NONE


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(each, id=each.operation_id)
        for each in OPERATIONS
        if each.kind is Kind.LIST or each.query
    ],
)
def test_the_sample_queries_are_fine(asked: Operation) -> None:
    read(asked, query_of(asked))
