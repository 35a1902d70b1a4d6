"""The switchboard: every message comes to `Hub.handle`, and leaves as a Reply.

`routing.route` decides, this carries out: relay, catalogue, custody, ledger. The hub itself owns
no behaviour of any module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import assert_never

from ocpi_hub import clearing_module, clientinfo, ledger
from ocpi_hub.authority import sender_of
from ocpi_hub.catalogue import Catalogue
from ocpi_hub.custody import Custody
from ocpi_hub.listing import Served
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.limits import RateLimit
from ocpi_hub.node.secrets import hash_token
from ocpi_hub.onboarding import Onboarding
from ocpi_hub.outbound import Outbound
from ocpi_hub.presence import Presence
from ocpi_hub.protocol.errors import (
    InvalidParameters,
    NotFound,
    ServerError,
    Unauthorized,
    UnknownReceiver,
    UnknownToken,
)
from ocpi_hub.protocol.exchange_log import log_exchange
from ocpi_hub.protocol.headers import TokenForms
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import FUNCTIONAL, VERSION, Kind, Operation, operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.server import Exchange
from ocpi_hub.registry import Registry
from ocpi_hub.relay import Relay
from ocpi_hub.rewriting import page_id
from ocpi_hub.routing import (
    Broadcast,
    Direct,
    GetAll,
    Lookup,
    Open,
    Stored,
    route,
    settle,
)
from ocpi_hub.snapshot import Snapshot, TokenEntry
from ocpi_hub.store import exchanges, registrations
from ocpi_hub.store.exchanges import ExchangeWriter
from ocpi_hub.store.platforms import TokenKind
from ocpi_hub.witness import Witness

log = logging.getLogger(__name__)

IN = 0


@dataclass(frozen=True, slots=True)
class HubCaller:
    """A platform at the door, with the token it showed."""

    entry: TokenEntry
    token: str
    # Whether the token came as it is, without Base64.
    plain: bool

    @property
    def id(self) -> str:
        """The platform's id."""
        return self.entry.platform.id

    @property
    def invited(self) -> bool:
        """Whether the token is an invitation."""
        return self.entry.invited

    @property
    def quirks(self) -> frozenset[str]:
        """Names of the platform's quirks."""
        return self.entry.platform.quirks


