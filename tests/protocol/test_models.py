"""What the models refuse and what they let pass: checklist ERR-04, ERR-17 and section 7."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.v2_2_1.cdrs import CDR
from ocpi_hub.protocol.v2_2_1.charging_profiles import (
    ActiveChargingProfileResult,
    SetChargingProfile,
)
from ocpi_hub.protocol.v2_2_1.commands import CommandResult, StartSession
from ocpi_hub.protocol.v2_2_1.credentials import Credentials
from ocpi_hub.protocol.v2_2_1.locations import EVSE, Connector, Location
from ocpi_hub.protocol.v2_2_1.sessions import ChargingPreferences, Session
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff
from ocpi_hub.protocol.v2_2_1.tokens import Token
from ocpi_hub.protocol.v2_2_1.versions import Version, VersionDetails
from ocpi_hub.protocol.validation import check
from tests import samples
from tests.protocol.catalogue import MODELS, SAMPLES

REQUIRED = [
    pytest.param(name, field, id=f"{name}.{field}")
    for name in SAMPLES
    for field, info in MODELS[name].model_fields.items()
    if info.is_required()
]
OPTIONAL = [
    pytest.param(name, field, id=f"{name}.{field}")
    for name in SAMPLES
    for field, info in MODELS[name].model_fields.items()
    if not info.is_required()
]
# Optional by their table, required by a rule that looks at other fields.
NEEDED = {("ActiveChargingProfileResult", "profile"), ("StartSession", "evse_uid")}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_valid(name: str) -> None:
    assert check(MODELS[name], SAMPLES[name]) == ()


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_a_missing_required_field_is_named(name: str, field: str) -> None:
    document = {key: value for key, value in SAMPLES[name].items() if key != field}

    with pytest.raises(InvalidParameters, match=f"^{field} missing$"):
        check(MODELS[name], document)


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_null_in_a_required_field_is_refused(name: str, field: str) -> None:
    with pytest.raises(InvalidParameters, match=f"^{field}: expected .*null$"):
        check(MODELS[name], SAMPLES[name] | {field: None})


@pytest.mark.parametrize(("name", "field"), [p for p in OPTIONAL if tuple(p.values) not in NEEDED])
def test_null_in_an_optional_field_is_legal(name: str, field: str) -> None:
    """AMB-54, SEM-19."""
    assert check(MODELS[name], SAMPLES[name] | {field: None}) == ()


@pytest.mark.parametrize(("name", "field"), REQUIRED + OPTIONAL)
def test_a_value_of_a_wrong_type_is_refused(name: str, field: str) -> None:
    with pytest.raises(InvalidParameters, match=f"^{field}[:.]"):
        check(MODELS[name], SAMPLES[name] | {field: [[1]]})


def test_unknown_fields_are_kept_out_of_the_way() -> None:
    """ROB-03."""
    document = samples.connector(nl_cpo_colour="green", capabilities=["REMOTE"])

    assert check(Connector, document) == ()


BAD: dict[str, tuple[type[BaseModel], dict[str, Any], str]] = {
    "id too long": (
        Location,
        samples.location(id="x" * 37),
        "id: has 37 characters, at most 36 are allowed",
    ),
    "id empty": (Location, samples.location(id=""), "id: must not be empty"),
    "id not ASCII": (
        Location,
        samples.location(id="Malmö"),
        r"id: expected printable ASCII characters, got 'Malm\\xf6'",
    ),
    "name too long": (
        Location,
        samples.location(name="ö" * 256),
        "name: has 256 characters, at most 255 are allowed",
    ),
    "control character": (
        Location,
        samples.location(city="Utrecht\n"),
        r"city: expected a string without control characters, got 'Utrecht\\n'",
    ),
    "country of two letters": (
        Location,
        samples.location(country="NL"),
        "country: expected three letters, got 'NL'",
    ),
    "country code of three letters": (
        Location,
        samples.location(country_code="NLD"),
        "country_code: has 3 characters, at most 2 are allowed",
    ),
    "party id of two characters": (
        Location,
        samples.location(party_id="CP"),
        "party_id: expected three letters or digits, got 'CP'",
    ),
    "date without time": (
        Location,
        samples.location(last_updated="2026-01-15"),
        "last_updated: expected a UTC DateTime such as '2026-01-31T12:00:00Z', got '2026-01-15'",
    ),
    "another time zone": (
        Location,
        samples.location(last_updated="2026-01-15T10:00:00+02:00"),
        "last_updated: expected a UTC DateTime",
    ),
    "no such day": (
        Location,
        samples.location(last_updated="2026-02-30T10:00:00Z"),
        "last_updated: expected a UTC DateTime",
    ),
    "sentinel outside a CDR": (
        Location,
        samples.location(last_updated="1970-1-1T00:00:00Z"),
        "last_updated: expected a UTC DateTime",
    ),
    "boolean as text": (
        Location,
        samples.location(publish="true"),
        "publish: expected true or false, got a string",
    ),
    "four decimals of latitude": (
        Location,
        samples.location(coordinates=samples.coordinates(latitude="52.0894")),
        "coordinates.latitude: expected degrees with 5 to 7 decimals",
    ),
    "object in place of a list": (
        Location,
        samples.location(evses={"uid": "1"}),
        "evses: expected an array, got an object",
    ),
    "string in place of an object": (
        Location,
        samples.location(opening_times="24/7"),
        "opening_times: expected an object, got a string",
    ),
    "deep in the tree": (
        Location,
        samples.location(
            evses=[
                samples.evse(),
                samples.evse(
                    uid="EVSE2",
                    connectors=[samples.connector(), samples.connector(max_voltage="400")],
                ),
            ]
        ),
        "evses.1.connectors.1.max_voltage: expected an integer, got a string",
    ),
    "fraction in place of an integer": (
        Connector,
        samples.connector(max_voltage=Decimal("230.5")),
        "max_voltage: expected an integer, got a number",
    ),
    "boolean in place of an integer": (
        Connector,
        samples.connector(max_voltage=True),
        "max_voltage: expected an integer, got a boolean",
    ),
    "closed enum": (
        EVSE,
        samples.evse(status="available"),
        "status: expected 'AVAILABLE', 'BLOCKED', .* or 'UNKNOWN', got 'available'",
    ),
    "open enum, not a name": (
        Connector,
        samples.connector(standard="\t"),
        "standard: expected a ConnectorType",
    ),
    "no connectors": (
        EVSE,
        samples.evse(connectors=[]),
        "connectors: expected at least one entry",
    ),
    "weekday 8": (
        Location,
        samples.location(
            opening_times=samples.hours(
                regular_hours=[{"weekday": 8, "period_begin": "08:00", "period_end": "20:00"}]
            )
        ),
        "opening_times.regular_hours.0.weekday: 8 is out of range",
    ),
    "24:00": (
        Location,
        samples.location(
            opening_times=samples.hours(
                regular_hours=[{"weekday": 1, "period_begin": "08:00", "period_end": "24:00"}]
            )
        ),
        "opening_times.regular_hours.0.period_end: expected a time such as '18:15', got '24:00'",
    ),
    "number as text": (
        Tariff,
        samples.tariff(elements=[{"price_components": [samples.price_component(price="0.35")]}]),
        "elements.0.price_components.0.price: expected a number, got a string",
    ),
    "relative URL": (
        StartSession,
        samples.start_session(response_url="/results/1"),
        "response_url: expected an absolute http or https URL, got '/results/1'",
    ),
    "URL with a space": (
        StartSession,
        samples.start_session(response_url="https://ems.example/a b"),
        "response_url: expected an absolute http or https URL",
    ),
    "URL of another scheme": (
        StartSession,
        samples.start_session(response_url="ftp://ems.example/1"),
        "response_url: expected an absolute http or https URL",
    ),
    "role eMSP": (
        Credentials,
        samples.credentials(roles=[samples.credentials_role(role="MSP")]),
        "roles.0.role: expected 'CPO', 'EMSP',",
    ),
    "white space in a credentials token": (
        Credentials,
        samples.credentials(token="a b"),
        "token: expected printable ASCII characters without white space, got a string",
    ),
}


@pytest.mark.parametrize(("model", "document", "message"), BAD.values(), ids=BAD)
def test_a_bad_value_is_refused_by_name(
    model: type[BaseModel], document: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameters, match=f"^{message}"):
        check(model, document)


BROKEN: dict[str, tuple[type[BaseModel], dict[str, Any], str]] = {
    "CRE-02 a role twice": (
        Credentials,
        samples.credentials(
            roles=[samples.credentials_role(), samples.credentials_role(party_id="cpo")]
        ),
        "roles: CPO NL/cpo is there twice",
    ),
    "LOC-09 a uid twice": (
        Location,
        samples.location(evses=[samples.evse(), samples.evse(uid="evse1")]),
        "evses: the uid 'evse1' is there twice",
    ),
    "a connector id twice": (
        EVSE,
        samples.evse(connectors=[samples.connector(), samples.connector()]),
        "connectors: the id '1' is there twice",
    ),
    "LOC-14 published to all and to some": (
        Location,
        samples.location(publish_allowed_to=[{"group_id": "GROUP1"}]),
        "publish_allowed_to: not allowed, as publish is true",
    ),
    "LOC-15 no field of a token": (
        Location,
        samples.location(publish=False, publish_allowed_to=[{"issuer": "Example Drive"}]),
        "publish_allowed_to.0.uid: missing",
    ),
    "LOC-15 uid without type": (
        Location,
        samples.location(publish=False, publish_allowed_to=[{"uid": "04A1"}]),
        "publish_allowed_to.0.type: missing, though uid is given",
    ),
    "LOC-15 visual number without issuer": (
        Location,
        samples.location(publish=False, publish_allowed_to=[{"visual_number": "1"}]),
        "publish_allowed_to.0.issuer: missing, though visual_number is given",
    ),
    "LOC-18 regular hours around the clock": (
        Location,
        samples.location(opening_times=samples.hours(twentyfourseven=True)),
        "opening_times.regular_hours: not allowed, as twentyfourseven is true",
    ),
    "LOC-18 no regular hours": (
        Location,
        samples.location(opening_times=samples.hours(regular_hours=[])),
        "opening_times.regular_hours: missing, as twentyfourseven is false",
    ),
    "SES-19 110 % charged": (
        Session,
        samples.session(
            charging_periods=[
                samples.charging_period(dimensions=[{"type": "STATE_OF_CHARGE", "volume": 110}])
            ]
        ),
        "charging_periods.0.dimensions.0.volume: a STATE_OF_CHARGE lies between 0 and 100",
    ),
    "ERR-17 CDR-12 a dimension for Sessions only": (
        CDR,
        samples.cdr(
            charging_periods=[
                samples.charging_period(),
                samples.charging_period(dimensions=[{"type": "POWER", "volume": 11}]),
            ]
        ),
        "charging_periods.1.dimensions.0.type: POWER is for Sessions only, not for CDRs",
    ),
    "CDR-12 FLAT is no dimension": (
        CDR,
        samples.cdr(
            charging_periods=[samples.charging_period(dimensions=[{"type": "FLAT", "volume": 1}])]
        ),
        "charging_periods.0.dimensions.0.type: expected 'CURRENT'",
    ),
    "ERR-17 credit without reference": (
        CDR,
        samples.credit_cdr(credit_reference_id=None),
        "credit_reference_id: missing, though credit is true",
    ),
    "CDR-05 credit of itself": (
        CDR,
        samples.credit_cdr(id="cdr1"),
        "id: a credit CDR has an id of its own",
    ),
    "ERR-17 CDR-04 a long id without credit": (
        CDR,
        samples.cdr(id="x" * 37),
        "id: has 37 characters, at most 36 unless credit is true",
    ),
    "ERR-20 CMD-15 connector without EVSE": (
        StartSession,
        samples.start_session(evse_uid=None),
        "evse_uid: missing, though connector_id is given",
    ),
    "TAR-11 energy of a reservation": (
        Tariff,
        samples.tariff(
            elements=[
                {
                    "price_components": [samples.price_component()],
                    "restrictions": {"reservation": "RESERVATION"},
                }
            ]
        ),
        "elements.0.price_components.0.type: ENERGY cannot price a reservation",
    ),
    "CHP-04 accepted without a profile": (
        ActiveChargingProfileResult,
        samples.active_charging_profile_result(profile=None),
        "profile: missing, though the result is ACCEPTED",
    ),
    "TYP-11 two decimals of a limit": (
        SetChargingProfile,
        samples.set_charging_profile(
            charging_profile=samples.charging_profile(min_charging_rate=Decimal("6.25"))
        ),
        "charging_profile.min_charging_rate: 6.25 has more than one decimal",
    ),
}


@pytest.mark.parametrize(("model", "document", "message"), BROKEN.values(), ids=BROKEN)
def test_a_rule_over_several_fields_names_the_one_to_correct(
    model: type[BaseModel], document: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameters, match=f"^{message}"):
        check(model, document)


LENIENT: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "TYP-08 +00:00": (Token, samples.token(last_updated="2026-01-15T10:00:00+00:00")),
    "TYP-08 nanoseconds": (Token, samples.token(last_updated="2026-01-15T10:00:00.123456789Z")),
    "TYP-05 no Z": (Token, samples.token(last_updated="2026-01-15T10:00:00.1")),
    "TYP-04 lengths are characters": (Location, samples.location(name="ö" * 255)),
    "TYP-19 #NA": (Session, samples.session(evse_uid="#NA", connector_id="#NA", currency="#NA")),
    "TYP-22 seven decimals": (
        Location,
        samples.location(coordinates={"latitude": "-12.1234567", "longitude": "-123.1234567"}),
    ),
    "SEM-19 empty lists": (Location, samples.location(evses=[], images=[])),
    "LOC-28 percentages that miss 100": (
        Location,
        samples.location(
            energy_mix=samples.energy_mix(energy_sources=[{"source": "SOLAR", "percentage": 40}])
        ),
    ),
    "AMB-37 open past midnight": (
        Location,
        samples.location(
            opening_times=samples.hours(
                regular_hours=[{"weekday": 5, "period_begin": "18:00", "period_end": "02:00"}]
            )
        ),
    ),
    "AMB-41 status RESERVED": (Session, samples.session(status="RESERVED")),
    "AMB-49 a long address in a CDR": (
        CDR,
        samples.cdr(cdr_location=samples.cdr_location(address="x" * 255, state="y" * 45)),
    ),
    "CDR-04 a long id of a credit CDR": (CDR, samples.credit_cdr(id="x" * 39)),
    "CDR-21 unknown start": (CDR, samples.cdr(start_date_time="1970-1-1T00:00:00Z")),
    "SES-19 a dimension for Sessions only": (
        Session,
        samples.session(
            charging_periods=[
                samples.charging_period(dimensions=[{"type": "STATE_OF_CHARGE", "volume": 80}])
            ]
        ),
    ),
    "an integer written with a fraction of zero": (
        Connector,
        samples.connector(max_voltage=Decimal("230.0")),
    ),
    "TYP-11 one decimal and a zero": (
        SetChargingProfile,
        samples.set_charging_profile(
            charging_profile=samples.charging_profile(min_charging_rate=Decimal("6.50"))
        ),
    ),
    "ROB-08 one message instead of an array": (
        CommandResult,
        samples.command_result(message={"language": "en", "text": "Charging"}),
    ),
    "PRF-02 the default of discharge_allowed": (
        ChargingPreferences,
        samples.charging_preferences(discharge_allowed=None),
    ),
}


@pytest.mark.parametrize(("model", "document"), LENIENT.values(), ids=LENIENT)
def test_what_partners_send_without_harm_is_accepted(
    model: type[BaseModel], document: dict[str, Any]
) -> None:
    assert check(model, document) == ()


NEWER: dict[str, tuple[type[BaseModel], dict[str, Any], str]] = {
    "ConnectorType": (
        Connector,
        samples.connector(standard="SAE_J3400"),
        "standard: 'SAE_J3400' is not a value of ConnectorType in 2.2.1",
    ),
    "Capability": (
        EVSE,
        samples.evse(capabilities=["RFID_READER", "NFC"]),
        "capabilities: 'NFC' is not a value of Capability in 2.2.1",
    ),
    "ParkingRestriction": (
        EVSE,
        samples.evse(parking_restrictions=["TAXIS"]),
        "parking_restrictions: 'TAXIS' is not a value of ParkingRestriction in 2.2.1",
    ),
    "ParkingType": (
        Location,
        samples.location(parking_type="ON_FERRY"),
        "parking_type: 'ON_FERRY' is not a value of ParkingType in 2.2.1",
    ),
    "Facility": (
        Location,
        samples.location(facilities=["POOL"]),
        "facilities: 'POOL' is not a value of Facility in 2.2.1",
    ),
    "ImageCategory": (
        Location,
        samples.location(images=[samples.image(category="MAP")]),
        "category: 'MAP' is not a value of ImageCategory in 2.2.1",
    ),
    "EnvironmentalImpactCategory": (
        Location,
        samples.location(
            energy_mix=samples.energy_mix(environ_impact=[{"category": "NOISE", "amount": 1}])
        ),
        "category: 'NOISE' is not a value of EnvironmentalImpactCategory in 2.2.1",
    ),
    "TokenType": (
        Token,
        samples.token(type="EMAID"),
        "type: 'EMAID' is not a value of TokenType in 2.2.1",
    ),
    "VersionNumber": (
        Version,
        {"version": "2.3.0", "url": "https://cpo.example/ocpi/2.3.0"},
        "version: '2.3.0' is not a value of VersionNumber in 2.2.1",
    ),
    "ModuleID": (
        VersionDetails,
        samples.version_details(
            endpoints=[
                {"identifier": "bookings", "role": "SENDER", "url": "https://cpo.example/bookings"}
            ]
        ),
        "identifier: 'bookings' is not a value of ModuleID in 2.2.1",
    ),
}


@pytest.mark.parametrize(("model", "document", "finding"), NEWER.values(), ids=NEWER)
def test_a_value_of_an_enum_that_2_3_0_opened_is_a_finding(
    model: type[BaseModel], document: dict[str, Any], finding: str
) -> None:
    assert check(model, document) == (finding,)


def test_a_location_with_many_unknown_values_has_few_findings() -> None:
    document = samples.location(facilities=[f"POOL_{n}" for n in range(1000)])

    assert len(check(Location, document)) == 20


def test_absent_and_null_mean_the_default_where_there_is_one() -> None:
    """SEM-19."""
    absent = Location.model_validate(samples.location(charging_when_closed=None))

    assert absent.charging_when_closed is True
