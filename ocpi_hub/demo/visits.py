"""Who charges at the sandbox CPO: cards that are held to a charger, sessions, and their CDRs."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

from ocpi_hub.demo import charging
from ocpi_hub.demo.cards import unknown_uid
from ocpi_hub.demo.charging import Authorised, Spot
from ocpi_hub.demo.platform import Document, Platform
from ocpi_hub.demo.rhythm import happened
from ocpi_hub.demo.shelf import Shelf
from ocpi_hub.demo.sites import Sites
from ocpi_hub.demo.tally import Count
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.jsontext import same
from ocpi_hub.protocol.modules import Operation, operation
from ocpi_hub.protocol.patch import merge_session
from ocpi_hub.protocol.roles import Interface

log = logging.getLogger(__name__)

_SESSION = "{country_code}/{party_id}/{session_id}"
_AUTHORIZE = operation("tokens", Interface.SENDER, "POST", "{token_uid}/authorize")
_PUT_SESSION = operation("sessions", Interface.RECEIVER, "PUT", _SESSION)
_PATCH_SESSION = operation("sessions", Interface.RECEIVER, "PATCH", _SESSION)
_POST_CDR = operation("cdrs", Interface.RECEIVER, "POST")
_GET_CDR = operation("cdrs", Interface.RECEIVER, "GET", "{cdr_reference}")

_UNKNOWN_TOKEN = 2004
_UNKNOWN_SHARE = 0.1
_FETCHED_SHARE = 0.2
_STEP_SECONDS = (3.0, 6.0)
_SESSION_SECONDS = (8.0, 40.0)


@dataclass(slots=True)
class Visits:
    """The sessions of the CPO; each runs as a task of whoever calls `charge`."""

    platform: Platform
    sites: Sites
    tokens: Shelf
    sessions: Shelf
    cdrs: Shelf
    draw: random.Random
    # Sessions that run, each with the event that ends it.
    _running: dict[str, asyncio.Event] = field(default_factory=dict)
    _ending: bool = False
    # Another run of this sandbox at the same hub has other session ids.
    _run: str = field(default_factory=lambda: uuid4().hex[:8])
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def end_all(self) -> None:
        """Everybody stops charging, and whoever begins stops at once."""
        self._ending = True
        for end in self._running.values():
            end.set()

    def runs(self, session_id: str) -> bool:
        """Whether somebody charges in this session."""
        return session_id in self._running

    def end(self, session_id: str) -> None:
        """Ends a session, if it still runs."""
        if session_id in self._running:
            self._running[session_id].set()

    async def card_is_held(self) -> None:
        """Somebody holds a card to a free charger, and charges when the eMSP allows it."""
        spot = self.sites.any_free()
        if spot is None or self._ending:
            return
        self.sites.taken.add(spot.evse_uid)
        authorised = await self._authorise(spot)
        if authorised is not None:
            await self.charge(spot, authorised)
        self.sites.taken.discard(spot.evse_uid)

    async def _authorise(self, spot: Spot) -> Authorised | None:
        """By Open Routing: a charger reads a uid, and the hub knows whose it is."""
        tally = self.platform.tally
        reply = await self.platform.ask(
            _AUTHORIZE,
            params={"token_uid": self._some_card()},
            query="type=RFID",
            body={"location_id": spot.location_id, "evse_uids": [spot.evse_uid]},
            expected=frozenset({_UNKNOWN_TOKEN}),
        )
        tally.add(Count.AUTHORISATIONS)
        if reply.status_code == _UNKNOWN_TOKEN:
            tally.add(Count.UNKNOWN_CARDS, "a card that nobody knows is refused")
        if not reply.ok:
            return None
        info = data_of(reply)
        if info["allowed"] != "ALLOWED":
            tally.add(Count.REFUSED, f"card {info['token']['visual_number']}: {info['allowed']}")
            return None
        tally.add(Count.ALLOWED)
        reference = info.get("authorization_reference")
        return Authorised(info["token"], "AUTH_REQUEST", reference)

    def _some_card(self) -> str:
        cards = [token["uid"] for token in self.tokens.all() if token["type"] == "RFID"]
        if not cards or self.draw.random() < _UNKNOWN_SHARE:
            return unknown_uid(self.draw.randrange(1 << 32))
        return str(self.draw.choice(cards))

    # --- a session -----------------------------------------------------------------------------

    async def charge(self, spot: Spot, authorised: Authorised) -> None:
        """A session from its start to its CDR, at a spot that is taken."""
        await self.sites.set_status(spot.location_id, spot.evse_uid, "CHARGING")
        # What holds when a session begins holds to its end.
        tariff, location = self.sites.tariff(spot), self.sites.location(spot.location_id)
        session = await self._session(spot, location, authorised, tariff)
        await self.sites.set_status(spot.location_id, spot.evse_uid, "AVAILABLE")
        now = self.platform.stamps.next()
        await self._bill(charging.cdr(session, location, tariff, now=now), authorised)

    async def _session(
        self, spot: Spot, location: Document, authorised: Authorised, tariff: Document
    ) -> Document:
        platform = self.platform
        id_ = f"{self._run}-{next(self._numbers)}"
        now = platform.stamps.next()
        session = charging.opened(platform.party, id_, spot, authorised, tariff, now=now)
        self.sessions.put(session)
        end = self._running[id_] = asyncio.Event()
        platform.tally.add(
            Count.SESSIONS_BEGUN,
            f"{location['city']}, {location['address']}: {authorised.token['contract_id']} charges",
        )
        await self._tell(_PUT_SESSION, session, session, authorised)
        watts = self.sites.connector(spot)["max_electric_power"]
        left = 0.0 if self._ending else self.draw.uniform(*_SESSION_SECONDS)
        while session["status"] == "ACTIVE":
            step = min(left, self.draw.uniform(*_STEP_SECONDS))
            left = 0.0 if await happened(end, within=step) else left - step
            now = platform.stamps.next()
            patch = charging.progress(session, tariff, watts=watts, now=now)
            if left <= 0:
                patch = charging.ended(patch)
            session = merge_session(session, patch)
            self.sessions.put(session)
            await self._tell(_PATCH_SESSION, session, patch, authorised)
        del self._running[id_]
        platform.tally.add(Count.SESSIONS_ENDED)
        return session

    async def _tell(
        self, row: Operation, session: Document, body: Document, authorised: Authorised
    ) -> None:
        params = {
            "country_code": session["country_code"],
            "party_id": session["party_id"],
            "session_id": session["id"],
        }
        self.platform.tally.add(Count.SESSION_CHANGES)
        await self.platform.ask(row, params=params, body=body, to=authorised.emsp)

    async def _bill(self, cdr: Document, authorised: Authorised) -> None:
        """Sends the CDR; now and then it is fetched again from where it was put."""
        self.cdrs.put(cdr)
        reply = await self.platform.ask(_POST_CDR, body=cdr, to=authorised.emsp)
        price, energy = cdr["total_cost"]["incl_vat"], cdr["total_energy"]
        self.platform.tally.add(
            Count.CDRS,
            f"{cdr['cdr_location']['city']}: a session of {energy} kWh for "
            f"{price:.2f} {cdr['currency']}",
        )
        where = reply.header("location")
        if where is not None and self.draw.random() < _FETCHED_SHARE:
            await self._fetch(cdr, where, authorised)

    async def _fetch(self, cdr: Document, where: str, authorised: Authorised) -> None:
        reply = await self.platform.ask(_GET_CDR, url=where, to=authorised.emsp)
        if reply.ok and not same(data_of(reply), cdr):
            log.warning("a CDR is not what was sent", extra={"id": cdr["id"], "where": where})
        self.platform.tally.add(Count.CDRS_FETCHED)
