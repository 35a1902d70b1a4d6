"""What an EVSE can do, where the operator's file does not say: as far as it is known.

REMOTE_START_STOP_CAPABLE  it is mapped to a plug of a station: every station takes the command
RFID_READER                the same: a station without a reader has to be described in the file
UNLOCK_CAPABLE             mapped, and has a socket: a fixed cable cannot be unlocked
RESERVABLE                 its station has said that it takes reservations
CHARGING_PROFILE_CAPABLE   its station has said that it can charge by a profile
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpo_adapter.ocpp.calls import Variable
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store.stations import Station
from ocpi_hub.protocol.v2_2_1.locations import Capability, ConnectorFormat

# Settings that say what a station can do.
FEATURES = {
    Version.V16: (Variable("SupportedFeatureProfiles"),),
    Version.V201: (
        Variable("Available", component="ReservationCtrlr"),
        Variable("Available", component="SmartChargingCtrlr"),
    ),
}
_BY_PROFILE = {
    "reservation": Capability.RESERVABLE,
    "smartcharging": Capability.CHARGING_PROFILE_CAPABLE,
}
_BY_CONTROLLER = {
    "ReservationCtrlr.Available": Capability.RESERVABLE,
    "SmartChargingCtrlr.Available": Capability.CHARGING_PROFILE_CAPABLE,
}


def derived(evse: Mapping[str, Any], station: Station | None) -> list[str]:
    """The capabilities of an EVSE at that station; none while it is not mapped to one."""
    if station is None:
        return []
    found = {Capability.REMOTE_START_STOP_CAPABLE, Capability.RFID_READER}
    if any(each["format"] == ConnectorFormat.SOCKET for each in evse["connectors"]):
        found.add(Capability.UNLOCK_CAPABLE)
    return sorted(each.value for each in found | features(station.configuration))


def lacks(configuration: Mapping[str, Any], capability: Capability) -> bool:
    """Whether a station has said what it can do, and this is not among it."""
    if configuration.get("SupportedFeatureProfiles", {}).get("value"):
        return capability not in features(configuration)
    return any(
        str(configuration.get(name, {}).get("value", "")).lower() == "false"
        for name, meant in _BY_CONTROLLER.items()
        if meant is capability
    )


def features(configuration: Mapping[str, Any]) -> set[Capability]:
    """What a station can do by its own words: the feature profiles of 1.6, controllers of 2.0.1."""
    profiles = str(configuration.get("SupportedFeatureProfiles", {}).get("value", ""))
    said = {profile.strip().lower() for profile in profiles.split(",")}
    found = {capability for profile, capability in _BY_PROFILE.items() if profile in said}
    for name, capability in _BY_CONTROLLER.items():
        if str(configuration.get(name, {}).get("value", "")).lower() == "true":
            found.add(capability)
    return found
