"""The shapes of what the driver API answers, for its description; tests hold every answer to them.
Those of bills and how they are paid are in `money_answers`.

Amounts and energy are exact, as text. Moments are UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from emsp_adapter.driver_api import examples
from ocpi_hub.node.rest.description import example
from ocpi_hub.protocol.v2_2_1.types import ProfileType

Amount = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["3.57"])]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
Next = Annotated[str | None, Field(description="The cursor of the next page; null: the last.")]


class Shape(BaseModel):
    """An object of the driver API, with these members and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- places --------------------------------------------------------------------------------------


class PriceFrom(Shape):
    """The lowest price of a kWh that a Tariff of the Location has, with VAT."""

    kwh: Amount
    currency: Currency


class LocationSummary(Shape):
    """A Location in a list or on the map."""

    id: str = Field(examples=["NL*CPO*LOC1"])
    name: str | None
    address: str
    city: str
    postal_code: str | None
    country: str
    lat: float
    lon: float
    distance_m: int | None
    operator: str
    evses: int
    free: int
    max_kw: Amount | None
    plugs: list[str] = Field(examples=[["IEC_62196_T2"]])
    open_now: bool | None
    favourite: bool
    status_age_s: int | None
    price_from: PriceFrom | None


class LocationPage(Shape, json_schema_extra=example(examples.LOCATION_PAGE)):
    """Locations, the nearest first, or in the order of their ids."""

    locations: list[LocationSummary]
    next: Next


class Cluster(Shape):
    """Locations that lie too close together to be told apart at this zoom."""

    lat: float
    lon: float
    locations: int
    evses: int
    free: int
    bbox: list[float] = Field(min_length=4, max_length=4)


class Favourites(Shape, json_schema_extra=example(examples.FAVOURITES)):
    """Places that a driver keeps at hand, the newest first."""

    favourites: list[LocationSummary]


class Map(Shape, json_schema_extra=example(examples.MAP)):
    """What a map shows of a box."""

    clusters: list[Cluster]
    locations: list[LocationSummary]


class Image(Shape):
    """A picture of a Location."""

    url: str
    category: str


class Connector(Shape):
    """A socket or cable of an EVSE, in OCPI's words."""

    id: str
    standard: str
    format: str
    power_type: str
    max_kw: Amount | None
    tariff_ids: list[str]


class Evse(Shape):
    """A place where one vehicle charges; `status` is the CPO's, as old as `status_age_s` says."""

    uid: str
    evse_id: str | None
    physical_reference: str | None
    floor_level: str | None
    status: str
    status_at: datetime
    status_age_s: int
    status_note: str | None
    capabilities: list[str]
    reservable: bool
    startable: bool
    start_refusal: str | None
    connectors: list[Connector]


class LocationDetails(LocationSummary, json_schema_extra=example(examples.LOCATION)):
    """A Location with all that is known of it."""

    opening_times: dict[str, Any] | None
    directions: list[str]
    facilities: list[str]
    images: list[Image]
    help_phone: str | None
    time_zone: str
    evses: list[Evse]  # type: ignore[assignment]  # a count in the summary, the EVSEs here


# --- prices --------------------------------------------------------------------------------------


class Total(Shape):
    """A sum, with what of it is VAT."""

    net: Amount
    vat: Amount
    gross: Amount


class PriceLine(Shape):
    """One part of a price."""

    kind: str = Field(examples=["energy"])
    text: str
    quantity: Amount | None
    unit: str | None
    unit_price: Amount | None
    net: Amount
    vat_rate: Amount | None
    vat: Amount
    gross: Amount


class TariffInWords(Shape):
    """The CPO's tariff in sentences."""

    elements_text: list[str]
    valid_until: str | None


class PlanName(Shape):
    """The plan that a price was made under."""

    id: str
    name: str


class DriverPrice(Shape, json_schema_extra=example(examples.PRICE)):
    """What a driver pays, before, during or after a charge. Lines sum to the total."""

    currency: Currency
    computable: bool
    total: Total | None
    lines: list[PriceLine]
    tariff: TariffInWords
    plan: PlanName | None
    remarks: list[str]


# --- charging ------------------------------------------------------------------------------------


class Place(Shape):
    """Where something is, in short."""

    id: str
    name: str | None
    address: str | None
    city: str | None


class Payment(Shape):
    """How far the payment of a charge is."""

    state: Literal["none", "held", "captured", "failed", "refunded", "disputed"]
    amount: Amount | None
    currency: Currency | None
    provider_note: str | None


class Preferences(Shape):
    """How a driver wants a charge to go on. The operator's ACCEPTED is no promise."""

    profile_type: ProfileType
    departure_time: datetime | None
    energy_need_kwh: Amount | None
    answer: Literal["ACCEPTED"] = Field(description="What the operator said.")


class Charge(Shape, json_schema_extra=example(examples.CHARGE)):
    """One charging of one vehicle, from the start that was asked for to the receipt."""

    id: str
    state: Literal[
        "scheduled",
        "starting",
        "charging",
        "stopping",
        "finished",
        "failed",
        "cancelled",
        "missed",
    ]
    source: Literal["app", "card", "guest"]
    location: Place
    evse_uid: str
    connector_id: str | None
    physical_reference: str | None
    requested_at: datetime
    start_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    energy_kwh: Amount | None
    power_kw: Amount | None
    state_of_charge: Amount | None
    minutes: int | None
    preferences: Preferences | None
    cost: DriverPrice | None
    cost_is: Literal["estimate", "final"] | None
    cost_language: Annotated[
        str | None, Field(description="Of the texts of `cost`: of the bill that of the receipt.")
    ]
    updated_at: datetime
    receipt_id: str | None
    payment: Payment


