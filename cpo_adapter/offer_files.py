"""Locations and tariffs as operators write them: OCPI objects, one or a list, read and checked.

What an operator has no word in may be left out: the party, last_updated, and the status of an EVSE,
of which only PLANNED and REMOVED are his to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from cpo_adapter.evse_status import Lifecycle
from ocpi_hub.pricing.zones import load_zone
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime, kind_of, repeated
from ocpi_hub.protocol.v2_2_1.locations import Location, Status
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff
from ocpi_hub.protocol.validation import check

_INDEX = re.compile(r"\.(\d+)(?=\.|$)")
_PLACE = re.compile(r"(?P<place>[^\s:]+)(?P<rest>: .*| missing.*)", re.DOTALL)
_LIFECYCLES = {Status.PLANNED: Lifecycle.PLANNED, Status.REMOVED: Lifecycle.REMOVED}


class BadInventory(ValueError):
    """What an operator offers cannot be; the text names the field, as `evses[0].uid`."""


@dataclass(frozen=True, slots=True)
class EvseDraft:
    """An EVSE as written: its document has neither status nor last_updated."""

    uid: str
    document: dict[str, Any]
    lifecycle: Lifecycle
    place: str


@dataclass(frozen=True, slots=True)
class LocationDraft:
    """A Location as written: its document has neither EVSEs nor last_updated."""

    id: str
    document: dict[str, Any]
    evses: tuple[EvseDraft, ...]
    place: str


@dataclass(frozen=True, slots=True)
class TariffDraft:
    """A Tariff as written, without last_updated."""

    id: str
    document: dict[str, Any]


def read_objects(body: bytes, *, what: str) -> list[dict[str, Any]]:
    """The objects in a file, one or a list of them; BadInventory says what it holds instead."""
    try:
        value = loads(body)
    except InvalidParameters as error:
        raise BadInventory(error.message) from None
    objects = value if isinstance(value, list) else [value]
    for place, each in _placed(objects):
        if not isinstance(each, dict):
            where = place.rstrip(".") or "the file"
            raise BadInventory(f"{where}: expected {what}, an object, got {kind_of(each)}")
    return objects


def location_drafts(
    documents: Sequence[Mapping[str, Any]], *, party: Party, now: datetime
) -> list[LocationDraft]:
    """The Locations, checked; BadInventory names the first field that is wrong."""
    drafts = [
        _location(document, place, party=party, now=now) for place, document in _placed(documents)
    ]
    _check_once([draft.id for draft in drafts], "location")
    return drafts


def tariff_drafts(
    documents: Sequence[Mapping[str, Any]], *, party: Party, now: datetime
) -> list[TariffDraft]:
    """The Tariffs, checked; BadInventory names the first field that is wrong."""
    drafts = []
    for place, given in _placed(documents):
        document = _with_party(given, place, party)
        document.setdefault("last_updated", format_datetime(now))
        _check(Tariff, document, place)
        document.pop("last_updated")
        drafts.append(TariffDraft(document["id"], document))
    _check_once([draft.id for draft in drafts], "tariff")
    return drafts


def _location(
    given: Mapping[str, Any], place: str, *, party: Party, now: datetime
) -> LocationDraft:
    document = _with_party(given, place, party)
    stamp = format_datetime(now)
    document.setdefault("last_updated", stamp)
    if isinstance(document.get("evses"), list):
        document["evses"] = [_filled(evse, stamp) for evse in document["evses"]]
    _check(Location, document, place)
    _check_zone(document["time_zone"], place)
    document.pop("last_updated")
    evses = document.pop("evses", None) or []
    drafts = tuple(_evse(evse, f"{place}evses[{index}]") for index, evse in enumerate(evses))
    return LocationDraft(document["id"], document, drafts, place)


def _filled(evse: Any, stamp: str) -> Any:
    """An EVSE with what an operator may leave out."""
    if not isinstance(evse, dict):
        return evse
    filled = {"status": Status.UNKNOWN.value, "last_updated": stamp, **evse}
    connectors = evse.get("connectors")
    if isinstance(connectors, list):
        filled["connectors"] = [
            {"last_updated": stamp, **each} if isinstance(each, dict) else each
            for each in connectors
        ]
    return filled


def _evse(filled: Mapping[str, Any], place: str) -> EvseDraft:
    document = {
        name: value for name, value in filled.items() if name not in ("status", "last_updated")
    }
    lifecycle = _LIFECYCLES.get(filled["status"], Lifecycle.LIVE)
    return EvseDraft(document["uid"], document, lifecycle, place)


def _with_party(given: Mapping[str, Any], place: str, party: Party) -> dict[str, Any]:
    """The object with the operator's party, which is the only one it may name."""
    document = dict(given)
    for name, ours in (("country_code", party.country_code), ("party_id", party.party_id)):
        said = document.setdefault(name, ours)
        if isinstance(said, str) and said.upper() != ours.upper():
            raise BadInventory(f"{place}{name}: expected {ours}, the operator's own, got {said!r}")
    return document


def _check(model: type[BaseModel], document: Mapping[str, Any], place: str) -> None:
    try:
        check(model, document)
    except InvalidParameters as error:
        raise BadInventory(bracketed(error.message, place)) from None


def _check_zone(name: str, place: str) -> None:
    """Prices by the hour of the day need a clock that there is."""
    try:
        load_zone(name)
    except InvalidParameters as error:
        raise BadInventory(f"{place}{error.message}") from None


def bracketed(message: str, place: str = "") -> str:
    """The sentences of a check with the places written as `evses[0].connectors[1].standard`."""
    return "; ".join(_bracketed(sentence, place) for sentence in message.split("; "))


def _bracketed(sentence: str, place: str) -> str:
    found = _PLACE.fullmatch(sentence)
    if found is None:
        return sentence
    return place + _INDEX.sub(r"[\1]", found["place"]) + found["rest"]


def _placed(objects: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Each object with what its fields' names begin with: nothing where it is alone."""
    for index, each in enumerate(objects):
        yield ("" if len(objects) == 1 else f"[{index}]."), each


def _check_once(ids: Iterable[str], what: str) -> None:
    twice = repeated(ids)
    if twice is not None:
        raise BadInventory(f"id: the {what} {twice!r} is there twice")
