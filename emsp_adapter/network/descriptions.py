"""What a search needs of Locations and EVSEs: pure functions over OCPI's documents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from emsp_adapter.network import text_search
from emsp_adapter.network.mercator import project
from emsp_adapter.network.operators import operator_of
from emsp_adapter.network.privacy import allowed_to
from emsp_adapter.store.evses import Evse
from emsp_adapter.store.places import Description, Hours
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.locations import PowerType

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
    on_earth = abs(lat) <= _MOST_LAT and abs(lon) <= _MOST_LON
    at = project(lat, lon)
    operator = operator_of(location)
    name = location.get("name")
    local = (location.get(each) for each in ("address", "postal_code", "city"))
    return Description(
        key=key,
        name=name,
        address=location["address"],
        city=location["city"],
        postal_code=location.get("postal_code"),
        country=location["country"],
        operator=operator,
        lat=lat,
        lon=lon,
        x=at.x,
        y=at.y,
        words=text_search.vector(
            name=name or location["address"],
            address=" ".join(each for each in local if each),
            operator=operator,
        ),
        published=location["publish"] and on_earth,
        allowed_to=allowed_to(location) if on_earth else [],
    )


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
