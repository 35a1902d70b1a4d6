"""The sandbox eMSP: forty drivers with cards or an app.

    python -m ocpi_hub.demo.emsp --port 8030 --versions-url http://127.0.0.1:8000/ocpi/versions

reads its invitation (token A) from standard input, registers, and goes on until it is told to
finish. Its drivers leave alone each Location that is named with `--avoid ID`. It speaks to nobody
but the hub.
"""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from uuid import uuid4

from ocpi_hub.demo import cards
from ocpi_hub.demo.desk import Identity, run_platform
from ocpi_hub.demo.journeys import Journeys
from ocpi_hub.demo.platform import Document, Handler, Platform, owner_of
from ocpi_hub.demo.receiving import receive, receive_location
from ocpi_hub.demo.rhythm import every
from ocpi_hub.demo.shelf import Shelf
from ocpi_hub.demo.tally import Charged, Count, Phase
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.errors import ObjectNotFound, UnknownToken
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Operation, operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

PROGRAM = "ocpi_hub.demo.emsp"
IDENTITY = Identity(Party("DE", "SBM"), Role.EMSP, "Sandbox Mobility")

_TOKEN = "{country_code}/{party_id}/{token_uid}"  # a path, not a secret
_PUT_TOKEN = operation("tokens", Interface.RECEIVER, "PUT", _TOKEN)
_PATCH_TOKEN = operation("tokens", Interface.RECEIVER, "PATCH", _TOKEN)
_GET_TOKEN = operation("tokens", Interface.RECEIVER, "GET", _TOKEN)

_PULLED = ("locations", "tariffs")

# Seconds from one to the next.
_JOURNEY_PAUSE = 1.2
_TOKEN_PAUSE = 4.0
_READ_PAUSE = 15.0