class ChargePage(Shape, json_schema_extra=example(examples.CHARGE_PAGE)):
    """Charges, the newest first."""

    charges: list[Charge]
    next: Next


class Reservation(Shape, json_schema_extra=example(examples.RESERVATION)):
    """An EVSE that is kept for a driver."""

    id: str
    state: Literal["requested", "confirmed", "used", "expired", "cancelled", "refused"]
    location: Place
    evse_uid: str
    until: datetime
    reason: str | None


class ReservationPage(Shape, json_schema_extra=example(examples.RESERVATION_PAGE)):
    """Reservations, the newest first."""

    reservations: list[Reservation]
    next: Next


class ActiveProfile(Shape, json_schema_extra=example(examples.ACTIVE_PROFILE)):
    """What a driver wants of a charge, and OCPI's ActiveChargingProfile that came of it."""

    preferences: Preferences | None
    profile: dict[str, Any] | None


class GuestPlug(Shape, json_schema_extra=example(examples.GUEST_PLUG)):
    """What a sticker names, and what a charge that begins there now costs."""

    location: Place
    physical_reference: str | None
    evse_uid: str
    evse_id: str | None
    floor_level: str | None
    connector_id: str
    standard: str
    format: str
    power_type: str
    max_kw: Amount | None
    status: str
    status_age_s: int
    status_note: str | None
    price: DriverPrice


class GuestCharge(Shape, json_schema_extra=example(examples.GUEST_CHARGE)):
    """A charge without an account, and the token that is good for it."""

    charge: Charge
    access_token: str


class Unlock(Shape, json_schema_extra=example(examples.UNLOCK)):
    """An unlocking of a connector; `result` is the station's answer, which comes later."""

    id: str
    state: Literal["sent", "taken", "refused", "done"]
    result: str | None
    reason: str | None


class Cost(Shape):
    """What was paid in one currency."""

    currency: Currency
    gross: Amount


class Month(Shape):
    """What was charged in a month, per currency."""

    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    charges: int
    energy_kwh: Amount
    gross: Amount
    currency: Currency


class Statistics(Shape, json_schema_extra=example(examples.STATISTICS)):
    """What was charged in a time."""

    charges: int
    energy_kwh: Amount
    cost: list[Cost]
    by_month: list[Month]


# --- the driver's own ----------------------------------------------------------------------------


class Suspicion(Shape):
    """How a card was last used as one driver hardly does; it is refused while that goes on."""

    rule: Literal["too_many_starts", "token_at_two_places"]
    message: str
    at: str


class Card(Shape, json_schema_extra=example(examples.CARD)):
    """An RFID card of the driver's."""

    id: str
    uid: str
    label: str | None
    contract_id: str
    state: Literal["active", "blocked"]
    suspicion: Suspicion | None


class Cards(Shape, json_schema_extra=example(examples.CARDS)):
    """The driver's cards, the oldest first."""

    cards: list[Card]


class Webhook(Shape):
    """Where events are sent; the secret is shown once, when it is new."""

    url: str
    secret: str | None = None


class Wishes(Shape, json_schema_extra=example(examples.WISHES)):
    """What a driver hears of by e-mail, by kind, and by webhook."""

    email: dict[str, bool] = Field(examples=[{"charge_finished": True}])
    webhook: Webhook | None


class ProblemAnswer(Shape):
    """What somebody said to a report."""

    at: datetime
    from_: Literal["support", "operator", "driver"] = Field(alias="from")
    text: str


class Problem(Shape, json_schema_extra=example(examples.PROBLEM)):
    """A problem that a driver reported."""

    id: str
    state: Literal["open", "with_operator", "answered", "closed"]
    kind: Literal["broken", "blocked", "payment", "app", "other"]
    text: str
    location: str | None
    evse_uid: str | None
    charge_id: str | None
    created_at: datetime
    answers: list[ProblemAnswer]


class ProblemPage(Shape, json_schema_extra=example(examples.PROBLEM_PAGE)):
    """Reports, the newest first."""

    problems: list[Problem]
    next: Next


class QueuedProblem(Problem, json_schema_extra=example(examples.QUEUED_PROBLEM)):
    """A report as support staff see it; `refusal` is why the operator did not take it."""

    driver_id: str | None
    operator: str | None
    refusal: str | None


class ProblemQueue(Shape, json_schema_extra=example(examples.PROBLEM_QUEUE)):
    """Reports of all drivers, those that wait longest first."""

    problems: list[QueuedProblem]
    next: Next


class SupportCharge(Charge, json_schema_extra=example(examples.SUPPORT_CHARGE)):
    """A charge as support staff see it; `session_id` is the operator's."""

    driver_id: str
    session_id: str | None


class SupportChargePage(Shape, json_schema_extra=example(examples.SUPPORT_CHARGE_PAGE)):
    """Charges of any driver, the newest first."""

    charges: list[SupportCharge]
    next: Next


class DriverCard(Shape):
    """A driver as support staff see it."""

    id: str
    email: str | None
    name: str | None
    status: str
    created_at: datetime


class Drivers(Shape, json_schema_extra=example(examples.DRIVERS)):
    """The driver that was looked for, or none."""

    drivers: list[DriverCard]


class Me(Shape, json_schema_extra=example(examples.ME)):
    """The driver."""

    id: str
    email: str | None
    pending_email: str | None = Field(
        description="Where a link was mailed to; `email` changes when it was opened."
    )
    name: str | None
    locale: str
    plan: str
    payment_ready: bool
    created_at: datetime
