"""Charging profiles of partners: set, read and cleared on the station that charges the session.

2.2.1 charging profiles: the answer at once says whether the station is asked, the result later
what it made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from cpo_adapter.asking import Asked, Call, Desk, Done, Plan, Refused, Result
from cpo_adapter.capabilities import lacks
from cpo_adapter.ocpp.calls import (
    ClearChargingProfile,
    CommandAnswer,
    GetCompositeSchedule,
    Outcome,
    RateUnit,
    Schedule,
    SetChargingProfile,
    Variable,
)
from cpo_adapter.profile_translation import Abilities, Supply, to_partner, to_station
from cpo_adapter.store import charging_profiles as store
from cpo_adapter.store import stations, transactions
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.v2_2_1.charging_profiles import (
    ChargingProfileResponseType,
    ChargingProfileResultType,
)
from ocpi_hub.protocol.v2_2_1.locations import Capability

SET, GET, CLEAR = "SET_PROFILE", "GET_PROFILE", "CLEAR_PROFILE"
# What is told of our own accord: the ActiveChargingProfile has changed.
UPDATE = "PROFILE_UPDATE"

# More often than this a session's profile is not changed or read (ChargingProfileResponse).
_MOST_A_MINUTE = 12
_MINUTE = timedelta(minutes=1)
_VOLTS = Decimal(230)
# The configuration of 1.6 and the variables of 2.0.1 that say what profiles a station takes.
_CONTROLLER = "SmartChargingCtrlr"
_UNITS = ("ChargingScheduleAllowedChargingRateUnit", f"{_CONTROLLER}.RateUnit")
_PERIODS = ("ChargingScheduleMaxPeriods", f"{_CONTROLLER}.PeriodsPerSchedule")
_LEVELS = ("ChargeProfileMaxStackLevel", f"{_CONTROLLER}.ProfileStackLevel")
# What a station of 2.0.1 is asked for; one of 1.6 tells all its keys.
VARIABLES = tuple(
    Variable(name, component=_CONTROLLER)
    for name in ("RateUnit", "PeriodsPerSchedule", "ProfileStackLevel")
)
_WORDS = {
    "Current": RateUnit.AMPERES,
    "A": RateUnit.AMPERES,
    "Power": RateUnit.WATTS,
    "W": RateUnit.WATTS,
}


async def set_profile(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Sets the one profile of a session, in place of the one it had."""
    found = await _session(conn, asked, desk)
    document = asked.body["charging_profile"]
    number = await store.number(
        conn, found.id, document=document, owner=asked.owner.key, now=desk.now()
    )
    call = await station_profile(conn, found, document, number=number)
    return Call(
        found.station_id,
        call,
        partial(_kept, found, asked, desk),
        transaction_id=found.id,
    )


