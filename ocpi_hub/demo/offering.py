"""The Sender side of modules whose objects a sandbox platform owns itself: GET, listed or one."""

from __future__ import annotations

from ocpi_hub.demo.platform import Platform, no_handler
from ocpi_hub.demo.shelf import Shelf, part_of
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind


def offer(platform: Platform, shelf: Shelf, message: Message) -> Reply:
    """The answer to GET of a list, or of one Location or Tariff."""
    params = message.params
    match message.operation.kind:
        case Kind.LIST:
            return shelf.page(message, platform.endpoint(shelf.module, message.operation.interface))
        case Kind.READ if shelf.module == "locations":
            location = shelf.get(platform.party, params["location_id"])
            return Reply(data=dumps(part_of(location, params)))
        case Kind.READ if shelf.module == "tariffs":
            return Reply(data=dumps(shelf.get(platform.party, params["tariff_id"])))
        case _:
            raise no_handler(message)
