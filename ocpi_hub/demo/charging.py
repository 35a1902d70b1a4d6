"""Sessions and their CDRs as the sandbox CPO makes them: energy, time and money, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime

Document = dict[str, Any]

_WATT_HOUR = Decimal("0.001")
_SECOND_IN_HOURS = Decimal("0.0001")
_MONEY = Decimal("0.0001")
# A car takes less than the connector could give.
_SHARE = Decimal("0.85")


@dataclass(frozen=True, slots=True)
class Spot:
    """A connector at which a session can be."""

    location_id: str
    evse_uid: str
    connector_id: str


@dataclass(frozen=True, slots=True)
class Authorised:
    """Who charges, and how that was found out."""

    token: Document
    method: str
    reference: str | None

    @property
    def emsp(self) -> Party:
        """The owner of the token."""
        return Party(self.token["country_code"], self.token["party_id"])


@dataclass(frozen=True, slots=True)
class Cost:
    """What a session costs by one tariff, as Prices."""

    energy: Document | None
    time: Document | None
    fixed: Document | None
    total: Document


def opened(
    cpo: Party, session_id: str, spot: Spot, authorised: Authorised, tariff: Document, *, now: str
) -> Document:
    """A Session that begins."""
    session = {
        "country_code": cpo.country_code,
        "party_id": cpo.party_id,
        "id": session_id,
        "start_date_time": now,
        "kwh": Decimal("0.000"),
        "cdr_token": _cdr_token(authorised.token),
        "auth_method": authorised.method,
        "location_id": spot.location_id,
        "evse_uid": spot.evse_uid,
        "connector_id": spot.connector_id,
        "currency": tariff["currency"],
        "charging_periods": [],
        "status": "ACTIVE",
        "last_updated": now,
    }
    if authorised.reference is not None:
        session["authorization_reference"] = authorised.reference
    return session


def progress(session: Document, tariff: Document, *, watts: int, now: str) -> Document:
    """The PATCH of a Session that went on since its last change: one more charging period."""
    since = session["last_updated"]
    hours = _hours(since, now)
    energy = (Decimal(watts) * _SHARE / 1000 * hours).quantize(_WATT_HOUR)
    kwh = session["kwh"] + energy
    return {
        "kwh": kwh,
        "charging_periods": [
            {
                "start_date_time": since,
                "dimensions": [
                    {"type": "ENERGY", "volume": energy},
                    {"type": "TIME", "volume": hours},
                ],
                "tariff_id": tariff["id"],
            }
        ],
        "total_cost": cost(tariff, kwh=kwh, hours=_total_hours(session) + hours).total,
        "last_updated": now,
    }


def ended(patch: Document) -> Document:
    """A last `progress`, with what ends the Session."""
    return {**patch, "status": "COMPLETED", "end_date_time": patch["last_updated"]}


def cost(tariff: Document, *, kwh: Decimal, hours: Decimal) -> Cost:
    """The price of so much energy and time by a tariff of one element without restrictions."""
    components = {c["type"]: c for c in tariff["elements"][0]["price_components"]}
    volumes = {"ENERGY": kwh, "TIME": hours, "FLAT": Decimal(1)}
    prices = {
        name: _price(component["price"] * volumes[name], component["vat"])
        for name, component in components.items()
    }
    total = _sum(list(prices.values()))
    return Cost(prices.get("ENERGY"), prices.get("TIME"), prices.get("FLAT"), total)


def cdr(session: Document, location: Document, tariff: Document, *, now: str) -> Document:
    """The CDR of a Session that has ended."""
    hours = _total_hours(session)
    charged = cost(tariff, kwh=session["kwh"], hours=hours)
    carried = (
        "country_code",
        "party_id",
        "start_date_time",
        "end_date_time",
        "cdr_token",
        "auth_method",
        "authorization_reference",
        "currency",
        "charging_periods",
    )
    prices = {
        "total_energy_cost": charged.energy,
        "total_time_cost": charged.time,
        "total_fixed_cost": charged.fixed,
    }
    return {
        **{name: session[name] for name in carried if name in session},
        "id": f"CDR-{session['id']}",
        "session_id": session["id"],
        "cdr_location": _cdr_location(location, session),
        "tariffs": [tariff],
        "total_cost": charged.total,
        "total_energy": session["kwh"],
        "total_time": hours,
        **{name: price for name, price in prices.items() if price is not None},
        "last_updated": now,
    }


def _total_hours(session: Document) -> Decimal:
    """The sum of the periods, so that a CDR's total is what its periods say."""
    return sum(
        (
            dimension["volume"]
            for period in session["charging_periods"]
            for dimension in period["dimensions"]
            if dimension["type"] == "TIME"
        ),
        Decimal(0),
    )


def _hours(since: str, now: str) -> Decimal:
    elapsed = parse_datetime(now) - parse_datetime(since)
    milliseconds = Decimal(round(elapsed.total_seconds() * 1000))
    return (milliseconds / 3_600_000).quantize(_SECOND_IN_HOURS)


def _price(amount: Decimal, vat: Decimal) -> Document:
    excluding = amount.quantize(_MONEY, ROUND_HALF_UP)
    including = (excluding * (1 + vat / 100)).quantize(_MONEY, ROUND_HALF_UP)
    return {"excl_vat": excluding, "incl_vat": including}


def _sum(prices: Sequence[Document]) -> Document:
    names = ("excl_vat", "incl_vat")
    return {name: sum((price[name] for price in prices), Decimal(0)) for name in names}


def _cdr_token(token: Document) -> Document:
    names = ("country_code", "party_id", "uid", "type", "contract_id")
    return {name: token[name] for name in names}


def _cdr_location(location: Document, session: Document) -> Document:
    evse = next(e for e in location["evses"] if e["uid"] == session["evse_uid"])
    connector = next(c for c in evse["connectors"] if c["id"] == session["connector_id"])
    carried = ("id", "name", "address", "city", "country", "coordinates")
    return {
        **{name: location[name] for name in carried},
        "evse_uid": evse["uid"],
        "evse_id": evse["evse_id"],
        "connector_id": connector["id"],
        "connector_standard": connector["standard"],
        "connector_format": connector["format"],
        "connector_power_type": connector["power_type"],
    }
