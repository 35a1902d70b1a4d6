"""Stations and sessions as operators are shown them, on the command line and over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cpo_adapter import stations as work
from cpo_adapter.store import plugs, statuses
from cpo_adapter.store.plugs import Plug
from cpo_adapter.store.stations import Station
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Hot

_THOUSAND = Decimal(1000)


async def described_station(conn: Hot, station: Station) -> dict[str, Any]:
    """A station, without its key."""
    there = await work.connectivity(conn, station)
    return {
        "id": station.id,
        "status": station.status,
        "state": there.state.value,
        "connected": station.connected,
        "security_profile": station.security_profile,
        "protocol": station.protocol,
        "vendor": station.vendor,
        "model": station.model,
        "serial_number": station.serial_number,
        "firmware_version": station.firmware_version,
        "connected_at": there.connected_at,
        "last_seen": there.last_seen,
        "offline_since": there.offline_since,
        "booted_at": station.booted_at,
        "clock_off_by_ms": station.skew_ms,
    }


async def whole_station(conn: Hot, station: Station) -> dict[str, Any]:
    """The same with its plugs, what its connectors said last, and its settings."""
    reported = await statuses.of_stations(conn, [station.id])
    return await described_station(conn, station) | {
        "plugs": [described_plug(each) for each in await plugs.of_station(conn, station.id)],
        "statuses": [
            {
                "evse": each.evse,
                "connector": each.connector,
                "status": each.status,
                "error_code": each.error_code,
                "at": each.at,
            }
            for each in reported
        ],
        "configuration": dict(station.configuration),
    }


def described_plug(plug: Plug) -> dict[str, Any]:
    """Which connector of which EVSE a plug is."""
    return {
        "evse": plug.evse,
        "connector": plug.connector,
        "evse_uid": plug.evse_uid,
        "connector_id": plug.connector_id,
    }


def described_session(found: Transaction) -> dict[str, Any]:
    """A session; `transaction_id` is the station's own."""
    return {
        "id": found.id,
        "station_id": found.station_id,
        "transaction_id": found.ocpp_id,
        "evse_uid": found.evse_uid,
        "connector_id": found.connector_id,
        "id_tag": found.id_tag,
        "owner": found.owner,
        "start": found.started_at,
        "stop": found.stopped_at,
        "stop_reason": found.stop_reason,
        "kwh": None if found.energy is None else found.energy / _THOUSAND,
        "state": found.state,
        "billing": found.billing,
        "suspicions": list(found.suspicions),
        "cdr_id": found.cdr_id,
    }
