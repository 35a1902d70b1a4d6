"""Whether an EVSE can be started at or reserved now: one rule, which drivers are told beforehand
and held to when they ask. Each refusal is a sentence for drivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emsp_adapter.charging.commands import UNREACHABLE
from emsp_adapter.store import occupancy, reservations
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.locations import Capability, Status

_WHY_NOT: Mapping[Status, str] = {
    Status.BLOCKED: "The charging point is blocked, for example by a car that does not charge.",
    Status.CHARGING: "The charging point is in use.",
    Status.INOPERATIVE: "The charging point is out of order.",
    Status.OUTOFORDER: "The charging point is out of order.",
    Status.PLANNED: "The charging point is not in operation yet.",
    Status.REMOVED: "The charging point is no longer there.",
}
_GONE = frozenset({Status.PLANNED, Status.REMOVED})
# So long a charge without news keeps others away; then what its operator says of the EVSE counts.
_HEARD_OF = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Use:
    """What we know of who uses the EVSEs of a Location, by lower case uid: of `charging` whether
    it is the driver who asks, and what is `reserved` for that driver."""

    charging: Mapping[str, bool]
    reserved: frozenset[str]


async def use_of(
    conn: Hot,
    driver_id: str | None,
    party: Party,
    location_id: str,
    *,
    now: datetime,
    besides: str | None = None,
) -> Use:
    """Who uses a Location, as far as it concerns a driver, or somebody unknown; `besides` is a
    charge that does not count."""
    charging = await occupancy.charging_at(
        conn,
        driver_id,
        party=party.key,
        location_id=location_id,
        now=now,
        lately=now - _HEARD_OF,
        besides=besides,
    )
    reserved = await reservations.held_by(conn, driver_id, party=party.key, location_id=location_id)
    return Use(charging, reserved)


def start_refusal(evse: Mapping[str, Any], use: Use, *, reachable: bool) -> str | None:
    """Why a driver cannot start at an EVSE now; None: the operator can be asked."""
    if not _takes_starts(evse):
        return "This charging point cannot be used with an app, only with a card."
    if evse["status"] == Status.RESERVED and evse["uid"].lower() not in use.reserved:
        return "The charging point is reserved for somebody else."
    return _occupied(evse, use) or (None if reachable else UNREACHABLE)


def reservation_refusal(evse: Mapping[str, Any], use: Use, *, reachable: bool) -> str | None:
    """Why a driver cannot reserve an EVSE now; None: the operator can be asked."""
    if evse["uid"].lower() in use.reserved:
        return "You have reserved this charging point already."
    if Capability.RESERVABLE not in (evse.get("capabilities") or ()):
        return "This charging point cannot be reserved."
    if evse["status"] == Status.RESERVED:
        return "The charging point is reserved already."
    return _occupied(evse, use) or (None if reachable else UNREACHABLE)


def plan_refusal(evse: Mapping[str, Any]) -> str | None:
    """Why a start at an EVSE will never have a chance; None: that is seen when its time comes."""
    if not _takes_starts(evse):
        return "This charging point cannot be used with an app, only with a card."
    return _WHY_NOT[evse["status"]] if evse["status"] in _GONE else None


def _takes_starts(evse: Mapping[str, Any]) -> bool:
    """Who names no capabilities at all may still take the command."""
    named = evse.get("capabilities")
    return not named or Capability.REMOTE_START_STOP_CAPABLE in named


def _occupied(evse: Mapping[str, Any], use: Use) -> str | None:
    own = use.charging.get(evse["uid"].lower())
    if own:
        return "You are charging at this charging point already."
    return _WHY_NOT[Status.CHARGING] if own is not None else _WHY_NOT.get(evse["status"])
