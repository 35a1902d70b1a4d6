"""Where the sandbox CPO charges: real cities of Europe, with streets that exist nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Country:
    """What the places of one country have in common.

    `street` is how an address is written; `vat` in percent; prices in `currency`, of which about
    `rate` make one euro.
    """

    code: str
    alpha3: str
    time_zone: str
    currency: str
    rate: Decimal
    vat: Decimal
    street: str


@dataclass(frozen=True, slots=True)
class City:
    """A city and its middle, in degrees."""

    country: Country
    name: str
    latitude: Decimal
    longitude: Decimal


def _country(
    code: str,
    alpha3: str,
    time_zone: str,
    street: str,
    vat: str,
    *,
    currency: str = "EUR",
    rate: str = "1",
) -> Country:
    zone = f"Europe/{time_zone}"
    return Country(code, alpha3, zone, currency, Decimal(rate), Decimal(vat), street)


_COUNTRIES = {
    country.code: country
    for country in (
        _country("AT", "AUT", "Vienna", "{name}gasse {number}", "20.0"),
        _country("BE", "BEL", "Brussels", "{name}laan {number}", "21.0"),
        _country("CH", "CHE", "Zurich", "{name}weg {number}", "8.1", currency="CHF", rate="0.95"),
        _country("CZ", "CZE", "Prague", "{name}ova {number}", "21.0", currency="CZK", rate="25"),
        _country("DE", "DEU", "Berlin", "{name}straße {number}", "19.0"),
        _country(
            "DK", "DNK", "Copenhagen", "{name}vej {number}", "25.0", currency="DKK", rate="7.5"
        ),
        _country("EE", "EST", "Tallinn", "{name} tänav {number}", "22.0"),
        _country("ES", "ESP", "Madrid", "Calle {name} {number}", "21.0"),
        _country("FI", "FIN", "Helsinki", "{name}katu {number}", "25.5"),
        _country("FR", "FRA", "Paris", "{number} rue {name}", "20.0"),
        _country("GB", "GBR", "London", "{number} {name} Road", "20.0", currency="GBP", rate="0.8"),
        _country(
            "HU", "HUN", "Budapest", "{name} utca {number}", "27.0", currency="HUF", rate="4e2"
        ),
        _country("IE", "IRL", "Dublin", "{number} {name} Lane", "23.0"),
        _country("IT", "ITA", "Rome", "Via {name} {number}", "22.0"),
        _country("NL", "NLD", "Amsterdam", "{name}straat {number}", "21.0"),
        _country("NO", "NOR", "Oslo", "{name}veien {number}", "25.0", currency="NOK", rate="11.5"),
        _country(
            "PL", "POL", "Warsaw", "ulica {name} {number}", "23.0", currency="PLN", rate="4.3"
        ),
        _country("PT", "PRT", "Lisbon", "Rua {name} {number}", "23.0"),
        _country(
            "SE", "SWE", "Stockholm", "{name}gatan {number}", "25.0", currency="SEK", rate="11"
        ),
        _country("SI", "SVN", "Ljubljana", "{name} cesta {number}", "22.0"),
    )
}


def _city(code: str, name: str, latitude: str, longitude: str) -> City:
    return City(_COUNTRIES[code], name, Decimal(latitude), Decimal(longitude))


CITIES = (
    _city("NL", "Amsterdam", "52.3731", "4.8926"),
    _city("DE", "Berlin", "52.5200", "13.4050"),
    _city("FR", "Paris", "48.8566", "2.3522"),
    _city("GB", "London", "51.5072", "-0.1276"),
    _city("IT", "Milano", "45.4642", "9.1900"),
    _city("ES", "Madrid", "40.4168", "-3.7038"),
    _city("PL", "Warszawa", "52.2297", "21.0122"),
    _city("SE", "Stockholm", "59.3293", "18.0686"),
    _city("BE", "Gent", "51.0543", "3.7174"),
    _city("AT", "Wien", "48.2082", "16.3738"),
    _city("CH", "Zürich", "47.3769", "8.5417"),
    _city("NO", "Oslo", "59.9139", "10.7522"),
    _city("DK", "København", "55.6761", "12.5683"),
    _city("CZ", "Praha", "50.0755", "14.4378"),
    _city("PT", "Lisboa", "38.7223", "-9.1393"),
    _city("FI", "Helsinki", "60.1699", "24.9384"),
    _city("IE", "Dublin", "53.3498", "-6.2603"),
    _city("HU", "Budapest", "47.4979", "19.0402"),
    _city("SI", "Ljubljana", "46.0569", "14.5058"),
    _city("EE", "Tallinn", "59.4370", "24.7536"),
    _city("NL", "Rotterdam", "51.9244", "4.4777"),
    _city("DE", "München", "48.1351", "11.5820"),
    _city("FR", "Lyon", "45.7640", "4.8357"),
    _city("GB", "Manchester", "53.4808", "-2.2426"),
    _city("IT", "Torino", "45.0703", "7.6869"),
    _city("ES", "Barcelona", "41.3874", "2.1686"),
    _city("PL", "Kraków", "50.0647", "19.9450"),
    _city("SE", "Göteborg", "57.7089", "11.9746"),
    _city("BE", "Liège", "50.6326", "5.5797"),
    _city("NL", "Utrecht", "52.0907", "5.1214"),
    _city("DE", "Hamburg", "53.5511", "9.9937"),
    _city("FR", "Bordeaux", "44.8378", "-0.5792"),
    _city("GB", "Glasgow", "55.8642", "-4.2518"),
    _city("IT", "Bologna", "44.4949", "11.3426"),
    _city("ES", "València", "39.4699", "-0.3763"),
    _city("NL", "Eindhoven", "51.4416", "5.4697"),
    _city("DE", "Köln", "50.9375", "6.9603"),
    _city("PT", "Porto", "41.1579", "-8.6291"),
    _city("AT", "Graz", "47.0707", "15.4395"),
    _city("NO", "Bergen", "60.3913", "5.3221"),
)

# No gazetteer knows these names.
STREETS = (
    "Arvel", "Belmor", "Cassin", "Doravel", "Elvane", "Fenwick-Orr", "Galdera", "Harlune",
    "Ilvera", "Jorandel", "Kestrin", "Lumera", "Morvane", "Nelvik", "Orlanda-Vey", "Pellorin",
    "Quillane", "Rosvelda", "Serantis", "Tavorel", "Ulmira", "Vastrel", "Wendorra", "Yvarin",
    "Zelmora",
)  # fmt: skip
