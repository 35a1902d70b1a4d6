"""A Location as drivers see it in a list: pure functions, and the list of some by their ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from emsp_adapter.network import operators, privacy
from emsp_adapter.network.audience import shown_owners
from emsp_adapter.network.descriptions import kilowatts
from emsp_adapter.network.mercator import distance_m
from emsp_adapter.network.opening import is_open
from emsp_adapter.network.places import UnknownPlace, parse_key
from emsp_adapter.office import Office
from emsp_adapter.store import favourites, search
from emsp_adapter.store.search import Place
from ocpi_hub.node.engine import Hot

_FOUR = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks, when, and from where: a latitude and a longitude. `favourites` are public ids,
    `operators` the names of CPOs by Party.key."""

    at: datetime
    favourites: Collection[str] = ()
    operators: Mapping[str, str] = field(default_factory=dict)
    near: tuple[float, float] | None = None


async def looking(
    conn: Hot, office: Office, driver_id: str | None, *, near: tuple[float, float] | None = None
) -> Looking:
    """The view of a driver, or of an app that speaks for itself."""
    keys = [] if driver_id is None else await favourites.keys(conn, driver_id)
    return Looking(
        office.now(),
        frozenset(key.lower() for key in keys),
        operators.names(office.side.peers),
        near,
    )


async def of_keys(
    conn: Hot, office: Office, keys: Sequence[str], *, driver_id: str | None
) -> list[dict[str, Any]]:
    """The summaries of Locations by their public ids, in that order; what is not shown to drivers
    any more is left out."""
    view = await looking(conn, office, driver_id)
    wanted = [each for each in map(_row_key, keys) if each is not None]
    owners = set(shown_owners(office.side.peers))
    own = await privacy.tokens_of(conn, driver_id)
    found = {
        (place.owner, place.location_id): place
        for place in await search.of(conn, wanted)
        if place.owner in owners and (place.listed or privacy.is_named(place, own))
    }
    return [summary(found[each], view) for each in wanted if each in found]


def summary(place: Place, view: Looking) -> dict[str, Any]:
    """A Location in a list."""
    return {
        "id": place.key,
        "name": place.name or place.address,
        "address": place.address,
        "city": place.city,
        "postal_code": place.postal_code,
        "country": place.country,
        "lat": coordinate(place.lat),
        "lon": coordinate(place.lon),
        "distance_m": None if view.near is None else round(distance_m(view.near, place.position)),
        "operator": operators.shown(place.operator, place.owner, view.operators),
        "evses": place.evses,
        "free": place.free,
        "max_kw": kilowatts(place.max_watts),
        "plugs": place.plugs,
        "open_now": _open_now(place, view.at),
        "favourite": place.key.lower() in view.favourites,
        "status_age_s": None if place.status_at is None else age_s(place.status_at, view.at),
        "price_from": _price_from(place),
    }


def coordinate(degrees: float) -> Decimal:
    """Degrees as JSON has them: six decimals are a hand's breadth."""
    return Decimal(f"{degrees:.6f}")


def age_s(since: datetime, at: datetime) -> int:
    """Seconds that have passed; clocks of others may be ahead."""
    return max(0, int((at - since).total_seconds()))


def _open_now(place: Place, at: datetime) -> bool | None:
    if place.opening is None or place.time_zone is None:
        return None
    return is_open(place.opening, place.time_zone, at)


def _price_from(place: Place) -> Mapping[str, str] | None:
    if place.kwh_price is None or place.currency is None:
        return None
    exact = place.kwh_price.quantize(_FOUR)
    cents = exact.quantize(Decimal("0.01"))
    return {"kwh": str(cents if cents == exact else exact), "currency": place.currency}


def _row_key(key: str) -> tuple[str, str] | None:
    try:
        party, location_id = parse_key(key)
    except UnknownPlace:
        return None
    return party.key, location_id.lower()
