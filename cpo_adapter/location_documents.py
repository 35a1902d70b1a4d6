"""Location objects out of the inventory: as partners see them, and as the operator wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cpo_adapter.capabilities import derived
from cpo_adapter.store.evses import Evse
from cpo_adapter.store.inventory import LocationRow
from cpo_adapter.store.stations import Station
from ocpi_hub.protocol.types import format_datetime


def exported(location: LocationRow, evses: Sequence[Evse]) -> dict[str, Any]:
    """The Location as the operator wrote it, with the statuses of now."""
    return _document(location, [_evse(each, dict(each.document)) for each in evses], evses)


def offered(
    location: LocationRow, evses: Sequence[Evse], *, stations: Mapping[str, Station]
) -> dict[str, Any]:
    """The Location as partners see it; `stations` are those of its EVSEs, by the EVSE's uid."""
    shown = []
    for each in evses:
        document = dict(each.document)
        if document.get("capabilities") is None:
            capabilities = derived(document, stations.get(each.uid))
            document |= {"capabilities": capabilities} if capabilities else {}
        shown.append(_evse(each, document))
    return _document(location, shown, evses)


def _evse(row: Evse, document: dict[str, Any]) -> dict[str, Any]:
    return document | {"status": row.status, "last_updated": format_datetime(row.last_updated)}


def _document(
    location: LocationRow, shown: list[dict[str, Any]], evses: Iterable[Evse]
) -> dict[str, Any]:
    newest = max([location.last_updated, *(each.last_updated for each in evses)])
    document = dict(location.document)
    if shown:
        document["evses"] = shown
    return document | {"last_updated": format_datetime(newest)}
