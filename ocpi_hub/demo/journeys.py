"""What the drivers of the sandbox eMSP do with their app: start a session, wish for it, stop it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import uuid4

from ocpi_hub.demo.platform import Document, Platform
from ocpi_hub.demo.rhythm import happened
from ocpi_hub.demo.shelf import Shelf
from ocpi_hub.demo.tally import Count
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Operation, operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

log = logging.getLogger(__name__)

T = TypeVar("T")

_START = operation("commands", Interface.RECEIVER, "POST", "START_SESSION")
_STOP = operation("commands", Interface.RECEIVER, "POST", "STOP_SESSION")
_PREFER = operation("sessions", Interface.SENDER, "PUT", "{session_id}/charging_preferences")

_CHARGE_SECONDS: Final = (4.0, 20.0)
_RESULT_SECONDS: Final = 30.0
_SESSION_SECONDS: Final = 15.0
_PROFILES: Final = ("CHEAP", "FAST", "GREEN", "REGULAR")
_LOOKED_AT: Final = 20
# The session ended while the wish was on its way.
_TOO_LATE: Final = frozenset({2001})


@dataclass(slots=True)
class Journeys:
    """Drivers on their way; each journey runs as a task of whoever calls `one`."""

    platform: Platform
    shelves: Mapping[str, Shelf]
    draw: random.Random
    finishing: asyncio.Event
    # Commands that were accepted or are being asked, by the id in their response_url.
    _waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    # Drivers that wait for their session, by its authorization_reference.
    _expecting: dict[str, asyncio.Future[Document]] = field(default_factory=dict)

    async def one(self) -> None:
        """A driver drives to a free charger, charges for a while and goes on."""
        charger = self._some_free()
        if charger is None or self.finishing.is_set():
            return
        location, evse = charger
        cpo = Party(location["country_code"], location["party_id"])
        reference = f"APP-{uuid4().hex[:16]}"
        session_comes = self._expecting[reference] = asyncio.get_running_loop().create_future()
        wanted = {
            "token": self._some_app(),
            "location_id": location["id"],
            "evse_uid": evse["uid"],
            "authorization_reference": reference,
        }
        if await self._command(_START, wanted, cpo):
            await self._charge(session_comes, cpo)
        del self._expecting[reference]

    def session_changed(self, session: Document) -> None:
        """A Session came, or what changed of one."""
        waiting = self._expecting.get(session.get("authorization_reference", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(session)

    async def result(self, message: Message) -> Reply:
        """The later result of a command. Source: 2.2.1 commands, CommandResult."""
        waiting = self._waiting.get(message.params["result_id"])
        if waiting is None or waiting.done():
            raise ObjectNotFound("no command waits for this result")
        waiting.set_result(message.document["result"])
        self.platform.tally.add(Count.COMMAND_RESULTS)
        return Reply()

    # --- on the way ----------------------------------------------------------------------------

    async def _charge(self, session_comes: asyncio.Future[Document], cpo: Party) -> None:
        session = await _in_time(session_comes, _SESSION_SECONDS, "no session came")
        if session is None:
            return
        half = self.draw.uniform(*_CHARGE_SECONDS) / 2
        await happened(self.finishing, within=half)
        await self._prefer(session)
        await happened(self.finishing, within=half)
        await self._command(_STOP, {"session_id": session["id"]}, cpo)

    async def _prefer(self, session: Document) -> None:
        """By Open Routing: the hub knows whose session it is."""
        reply = await self.platform.ask(
            _PREFER,
            params={"session_id": session["id"]},
            body={"profile_type": self.draw.choice(_PROFILES)},
            expected=_TOO_LATE,
        )
        if reply.ok:
            self.platform.tally.add(Count.PREFERENCES)

    async def _command(self, row: Operation, wanted: Document, cpo: Party) -> bool:
        """Whether the command was accepted, and then succeeded."""
        tally, id_ = self.platform.tally, uuid4().hex
        endpoint = self.platform.endpoint("commands", Interface.SENDER)
        waiting = self._waiting[id_] = asyncio.get_running_loop().create_future()
        tally.add(Count.COMMANDS)
        body = {"response_url": f"{endpoint}/{row.path}/{id_}", **wanted}
        reply = await self.platform.ask(row, body=body, to=cpo)
        accepted = reply.ok and data_of(reply)["result"] == "ACCEPTED"
        result = None
        if accepted:
            tally.add(Count.COMMANDS_ACCEPTED)
            result = await _in_time(waiting, _RESULT_SECONDS, "no result came")
            tally.events.append(f"{row.path} at {cpo}: {result}")
        del self._waiting[id_]
        return result == "ACCEPTED"

    # --- who and where -------------------------------------------------------------------------

    def _some_free(self) -> tuple[Document, Document] | None:
        """A Location and an EVSE of it that is free, if chance finds one."""
        known = self.shelves["locations"].all()
        for location in self.draw.sample(known, min(len(known), _LOOKED_AT)):
            for evse in location["evses"]:
                if evse["status"] == "AVAILABLE":
                    return location, evse
        return None

    def _some_app(self) -> Document:
        tokens = self.shelves["tokens"].all()
        return self.draw.choice([t for t in tokens if t["type"] == TokenType.APP_USER])


async def _in_time(awaited: asyncio.Future[T], seconds: float, missing: str) -> T | None:
    """What comes, or None with a complaint when it does not come in time."""
    try:
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError:
        log.warning(missing, extra={"seconds": seconds})
        return None
