"""What a sandbox platform holds of one module, in memory: put, patch, find, and lists by page.

An object on a shelf is never changed, only replaced, so that a page shows one moment of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ocpi_hub.protocol.arguments import Arguments
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.patch import merge, merge_location, raise_parent
from ocpi_hub.protocol.types import parse_datetime

Document = dict[str, Any]
Key = tuple[str, str, str]

PAGE = 100


class Shelf:
    """The objects of a module by owner and id, in the order in which they first came."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._objects: dict[Key, Document] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def all(self) -> list[Document]:
        """Every object."""
        return list(self._objects.values())

    def put(self, document: Document) -> bool:
        """Keeps an object in place of what it was before; whether it is a new one."""
        key = self._key_of(document)
        new = key not in self._objects
        self._objects[key] = document
        return new

    def held(self, document: Document) -> Document | None:
        """What is here of the same object."""
        return self._objects.get(self._key_of(document))

    def keep_newer(self, document: Document) -> None:
        """Keeps an object out of a list, unless the one that is here is as new."""
        held = self.held(document)
        if held is None or _stamp(held) < _stamp(document):
            self.put(document)

    def remove(self, owner: Party, id_: str) -> None:
        """Forgets an object; ObjectNotFound when there is none."""
        self.get(owner, id_)
        del self._objects[_key(owner, id_, "")]

    def get(self, owner: Party, id_: str, kind: str = "") -> Document:
        """The object, or ObjectNotFound; `kind` is the type of a Token."""
        found = self._objects.get(_key(owner, id_, kind))
        if found is None:
            raise ObjectNotFound(f"{self.module}: {owner} has no object {id_!r} here")
        return found

    def page(self, message: Message, url: str) -> Reply:
        """One page of a list, with the Link to the next one at `url`.

        Source: 2.2.1 transport and format, Pagination.
        """
        asked = message.arguments
        listed = [document for document in self._objects.values() if _within(document, asked)]
        limit = min(asked.limit or PAGE, PAGE)
        shown = listed[asked.offset : asked.offset + limit]
        headers = [("X-Total-Count", str(len(listed))), ("X-Limit", str(PAGE))]
        following = asked.offset + len(shown)
        if shown and following < len(listed):
            kept = [(k, v) for k, v in parse_qsl(message.query) if k.startswith("date_")]
            query = urlencode([*kept, ("offset", following), ("limit", limit)])
            headers.append(("Link", f'<{url}?{query}>; rel="next"'))
        return Reply(data=dumps(shown), headers=tuple(headers))

    def _key_of(self, document: Document) -> Key:
        owner = Party(document["country_code"], document["party_id"])
        if self.module == "tokens":
            return _key(owner, document["uid"], document["type"])
        return _key(owner, document["id"], "")


def with_evse(location: Document, evse: Document) -> Document:
    """The Location with an EVSE in its place, or at the end."""
    evses = _replaced(location.get("evses", []), evse, "uid")
    return raise_parent({**location, "evses": evses}, evse)


def with_connector(location: Document, evse_uid: str, connector: Document) -> Document:
    """The Location with a Connector in its place at an EVSE, or at the end there."""
    evse = evse_of(location, evse_uid)
    connectors = _replaced(evse["connectors"], connector, "id")
    return with_evse(location, raise_parent({**evse, "connectors": connectors}, connector))


def patched_location(location: Document, params: Mapping[str, str], patch: Document) -> Document:
    """The Location after a PATCH of itself, of an EVSE or of a Connector, as the URL says."""
    if "evse_uid" not in params:
        return merge_location(location, patch)
    evse = evse_of(location, params["evse_uid"])
    if "connector_id" not in params:
        return merge_location(location, {"evses": [{**patch, "uid": evse["uid"]}]})
    connector = merge(connector_of(evse, params["connector_id"]), patch)
    return with_connector(location, evse["uid"], connector)


def part_of(location: Document, params: Mapping[str, str]) -> Document:
    """What a URL names: the Location, an EVSE of it, or a Connector of that."""
    if "evse_uid" not in params:
        return location
    evse = evse_of(location, params["evse_uid"])
    return connector_of(evse, params["connector_id"]) if "connector_id" in params else evse


def evse_of(location: Document, evse_uid: str) -> Document:
    """An EVSE of a Location, or ObjectNotFound."""
    evses: list[Document] = location.get("evses", [])
    place = _place(evses, "uid", evse_uid)
    if place is None:
        raise ObjectNotFound(f"location {location['id']!r} has no EVSE {evse_uid!r}")
    return evses[place]


def connector_of(evse: Document, connector_id: str) -> Document:
    """A Connector of an EVSE, or ObjectNotFound."""
    connectors: list[Document] = evse["connectors"]
    place = _place(connectors, "id", connector_id)
    if place is None:
        raise ObjectNotFound(f"EVSE {evse['uid']!r} has no connector {connector_id!r}")
    return connectors[place]


def _replaced(children: list[Document], child: Document, name: str) -> list[Document]:
    place = _place(children, name, child[name])
    if place is None:
        return [*children, child]
    return [*children[:place], child, *children[place + 1 :]]


def _place(children: list[Document], name: str, id_: str) -> int | None:
    ids = [child[name].lower() for child in children]
    return ids.index(id_.lower()) if id_.lower() in ids else None


def _key(owner: Party, id_: str, kind: str) -> Key:
    return owner.key, id_.lower(), kind


def _within(document: Document, asked: Arguments) -> bool:
    stamp = _stamp(document)
    after = asked.date_from is None or stamp >= asked.date_from
    return after and (asked.date_to is None or stamp < asked.date_to)


def _stamp(document: Document) -> datetime:
    return parse_datetime(document["last_updated"])
