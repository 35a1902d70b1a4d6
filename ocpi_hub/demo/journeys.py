"""What the drivers of the sandbox eMSP do with their app: reserve, start, wish for it, stop."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
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
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

log = logging.getLogger(__name__)

_START = operation("commands", Interface.RECEIVER, "POST", "START_SESSION")
_STOP = operation("commands", Interface.RECEIVER, "POST", "STOP_SESSION")
_RESERVE = operation("commands", Interface.RECEIVER, "POST", "RESERVE_NOW")
_CANCEL = operation("commands", Interface.RECEIVER, "POST", "CANCEL_RESERVATION")
_PREFER = operation("sessions", Interface.SENDER, "PUT", "{session_id}/charging_preferences")

_RESERVED_SHARE: Final = 0.3
_RESERVED_FOR: Final = timedelta(seconds=5)
_ON_THE_WAY: Final = (0.5, 3.0)
_CHARGE_SECONDS: Final = (2.0, 8.0)
_RESULT_SECONDS: Final = 45.0
_SESSION_SECONDS: Final = 10.0
_PROFILES: Final = ("CHEAP", "FAST", "GREEN", "REGULAR")
# The session ended while the wish was on its way.
_TOO_LATE: Final = frozenset({2001})


@dataclass(frozen=True, slots=True)
class Errand:
    """A driver with a token of the app, and the EVSE that is headed for."""

    cpo: Party
    location_id: str
    evse_uid: str
    token: Document
    reference: str

    @property
    def body(self) -> Document:
        """What START_SESSION and RESERVE_NOW say of it."""
        return {
            "token": self.token,
            "location_id": self.location_id,
            "evse_uid": self.evse_uid,
            "authorization_reference": self.reference,
        }


def free_plugs(
    locations: Iterable[Document], *, avoided: frozenset[str]
) -> list[tuple[Document, Document]]:
    """Each EVSE that is free with its Location, but at those that are to be avoided."""
    return [
        (location, evse)
        for location in locations
        if location["id"] not in avoided
        for evse in location["evses"]
        if evse["status"] == "AVAILABLE"
    ]


@dataclass(slots=True)
class Journeys:
    """Drivers on their way; each journey runs as a task of whoever calls `one`."""

    platform: Platform
    shelves: Mapping[str, Shelf]
    draw: random.Random
    finishing: asyncio.Event
    # Ids of Locations that are left to others.
    avoided: frozenset[str]
    # Commands that were accepted or are being asked, by the id in their response_url.
    _waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    # Reservations: the CPO may tell later that one is over.
    _reserving: set[str] = field(default_factory=set)
    # Drivers that wait for their session, by its authorization_reference.
    _expecting: dict[str, asyncio.Future[Document]] = field(default_factory=dict)

    async def one(self) -> None:
        """A driver drives to a free charger, charges for a while and goes on."""
        errand = self._some_errand()
        if errand is None or self.finishing.is_set():
            return
        if self.draw.random() < _RESERVED_SHARE:
            await self._reserve(errand)
        else:
            await self._start(errand)

    def session_changed(self, session: Document) -> None:
        """A Session came, or what changed of one; this is the whole of it."""
        waiting = self._expecting.get(session.get("authorization_reference", ""))
        runs = session["status"] == SessionStatus.ACTIVE
        if runs and waiting is not None and not waiting.done():
            waiting.set_result(session)

    async def result(self, message: Message) -> Reply:
        """The later result of a command. Source: 2.2.1 commands, CommandResult."""
        id_, result = message.params["result_id"], message.document["result"]
        waiting = self._waiting.get(id_)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
            self.platform.tally.add(Count.COMMAND_RESULTS)
        elif id_ in self._reserving:
            self.platform.tally.events.append(f"a reservation is over: {result}")
        else:
            raise ObjectNotFound("no command waits for this result")
        return Reply()

    # --- on the way ----------------------------------------------------------------------------

    async def _reserve(self, errand: Errand) -> None:
        """Reserves; then the driver comes, or calls it off, or simply does not come."""
        reservation_id = uuid4().hex
        until = datetime.now(UTC) + _RESERVED_FOR
        wanted = {"reservation_id": reservation_id, "expiry_date": format_datetime(until)}
        if not await self._command(_RESERVE, errand.body | wanted, errand.cpo):
            return
        given_up = await happened(self.finishing, within=self.draw.uniform(*_ON_THE_WAY))
        dice = self.draw.random()
        if given_up or dice < 0.3:
            await self._command(_CANCEL, {"reservation_id": reservation_id}, errand.cpo)
        elif dice < 0.8:
            await self._start(errand)

    async def _start(self, errand: Errand) -> None:
        coming = asyncio.get_running_loop().create_future()
        self._expecting[errand.reference] = coming
        if await self._command(_START, errand.body, errand.cpo):
            await self._charge(coming, errand)
        del self._expecting[errand.reference]

    async def _charge(self, coming: asyncio.Future[Document], errand: Errand) -> None:
        try:
            async with asyncio.timeout(_SESSION_SECONDS):
                session = await coming
        except TimeoutError:
            self.platform.tally.events.append(f"nobody plugged in at {errand.evse_uid}")
            return
        half = self.draw.uniform(*_CHARGE_SECONDS) / 2
        await happened(self.finishing, within=half)
        await self._prefer(session)
        await happened(self.finishing, within=half)
        await self._command(_STOP, {"session_id": session["id"]}, errand.cpo)

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
        if row is _RESERVE:
            self._reserving.add(id_)
        tally.add(Count.COMMANDS)
        body = {"response_url": f"{endpoint}/{row.path}/{id_}", **wanted}
        reply = await self.platform.ask(row, body=body, to=cpo)
        result = None
        if reply.ok:
            tally.add(Count.COMMANDS_ANSWERED)
            result = data_of(reply)["result"]
            if result == "ACCEPTED":
                tally.add(Count.COMMANDS_ACCEPTED)
                result = await self._result_of(waiting)
            tally.events.append(f"{row.path}: {result or 'no result came'}")
        del self._waiting[id_]
        return result == "ACCEPTED"

    async def _result_of(self, waiting: asyncio.Future[str]) -> str | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_RESULT_SECONDS):
                return await waiting
        log.warning("no result came", extra={"seconds": _RESULT_SECONDS})
        return None

    # --- who and where -------------------------------------------------------------------------

    def _some_errand(self) -> Errand | None:
        """Some driver and an EVSE that is free, if there is one."""
        free = free_plugs(self.shelves["locations"].all(), avoided=self.avoided)
        if not free:
            return None
        location, evse = self.draw.choice(free)
        cpo = Party(location["country_code"], location["party_id"])
        reference = f"APP-{uuid4().hex[:16]}"
        return Errand(cpo, location["id"], evse["uid"], self._some_app(), reference)

    def _some_app(self) -> Document:
        tokens = self.shelves["tokens"].all()
        return self.draw.choice([t for t in tokens if t["type"] == TokenType.APP_USER])
