"""What the sandbox CPO offers: locations, EVSEs, connectors and tariffs, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ocpi_hub.demo.places import CITIES, STREETS, City, Country
from ocpi_hub.protocol.party import Party

Document = dict[str, Any]

_SEED = 2021
_EVSES = (1, 2, 2, 2, 3, 4, 4, 6)
_FACILITIES = ("CAFE", "HOTEL", "MALL", "MUSEUM", "RESTAURANT", "SUPERMARKET", "TRAIN_STATION")
_PARKING = ("ON_STREET", "PARKING_GARAGE", "PARKING_LOT", "UNDERGROUND_GARAGE")
_CAPABILITIES = ["RFID_READER", "REMOTE_START_STOP_CAPABLE", "CHARGING_PREFERENCES_CAPABLE"]
# Euros: per kWh, per hour of charging, and to begin with.
_AC = (Decimal("0.39"), Decimal("0.60"), None)
_DC = (Decimal("0.59"), None, Decimal("0.35"))
_CENT = Decimal("0.01")


def locations(party: Party, count: int, *, now: str) -> list[Document]:
    """So many locations, spread evenly over the cities; `now` is their last_updated."""
    draw = random.Random(_SEED)  # noqa: S311 - a world, not a secret
    return [
        _location(party, number, CITIES[number % len(CITIES)], draw, now) for number in range(count)
    ]


def tariffs(party: Party, *, now: str) -> list[Document]:
    """Two tariffs for each country, AC and DC, in its own currency and with its VAT."""
    countries = sorted({city.country.code: city.country for city in CITIES}.items())
    return [
        _tariff(party, country, power, prices, now)
        for _, country in countries
        for power, prices in (("AC", _AC), ("DC", _DC))
    ]


def _location(party: Party, number: int, city: City, draw: random.Random, now: str) -> Document:
    country = city.country
    id_ = f"SBX-{country.code}-{number + 1:03}"
    street = STREETS[(number * 7 + number // len(CITIES)) % len(STREETS)]
    address = country.street.format(name=street, number=draw.randrange(1, 180))
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": id_,
        "publish": True,
        "name": f"{city.name} {street}",
        "address": address,
        "city": city.name,
        "country": country.alpha3,
        "coordinates": _near(city, draw),
        "parking_type": draw.choice(_PARKING),
        "evses": list(_evses(party, id_, country, draw, now)),
        "operator": {"name": "Sandbox Charging"},
        "facilities": draw.sample(_FACILITIES, 2),
        "time_zone": country.time_zone,
        "opening_times": {"twentyfourseven": True},
        "energy_mix": {
            "is_green_energy": True,
            "energy_sources": [
                {"source": "WIND", "percentage": Decimal("62.5")},
                {"source": "SOLAR", "percentage": Decimal("37.50")},
            ],
        },
        "last_updated": now,
    }


def _near(city: City, draw: random.Random) -> Document:
    """Within some three kilometres of the middle."""
    north, east = (Decimal(draw.randrange(-30000, 30000)).scaleb(-6) for _ in range(2))
    return {
        "latitude": f"{city.latitude + north:.6f}",
        "longitude": f"{city.longitude + east:.6f}",
    }


def _evses(
    party: Party, location_id: str, country: Country, draw: random.Random, now: str
) -> Iterator[Document]:
    for number in range(1, draw.choice(_EVSES) + 1):
        uid = f"{location_id}-{number}"
        fast = draw.random() < 0.35
        kind = "DC" if fast else "AC"
        yield {
            "uid": uid,
            "evse_id": f"{country.code}*{party.party_id}*E{location_id[-3:]}*{number}",
            "status": "AVAILABLE",
            "capabilities": _CAPABILITIES,
            "connectors": [
                {**connector, "tariff_ids": [f"{country.code}-{kind}"], "last_updated": now}
                for connector in (_fast_connectors() if fast else _slow_connectors())
            ],
            "physical_reference": f"{number}",
            "last_updated": now,
        }


def _slow_connectors() -> list[Document]:
    return [
        {
            "id": "1",
            "standard": "IEC_62196_T2",
            "format": "SOCKET",
            "power_type": "AC_3_PHASE",
            "max_voltage": 230,
            "max_amperage": 32,
            "max_electric_power": 22080,
        }
    ]


def _fast_connectors() -> list[Document]:
    shared = {"format": "CABLE", "power_type": "DC"}
    return [
        {
            "id": "1",
            "standard": "IEC_62196_T2_COMBO",
            **shared,
            "max_voltage": 920,
            "max_amperage": 500,
            "max_electric_power": 150000,
        },
        {
            "id": "2",
            "standard": "CHADEMO",
            **shared,
            "max_voltage": 500,
            "max_amperage": 125,
            "max_electric_power": 50000,
        },
    ]


def _tariff(
    party: Party,
    country: Country,
    power: str,
    prices: tuple[Decimal, Decimal | None, Decimal | None],
    now: str,
) -> Document:
    names = ("ENERGY", "TIME", "FLAT")
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": f"{country.code}-{power}",
        "currency": country.currency,
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "en", "text": f"{power} charging in {country.alpha3}"}],
        "elements": [
            {
                "price_components": [
                    {
                        "type": name,
                        "price": (price * country.rate).quantize(_CENT),
                        "vat": country.vat,
                        "step_size": 1,
                    }
                    for name, price in zip(names, prices, strict=True)
                    if price is not None
                ]
            }
        ],
        "last_updated": now,
    }
