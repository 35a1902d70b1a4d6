"""The models by name, and a sample for each that is a body of its own."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ocpi_hub.protocol.v2_2_1 import (
    cdrs,
    charging_profiles,
    commands,
    credentials,
    envelope,
    hub_client_info,
    locations,
    sessions,
    tariffs,
    tokens,
    types,
    versions,
)
from tests import samples

CHAPTERS = (
    cdrs,
    charging_profiles,
    commands,
    credentials,
    envelope,
    hub_client_info,
    locations,
    sessions,
    tariffs,
    tokens,
    types,
    versions,
)

MODELS: dict[str, type[BaseModel]] = {
    name: each
    for chapter in CHAPTERS
    for name, each in vars(chapter).items()
    if isinstance(each, type) and issubclass(each, BaseModel) and name != "OcpiObject"
}

SAMPLES: dict[str, dict[str, Any]] = {
    "ActiveChargingProfile": samples.active_charging_profile(),
    "ActiveChargingProfileResult": samples.active_charging_profile_result(),
    "AuthorizationInfo": samples.authorization_info(),
    "CDR": samples.cdr(),
    "CancelReservation": samples.cancel_reservation(),
    "ChargingPreferences": samples.charging_preferences(),
    "ChargingProfileResponse": samples.charging_profile_response(),
    "ChargingProfileResult": samples.profile_result(),
    "ClearProfileResult": samples.profile_result(),
    "ClientInfo": samples.client_info(),
    "CommandResponse": samples.command_response(),
    "CommandResult": samples.command_result(),
    "Connector": samples.connector(),
    "Credentials": samples.credentials(),
    "EVSE": samples.evse(),
    "Location": samples.location(),
    "LocationReferences": samples.location_references(),
    "ReserveNow": samples.reserve_now(),
    "Session": samples.session(),
    "SetChargingProfile": samples.set_charging_profile(),
    "StartSession": samples.start_session(),
    "StopSession": samples.stop_session(),
    "Tariff": samples.tariff(),
    "Token": samples.token(),
    "UnlockConnector": samples.unlock_connector(),
    "Version": samples.versions()[0],
    "VersionDetails": samples.version_details(),
}
