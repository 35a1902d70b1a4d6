"""Where a session is: copied when it begins, as its CDR tells its place as it was (CDR-09)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import evse_at, plug_at
from cpo_adapter.store import places as store
from cpo_adapter.store import plugs as plug_store
from cpo_adapter.store.plugs import Plug
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.tariffs import TariffType
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

_COPIED = ("name", "address", "city", "postal_code", "state", "country", "coordinates")
_THREE_PHASES = "AC_3_PHASE"
_TWO_PHASES = frozenset({"AC_2_PHASE", "AC_2_PHASE_SPLIT"})
_BY_TYPE: dict[str | None, int] = {TariffType.REGULAR: 1, None: 2, TariffType.AD_HOC_PAYMENT: 4}
_OTHER_TYPE = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A connector of ours, as it is now; `snapshot` is what a transaction keeps of it."""

    location_id: str
    evse_uid: str
    connector_id: str
    snapshot: dict[str, Any]
    tariffs: Sequence[dict[str, Any]]

    def tariff(self, at: datetime, *, token: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The one tariff that a session which begins then is billed by."""
        valid = [each for each in self.tariffs if _is_valid(each, at)]
        return min(valid, key=lambda each: _rank(each, token), default=None)


async def place_of(
    conn: Hot, station_id: str, evse: int | None, connector: int | None, *, version: Version
) -> Place | None:
    """The place of a plug; None where it is not mapped."""
    plugs = await plug_store.of_station(conn, station_id)
    plug = _plug(plugs, evse, connector, version=version)
    if plug is None:
        return None
    found = await store.find(conn, plug.evse_uid, connector_id=plug.connector_id)
    if found is None:
        return None
    connectors = found.evse["connectors"]
    chosen = next((each for each in connectors if each["id"] == plug.connector_id), None)
    if chosen is None:
        return None
    return Place(
        found.location["id"],
        plug.evse_uid,
        plug.connector_id,
        _snapshot(found, chosen, plug),
        found.tariffs,
    )


def _plug(
    plugs: Sequence[Plug], evse: int | None, connector: int | None, *, version: Version
) -> Plug | None:
    """A station that does not say which connector may still mean an EVSE with one or more."""
    found = plug_at(plugs, evse, connector or None, version=version)
    if found is not None:
        return found
    uid = evse_at(plugs, evse, version=version)
    return next((plug for plug in plugs if plug.evse_uid == uid), None)


def _snapshot(found: store.Found, connector: Mapping[str, Any], plug: Plug) -> dict[str, Any]:
    location, evse = found.location, found.evse
    copied = {name: location[name] for name in _COPIED if location.get(name) is not None}
    cdr_location = {
        "id": location["id"],
        **copied,
        "evse_uid": plug.evse_uid,
        # Optional in an EVSE and required here (CDR-19).
        "evse_id": evse.get("evse_id") or plug.evse_uid,
        "connector_id": plug.connector_id,
        "connector_standard": connector["standard"],
        "connector_format": connector["format"],
        "connector_power_type": connector["power_type"],
    }
    return {
        "cdr_location": cdr_location,
        "time_zone": location.get("time_zone"),
        "rated_watts": rated_watts(connector) if plug.rated_watts is None else plug.rated_watts,
        "volts": connector.get("max_voltage"),
    }


def rated_watts(connector: Mapping[str, Any]) -> Decimal:
    """The most a connector gives; the voltage of three phases is from a line to neutral."""
    named = connector.get("max_electric_power")
    if named:
        return Decimal(named)
    power = Decimal(connector["max_voltage"]) * Decimal(connector["max_amperage"])
    if connector["power_type"] == _THREE_PHASES:
        return power * 3
    return power * 2 if connector["power_type"] in _TWO_PHASES else power


def _is_valid(tariff: Mapping[str, Any], at: datetime) -> bool:
    start, end = tariff.get("start_date_time"), tariff.get("end_date_time")
    begun = start is None or parse_datetime(start) <= at
    return begun and (end is None or at < parse_datetime(end))


def _rank(tariff: Mapping[str, Any], token: Mapping[str, Any] | None) -> int:
    """A tariff made for such a driver first; one for ad hoc payment is nobody else's."""
    kind, driver = tariff.get("type"), token or {}
    profile = driver.get("default_profile_type")
    if driver.get("type") == TokenType.AD_HOC_USER and kind == TariffType.AD_HOC_PAYMENT:
        return 0
    if profile is not None and kind == f"PROFILE_{profile}":
        return 0
    return _BY_TYPE.get(kind, _OTHER_TYPE)
