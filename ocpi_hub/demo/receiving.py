"""The Receiver side of modules whose objects others own: they go to a shelf as they come."""

from __future__ import annotations

import logging

from ocpi_hub.demo.platform import Document, check_same_id, no_handler, owner_of
from ocpi_hub.demo.shelf import (
    Shelf,
    part_of,
    patched_location,
    with_connector,
    with_evse,
)
from ocpi_hub.demo.tally import Count, Tally
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.patch import merge, merge_session
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

log = logging.getLogger(__name__)


def receive(shelf: Shelf, message: Message, tally: Tally) -> Reply:
    """The answer to GET, PUT, PATCH or DELETE of a Tariff, a Token or a Session."""
    owner, id_ = owner_of(message), message.params[_id_name(message)]
    kind = (message.arguments.type or TokenType.RFID) if shelf.module == "tokens" else ""
    document = message.document
    match message.operation.method:
        case "GET":
            return Reply(data=dumps(shelf.get(owner, id_, kind)))
        case "PUT":
            check_same_id(document["uid" if shelf.module == "tokens" else "id"], id_, name="id")
            return _kept(shelf, document, tally)
        case "PATCH":
            held = shelf.get(owner, id_, kind)
            merged = merge_session if shelf.module == "sessions" else merge
            return _kept(shelf, dict(merged(held, document)), tally)
        case "DELETE":
            shelf.remove(owner, id_)
            return Reply()
        case _:
            raise no_handler(message)


def receive_location(shelf: Shelf, message: Message, tally: Tally) -> Reply:
    """The answer to GET, PUT or PATCH of a Location, an EVSE or a Connector."""
    params, document = message.params, message.document
    owner, id_ = owner_of(message), params["location_id"]
    whole = message.operation.method == "PUT" and "evse_uid" not in params
    location = {} if whole else shelf.get(owner, id_)
    match message.operation.method:
        case "GET":
            return Reply(data=dumps(part_of(location, params)))
        case "PATCH":
            _note_order(part_of(location, params), document, tally)
            return _kept(shelf, patched_location(location, params, document), tally)
        case "PUT" if whole:
            check_same_id(document["id"], id_, name="id")
            return _kept(shelf, document, tally)
        case "PUT" if "connector_id" in params:
            check_same_id(document["id"], params["connector_id"], name="id")
            return _kept(shelf, with_connector(location, params["evse_uid"], document), tally)
        case "PUT":
            check_same_id(document["uid"], params["evse_uid"], name="uid")
            return _kept(shelf, with_evse(location, document), tally)
        case _:
            raise no_handler(message)


def _kept(shelf: Shelf, document: Document, tally: Tally) -> Reply:
    held = shelf.held(document)
    if held is not None:
        _note_order(held, document, tally)
    shelf.put(document)
    return Reply(http_status=201 if held is None else 200)


def _note_order(held: Document, document: Document, tally: Tally) -> None:
    """A receiver never sees an older state after a newer one; if it does, that is told."""
    if parse_datetime(document["last_updated"]) < parse_datetime(held["last_updated"]):
        tally.add(Count.OUT_OF_ORDER)
        log.warning(
            "an older state came after a newer one",
            extra={
                "id": document.get("id") or held.get("uid") or held.get("id"),
                "held": held["last_updated"],
                "came": document["last_updated"],
            },
        )


def _id_name(message: Message) -> str:
    return message.operation.segments[-1].strip("{}")
