"""Plugs: how an operator writes them down, and the numbers that OCPP has for them.

A plug has a number of its EVSE and one of its connector, as in OCPP 2.0.1. Version 1.6 numbers
connectors only, which the neutral events give as EVSE n with connector 1: `on_the_wire` says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cpo_adapter.ocpp.version import Version
from cpo_adapter.store.plugs import Plug

# OCPP numbers are int32 at most; no station has as many plugs as this.
_MOST = 999
_NUMBERED = re.compile(r"(?P<uid>.+)=(?P<evse>[0-9]{1,4})(?:/(?P<connector>[0-9]{1,4}))?", re.ASCII)


class BadPlug(ValueError):
    """A plug that cannot be, in one sentence."""


@dataclass(frozen=True, slots=True)
class PlugSpec:
    """A plug as an operator asks for it; what is None is worked out."""

    evse_uid: str
    evse: int | None = None
    connector: int | None = None
    connector_id: str | None = None


def parse_plug(text: str) -> PlugSpec:
    """From `EVSE_UID[=EVSE[/CONNECTOR]]`; a uid may hold `=` itself, the numbers come last."""
    found = _NUMBERED.fullmatch(text)
    if found is None:
        if not text:
            raise BadPlug("a plug is empty, expected EVSE_UID or EVSE_UID=EVSE/CONNECTOR")
        return PlugSpec(text)
    connector = found["connector"]
    spec = PlugSpec(found["uid"], int(found["evse"]), None if connector is None else int(connector))
    for name, number in (("EVSE", spec.evse), ("connector", spec.connector)):
        if number is not None and not 1 <= number <= _MOST:
            raise BadPlug(f"{text}: the {name} number is {number}, expected 1 to {_MOST}")
    return spec


def numbered(
    station_id: str, specs: Sequence[PlugSpec], *, connector_ids: dict[str, list[str]]
) -> list[Plug]:
    """The plugs of a station: those without numbers are counted in their order.

    `connector_ids` has those of each EVSE in its order; an EVSE named once without a connector gets
    a plug for each of them. BadPlug names what does not fit.
    """
    plugs: list[Plug] = []
    numbers = _evse_numbers(specs)
    for spec, evse in zip(specs, numbers, strict=True):
        known = connector_ids.get(spec.evse_uid)
        if known is None:
            raise BadPlug(f"EVSE {spec.evse_uid!r} is not known: import its location first")
        whole = spec.connector is None and spec.connector_id is None
        alone = [each.evse_uid for each in specs].count(spec.evse_uid) == 1
        if whole and alone:
            plugs += [
                Plug(station_id, evse, number, spec.evse_uid, connector_id)
                for number, connector_id in enumerate(known, start=1)
            ]
            continue
        plugs.append(_plug(station_id, spec, evse=evse, known=known, before=plugs))
    _check(plugs)
    return plugs


def on_the_wire(plug: Plug, plugs: Sequence[Plug], *, version: Version) -> tuple[int, int]:
    """The EVSE and connector number that OCPP has for a plug, out of all plugs of its station.

    In 1.6 that is the EVSE number where those differ, else the connector number, else its place.
    """
    if version is not Version.V16:
        return plug.evse, plug.connector
    if _distinct(each.evse for each in plugs):
        return plug.evse, 1
    if _distinct(each.connector for each in plugs):
        return plug.connector, 1
    order = sorted(plugs, key=lambda each: (each.evse, each.connector))
    return order.index(plug) + 1, 1


def plug_at(
    plugs: Sequence[Plug], evse: int | None, connector: int | None, *, version: Version
) -> Plug | None:
    """The plug that an event is about; a connector that was left out is not the first one."""
    if evse is None:
        return None
    found = [
        plug
        for plug in plugs
        if (wire := on_the_wire(plug, plugs, version=version))[0] == evse
        and connector in (None, wire[1])
    ]
    return found[0] if len(found) == 1 else None


def evse_at(plugs: Sequence[Plug], evse: int | None, *, version: Version) -> str | None:
    """The uid of the EVSE with that number; None when it is not mapped."""
    uids = {plug.evse_uid for plug in plugs if on_the_wire(plug, plugs, version=version)[0] == evse}
    return uids.pop() if len(uids) == 1 else None


def version_of(protocol: str | None) -> Version:
    """The version a station spoke last; one that never connected is taken for the older."""
    return Version(protocol) if protocol in set(Version) else Version.V16


def _evse_numbers(specs: Sequence[PlugSpec]) -> list[int]:
    taken = {spec.evse for spec in specs}
    free = (number for number in range(1, len(specs) + _MOST) if number not in taken)
    return [next(free) if spec.evse is None else spec.evse for spec in specs]


def _plug(
    station_id: str, spec: PlugSpec, *, evse: int, known: list[str], before: Sequence[Plug]
) -> Plug:
    used = [plug.connector_id for plug in before if plug.evse_uid == spec.evse_uid]
    connector_id = spec.connector_id
    if connector_id is None:
        free = [each for each in known if each not in used]
        by_number = str(spec.connector)
        if not free:
            raise BadPlug(
                f"EVSE {spec.evse_uid!r} has {len(known)} connectors, and all have a plug"
            )
        connector_id = by_number if len(known) > 1 and by_number in free else free[0]
    elif connector_id not in known:
        raise BadPlug(f"EVSE {spec.evse_uid!r} has no connector {connector_id!r}")
    return Plug(station_id, evse, spec.connector or 1, spec.evse_uid, connector_id)


def _check(plugs: Sequence[Plug]) -> None:
    if not _distinct((plug.evse, plug.connector) for plug in plugs):
        raise BadPlug("two plugs have the same EVSE and connector number")
    if not _distinct((plug.evse_uid, plug.connector_id) for plug in plugs):
        raise BadPlug("two plugs are the same connector of the same EVSE")


def _distinct(values: Iterable[object]) -> bool:
    seen = list(values)
    return len(set(seen)) == len(seen)
