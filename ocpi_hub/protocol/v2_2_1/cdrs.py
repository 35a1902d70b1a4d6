"""Charge detail records. The owner is the CPO; nothing changes one once it is sent."""

from __future__ import annotations

from enum import StrEnum

from pydantic import model_validator

from ocpi_hub.protocol.types import (
    Boolean,
    CdrId,
    CiString32,
    CiString36,
    CiString39,
    CiString48,
    Country,
    CountryCode,
    Currency,
    DateTime,
    DateTimeOrUnknown,
    Id,
    Int,
    Many,
    Number,
    OcpiObject,
    PartyId,
    Some,
    String10,
    String45,
    String255,
    String512,
    String5000,
    broken_rule,
)
from ocpi_hub.protocol.v2_2_1.locations import (
    AnyConnectorType,
    ConnectorFormat,
    GeoLocation,
    PowerType,
)
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff
from ocpi_hub.protocol.v2_2_1.tokens import AnyTokenType
from ocpi_hub.protocol.v2_2_1.types import Price

# Ids of 37 to 39 characters are for credit CDRs, which often add a suffix to the original id.
_ID_LENGTH = 36


class AuthMethod(StrEnum):
    """How a driver was authorised. Source: 2.2.1 CDRs, AuthMethod enum."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


class CdrDimensionType(StrEnum):
    """What a volume measures. Source: 2.2.1 CDRs, CdrDimensionType enum."""

    CURRENT = "CURRENT"
    ENERGY = "ENERGY"
    ENERGY_EXPORT = "ENERGY_EXPORT"
    ENERGY_IMPORT = "ENERGY_IMPORT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    MAX_POWER = "MAX_POWER"
    MIN_POWER = "MIN_POWER"
    PARKING_TIME = "PARKING_TIME"
    POWER = "POWER"
    RESERVATION_TIME = "RESERVATION_TIME"
    STATE_OF_CHARGE = "STATE_OF_CHARGE"
    TIME = "TIME"


# "Session only" in the table of dimension types: not allowed in CDRs (CDR-12).
SESSION_ONLY = frozenset(
    {
        CdrDimensionType.CURRENT,
        CdrDimensionType.ENERGY_EXPORT,
        CdrDimensionType.ENERGY_IMPORT,
        CdrDimensionType.POWER,
        CdrDimensionType.STATE_OF_CHARGE,
    }
)


class CdrToken(OcpiObject):
    """The token a session is billed to. Source: 2.2.1 CDRs, CdrToken class."""

    country_code: CountryCode
    party_id: PartyId
    uid: Id
    type: AnyTokenType
    contract_id: CiString36


class CdrLocation(OcpiObject):
    """The one connector a session was at, as it was at its start.

    Source: 2.2.1 CDRs, CdrLocation class.
    """

    id: Id
    name: String255 | None = None
    address: String255
    city: String45
    postal_code: String10 | None = None
    state: String45 | None = None
    country: Country
    coordinates: GeoLocation
    evse_uid: Id
    evse_id: CiString48
    connector_id: Id
    connector_standard: AnyConnectorType
    connector_format: ConnectorFormat
    connector_power_type: PowerType


class CdrDimension(OcpiObject):
    """One volume of a charging period. Source: 2.2.1 CDRs, CdrDimension class."""

    type: CdrDimensionType
    volume: Number

    @model_validator(mode="after")
    def _check_percentage(self) -> CdrDimension:
        if self.type is CdrDimensionType.STATE_OF_CHARGE and not 0 <= self.volume <= 100:
            raise broken_rule("volume", "a STATE_OF_CHARGE lies between 0 and 100")
        return self


class ChargingPeriod(OcpiObject):
    """A part of a session, from its start to the next period.

    Source: 2.2.1 CDRs, ChargingPeriod class.
    """

    start_date_time: DateTimeOrUnknown
    dimensions: Some[CdrDimension]
    tariff_id: CiString36 | None = None


class SignedValue(OcpiObject):
    """One signed meter reading. Source: 2.2.1 CDRs, SignedValue class."""

    nature: CiString32
    plain_data: String5000
    signed_data: String5000


class SignedData(OcpiObject):
    """What a driver can check the metering with. Source: 2.2.1 CDRs, SignedData class."""

    encoding_method: CiString36
    encoding_method_version: Int | None = None
    public_key: String512 | None = None
    signed_values: Some[SignedValue]
    url: String512 | None = None


class CDR(OcpiObject):
    """The bill of one session, final once sent. Source: 2.2.1 CDRs, CDR object."""

    country_code: CountryCode
    party_id: PartyId
    id: CdrId
    start_date_time: DateTimeOrUnknown
    end_date_time: DateTimeOrUnknown
    session_id: CiString36 | None = None
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    cdr_location: CdrLocation
    meter_id: String255 | None = None
    currency: Currency
    tariffs: Many[Tariff] = None
    charging_periods: Some[ChargingPeriod]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Number
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: String255 | None = None
    invoice_reference_id: CiString39 | None = None
    credit: Boolean | None = None
    credit_reference_id: CiString39 | None = None
    home_charging_compensation: Boolean | None = None
    last_updated: DateTime

    @model_validator(mode="after")
    def _check_credit(self) -> CDR:
        if not self.credit and len(self.id) > _ID_LENGTH:
            raise broken_rule(
                "id", f"has {len(self.id)} characters, at most {_ID_LENGTH} unless credit is true"
            )
        if self.credit and not self.credit_reference_id:
            raise broken_rule("credit_reference_id", "missing, though credit is true")
        if self.credit and self.id.lower() == str(self.credit_reference_id).lower():
            raise broken_rule("id", "a credit CDR has an id of its own")
        return self

    @model_validator(mode="after")
    def _check_dimensions(self) -> CDR:
        for at, period in enumerate(self.charging_periods):
            for where, dimension in enumerate(period.dimensions):
                if dimension.type in SESSION_ONLY:
                    raise broken_rule(
                        f"charging_periods.{at}.dimensions.{where}.type",
                        f"{dimension.type} is for Sessions only, not for CDRs",
                    )
        return self