class Emsp:
    """What the platform of an eMSP does. Made in the event loop that runs it."""

    def __init__(self, platform: Platform, avoided: frozenset[str]) -> None:
        self.platform = platform
        self.shelves = {
            module: Shelf(module)
            for module in ("locations", "tariffs", "tokens", "sessions", "cdrs")
        }
        self._draw = random.Random()  # noqa: S311 - chance, not a secret
        self._finishing = asyncio.Event()
        self._under_way = asyncio.TaskGroup()
        self._journeys = Journeys(platform, self.shelves, self._draw, self._finishing, avoided)

    # --- its life ------------------------------------------------------------------------------

    async def live(self) -> None:
        """Push its tokens, pull what others have, let drivers go until it is to finish."""
        await self._issue()
        await self._first_copy()
        self.platform.tally.phase = Phase.RUNNING
        async with self._under_way:
            for pause, action in (
                (_JOURNEY_PAUSE, self._journey),
                (_TOKEN_PAUSE, self._change_token),
                (_READ_PAUSE, self._read),
            ):
                self._under_way.create_task(every(pause, action, until=self._finishing))

    def finish(self) -> None:
        """No new journeys; whoever charges by app stops."""
        self._finishing.set()

    @property
    def charged(self) -> Charged:
        """What has been charged so far."""
        sessions, cdrs = self.shelves["sessions"].all(), self.shelves["cdrs"].all()
        return Charged(
            running=sum(session["status"] == SessionStatus.ACTIVE for session in sessions),
            kwh=sum((session["kwh"] for session in sessions), Decimal(0)),
            billed=sum((_price(cdr) for cdr in cdrs), Decimal(0)),
        )

    async def held_by(self, party: Party | None, module: str) -> list[Document]:
        """The objects of a module as a party has them, or the hub."""
        if module != "tokens":
            return await self.platform.list_of(module, of=party)
        found = [await self._token_at(party, token) for token in self.shelves["tokens"].all()]
        return [token for token in found if token is not None]

    async def _token_at(self, party: Party | None, token: Document) -> Document | None:
        """A token of its own, read back; without a party the hub answers itself."""
        params = {name: token[name] for name in ("country_code", "party_id")}
        reply = await self.platform.ask(
            _GET_TOKEN,
            params={**params, "token_uid": token["uid"]},
            query=f"type={token['type']}",
            to=party,
        )
        return data_of(reply) if reply.ok else None

    async def _issue(self) -> None:
        now = self.platform.stamps.next()
        for token in cards.tokens(self.platform.party, now=now):
            self.shelves["tokens"].put(token)
            await self._tell(_PUT_TOKEN, token, token)

    async def _first_copy(self) -> None:
        """GET All; what was pushed meanwhile is newer and stays."""
        for module in _PULLED:
            for document in await self.platform.list_of(module):
                self.shelves[module].keep_newer(document)

    async def _read(self) -> None:
        """GET All again, and not kept: it would hide a push that got lost."""
        for module in _PULLED:
            self.platform.tally.add(Count.LISTS_READ)
            await self.platform.list_of(module)

    async def _journey(self) -> None:
        """Drivers do not wait for each other."""
        self._under_way.create_task(self._journeys.one())

    async def _change_token(self) -> None:
        """A driver speaks another language from now on."""
        token = self._draw.choice(self.shelves["tokens"].all())
        language = self._draw.choice(cards.LANGUAGES)
        patch = {"language": language, "last_updated": self.platform.stamps.next()}
        self.shelves["tokens"].put({**token, **patch})
        await self._tell(_PATCH_TOKEN, token, patch)

    async def _tell(self, row: Operation, token: Document, body: Document) -> None:
        self.platform.tally.add(Count.TOKEN_CHANGES)
        query = f"type={token['type']}"
        await self.platform.broadcast(row, {"token_uid": token["uid"]}, body=body, query=query)

    # --- what it serves ------------------------------------------------------------------------

    @property
    def handlers(self) -> dict[tuple[str, Interface], Handler]:
        """Every side of every module that it serves."""
        return {
            ("tokens", Interface.SENDER): self._own_tokens,
            ("locations", Interface.RECEIVER): self._location,
            ("tariffs", Interface.RECEIVER): self._tariff,
            ("sessions", Interface.RECEIVER): self._session,
            ("cdrs", Interface.RECEIVER): self._cdr,
            ("commands", Interface.SENDER): self._journeys.result,
            ("hubclientinfo", Interface.RECEIVER): self.platform.client_info,
        }

    async def _own_tokens(self, message: Message) -> Reply:
        if message.operation.method == "GET":
            endpoint = self.platform.endpoint("tokens", Interface.SENDER)
            return self.shelves["tokens"].page(message, endpoint)
        return self._authorise(message)

    def _authorise(self, message: Message) -> Reply:
        """Whether a token may charge. Source: 2.2.1 tokens, Real-time authorization."""
        uid, kind = message.params["token_uid"], message.arguments.type or TokenType.RFID
        try:
            token = self.shelves["tokens"].get(self.platform.party, uid, kind)
        except ObjectNotFound as error:
            raise UnknownToken(f"token {uid!r} of type {kind} is not known") from error
        self.platform.tally.add(Count.AUTHORISATIONS)
        if not token["valid"]:
            self.platform.tally.add(Count.REFUSED)
            return Reply(data=dumps({"allowed": "BLOCKED", "token": token}))
        self.platform.tally.add(Count.ALLOWED)
        info = {
            "allowed": "ALLOWED",
            "token": token,
            "authorization_reference": f"AUTH-{uuid4().hex[:16]}",
        }
        if message.document is not None:
            info["location"] = message.document
        return Reply(data=dumps(info))

    async def _location(self, message: Message) -> Reply:
        if message.operation.method == "PATCH" and "status" in message.document:
            self.platform.tally.add(Count.STATUS_CHANGES)
        return receive_location(self.shelves["locations"], message, self.platform.tally)

    async def _tariff(self, message: Message) -> Reply:
        return receive(self.shelves["tariffs"], message, self.platform.tally)

    async def _session(self, message: Message) -> Reply:
        shelf, tally = self.shelves["sessions"], self.platform.tally
        reply = receive(shelf, message, tally)
        if message.operation.method != "GET":
            tally.add(Count.SESSION_CHANGES)
            session = shelf.get(owner_of(message), message.params["session_id"])
            self._journeys.session_changed(session)
        return reply

    async def _cdr(self, message: Message) -> Reply:
        """A CDR stays at a URL of this platform's choice."""
        shelf = self.shelves["cdrs"]
        if message.operation.method == "GET":
            owner, id_ = _cdr_key(message.params["cdr_reference"])
            return Reply(data=dumps(shelf.get(owner, id_)))
        new = shelf.put(message.document)
        self.platform.tally.add(
            Count.CDRS if new else Count.CDRS_TWICE, _sentence(message.document)
        )
        endpoint = self.platform.endpoint("cdrs", Interface.RECEIVER)
        where = f"{endpoint}/{_cdr_reference(message.document)}"
        return Reply(http_status=201 if new else 200, headers=(("Location", where),))


def _price(cdr: Document) -> Decimal:
    total: dict[str, Decimal] = cdr["total_cost"]
    return total.get("incl_vat", total["excl_vat"])


def _sentence(cdr: Document) -> str:
    where = cdr["cdr_location"]["city"]
    return f"CDR from {where}: {cdr['total_energy']} kWh for {_price(cdr):.2f} {cdr['currency']}"


def _cdr_reference(cdr: Document) -> str:
    return f"{cdr['country_code']}{cdr['party_id']}-{cdr['id']}"


def _cdr_key(reference: str) -> tuple[Party, str]:
    return Party(reference[:2], reference[2:5]), reference[6:]


if __name__ == "__main__":
    run_platform(IDENTITY, Emsp)
