"""Locations, their EVSEs and connectors. The owner is the CPO."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import model_validator

from ocpi_hub.protocol.types import (
    Boolean,
    CiString4,
    CiString36,
    CiString48,
    Country,
    CountryCode,
    DateTime,
    Id,
    Int,
    Int5,
    Latitude,
    Longitude,
    Many,
    Number,
    OcpiObject,
    PartyId,
    Some,
    String4,
    String10,
    String16,
    String45,
    String64,
    String100,
    String255,
    TimeOfDay,
    Url,
    Weekday,
    broken_rule,
    null_means,
    open_to_newer,
    repeated,
)
from ocpi_hub.protocol.v2_2_1.tokens import AnyTokenType
from ocpi_hub.protocol.v2_2_1.types import DisplayText


class Capability(StrEnum):
    """What an EVSE can do. Source: 2.2.1 locations, Capability enum."""

    CHARGING_PROFILE_CAPABLE = "CHARGING_PROFILE_CAPABLE"
    CHARGING_PREFERENCES_CAPABLE = "CHARGING_PREFERENCES_CAPABLE"
    CHIP_CARD_SUPPORT = "CHIP_CARD_SUPPORT"
    CONTACTLESS_CARD_SUPPORT = "CONTACTLESS_CARD_SUPPORT"
    CREDIT_CARD_PAYABLE = "CREDIT_CARD_PAYABLE"
    DEBIT_CARD_PAYABLE = "DEBIT_CARD_PAYABLE"
    PED_TERMINAL = "PED_TERMINAL"
    REMOTE_START_STOP_CAPABLE = "REMOTE_START_STOP_CAPABLE"
    RESERVABLE = "RESERVABLE"
    RFID_READER = "RFID_READER"
    START_SESSION_CONNECTOR_REQUIRED = "START_SESSION_CONNECTOR_REQUIRED"
    TOKEN_GROUP_CAPABLE = "TOKEN_GROUP_CAPABLE"
    UNLOCK_CAPABLE = "UNLOCK_CAPABLE"


AnyCapability = Annotated[Capability | str, open_to_newer(Capability)]


class ConnectorFormat(StrEnum):
    """Socket or attached cable. Source: 2.2.1 locations, ConnectorFormat enum."""

    SOCKET = "SOCKET"
    CABLE = "CABLE"


class ConnectorType(StrEnum):
    """The standard of a connector. Source: 2.2.1 locations, ConnectorType enum."""

    CHADEMO = "CHADEMO"
    CHAOJI = "CHAOJI"
    DOMESTIC_A = "DOMESTIC_A"
    DOMESTIC_B = "DOMESTIC_B"
    DOMESTIC_C = "DOMESTIC_C"
    DOMESTIC_D = "DOMESTIC_D"
    DOMESTIC_E = "DOMESTIC_E"
    DOMESTIC_F = "DOMESTIC_F"
    DOMESTIC_G = "DOMESTIC_G"
    DOMESTIC_H = "DOMESTIC_H"
    DOMESTIC_I = "DOMESTIC_I"
    DOMESTIC_J = "DOMESTIC_J"
    DOMESTIC_K = "DOMESTIC_K"
    DOMESTIC_L = "DOMESTIC_L"
    DOMESTIC_M = "DOMESTIC_M"
    DOMESTIC_N = "DOMESTIC_N"
    DOMESTIC_O = "DOMESTIC_O"
    GBT_AC = "GBT_AC"
    GBT_DC = "GBT_DC"
    IEC_60309_2_SINGLE_16 = "IEC_60309_2_single_16"
    IEC_60309_2_THREE_16 = "IEC_60309_2_three_16"
    IEC_60309_2_THREE_32 = "IEC_60309_2_three_32"
    IEC_60309_2_THREE_64 = "IEC_60309_2_three_64"
    IEC_62196_T1 = "IEC_62196_T1"
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO"
    IEC_62196_T2 = "IEC_62196_T2"
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO"
    IEC_62196_T3A = "IEC_62196_T3A"
    IEC_62196_T3C = "IEC_62196_T3C"
    NEMA_5_20 = "NEMA_5_20"
    NEMA_6_30 = "NEMA_6_30"
    NEMA_6_50 = "NEMA_6_50"
    NEMA_10_30 = "NEMA_10_30"
    NEMA_10_50 = "NEMA_10_50"
    NEMA_14_30 = "NEMA_14_30"
    NEMA_14_50 = "NEMA_14_50"
    PANTOGRAPH_BOTTOM_UP = "PANTOGRAPH_BOTTOM_UP"
    PANTOGRAPH_TOP_DOWN = "PANTOGRAPH_TOP_DOWN"
    TESLA_R = "TESLA_R"
    TESLA_S = "TESLA_S"


AnyConnectorType = Annotated[ConnectorType | str, open_to_newer(ConnectorType)]


class EnergySourceCategory(StrEnum):
    """Where energy comes from. Source: 2.2.1 locations, EnergySourceCategory enum."""

    NUCLEAR = "NUCLEAR"
    GENERAL_FOSSIL = "GENERAL_FOSSIL"
    COAL = "COAL"
    GAS = "GAS"
    GENERAL_GREEN = "GENERAL_GREEN"
    SOLAR = "SOLAR"
    WIND = "WIND"
    WATER = "WATER"


class EnvironmentalImpactCategory(StrEnum):
    """What making energy leaves behind.

    Source: 2.2.1 locations, EnvironmentalImpactCategory enum.
    """

    NUCLEAR_WASTE = "NUCLEAR_WASTE"
    CARBON_DIOXIDE = "CARBON_DIOXIDE"


AnyEnvironmentalImpactCategory = Annotated[
    EnvironmentalImpactCategory | str, open_to_newer(EnvironmentalImpactCategory)
]


class Facility(StrEnum):
    """What is near a location. Source: 2.2.1 locations, Facility enum."""

    HOTEL = "HOTEL"
    RESTAURANT = "RESTAURANT"
    CAFE = "CAFE"
    MALL = "MALL"
    SUPERMARKET = "SUPERMARKET"
    SPORT = "SPORT"
    RECREATION_AREA = "RECREATION_AREA"
    NATURE = "NATURE"
    MUSEUM = "MUSEUM"
    BIKE_SHARING = "BIKE_SHARING"
    BUS_STOP = "BUS_STOP"
    TAXI_STAND = "TAXI_STAND"
    TRAM_STOP = "TRAM_STOP"
    METRO_STATION = "METRO_STATION"
    TRAIN_STATION = "TRAIN_STATION"
    AIRPORT = "AIRPORT"
    PARKING_LOT = "PARKING_LOT"
    CARPOOL_PARKING = "CARPOOL_PARKING"
    FUEL_STATION = "FUEL_STATION"
    WIFI = "WIFI"


AnyFacility = Annotated[Facility | str, open_to_newer(Facility)]


class ImageCategory(StrEnum):
    """What an image is for. Source: 2.2.1 locations, ImageCategory enum."""

    CHARGER = "CHARGER"
    ENTRANCE = "ENTRANCE"
    LOCATION = "LOCATION"
    NETWORK = "NETWORK"
    OPERATOR = "OPERATOR"
    OTHER = "OTHER"
    OWNER = "OWNER"


AnyImageCategory = Annotated[ImageCategory | str, open_to_newer(ImageCategory)]


class ParkingRestriction(StrEnum):
    """Who may park. Source: 2.2.1 locations, ParkingRestriction enum."""

    EV_ONLY = "EV_ONLY"
    PLUGGED = "PLUGGED"
    DISABLED = "DISABLED"
    CUSTOMERS = "CUSTOMERS"
    MOTORCYCLES = "MOTORCYCLES"


AnyParkingRestriction = Annotated[ParkingRestriction | str, open_to_newer(ParkingRestriction)]


class ParkingType(StrEnum):
    """Where one parks. Source: 2.2.1 locations, ParkingType enum."""

    ALONG_MOTORWAY = "ALONG_MOTORWAY"
    PARKING_GARAGE = "PARKING_GARAGE"
    PARKING_LOT = "PARKING_LOT"
    ON_DRIVEWAY = "ON_DRIVEWAY"
    ON_STREET = "ON_STREET"
    UNDERGROUND_GARAGE = "UNDERGROUND_GARAGE"


AnyParkingType = Annotated[ParkingType | str, open_to_newer(ParkingType)]


class PowerType(StrEnum):
    """Phases, or direct current. Source: 2.2.1 locations, PowerType enum."""

    AC_1_PHASE = "AC_1_PHASE"
    AC_2_PHASE = "AC_2_PHASE"
    AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class Status(StrEnum):
    """Whether an EVSE can be used. Source: 2.2.1 locations, Status enum."""

    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


class PublishTokenType(OcpiObject):
    """The tokens whose owners may see an unpublished location.

    Source: 2.2.1 locations, PublishTokenType class.
    """

    uid: CiString36 | None = None
    type: AnyTokenType | None = None
    visual_number: String64 | None = None
    issuer: String64 | None = None
    group_id: CiString36 | None = None

    @model_validator(mode="after")
    def _check_fields(self) -> PublishTokenType:
        if not (self.uid or self.visual_number or self.group_id):
            raise broken_rule("uid", "missing, as are visual_number and group_id: one is needed")
        if self.uid and not self.type:
            raise broken_rule("type", "missing, though uid is given")
        if self.visual_number and not self.issuer:
            raise broken_rule("issuer", "missing, though visual_number is given")
        return self


class GeoLocation(OcpiObject):
    """Degrees of WGS 84. Source: 2.2.1 locations, GeoLocation class."""

    latitude: Latitude
    longitude: Longitude


class AdditionalGeoLocation(OcpiObject):
    """A place that belongs to a location, such as an entrance.

    Source: 2.2.1 locations, AdditionalGeoLocation class.
    """

    latitude: Latitude
    longitude: Longitude
    name: DisplayText | None = None


class StatusSchedule(OcpiObject):
    """A status that is planned. Source: 2.2.1 locations, StatusSchedule class."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: Status


