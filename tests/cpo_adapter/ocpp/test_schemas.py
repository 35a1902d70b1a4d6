"""Payloads: mended when they come from a station, checked and ordered when they leave."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter.ocpp.schemas import (
    PayloadRefused,
    PayloadSchema,
    actions,
    request_schema,
    response_schema,
)
from cpo_adapter.ocpp.version import Version

START = {
    "connectorId": 1,
    "idTag": "04AABB",
    "meterStart": 100,
    "timestamp": "2026-03-01T12:00:00Z",
}


def schema(action: str, version: Version = Version.V16) -> PayloadSchema:
    """The schema of a CALL that exists."""
    found = request_schema(version, action)
    assert found is not None
    return found


def test_a_payload_that_fits_is_taken_as_it_is() -> None:
    assert schema("StartTransaction").accept(START) == (START, ())


_TEXT = "meterStart: expected a whole number, got a text"
_FRACTION = "meterStart: expected a whole number, got a fraction"
MENDED: dict[str, tuple[str, Any, Any, tuple[str, ...]]] = {
    "a number as text": ("meterStart", "100", 100, (_TEXT,)),
    "a whole fraction": ("meterStart", Decimal("100.0"), 100, ()),
    "a fraction": ("meterStart", Decimal("100.5"), Decimal("100.5"), (_FRACTION,)),
    "a fraction as text": ("meterStart", "100.5", Decimal("100.5"), (_TEXT, _FRACTION)),
    "a text as a number": ("idTag", 4711, "4711", ("idTag: expected a text, got a number",)),
    "an endless tag": (
        "idTag",
        "X" * 30,
        "X" * 30,
        ("idTag: 30 characters, at most 20 are allowed",),
    ),
}


@pytest.mark.parametrize(("name", "sent", "read", "sentences"), MENDED.values(), ids=MENDED)
def test_what_can_be_made_to_fit_is(
    name: str, sent: Any, read: Any, sentences: tuple[str, ...]
) -> None:
    accepted = schema("StartTransaction").accept({**START, name: sent})

    assert accepted == ({**START, name: read}, sentences)


LEFT_OUT: dict[str, tuple[str, Any, str]] = {
    "an unknown field": ("vendorStuff", 1, "payload: 'vendorStuff' is not a field here"),
    "a null": ("reservationId", None, "reservationId: null, left out"),
    "an object for a number": (
        "reservationId",
        {},
        "reservationId: expected a whole number, got an object",
    ),
    "words for a number": (
        "reservationId",
        "none",
        "reservationId: expected a whole number, got a text",
    ),
}


@pytest.mark.parametrize(("name", "sent", "sentence"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_cannot_be_made_to_fit_is_left_out(name: str, sent: Any, sentence: str) -> None:
    assert schema("StartTransaction").accept({**START, name: sent}) == (START, (sentence,))


def test_a_missing_field_is_said() -> None:
    _, violations = schema("StartTransaction").accept({"connectorId": 1})

    assert violations == ("idTag: missing", "meterStart: missing", "timestamp: missing")


def test_a_single_object_is_taken_for_a_list() -> None:
    sample = {"value": Decimal("12.50"), "unit": "Hz"}
    payload, violations = schema("MeterValues").accept(
        {"connectorId": 1, "meterValue": {"timestamp": "t", "sampledValue": [sample]}}
    )

    assert payload["meterValue"] == [
        {"timestamp": "t", "sampledValue": [{"value": "12.50", "unit": "Hz"}]}
    ]
    assert violations == (
        "meterValue: expected a list, got an object",
        "meterValue.0.sampledValue.0.value: expected a text, got a number",
        "meterValue.0.sampledValue.0.unit: 'Hz' is not a word of OCPP",
    )


def test_the_sentences_about_one_payload_are_bounded() -> None:
    _, violations = schema("Heartbeat").accept({f"field{n}": 1 for n in range(500)})

    assert len(violations) == 20


def test_members_leave_in_the_order_of_the_schema() -> None:
    ordered = schema("SendLocalList").ordered(
        {
            "updateType": "Full",
            "localAuthorizationList": [{"idTagInfo": {"status": "Accepted"}, "idTag": "A"}],
            "listVersion": 7,
        }
    )

    assert list(ordered) == ["listVersion", "localAuthorizationList", "updateType"]
    assert list(ordered["localAuthorizationList"][0]) == ["idTag", "idTagInfo"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "too long": ({"idTag": "X" * 21}, "idTag: String should have at most 20 characters"),
    "missing": ({}, "idTag: Field required"),
    "unknown": ({"idTag": "A", "foo": 1}, "foo: Extra inputs are not permitted"),
}


@pytest.mark.parametrize(("payload", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_does_not_leave(payload: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PayloadRefused, match=sentence):
        schema("RemoteStartTransaction").ordered(payload)


@pytest.mark.parametrize("version", Version)
def test_every_action_has_both_schemas(version: Version) -> None:
    found = {
        action: (request_schema(version, action), response_schema(version, action))
        for action in actions(version)
    }

    assert len(found) == {Version.V16: 39, Version.V201: 64}[version]
    assert all(request and response for request, response in found.values())


def test_an_unknown_action_has_none() -> None:
    assert request_schema(Version.V16, "../v201/schemas/Heartbeat") is None