@dataclass(slots=True)
class Hub:
    """What the OCPI server asks: a protocol.server.Service."""

    party: Party
    db: Database
    registry: Registry
    served: Served
    onboarding: Onboarding
    relay: Relay
    catalogue: Catalogue
    custody: Custody
    presence: Presence
    outbound: Outbound
    exchanges: ExchangeWriter
    rate_limit: RateLimit
    # Authorisations of tokens that nobody has.
    guesses: RateLimit
    witness: Witness
    # The rows of the hub's own module.
    own: tuple[Operation, ...]
    observe_metrics: Callable[[Exchange], None]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    # --- at the door ---------------------------------------------------------------------------

    async def authenticate(self, token: TokenForms) -> HubCaller:
        """The platform a token belongs to; 401 for every other, 429 for too many requests."""
        caller = self._look_up(token)
        if caller is None:
            # Another process may have issued the token a moment ago. Refreshes take turns, so
            # that tokens that nobody issued cost one short query at a time.
            await self._refresh()
            caller = self._look_up(token)
        if caller is None:
            # One answer for every kind of wrong token: it tells an attacker nothing (T1).
            raise Unauthorized
        self.rate_limit.admit(caller.id)
        self.presence.heard(caller.entry.platform)
        return caller

    def _look_up(self, token: TokenForms) -> HubCaller | None:
        """The decoded form first; the raw one only where a peer is known for it (AUTH-09)."""
        snapshot, now = self.registry.snapshot, self.now()
        if token.decoded is not None:
            entry = snapshot.authenticate(hash_token(token.decoded), now=now)
            if entry is not None:
                return HubCaller(entry, token.decoded, plain=False)
        entry = snapshot.authenticate(hash_token(token.raw), now=now)
        if entry is not None and (entry.invited or Quirk.PLAIN_TOKEN in entry.quirks):
            return HubCaller(entry, token.raw, plain=True)
        return None

    async def _refresh(self) -> None:
        try:
            await self.registry.refresh()
        except UNAVAILABLE as error:
            raise ServerError("the database is not available", http_status=503) from error

    async def versions(self, version: str | None, caller: HubCaller) -> Reply:
        """The versions, or the details of one."""
        await self._promote(caller)
        if version is None:
            listed = [{"version": VERSION, "url": self.served.urls.version_details}]
            return Reply(data=dumps(listed))
        return Reply(data=dumps(self.version_details()))

    def version_details(self) -> dict[str, object]:
        """Every module and interface the hub serves, out of the table (VER-08)."""
        served = {(row.module, row.interface): row for row in (*FUNCTIONAL, *self.own)}
        endpoints = [
            {
                "identifier": module,
                "role": side.value,
                "url": self.served.urls.endpoint(row),
            }
            for (module, side), row in served.items()
        ]
        for module in ("credentials", "hubclientinfo"):
            url = self.served.urls.endpoint(operation(module, Interface.SENDER, "GET"))
            endpoints.append({"identifier": module, "role": "SENDER", "url": url})
        return {"version": VERSION, "endpoints": endpoints}

    # --- the switchboard -----------------------------------------------------------------------

    async def handle(self, message: Message, caller: HubCaller) -> Reply:
        """The answer to one message."""
        if not self.registry.writable and message.operation.method != "GET":
            raise ServerError("the database is not available", http_status=503)
        try:
            return await self._handle(message, caller)
        except UNAVAILABLE as error:
            raise ServerError("the database is not available", http_status=503) from error

    async def _handle(self, message: Message, caller: HubCaller) -> Reply:
        await self._promote(caller)
        kind = message.operation.kind
        if kind is Kind.CONFIG:
            return await self._configuration(message, caller)
        snapshot, platform = self.registry.snapshot, caller.entry.platform
        if kind is Kind.CALLBACK:
            reply = await self.relay.result(message, platform, snapshot)
            await self.witness.resulted(message)
            return reply
        if message.operation in self.own:
            viewer = sender_of(message, platform)
            return await clearing_module.answer(
                self.db, message, viewer, hub=self.party, served=self.served
            )
        page = page_id(message.query) if kind is Kind.LIST else None
        if page is not None:
            return await self.relay.page(message, page, caller=platform, snapshot=snapshot)
        decision = route(message, platform, snapshot)
        match decision:
            case Direct():
                return await self._direct(message, decision, caller, snapshot)
            case Open():
                direct = await self._settled(message, decision, caller, snapshot)
                return await self._direct(message, direct, caller, snapshot)
            case Broadcast():
                return await self.catalogue.write(message, decision.sender)
            case GetAll():
                return await self._list(message, decision.sender, snapshot)
            case Stored():
                return await self._stored(message, decision, snapshot)
            case _:
                assert_never(decision)

    async def _promote(self, caller: HubCaller) -> None:
        """The first use of a token from a PUT ends its predecessor (AUTH-18, F25)."""
        if caller.entry.kind is not TokenKind.PROVISIONAL:
            return
        async with self.db.begin() as conn:
            await registrations.promote(conn, hash_token(caller.token))
        await self.registry.refresh()

    async def _configuration(self, message: Message, caller: HubCaller) -> Reply:
        if message.operation.module == "hubclientinfo":
            platform = caller.entry.platform
            return clientinfo.page(message, platform, self.registry.snapshot, self.served.urls)
        reply = await self.onboarding.answer(
            message, caller.entry, token=caller.token, plain=caller.plain
        )
        snapshot = await self.registry.refresh()
        if not snapshot.platforms[caller.id].registered:
            self.outbound.lanes.remove(caller.id)
        return reply

    async def _direct(
        self, message: Message, direct: Direct, caller: HubCaller, snapshot: Snapshot
    ) -> Reply:
        if direct.ended:
            await self._begun_before(message, direct)
        module, kind = message.operation.module, message.operation.kind
        if module == "cdrs" and kind is Kind.EVENT:
            return await self.custody.post(message, direct, snapshot)
        if module == "cdrs" and kind is Kind.READ:
            return await self.custody.get(message, direct.sender, snapshot)
        if module == "sessions" and kind is Kind.EVENT:
            await ledger.keep(self.db, message, direct, now=self.now())
        reply = await self.relay.send(
            message, direct, caller=caller.entry.platform, snapshot=snapshot
        )
        await self.witness.answered(message, direct, reply)
        return reply

    async def _begun_before(self, message: Message, direct: Direct) -> None:
        """An ended agreement carries what was begun under it, and nothing new."""
        session_id = message.params.get("session_id") or (message.document or {}).get("session_id")
        parties = (direct.sender, direct.receiver.party)
        if session_id is None or not await ledger.between(self.db, session_id, parties):
            raise UnknownReceiver(f"{parties[1]} has no agreement with {parties[0]} any more")

    async def _settled(
        self, message: Message, decision: Open, caller: HubCaller, snapshot: Snapshot
    ) -> Direct:
        """Whose it is. Who asks about too many tokens that nobody has is guessing them (T21)."""
        if decision.lookup is Lookup.TOKEN:
            self.guesses.check(caller.id)
        owners = await self._look_up_owners(message, decision)
        try:
            return settle(message, decision, owners, snapshot)
        except UnknownToken:
            self.guesses.count(caller.id)
            raise

    async def _look_up_owners(self, message: Message, decision: Open) -> Sequence[Party]:
        match decision.lookup:
            case Lookup.SESSION_CPO:
                return await ledger.cpos(self.db, _session_id(message), decision.sender)
            case Lookup.SESSION_EMSP:
                return await ledger.emsps(self.db, _session_id(message), decision.sender)
            case Lookup.LOCATION | Lookup.TARIFF | Lookup.TOKEN:
                return await self.catalogue.owners(message, decision.lookup)
            case _:
                assert_never(decision.lookup)

    async def _list(self, message: Message, viewer: Party, snapshot: Snapshot) -> Reply:
        match message.operation.module:
            case "sessions":
                return await ledger.page(self.db, message, viewer, served=self.served)
            case "cdrs":
                return await ledger.cdr_page(self.db, message, viewer, served=self.served)
            case module:
                owners = snapshot.visible_owners(viewer, module)
                return await self.catalogue.page(message, owners)

    async def _stored(self, message: Message, decision: Stored, snapshot: Snapshot) -> Reply:
        module = message.operation.module
        if module == "cdrs":
            return await self.custody.get(message, decision.sender, snapshot)
        if decision.own:
            return await self.catalogue.own(message, decision.sender)
        if module not in ("locations", "tariffs"):
            raise InvalidParameters(f"one object of {module} needs a party in OCPI-to")
        owners = snapshot.visible_owners(decision.sender, module)
        return await self.catalogue.one(message, owners)

    # --- afterwards ----------------------------------------------------------------------------

    def observe(self, exchange: Exchange) -> None:
        """Count it and keep its trace."""
        self.observe_metrics(exchange)
        log_exchange(log, exchange)
        message = exchange.message
        if message is None:
            return
        self.exchanges.put(
            exchanges.Exchange(
                at=self.now(),
                correlation_id=exchange.correlation_id,
                request_id=exchange.request_id,
                leg=IN,
                platform_id=exchange.caller,
                module=message.operation.module,
                interface=message.operation.interface,
                method=exchange.method,
                path=message.tail or message.operation.path,
                sender=str(message.sender) if message.sender else None,
                receiver=str(message.receiver) if message.receiver else None,
                http_status=exchange.reply.http_status,
                status_code=exchange.reply.status_code,
                message=exchange.reply.message,
                milliseconds=round(exchange.milliseconds),
            )
        )


def _session_id(message: Message) -> str:
    found = message.params.get("session_id") or message.document.get("session_id")
    if not found:
        raise NotFound("session_id missing")
    return str(found)