async def clear_profile(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Clears the profile of a session."""
    found = await _session(conn, asked, desk)
    kept = await store.find(conn, found.id)
    if kept is None or kept.state != "sent":
        return Done({"result": ChargingProfileResultType.UNKNOWN.value})
    return Call(
        found.station_id,
        ClearChargingProfile(kept.profile_id),
        partial(_cleared, found, desk),
        transaction_id=found.id,
    )


async def get_profile(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Asks what the station will do in the next `duration` seconds."""
    found = await _session(conn, asked, desk)
    call = GetCompositeSchedule(found.evse, int(asked.body["duration"]))
    return Call(found.station_id, call, partial(_read, desk), transaction_id=found.id)


async def station_profile(
    conn: Hot, transaction: Transaction, document: Mapping[str, Any], *, number: int
) -> SetChargingProfile:
    """The profile as the station of a session takes it."""
    station = await stations.find(conn, transaction.station_id)
    abilities = abilities_of({} if station is None else station.configuration)
    profile = to_station(
        document,
        profile_id=number,
        transaction_id=transaction.ocpp_id or "",
        abilities=abilities,
        supply=supply_of(transaction.place or {}),
    )
    return SetChargingProfile(transaction.evse, profile)


async def to_send_again(conn: Hot, station_id: str) -> list[tuple[str, SetChargingProfile]]:
    """The profiles that a station may have lost when it restarted, each with its session's id."""
    again = []
    for kept in await store.in_force(conn, station_id):
        found = await transactions.find(conn, kept.transaction_id)
        if found is not None and found.ocpp_id is not None:
            profile = await station_profile(conn, found, kept.document, number=kept.profile_id)
            again.append((found.id, profile))
    return again


def abilities_of(configuration: Mapping[str, Any]) -> Abilities:
    """What profiles a station takes, by what it says of itself; what it does not say, it can."""
    units = {
        _WORDS[word]
        for word in _value(configuration, _UNITS).replace(" ", "").split(",")
        if word in _WORDS
    }
    periods, level = _value(configuration, _PERIODS), _value(configuration, _LEVELS)
    found = Abilities(
        units=frozenset(units or RateUnit), most_periods=int(periods) if periods.isdigit() else None
    )
    if not level.isdigit():
        return found
    return Abilities(found.units, found.most_periods, min(found.stack_level, int(level)))


def supply_of(place: Mapping[str, Any]) -> Supply:
    """How the connector of a session is fed."""
    kind = str(place.get("cdr_location", {}).get("connector_power_type", ""))
    volts = Decimal(place.get("volts") or _VOLTS)
    phases = {"AC_3_PHASE": 3, "AC_2_PHASE": 2, "AC_2_PHASE_SPLIT": 2}.get(kind, 1)
    return Supply(volts, phases)


async def _session(conn: Hot, asked: Asked, desk: Desk) -> Transaction:
    """The partner's own session, running, at a station that is there."""
    session_id = (asked.session_id or "").lower()
    found = await transactions.find(conn, session_id)
    if found is None or found.owner != asked.owner.key or found.state != "active":
        raise Refused(
            "there is no such session running", ChargingProfileResponseType.UNKNOWN_SESSION
        )
    if found.ocpp_id is None or not desk.is_connected(found.station_id):
        raise Refused("the station is offline", ChargingProfileResponseType.REJECTED)
    station = await stations.find(conn, found.station_id)
    if station is not None and lacks(station.configuration, Capability.CHARGING_PROFILE_CAPABLE):
        raise Refused(
            "the station has no smart charging", ChargingProfileResponseType.NOT_SUPPORTED
        )
    since = desk.now() - _MINUTE
    if await store.asked_since(conn, found.id, since=since) >= _MOST_A_MINUTE:
        raise Refused(
            f"more than {_MOST_A_MINUTE} requests a minute", ChargingProfileResponseType.TOO_OFTEN
        )
    return found


async def _kept(
    transaction: Transaction, asked: Asked, desk: Desk, conn: Hot, answer: CommandAnswer
) -> Result:
    if answer.outcome.accepted:
        await store.keep(
            conn,
            transaction.id,
            document=asked.body["charging_profile"],
            owner=asked.owner.key,
            now=desk.now(),
        )
    return {"result": _result(answer).value}


async def _cleared(
    transaction: Transaction, desk: Desk, conn: Hot, answer: CommandAnswer
) -> Result:
    # A station that does not know it has none, which is what was asked for.
    if answer.outcome.accepted or answer.outcome is Outcome.UNKNOWN_PROFILE:
        await store.cleared(conn, transaction.id, now=desk.now())
    return {"result": _result(answer).value}


async def _read(desk: Desk, conn: Hot, answer: CommandAnswer) -> Result:
    del conn
    if not answer.outcome.accepted or not isinstance(answer.value, Schedule):
        return {"result": ChargingProfileResultType.REJECTED.value}
    return {
        "result": ChargingProfileResultType.ACCEPTED.value,
        "profile": to_partner(answer.value, now=desk.now()),
    }


def _result(answer: CommandAnswer) -> ChargingProfileResultType:
    """UNKNOWN is a profile that is not there (ChargingProfileResultType enum)."""
    if answer.outcome.accepted:
        return ChargingProfileResultType.ACCEPTED
    if answer.outcome is Outcome.UNKNOWN_PROFILE:
        return ChargingProfileResultType.UNKNOWN
    return ChargingProfileResultType.REJECTED


def _value(configuration: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        found = configuration.get(name)
        if isinstance(found, Mapping) and found.get("value") is not None:
            return str(found["value"])
    return ""
