"""What a search needs of Locations and EVSEs: pure functions over OCPI's documents."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from emsp_adapter.network.mercator import project
from emsp_adapter.store.evses import Evse
from emsp_adapter.store.places import Description, Hours
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.locations import PowerType

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS, _LONGEST_WORD = 100, 64
# Where no power is given: how many times volts and amperes count.
_PHASES = {
    PowerType.AC_2_PHASE: 2,
    PowerType.AC_2_PHASE_SPLIT: 2,
    PowerType.AC_3_PHASE: 3,
}
# OCPI's form of degrees allows for more than there are; nobody finds such a place.
_MOST_LAT, _MOST_LON = 90, 180
# No plug is stronger, whatever is written.
_MOST_WATTS = 100_000_000


def describe(location: Mapping[str, Any], key: str) -> Description:
    """What a Location says of itself."""
    coordinates = location["coordinates"]
    lat, lon = float(coordinates["latitude"]), float(coordinates["longitude"])
    at = project(lat, lon)
    operator = operator_of(location)
    said = (location.get(name) for name in ("name", "address", "city", "postal_code"))
    return Description(
        key=key,
        name=location.get("name"),
        address=location["address"],
        city=location["city"],
        postal_code=location.get("postal_code"),
        country=location["country"],
        operator=operator,
        lat=lat,
        lon=lon,
        x=at.x,
        y=at.y,
        words=words(" ".join((operator, *(each for each in said if each)))),
        published=location["publish"] and abs(lat) <= _MOST_LAT and abs(lon) <= _MOST_LON,
    )


def operator_of(location: Mapping[str, Any]) -> str:
    """Who runs a Location: its operator's name, else the party's."""
    operator = location.get("operator")
    if operator is None:
        return str(Party(location["country_code"], location["party_id"]))
    return str(operator["name"])


def words(text: str) -> list[str]:
    """The words of a text as they are searched for: without case and accents, each once."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    found = (word[:_LONGEST_WORD] for word in _WORD.findall(bare))
    return list(dict.fromkeys(found))[:_MOST_WORDS]


def hours_of(location: Mapping[str, Any]) -> Hours | None:
    """When a Location is open; None where it does not say."""
    document, time_zone = location.get("opening_times"), location["time_zone"]
    if document is None:
        return None
    digest = hashlib.sha256(dumps([time_zone, document])).hexdigest()
    return Hours(digest, document, time_zone)


def evse_at(document: dict[str, Any], position: int) -> Evse:
    """An EVSE in its place, with what it offers."""
    connectors = document["connectors"]
    named = (each for one in connectors for each in one.get("tariff_ids") or ())
    return Evse(
        document=document,
        position=position,
        standards=[one["standard"] for one in connectors],
        watts=[watts(one) for one in connectors],
        tariff_ids=list(dict.fromkeys(each.lower() for each in named)),
        last_updated=parse_datetime(document["last_updated"]),
    )


def watts(connector: Mapping[str, Any]) -> int:
    """The most that a Connector gives. Of three phases the voltage is that to neutral."""
    given = connector.get("max_electric_power")
    if given is None:
        phases = _PHASES.get(connector["power_type"], 1)
        given = phases * connector["max_voltage"] * connector["max_amperage"]
    return int(max(0, min(given, _MOST_WATTS)))


def kilowatts(watts: int | None) -> str | None:
    """Watts as drivers see them: 22, 3.7."""
    if not watts:
        return None
    exact = Decimal(watts).scaleb(-3).quantize(Decimal("0.1"))
    return f"{exact.normalize():f}"