class Connector(OcpiObject):
    """A socket or cable of an EVSE. Source: 2.2.1 locations, Connector object."""

    id: Id
    standard: AnyConnectorType
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: Int
    max_amperage: Int
    max_electric_power: Int | None = None
    tariff_ids: Many[CiString36] = None
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class Image(OcpiObject):
    """A picture, by its URL. Source: 2.2.1 locations, Image class."""

    url: Url
    thumbnail: Url | None = None
    category: AnyImageCategory
    type: CiString4
    width: Int5 | None = None
    height: Int5 | None = None


class EVSE(OcpiObject):
    """A part of a location that charges one car at a time. Source: 2.2.1 locations, EVSE object."""

    uid: Id
    evse_id: CiString48 | None = None
    status: Status
    status_schedule: Many[StatusSchedule] = None
    capabilities: Many[AnyCapability] = None
    connectors: Some[Connector]
    floor_level: String4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: String16 | None = None
    directions: Many[DisplayText] = None
    parking_restrictions: Many[AnyParkingRestriction] = None
    images: Many[Image] = None
    last_updated: DateTime

    @model_validator(mode="after")
    def _check_connectors(self) -> EVSE:
        twice = repeated(connector.id for connector in self.connectors)
        if twice is not None:
            raise broken_rule("connectors", f"the id {twice!r} is there twice")
        return self


