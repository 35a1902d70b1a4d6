"""Sessions and charging preferences. The owner is the CPO."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from ocpi_hub.protocol.types import (
    Boolean,
    CiString36,
    CountryCode,
    Currency,
    DateTime,
    Id,
    Many,
    Number,
    OcpiObject,
    PartyId,
    String255,
    null_means,
)
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod, CdrToken, ChargingPeriod
from ocpi_hub.protocol.v2_2_1.types import Price
from ocpi_hub.protocol.v2_2_1.types import ProfileType as ProfileType


class ChargingPreferencesResponse(StrEnum):
    """The answer to charging preferences.

    Source: 2.2.1 sessions, ChargingPreferencesResponse enum.
    """

    ACCEPTED = "ACCEPTED"
    DEPARTURE_REQUIRED = "DEPARTURE_REQUIRED"
    ENERGY_NEED_REQUIRED = "ENERGY_NEED_REQUIRED"
    NOT_POSSIBLE = "NOT_POSSIBLE"
    PROFILE_TYPE_NOT_SUPPORTED = "PROFILE_TYPE_NOT_SUPPORTED"


class SessionStatus(StrEnum):
    """Where a session stands. Source: 2.2.1 sessions, SessionStatus enum."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


def _reservation(value: object) -> object:
    return SessionStatus.RESERVATION if value == "RESERVED" else value


# The text of the chapter says RESERVED once, and some send it (AMB-41).
AnySessionStatus = Annotated[SessionStatus, BeforeValidator(_reservation)]


class Session(OcpiObject):
    """A car that charges, or has charged. Source: 2.2.1 sessions, Session object."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Number
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    location_id: Id
    evse_uid: Id
    connector_id: Id
    meter_id: String255 | None = None
    currency: Currency
    charging_periods: Many[ChargingPeriod] = None
    total_cost: Price | None = None
    status: AnySessionStatus
    last_updated: DateTime


class ChargingPreferences(OcpiObject):
    """What a driver wants of a session. Source: 2.2.1 sessions, ChargingPreferences object."""

    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Number | None = None
    discharge_allowed: Annotated[Boolean, null_means(False)] = False
