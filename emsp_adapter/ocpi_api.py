"""What the adapter answers to partners: a table from a module's operations to functions.

Who asks has been checked by the gateway; whose the object is, is checked by each function.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from emsp_adapter.asking import Asking
from emsp_adapter.charging import results
from emsp_adapter.contracts import authorization, cdrs, sessions
from emsp_adapter.drivers import problems
from emsp_adapter.network import locations, tariffs
from emsp_adapter.office import Office
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.serving import list_reply
from ocpi_hub.protocol.charging_problems import ANSWERS, PUT_ANSWER
from ocpi_hub.protocol.errors import NotFound
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import FUNCTIONAL, Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

SENDER, RECEIVER = Interface.SENDER, Interface.RECEIVER
_SIDES = {
    "locations": RECEIVER,
    "tariffs": RECEIVER,
    "sessions": RECEIVER,
    "cdrs": RECEIVER,
    "tokens": SENDER,
    "commands": SENDER,
    "chargingprofiles": SENDER,
}
# What an eMSP serves.
OPERATIONS: tuple[Operation, ...] = (
    *(row for row in FUNCTIONAL if _SIDES.get(row.module) is row.interface),
    PUT_ANSWER,
)

Answer = Callable[[Office, Asking], Awaitable[Reply]]
_ANSWERS: Mapping[tuple[str, str], Answer] = {
    ("locations", "GET"): locations.show,
    ("locations", "PUT"): locations.put,
    ("locations", "PATCH"): locations.patch,
    ("tariffs", "GET"): tariffs.show,
    ("tariffs", "PUT"): tariffs.put,
    ("tariffs", "DELETE"): tariffs.delete,
    ("sessions", "GET"): sessions.show,
    ("sessions", "PUT"): sessions.put,
    ("sessions", "PATCH"): sessions.patch,
    ("cdrs", "GET"): cdrs.show,
    ("cdrs", "POST"): cdrs.post,
    ("tokens", "POST"): authorization.authorize,
    ("commands", "POST"): results.command,
    ("chargingprofiles", "PUT"): results.active_profile,
    ("chargingprofiles", "POST"): results.profile,
    (ANSWERS, "PUT"): problems.put_answer,
}


@dataclass(frozen=True, slots=True)
class OcpiApi:
    """Answers partners."""

    office: Office

    async def functional(self, message: Message, sender: Party, peer: Peer) -> Reply:
        """The answer to a functional message."""
        asking = Asking(message, sender, peer)
        row = message.operation
        if row.kind is Kind.LIST:
            return await self._list(asking)
        answer = _ANSWERS.get((row.module, row.method))
        if answer is None:
            raise NotFound(f"{row.method} {row.module} is not served here")
        return await answer(self.office, asking)

    async def _list(self, asking: Asking) -> Reply:
        async with self.office.db.hot() as conn:
            return await list_reply(
                conn,
                asking.message,
                sender=asking.sender,
                peer=asking.peer,
                identity=self.office.side.identity,
            )