class BusinessDetails(OcpiObject):
    """Who a company is. Source: 2.2.1 locations, BusinessDetails class."""

    name: String100
    website: Url | None = None
    logo: Image | None = None


class RegularHours(OcpiObject):
    """Opening hours of one weekday, in local time. Source: 2.2.1 locations, RegularHours class."""

    weekday: Weekday
    period_begin: TimeOfDay
    period_end: TimeOfDay


class ExceptionalPeriod(OcpiObject):
    """A single opening or closing. Source: 2.2.1 locations, ExceptionalPeriod class."""

    period_begin: DateTime
    period_end: DateTime


class Hours(OcpiObject):
    """When a location is open. Source: 2.2.1 locations, Hours class."""

    twentyfourseven: Boolean
    regular_hours: Many[RegularHours] = None
    exceptional_openings: Many[ExceptionalPeriod] = None
    exceptional_closings: Many[ExceptionalPeriod] = None

    @model_validator(mode="after")
    def _check_regular_hours(self) -> Hours:
        if self.twentyfourseven and self.regular_hours:
            raise broken_rule("regular_hours", "not allowed, as twentyfourseven is true")
        if not self.twentyfourseven and not self.regular_hours:
            raise broken_rule("regular_hours", "missing, as twentyfourseven is false")
        return self


class EnergySource(OcpiObject):
    """The share of one source. Source: 2.2.1 locations, EnergySource class."""

    source: EnergySourceCategory
    percentage: Number


class EnvironmentalImpact(OcpiObject):
    """The amount of one impact, in g/kWh. Source: 2.2.1 locations, EnvironmentalImpact class."""

    category: AnyEnvironmentalImpactCategory
    amount: Number


class EnergyMix(OcpiObject):
    """What the energy is made of. Source: 2.2.1 locations, EnergyMix class."""

    is_green_energy: Boolean
    energy_sources: Many[EnergySource] = None
    environ_impact: Many[EnvironmentalImpact] = None
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class Location(OcpiObject):
    """A site with EVSEs, of one address. Source: 2.2.1 locations, Location object."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    publish: Boolean
    publish_allowed_to: Many[PublishTokenType] = None
    name: String255 | None = None
    address: String255
    city: String45
    postal_code: String10 | None = None
    state: String45 | None = None
    country: Country
    coordinates: GeoLocation
    related_locations: Many[AdditionalGeoLocation] = None
    parking_type: AnyParkingType | None = None
    evses: Many[EVSE] = None
    directions: Many[DisplayText] = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: Many[AnyFacility] = None
    time_zone: String255
    opening_times: Hours | None = None
    charging_when_closed: Annotated[Boolean, null_means(True)] = True
    images: Many[Image] = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime

    @model_validator(mode="after")
    def _check_evses(self) -> Location:
        twice = repeated(evse.uid for evse in self.evses or ())
        if twice is not None:
            raise broken_rule("evses", f"the uid {twice!r} is there twice")
        return self

    @model_validator(mode="after")
    def _check_publish(self) -> Location:
        if self.publish and self.publish_allowed_to:
            raise broken_rule("publish_allowed_to", "not allowed, as publish is true")
        return self
