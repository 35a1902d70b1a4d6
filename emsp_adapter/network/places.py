"""Where one can charge: a public id for a Location, and a plug with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emsp_adapter.store import evses, locations, tariffs
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime


class UnknownPlace(ObjectNotFound):
    """There is no such charger."""


@dataclass(frozen=True, slots=True)
class Plug:
    """A connector. The documents are OCPI's as the CPO sent them, the Location without its EVSEs;
    `key` is the Location's public id, `status_at` when the CPO stamped the EVSE last."""

    party: Party
    key: str
    location_id: str
    evse_uid: str
    connector_id: str
    location: dict[str, Any]
    evse: dict[str, Any]
    connector: dict[str, Any]
    status: str
    status_at: datetime
    time_zone: str
    tariff_ids: tuple[str, ...]


def key_of(party: Party, location_id: str) -> str:
    """The public id of a Location: NL*CPO*LOC1."""
    return f"{party.country_code}*{party.party_id}*{location_id}"


def parse_key(key: str) -> tuple[Party, str]:
    """The owner and the id of a Location from its public id; UnknownPlace when it is none."""
    country_code, _, rest = key.partition("*")
    party_id, star, location_id = rest.partition("*")
    if not star or not location_id or not key.isprintable():
        raise unknown(key)
    try:
        return Party.checked(country_code, party_id, where="location"), location_id
    except InvalidParameters:
        raise unknown(key) from None


def unknown(key: str) -> UnknownPlace:
    """What is said of a place that there is not."""
    return UnknownPlace(f"location: {key[:50]!r} is not known, expected an id such as NL*CPO*LOC1")


async def plug(conn: Hot, key: str, evse_uid: str, connector_id: str | None = None) -> Plug:
    """The connector, the EVSE's first when none is named; UnknownPlace when there is none."""
    party, location_id = parse_key(key)
    location = await locations.find(conn, party, location_id)
    if location is None:
        raise unknown(key)
    evse = await evses.find(conn, party, location_id, evse_uid)
    if evse is None:
        raise UnknownPlace(f"evse_uid: {evse_uid[:40]!r} is not at {key[:50]}")
    connector = _connector(evse.document, connector_id)
    return Plug(
        party=Party(location["country_code"], location["party_id"]),
        key=key_of(Party(location["country_code"], location["party_id"]), location["id"]),
        location_id=location["id"],
        evse_uid=evse.document["uid"],
        connector_id=connector["id"],
        location=location,
        evse=evse.document,
        connector=connector,
        status=evse.document["status"],
        status_at=evse.last_updated,
        time_zone=location["time_zone"],
        tariff_ids=tuple(connector.get("tariff_ids") or ()),
    )


async def tariffs_of(conn: Hot, plug: Plug, at: datetime) -> list[dict[str, Any]]:
    """The Tariffs that hold at a plug at a moment, as they were offered then."""
    if not plug.tariff_ids:
        return []
    found = await tariffs.versions_at(conn, plug.party, plug.tariff_ids, at)
    gone = await tariffs.deleted_at(conn, plug.party, plug.tariff_ids, at)
    return [each for each in found if each["id"].lower() not in gone and _holds(each, at)]


def _holds(tariff: dict[str, Any], at: datetime) -> bool:
    begins, ends = tariff.get("start_date_time"), tariff.get("end_date_time")
    if begins is not None and at < parse_datetime(begins):
        return False
    return ends is None or at < parse_datetime(ends)


def _connector(evse: dict[str, Any], connector_id: str | None) -> dict[str, Any]:
    for connector in evse["connectors"]:
        if connector_id is None or connector["id"].lower() == connector_id.lower():
            return dict(connector)
    raise UnknownPlace(f"connector_id: {str(connector_id)[:40]!r} is not at EVSE {evse['uid']!r}")
