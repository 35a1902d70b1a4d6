"""Charging preferences of drivers: what they want, whether it can be, and what is done about it.

REGULAR and FAST charge as fast as the station can. CHEAP and GREEN spread the energy evenly over
the time until the departure, which leaves a site's power for others; prices and the grid's mix are
not looked at. 2.2.1 sessions, ChargingPreferencesResponse enum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from functools import partial
from typing import Any

from cpo_adapter import smart_charging
from cpo_adapter.asking import Call, Result
from cpo_adapter.capabilities import lacks
from cpo_adapter.ocpp.calls import ClearChargingProfile, CommandAnswer, Outcome, RateUnit
from cpo_adapter.store import charging_profiles, stations, transactions
from cpo_adapter.store import evses as evse_store
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.locations import Capability
from ocpi_hub.protocol.v2_2_1.sessions import ChargingPreferencesResponse, ProfileType

_EVEN = frozenset({ProfileType.CHEAP, ProfileType.GREEN})
_HOUR = Decimal(3600)
# A vehicle never takes exactly what it is offered.
_SPARE = Decimal("1.1")
_LEAST_AMPS = Decimal(6)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, and what the station is asked for it, if anything."""

    response: ChargingPreferencesResponse
    call: Call | None = None


async def answer(
    conn: Hot, session_id: str, *, owner: Party, preferences: Mapping[str, Any], now: datetime
) -> Answered:
    """What becomes of preferences; ObjectNotFound (404, 2001) as the spec asks where none can."""
    found = await transactions.find(conn, session_id.lower(), lock=True)
    if found is None or found.owner != owner.key or found.state != "active":
        raise ObjectNotFound(f"session_id: you have no session {session_id!r} running")
    await _check_capable(conn, found)
    response = _judge(found, preferences, now)
    if response is ChargingPreferencesResponse.ACCEPTED and await _is_in_vain(
        conn, found, preferences["profile_type"]
    ):
        response = ChargingPreferencesResponse.PROFILE_TYPE_NOT_SUPPORTED
    if response is not ChargingPreferencesResponse.ACCEPTED:
        return Answered(response)
    kind = preferences["profile_type"]
    await transactions.change(conn, found.id, charging_preference=kind)
    return Answered(response, await _call(conn, found, preferences, now))


def even_watts(
    energy_kwh: Decimal, *, until: datetime, now: datetime, least: Decimal, most: Decimal
) -> Decimal:
    """The power that brings the energy by then and is not below what a vehicle charges with."""
    hours = Decimal(max((until - now).total_seconds(), 1)) / _HOUR
    needed = (energy_kwh * 1000 * _SPARE / hours).quantize(Decimal(1), ROUND_CEILING)
    return min(max(needed, least), most)


def _judge(
    found: Transaction, preferences: Mapping[str, Any], now: datetime
) -> ChargingPreferencesResponse:
    departure = preferences.get("departure_time")
    energy = preferences.get("energy_need")
    if preferences["profile_type"] in _EVEN and departure is None:
        return ChargingPreferencesResponse.DEPARTURE_REQUIRED
    if preferences["profile_type"] in _EVEN and energy is None:
        return ChargingPreferencesResponse.ENERGY_NEED_REQUIRED
    if departure is None:
        return ChargingPreferencesResponse.ACCEPTED
    hours = Decimal((parse_datetime(departure) - now).total_seconds()) / _HOUR
    if hours <= 0 or Decimal(energy or 0) * 1000 > _rated(found) * hours:
        return ChargingPreferencesResponse.NOT_POSSIBLE
    return ChargingPreferencesResponse.ACCEPTED


async def _call(
    conn: Hot, found: Transaction, preferences: Mapping[str, Any], now: datetime
) -> Call | None:
    kept = await charging_profiles.find(conn, found.id)
    in_force = kept is not None and kept.state == "sent"
    if in_force and kept is not None and kept.owner is not None:
        # A profile that the partner has set itself says more than a preference.
        return None
    if preferences["profile_type"] in _EVEN:
        return await _even(conn, found, preferences, now)
    if not in_force or kept is None:
        return None
    clear = ClearChargingProfile(kept.profile_id)
    return Call(found.station_id, clear, partial(_cleared, found.id, now))


async def _even(
    conn: Hot, found: Transaction, preferences: Mapping[str, Any], now: datetime
) -> Call:
    supply = smart_charging.supply_of(found.place or {})
    watts = even_watts(
        Decimal(preferences["energy_need"]),
        until=parse_datetime(preferences["departure_time"]),
        now=now,
        least=supply.watts(_LEAST_AMPS),
        most=_rated(found),
    )
    document = {
        "charging_rate_unit": RateUnit.WATTS.value,
        "charging_profile_period": [{"start_period": 0, "limit": int(watts)}],
    }
    number = await charging_profiles.number(conn, found.id, document=document, owner=None, now=now)
    profile = await smart_charging.station_profile(conn, found, document, number=number)
    return Call(found.station_id, profile, partial(_kept, found.id, document, now))


async def _kept(
    session_id: str, document: dict[str, Any], now: datetime, conn: Hot, answer: CommandAnswer
) -> Result:
    if answer.outcome.accepted:
        await charging_profiles.keep(conn, session_id, document=document, owner=None, now=now)
    return {}


async def _cleared(session_id: str, now: datetime, conn: Hot, answer: CommandAnswer) -> Result:
    if answer.outcome.accepted or answer.outcome is Outcome.UNKNOWN_PROFILE:
        await charging_profiles.cleared(conn, session_id, now=now)
    return {}


async def _is_in_vain(conn: Hot, found: Transaction, kind: str) -> bool:
    """Whether the station cannot charge any slower than it does."""
    station = await stations.find(conn, found.station_id)
    return (
        kind in _EVEN
        and station is not None
        and lacks(station.configuration, Capability.CHARGING_PROFILE_CAPABLE)
    )


async def _check_capable(conn: Hot, found: Transaction) -> None:
    evses = await evse_store.named(conn, [found.evse_uid or ""])
    capabilities = evses[0].document.get("capabilities") or () if evses else ()
    if Capability.CHARGING_PREFERENCES_CAPABLE not in capabilities:
        raise ObjectNotFound("the EVSE does not take charging preferences")


def _rated(found: Transaction) -> Decimal:
    return Decimal((found.place or {}).get("rated_watts") or 0)
