"""Tariffs: what charging costs. The owner is the CPO; the rules of pricing live elsewhere."""

from __future__ import annotations

from enum import StrEnum

from pydantic import model_validator

from ocpi_hub.protocol.types import (
    CountryCode,
    Currency,
    Date,
    DateTime,
    Id,
    Int,
    Many,
    Number,
    OcpiObject,
    PartyId,
    Some,
    TimeOfDay,
    Url,
    broken_rule,
)
from ocpi_hub.protocol.v2_2_1.locations import EnergyMix
from ocpi_hub.protocol.v2_2_1.types import DisplayText, Price


class DayOfWeek(StrEnum):
    """A day of the week. Source: 2.2.1 tariffs, DayOfWeek enum."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class ReservationRestrictionType(StrEnum):
    """Whether an element prices a reservation or its expiry.

    Source: 2.2.1 tariffs, ReservationRestrictionType enum.
    """

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


class TariffDimensionType(StrEnum):
    """What a price is for. Source: 2.2.1 tariffs, TariffDimensionType enum."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


_FOR_RESERVATIONS = (TariffDimensionType.FLAT, TariffDimensionType.TIME)


class TariffType(StrEnum):
    """Which sessions a tariff is for. Source: 2.2.1 tariffs, TariffType enum."""

    AD_HOC_PAYMENT = "AD_HOC_PAYMENT"
    PROFILE_CHEAP = "PROFILE_CHEAP"
    PROFILE_FAST = "PROFILE_FAST"
    PROFILE_GREEN = "PROFILE_GREEN"
    REGULAR = "REGULAR"


class PriceComponent(OcpiObject):
    """The price of one dimension. Source: 2.2.1 tariffs, PriceComponent class."""

    type: TariffDimensionType
    price: Number
    vat: Number | None = None
    step_size: Int


class TariffRestrictions(OcpiObject):
    """When a tariff element holds. Source: 2.2.1 tariffs, TariffRestrictions class."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: Date | None = None
    end_date: Date | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: Int | None = None
    max_duration: Int | None = None
    day_of_week: Many[DayOfWeek] = None
    reservation: ReservationRestrictionType | None = None


class TariffElement(OcpiObject):
    """Prices that hold under the same restrictions. Source: 2.2.1 tariffs, TariffElement class."""

    price_components: Some[PriceComponent]
    restrictions: TariffRestrictions | None = None

    @model_validator(mode="after")
    def _check_reservation(self) -> TariffElement:
        if self.restrictions is None or self.restrictions.reservation is None:
            return self
        for at, component in enumerate(self.price_components):
            if component.type not in _FOR_RESERVATIONS:
                raise broken_rule(
                    f"price_components.{at}.type",
                    f"{component.type} cannot price a reservation, only FLAT and TIME can",
                )
        return self


class Tariff(OcpiObject):
    """What a session costs. Source: 2.2.1 tariffs, Tariff object."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    currency: Currency
    type: TariffType | None = None
    tariff_alt_text: Many[DisplayText] = None
    tariff_alt_url: Url | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: Some[TariffElement]
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
