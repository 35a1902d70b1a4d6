"""Tokens of eMSPs that were not pushed: read from each peer after it connects, and now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cpo_adapter import tokens
from cpo_adapter.rules import Rules
from ocpi_hub.node.engine import Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer, Peers
from ocpi_hub.peering.pull import pull
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.paging import name_of, object_of
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_RETRY_SECONDS = 60.0
# Stamps of others may be a little behind the moment they were written.
_OVERLAP = timedelta(minutes=10)


@dataclass(slots=True)
class TokenPull:
    """Reads the tokens of each peer every `interval` seconds; `clock` is monotonic."""

    db: Database
    peers: Peers
    outgoing: Outgoing
    rules: Rules
    interval: float
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic
    # When each peer is read next, and up to when it was read last.
    _due: dict[str, float] = field(default_factory=dict)
    _read: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("tokens", self.step, pause=_TICK_SECONDS)

    async def step(self) -> None:
        """Read every peer that is due."""
        for peer in self.peers.ready:
            serves = ("tokens", Interface.SENDER) in peer.endpoints
            if serves and self._due.get(peer.id, 0.0) <= self.clock():
                await self._pull(peer)

    async def _pull(self, peer: Peer) -> None:
        begun = self.now()
        last = self._read.get(peer.id)
        since = None if last is None else last - _OVERLAP
        try:
            async for listed in pull(self.outgoing, peer, "tokens", date_from=since):
                await self._keep(peer, listed)
        except OcpiError as error:
            log.info("tokens were not read", extra={"peer": peer.name, "reason": error.message})
            self._due[peer.id] = self.clock() + _RETRY_SECONDS
            return
        self._read[peer.id] = begun
        self._due[peer.id] = self.clock() + self.interval

    async def _keep(self, peer: Peer, listed: Any) -> None:
        """A token that cannot be used is left out; it holds up nobody else's."""
        try:
            token = object_of(listed)
            owner = Party.checked(
                token.get("country_code", ""), token.get("party_id", ""), where="token"
            )
            if owner not in peer.owners:
                return
            async with self.db.hot_transaction() as conn:
                await tokens.pulled(conn, owner, token=token, rules=self.rules, now=self.now())
        except OcpiError as error:
            left_out = {"peer": peer.name, "object": name_of(listed), "reason": error.message}
            log.info("a token was left out", extra=left_out)
