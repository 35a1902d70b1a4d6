"""A Location with all that drivers are told of it, and how far the status can be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emsp_adapter.drivers.sentences import said
from emsp_adapter.network import chances
from emsp_adapter.network.chances import Use
from emsp_adapter.network.descriptions import kilowatts, watts
from emsp_adapter.network.summaries import age_s
from emsp_adapter.store.evses import StoredEvse
from ocpi_hub.protocol.v2_2_1.locations import Status

# A status that nobody has confirmed for so long may be another one by now.
OLD = timedelta(hours=24)

_NOTES = {
    "en": {
        "away": "The operator is not connected at the moment; this was the status {age} ago.",
        "unknown": "The operator does not know the status of this charging point at the moment.",
        "old": "The operator last reported this status {age} ago; it may have changed since.",
    },
    "de": {
        "away": "Der Betreiber ist zurzeit nicht verbunden; so war der Status vor {age}.",
        "unknown": "Der Betreiber kennt den Status dieses Ladepunkts zurzeit nicht.",
        "old": "Der Betreiber hat diesen Status zuletzt vor {age} gemeldet;"
        " er kann sich geändert haben.",
    },
}
_UNITS = {
    "en": (("minute", "minutes"), ("hour", "hours"), ("day", "days")),
    "de": (("Minute", "Minuten"), ("Stunde", "Stunden"), ("Tag", "Tagen")),
}
_SECONDS = (60, 3600, 86400)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the CPO tells of changes now, and whether a command has a way to it."""

    connected: bool
    commands: bool


def details(
    location: Mapping[str, Any],
    listed: list[StoredEvse],
    *,
    reach: Reach,
    use: Use,
    at: datetime,
    language: str,
) -> dict[str, Any]:
    """What a Location has beside its summary; its EVSEs in the CPO's order."""
    phone = location.get("help_phone")
    return {
        "opening_times": location.get("opening_times"),
        "directions": _in_language(location.get("directions"), language),
        "facilities": location.get("facilities") or [],
        "images": [
            {"url": each["url"], "category": each["category"]}
            for each in location.get("images") or ()
            if each["url"].lower().startswith("https://")
        ],
        "help_phone": phone if isinstance(phone, str) else None,
        "time_zone": location["time_zone"],
        "evses": [
            _evse(each, reach=reach, use=use, at=at, language=language)
            for each in listed
            if each.document["status"] not in (Status.PLANNED, Status.REMOVED)
        ],
    }


def status_note(status: str, age: timedelta, *, connected: bool, language: str) -> str | None:
    """Why a status is not to be relied on, in one sentence; None where it is."""
    notes = _NOTES[language]
    if not connected:
        return notes["away"].format(age=_in_words(age, language))
    if status == Status.UNKNOWN:
        return notes["unknown"]
    return notes["old"].format(age=_in_words(age, language)) if age >= OLD else None


def connector(document: Mapping[str, Any]) -> dict[str, Any]:
    """A Connector as drivers are shown it."""
    return {
        "id": document["id"],
        "standard": document["standard"],
        "format": document["format"],
        "power_type": document["power_type"],
        "max_kw": kilowatts(watts(document)),
        "tariff_ids": document.get("tariff_ids") or [],
    }


def _evse(
    stored: StoredEvse, *, reach: Reach, use: Use, at: datetime, language: str
) -> dict[str, Any]:
    evse = stored.document
    age = age_s(stored.last_updated, at)
    no_start = chances.start_refusal(evse, use, reachable=reach.commands)
    no_reservation = chances.reservation_refusal(evse, use, reachable=reach.commands)
    return {
        "uid": evse["uid"],
        "evse_id": evse.get("evse_id"),
        "physical_reference": evse.get("physical_reference"),
        "floor_level": evse.get("floor_level"),
        "status": evse["status"],
        "status_at": stored.last_updated,
        "status_age_s": age,
        "status_note": status_note(
            evse["status"], timedelta(seconds=age), connected=reach.connected, language=language
        ),
        "capabilities": evse.get("capabilities") or [],
        "reservable": no_reservation is None,
        "startable": no_start is None,
        "start_refusal": None if no_start is None else said(no_start, language),
        "connectors": [connector(each) for each in evse["connectors"]],
    }


def _in_language(texts: list[Mapping[str, str]] | None, language: str) -> list[str]:
    """In the driver's language where the CPO has it, else everything there is."""
    given = texts or []
    own = [each["text"] for each in given if each["language"].lower() == language]
    return own or [each["text"] for each in given]


def _in_words(age: timedelta, language: str) -> str:
    seconds = max(age.total_seconds(), _SECONDS[0])
    unit = sum(seconds >= each for each in _SECONDS) - 1
    count = int(seconds // _SECONDS[unit])
    one, many = _UNITS[language][unit]
    return f"{count} {one if count == 1 else many}"
