"""What a driver is shown of the place of a charge, kept as it was then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emsp_adapter.network.operators import operator_of
from emsp_adapter.network.places import Plug


def card_of(plug: Plug) -> dict[str, Any]:
    """The place as {location, operator, physical_reference, evse_id}."""
    location = plug.location
    return {
        "location": {
            "id": plug.key,
            "name": location.get("name") or location["address"],
            "address": location["address"],
            "city": location["city"],
        },
        "operator": operator_of(location),
        "physical_reference": plug.evse.get("physical_reference"),
        "evse_id": plug.evse.get("evse_id"),
    }


def unknown(key: str, name: str) -> dict[str, Any]:
    """A place that its operator has not told us of, or has taken away."""
    location = {"id": key, "name": name, "address": "", "city": ""}
    return {"location": location, "physical_reference": None, "evse_id": None}


def point_name(card: Mapping[str, Any], evse_uid: str) -> str:
    """What is written at a charging point, or else what it is known by."""
    return str(card.get("physical_reference") or card.get("evse_id") or evse_uid)


def facts_of(card: Mapping[str, Any], evse_uid: str) -> dict[str, str]:
    """The place as drivers are told of it."""
    location = card["location"]
    address = ", ".join(part for part in (location["address"], location["city"]) if part)
    return {"station": location["name"], "address": address, "evse": point_name(card, evse_uid)}
