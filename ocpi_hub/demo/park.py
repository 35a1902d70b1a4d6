"""What the CPO of the demo has: places, tariffs and simulated stations, the same in every run.

The cities are real, the streets exist nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ocpi_hub.protocol.party import Party

Document = dict[str, Any]

# Per kWh, to begin with, and per hour of parking once the vehicle is full.
_AC: Final = (Decimal("0.39"), Decimal("0.35"), Decimal("2.40"))
_DC: Final = (Decimal("0.59"), Decimal("0.50"), Decimal("12.00"))
_CAPABILITIES: Final = (
    "CHARGING_PREFERENCES_CAPABLE",
    "CHARGING_PROFILE_CAPABLE",
    "REMOTE_START_STOP_CAPABLE",
    "RESERVABLE",
    "RFID_READER",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A Location: `vat` in percent, `latitude` and `longitude` in degrees."""

    id: str
    street: str
    city: str
    country: str
    alpha3: str
    time_zone: str
    vat: Decimal
    latitude: str
    longitude: str

    @property
    def name(self) -> str:
        """What drivers know it by."""
        return f"Elm {self.city}"


@dataclass(frozen=True, slots=True)
class Station:
    """A charging station at a place. Each of its connectors is an EVSE."""

    id: str
    place: Place
    protocol: str
    direct: bool

    @property
    def key(self) -> str:
        """The password with which it connects: of a simulated station, no secret."""
        return f"simulated-{self.id}"

    @property
    def powers(self) -> tuple[int, int]:
        """What its connectors give, in kW."""
        return (50, 150) if self.direct else (11, 22)

    @property
    def evse_uids(self) -> list[str]:
        """Its EVSEs in the order of its connectors."""
        return [f"{self.id}-{number}" for number in range(1, len(self.powers) + 1)]


def _place(code: str, *texts: str) -> Place:
    alpha3, street, city, zone, vat, latitude, longitude = texts
    id_ = f"ELM-{city[:3].upper()}"
    return Place(
        id_, street, city, code, alpha3, f"Europe/{zone}", Decimal(vat), latitude, longitude
    )


PLACES: Final = (
    _place("NL", "NLD", "Arvelstraat 12", "Amsterdam", "Amsterdam", "21.0", "52.37310", "4.89260"),
    _place("DE", "DEU", "Doravelstraße 80", "Berlin", "Berlin", "19.0", "52.52000", "13.40500"),
    _place("FR", "FRA", "3 rue Lumera", "Paris", "Paris", "20.0", "48.85660", "2.35220"),
    _place("FI", "FIN", "Kestrinkatu 7", "Helsinki", "Helsinki", "25.5", "60.16990", "24.93840"),
)

# Where nobody charges but whoever looks at the demo.
QUIET: Final = PLACES[0]

# Both versions of OCPP at each place, and both kinds of current in each version.
STATIONS: Final = tuple(
    Station(
        id=f"{place.id}-{'DC' if direct else 'AC'}",
        place=place,
        protocol="2.0.1" if (number % 2 == 0) is direct else "1.6",
        direct=direct,
    )
    for number, place in enumerate(PLACES)
    for direct in (False, True)
)
QUIET_EVSE_UID: Final = next(each for each in STATIONS if each.place is QUIET).evse_uids[0]


def locations(party: Party) -> list[Document]:
    """The Locations; what of them the stations tell is left to the stations."""
    return [_location(party, place) for place in PLACES]


def tariffs(party: Party) -> list[Document]:
    """Two Tariffs for each place, AC and DC, with the VAT of its country."""
    return [_tariff(party, place, direct=direct) for place in PLACES for direct in (False, True)]


def scenario() -> Document:
    """The stations as `cpo-adapter simulate` reads them; each lives days of its own, those of the
    quiet place without visitors."""
    return {
        "stations": [
            {
                "name": station.id,
                "key": station.key,
                "protocol": station.protocol,
                "visitors": station.place is not QUIET,
                "connectors": [
                    {"power_kw": power, "current": "DC" if station.direct else "AC"}
                    for power in station.powers
                ],
            }
            for station in STATIONS
        ]
    }


def _location(party: Party, place: Place) -> Document:
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": place.id,
        "publish": True,
        "name": place.name,
        "address": place.street,
        "city": place.city,
        "country": place.alpha3,
        "coordinates": {"latitude": place.latitude, "longitude": place.longitude},
        "parking_type": "ON_STREET",
        "evses": [
            evse for station in STATIONS if station.place is place for evse in _evses(station)
        ],
        "operator": {"name": "Elm Charging"},
        "time_zone": place.time_zone,
        "opening_times": {"twentyfourseven": True},
        "energy_mix": {
            "is_green_energy": True,
            "energy_sources": [
                {"source": "WIND", "percentage": Decimal("62.5")},
                {"source": "SOLAR", "percentage": Decimal("37.50")},
            ],
        },
    }


def _evses(station: Station) -> Iterator[Document]:
    place = station.place
    for uid, power in zip(station.evse_uids, station.powers, strict=True):
        yield {
            "uid": uid,
            "evse_id": f"{place.country}*ELM*E{uid.removeprefix('ELM-').replace('-', '*')}",
            "capabilities": [*_CAPABILITIES, *([] if station.direct else ["UNLOCK_CAPABLE"])],
            "connectors": [
                {
                    "id": "1",
                    **(_direct(power) if station.direct else _alternating(power)),
                    "tariff_ids": [_tariff_id(place, direct=station.direct)],
                }
            ],
            "physical_reference": ".".join(uid.rsplit("-", 2)[1:]),
        }


def _alternating(power: int) -> Document:
    return {
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32 if power > 11 else 16,
        "max_electric_power": power * 1000,
    }


def _direct(power: int) -> Document:
    return {
        "standard": "IEC_62196_T2_COMBO",
        "format": "CABLE",
        "power_type": "DC",
        "max_voltage": 920,
        "max_amperage": 500 if power > 50 else 125,
        "max_electric_power": power * 1000,
    }


def _tariff_id(place: Place, *, direct: bool) -> str:
    return f"{place.country}-{'DC' if direct else 'AC'}"


def _tariff(party: Party, place: Place, *, direct: bool) -> Document:
    prices = zip(("ENERGY", "FLAT", "PARKING_TIME"), _DC if direct else _AC, strict=True)
    kind = "DC" if direct else "AC"
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": _tariff_id(place, direct=direct),
        "currency": "EUR",
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "en", "text": f"{kind} charging in {place.city}"}],
        "elements": [
            {
                "price_components": [
                    {"type": name, "price": price, "vat": place.vat, "step_size": 1}
                    for name, price in prices
                ]
            }
        ],
    }
