"""Checking bodies: messages and the rules of PATCH (checklist section 6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.v2_2_1.credentials import Credentials
from ocpi_hub.protocol.v2_2_1.locations import EVSE, Connector, Location
from ocpi_hub.protocol.v2_2_1.sessions import Session
from ocpi_hub.protocol.v2_2_1.tokens import Token
from ocpi_hub.protocol.validation import check, check_patch
from tests import samples
from tests.samples import LATER

PATCHED = (Location, EVSE, Connector, Session, Token)


def test_the_first_errors_are_named_and_the_rest_counted() -> None:
    with pytest.raises(InvalidParameters) as refused:
        check(Connector, {"max_voltage": 230})

    assert refused.value.message == ("id missing; standard missing; format missing; and 3 more")


def test_a_million_bad_entries_are_one_error() -> None:
    document = samples.location(evses=[1] * 1_000_000)

    with pytest.raises(InvalidParameters) as refused:
        check(Location, document)

    assert refused.value.message == "evses.0: expected an object, got a number"


def test_a_long_value_is_not_repeated_in_full() -> None:
    with pytest.raises(InvalidParameters) as refused:
        check(Token, samples.token(whitelist="x" * 100_000))

    assert len(refused.value.message) < 150


def test_checking_leaves_the_document_as_it_came() -> None:
    document = samples.session(status="RESERVED", kwh=12, charging_periods=None)

    check(Session, document)

    assert document == samples.session(status="RESERVED", kwh=12, charging_periods=None)


@pytest.mark.parametrize("model", PATCHED)
def test_a_patch_without_last_updated_is_2001(model: type[BaseModel]) -> None:
    """SEM-05, ERR-05."""
    with pytest.raises(InvalidParameters, match=r"^last_updated missing in PATCH$"):
        check_patch(model, {"nl_cpo_colour": "green"})


@pytest.mark.parametrize("model", PATCHED)
def test_an_empty_patch_is_2001(model: type[BaseModel]) -> None:
    """ERR-06."""
    with pytest.raises(InvalidParameters, match=r"^the PATCH is empty"):
        check_patch(model, {})


def test_last_updated_may_be_left_out_by_a_peer_that_is_known_for_it() -> None:
    """AMB-04."""
    assert check_patch(EVSE, {"status": "CHARGING"}, stamp_optional=True) == ()


def test_an_empty_patch_is_2001_for_such_a_peer_too() -> None:
    with pytest.raises(InvalidParameters, match=r"^the PATCH is empty"):
        check_patch(EVSE, {}, stamp_optional=True)


GOOD: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "a status": (EVSE, {"status": "CHARGING"}),
    "null resets an optional field": (EVSE, {"evse_id": None}),
    "an unknown field": (EVSE, {"nl_cpo_colour": "green"}),
    "a list": (Connector, {"tariff_ids": ["TARIFF2"]}),
    "one EVSE in part": (Location, {"evses": [{"uid": "EVSE1", "status": "CHARGING"}]}),
    "one connector in part": (
        Location,
        {"evses": [{"uid": "EVSE1", "connectors": [{"id": "1", "max_amperage": 16}]}]},
    ),
    "charging periods": (Session, {"charging_periods": [samples.charging_period()]}),
    "the status RESERVED": (Session, {"status": "RESERVED"}),
    "half a rule": (Location, {"publish_allowed_to": [{"group_id": "GROUP1"}]}),
}


@pytest.mark.parametrize(("model", "patch"), GOOD.values(), ids=GOOD)
def test_each_field_of_a_patch_stands_alone(model: type[BaseModel], patch: dict[str, Any]) -> None:
    assert check_patch(model, {"last_updated": LATER, **patch}) == ()


BAD: dict[str, tuple[type[BaseModel], dict[str, Any], str]] = {
    "null in a required field": (
        EVSE,
        {"status": None},
        "status: expected 'AVAILABLE'.*got null",
    ),
    "null as last_updated": (
        EVSE,
        {"last_updated": None},
        "last_updated: expected a string, got null",
    ),
    "a bad last_updated": (EVSE, {"last_updated": "now"}, "last_updated: expected a UTC DateTime"),
    "a wrong type": (Session, {"kwh": "1.5"}, "kwh: expected a number, got a string"),
    "a required list empty": (EVSE, {"connectors": []}, "connectors: expected at least one entry"),
    "an incomplete object": (
        Session,
        {"cdr_token": {"uid": "1"}},
        "cdr_token.country_code missing",
    ),
    "an EVSE without uid": (
        Location,
        {"evses": [{"status": "CHARGING"}]},
        "evses.0.uid missing",
    ),
    "a connector without id": (
        EVSE,
        {"connectors": [{"max_amperage": 16}]},
        "connectors.0.id missing",
    ),
    "a bad value in an EVSE in part": (
        Location,
        {"evses": [{"uid": "EVSE1", "status": "BUSY"}]},
        "evses.0.status: expected 'AVAILABLE'",
    ),
}


@pytest.mark.parametrize(("model", "patch", "message"), BAD.values(), ids=BAD)
def test_a_bad_field_of_a_patch_is_named(
    model: type[BaseModel], patch: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameters, match=f"^{message}"):
        check_patch(model, {"last_updated": LATER, **patch})


def test_a_newer_value_in_a_patch_is_a_finding() -> None:
    findings = check_patch(Connector, {"last_updated": LATER, "standard": "MCS"})

    assert findings == ("standard: 'MCS' is not a value of ConnectorType in 2.2.1",)


def test_a_location_of_200_evses_is_checked_whole() -> None:
    evses = [samples.evse(uid=f"EVSE{n}") for n in range(199)]
    broken = samples.evse(uid="LAST", connectors=[samples.connector(max_voltage=Decimal("0.5"))])

    with pytest.raises(InvalidParameters, match=r"^evses\.199\.connectors\.0\.max_voltage: "):
        check(Location, samples.location(evses=[*evses, broken]))


def test_a_malformed_credentials_token_is_not_repeated() -> None:
    with pytest.raises(InvalidParameters) as refused:
        check(Credentials, samples.credentials(token="a secret with spaces"))

    assert "token: expected printable ASCII" in refused.value.message
    assert "secret" not in refused.value.message
