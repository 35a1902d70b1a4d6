"""Merging a PATCH into what is known, as pure functions over documents.

Documents and patches were checked before. Nothing here compares the `last_updated` of a patch with
the stored one: whether a change is stale is for the caller to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from pydantic import BaseModel

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import same
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.locations import EVSE, Location
from ocpi_hub.protocol.validation import MERGED, check

Document: TypeAlias = Mapping[str, Any]

_IDENTITY = ("id", "uid", "country_code", "party_id")


def merge(document: Document, patch: Document) -> dict[str, Any]:
    """The document with the fields of a patch; a null removes the field (SEM-04, SEM-17)."""
    _check_identity(document, patch)
    merged = {**document, **patch}
    return {name: value for name, value in merged.items() if patch.get(name, ...) is not None}


def merge_location(location: Document, patch: Document) -> dict[str, Any]:
    """A Location with its EVSEs merged by uid, their connectors by id; none is ever removed.

    Source: 2.2.1 locations leaves it open what a list in a PATCH does (AMB-12).
    """
    return _merge_with_children(Location, location, patch)


def merge_evse(evse: Document, patch: Document) -> dict[str, Any]:
    """An EVSE with its connectors merged by id; none is ever removed (AMB-12)."""
    return _merge_with_children(EVSE, evse, patch)


def merge_session(session: Document, patch: Document) -> dict[str, Any]:
    """A Session with the charging periods of a patch appended, each once (SES-13, SES-15)."""
    added = patch.get("charging_periods")
    merged = merge(session, {k: v for k, v in patch.items() if k != "charging_periods"})
    if added:
        merged["charging_periods"] = _append(session.get("charging_periods") or [], added)
    return merged


def raise_parent(parent: Document, child: Document) -> dict[str, Any]:
    """The parent with its child's last_updated where that is newer (SEM-08); never lowered."""
    if _stamp(child) <= _stamp(parent):
        return dict(parent)
    return {**parent, "last_updated": child["last_updated"]}


def _stamp(document: Document) -> datetime:
    return parse_datetime(document["last_updated"])


def _merge_with_children(
    model: type[BaseModel], document: Document, patch: Document
) -> dict[str, Any]:
    if model not in MERGED:
        return merge(document, patch)
    name, child_model, key = MERGED[model]
    merged = merge(document, {k: v for k, v in patch.items() if k != name})
    if not patch.get(name):
        return merged
    children: dict[str, Any] = {child[key].lower(): child for child in document.get(name) or ()}
    for given in patch[name]:
        change = {"last_updated": merged["last_updated"], **given}
        known = children.get(change[key].lower())
        if known is None:
            child = _new_child(child_model, change, where=f"{name}: {key} {change[key]!r}")
        else:
            child = _merge_with_children(child_model, known, change)
        children[child[key].lower()] = child
        merged = raise_parent(merged, child)
    return {**merged, name: list(children.values())}


def _new_child(model: type[BaseModel], change: Document, *, where: str) -> dict[str, Any]:
    try:
        check(model, change)
    except InvalidParameters as error:
        raise InvalidParameters(f"{where} is not known, so it must be whole: {error}") from error
    return dict(change)


def _append(known: list[Any], added: list[Any]) -> list[Any]:
    """Both lists, without the periods that are there already: a retry sends them again."""
    dimensions: dict[datetime, list[Any]] = defaultdict(list)
    periods = []
    for at, period in enumerate([*known, *added]):
        start = parse_datetime(period["start_date_time"])
        again = any(same(each, period["dimensions"]) for each in dimensions[start])
        if at < len(known) or not again:
            periods.append(period)
            dimensions[start].append(period["dimensions"])
    return periods


def _check_identity(document: Document, patch: Document) -> None:
    """InvalidParameters when a patch would make it another object (SEM-15)."""
    for name in _IDENTITY:
        if name in patch and name in document and not _same_id(patch[name], document[name]):
            raise InvalidParameters(
                f"{name}: a PATCH cannot change {document[name]!r} to {patch[name]!r}"
            )


def _same_id(one: str, other: str) -> bool:
    return one.lower() == other.lower()
