"""The sandbox CPO: two hundred locations over Europe, where drivers come and charge.

    python -m ocpi_hub.demo.cpo --port 8010 --versions-url http://127.0.0.1:8000/ocpi/versions

reads its invitation (token A) from standard input, registers, pushes what it has, and goes on until
it is told to finish. It speaks to nobody but the hub.
"""

from __future__ import annotations

import asyncio
import random

from ocpi_hub.demo import world
from ocpi_hub.demo.charging import Authorised, Spot
from ocpi_hub.demo.desk import Identity, run_platform
from ocpi_hub.demo.offering import offer
from ocpi_hub.demo.platform import Handler, Platform
from ocpi_hub.demo.receiving import receive
from ocpi_hub.demo.rhythm import every, happened
from ocpi_hub.demo.shelf import Shelf
from ocpi_hub.demo.sites import Sites
from ocpi_hub.demo.tally import Count, Phase
from ocpi_hub.demo.visits import Visits
from ocpi_hub.protocol.errors import ObjectNotFound, UnknownLocation
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role

PROGRAM = "ocpi_hub.demo.cpo"
IDENTITY = Identity(Party("NL", "SBC"), Role.CPO, "Sandbox Charging")
LOCATIONS = 200

_RESULT = operation("commands", Interface.SENDER, "POST", "{command}/{result_id}")
# What the eMSP is told to wait, in seconds; and what a charger takes, if it answers at all.
_RESULT_TIMEOUT = 20
_CHARGER_SECONDS = (0.2, 1.5)
_FAILED_SHARE = 0.08

# Seconds from one to the next.
_STATUS_PAUSE = 0.05
_CHANGE_PAUSE = 1.5
_CARD_PAUSE = 0.8


class Cpo:
    """What the platform of a CPO does. Made in the event loop that runs it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.shelves = {
            module: Shelf(module)
            for module in ("locations", "tariffs", "tokens", "sessions", "cdrs")
        }
        self._draw = random.Random()  # noqa: S311 - chance, not a secret
        self._sites = Sites(
            platform, self.shelves["locations"], self.shelves["tariffs"], self._draw
        )
        self._visits = Visits(
            platform,
            self._sites,
            self.shelves["tokens"],
            self.shelves["sessions"],
            self.shelves["cdrs"],
            self._draw,
        )
        self._finishing = asyncio.Event()
        self._under_way = asyncio.TaskGroup()

    # --- its life ------------------------------------------------------------------------------

    async def live(self) -> None:
        """Pull what others have, push what it has, let drivers come until it is to finish."""
        for token in await self.platform.list_of("tokens"):
            self.shelves["tokens"].keep_newer(token)
        self._build()
        await self._sites.push()
        self.platform.tally.phase = Phase.RUNNING
        async with self._under_way:
            for pause, action in (
                (_STATUS_PAUSE, self._sites.some_status),
                (_CHANGE_PAUSE, self._sites.some_change),
                (_CARD_PAUSE, self._card),
            ):
                self._under_way.create_task(every(pause, action, until=self._finishing))

    def finish(self) -> None:
        """No new drivers; whoever charges stops."""
        self._finishing.set()
        self._visits.end_all()

    def _build(self) -> None:
        now, party = self.platform.stamps.next(), self.platform.party
        for location in world.locations(party, LOCATIONS, now=now):
            self.shelves["locations"].put(location)
        for tariff in world.tariffs(party, now=now):
            self.shelves["tariffs"].put(tariff)

    async def _card(self) -> None:
        """Drivers do not wait for each other."""
        self._under_way.create_task(self._visits.card_is_held())

    # --- what it serves ------------------------------------------------------------------------

    @property
    def handlers(self) -> dict[tuple[str, Interface], Handler]:
        """Every side of every module that it serves."""
        return {
            ("locations", Interface.SENDER): self._own,
            ("tariffs", Interface.SENDER): self._own,
            ("sessions", Interface.SENDER): self._own_sessions,
            ("cdrs", Interface.SENDER): self._own,
            ("tokens", Interface.RECEIVER): self._token,
            ("commands", Interface.RECEIVER): self._command,
            ("hubclientinfo", Interface.RECEIVER): self.platform.client_info,
        }

    async def _own(self, message: Message) -> Reply:
        return offer(self.platform, self.shelves[message.operation.module], message)

    async def _own_sessions(self, message: Message) -> Reply:
        if message.operation.method != "PUT":
            return await self._own(message)
        session_id = message.params["session_id"]
        if not self._visits.runs(session_id):
            raise ObjectNotFound(f"session {session_id!r} does not run")
        self.platform.tally.add(Count.PREFERENCES)
        return Reply(data=dumps("ACCEPTED"))

    async def _token(self, message: Message) -> Reply:
        self.platform.tally.add(Count.TOKEN_CHANGES)
        return receive(self.shelves["tokens"], message, self.platform.tally)

    # --- commands ------------------------------------------------------------------------------

    async def _command(self, message: Message) -> Reply:
        """The CommandResponse; the result follows when the charger has answered."""
        self.platform.tally.add(Count.COMMANDS)
        match message.operation.path:
            case "START_SESSION":
                result = self._start(message)
            case "STOP_SESSION":
                result = self._stop(message)
            case _:
                result = "NOT_SUPPORTED"
        if result == "ACCEPTED":
            self.platform.tally.add(Count.COMMANDS_ACCEPTED)
        return Reply(data=dumps({"result": result, "timeout": _RESULT_TIMEOUT}))

    def _start(self, message: Message) -> str:
        wanted = message.document
        try:
            spot = self._sites.free_at(wanted["location_id"], wanted["evse_uid"])
        except ObjectNotFound as error:
            raise UnknownLocation(error.message) from error
        if spot is None or self._finishing.is_set():
            return "REJECTED"
        self._sites.taken.add(spot.evse_uid)
        self._under_way.create_task(self._start_at(spot, message))
        return "ACCEPTED"

    async def _start_at(self, spot: Spot, message: Message) -> None:
        failed = await self._charger(message, failing=_FAILED_SHARE)
        if not failed:
            wanted = message.document
            reference = wanted.get("authorization_reference")
            await self._visits.charge(spot, Authorised(wanted["token"], "COMMAND", reference))
        self._sites.taken.discard(spot.evse_uid)

    def _stop(self, message: Message) -> str:
        if not self._visits.runs(message.document["session_id"]):
            return "UNKNOWN_SESSION"
        self._under_way.create_task(self._stop_at(message))
        return "ACCEPTED"

    async def _stop_at(self, message: Message) -> None:
        await self._charger(message, failing=0.0)
        self._visits.end(message.document["session_id"])

    async def _charger(self, message: Message, *, failing: float) -> bool:
        """Asks the charger and tells the eMSP its answer; whether it failed."""
        await happened(self._finishing, within=self._draw.uniform(*_CHARGER_SECONDS))
        failed = self._draw.random() < failing
        await self.platform.ask(
            _RESULT,
            url=message.document["response_url"],
            body={"result": "FAILED" if failed else "ACCEPTED"},
            to=message.sender,
        )
        self.platform.tally.add(Count.COMMAND_RESULTS)
        return failed


if __name__ == "__main__":
    run_platform(IDENTITY, Cpo)
