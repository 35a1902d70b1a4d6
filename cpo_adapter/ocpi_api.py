"""What the adapter answers to partners: a table from a module's operations to functions.

Who asks has been checked by the gateway; whose the object is, is checked here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from cpo_adapter import preferences, problems, smart_charging, tokens
from cpo_adapter.asking import Asked
from cpo_adapter.commands import Commands, command_body
from cpo_adapter.rules import Rules
from ocpi_hub.node.engine import Database
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.serving import list_reply, object_reply, viewers
from ocpi_hub.peering.store import published
from ocpi_hub.protocol.charging_problems import PROBLEMS, PUT_PROBLEM
from ocpi_hub.protocol.errors import NotFound, ObjectNotFound
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import FUNCTIONAL, Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

SENDER, RECEIVER = Interface.SENDER, Interface.RECEIVER
_SIDES = {
    "locations": SENDER,
    "tariffs": SENDER,
    "sessions": SENDER,
    "cdrs": SENDER,
    "tokens": RECEIVER,
    "commands": RECEIVER,
    "chargingprofiles": RECEIVER,
}
# What a CPO serves.
OPERATIONS: tuple[Operation, ...] = (
    *(row for row in FUNCTIONAL if _SIDES.get(row.module) is row.interface),
    PUT_PROBLEM,
)

# What stands below a Location, by the parameter of the URL.
_LEVELS = (("evse_uid", "evses", "uid"), ("connector_id", "connectors", "id"))

_PROFILES = {
    "PUT": smart_charging.SET,
    "GET": smart_charging.GET,
    "DELETE": smart_charging.CLEAR,
}


@dataclass(frozen=True, slots=True)
class Asking:
    """A message with who sent it and over which peer."""

    message: Message
    sender: Party
    peer: Peer


@dataclass(frozen=True, slots=True)
class OcpiApi:
    """Answers partners. `poke` says that something was published."""

    db: Database
    identity: Identity
    rules: Rules
    commands: Commands
    now: Callable[[], datetime]
    poke: Callable[[], None]

    async def functional(self, message: Message, sender: Party, peer: Peer) -> Reply:
        """The answer to a functional message."""
        asking = Asking(message, sender, peer)
        row = message.operation
        if row.kind is Kind.LIST:
            return await self._list(asking)
        answer = self._answers().get((row.module, row.method))
        if answer is None:
            raise NotFound(f"{row.method} {row.module} is not served here")
        return await answer(asking)

    def _answers(self) -> dict[tuple[str, str], Callable[[Asking], Awaitable[Reply]]]:
        return {
            ("locations", "GET"): self._location,
            ("tariffs", "GET"): self._tariff,
            ("sessions", "PUT"): self._preferences,
            ("tokens", "GET"): self._token,
            ("tokens", "PUT"): self._put_token,
            ("tokens", "PATCH"): self._patch_token,
            ("commands", "POST"): self._command,
            ("chargingprofiles", "PUT"): self._profile,
            ("chargingprofiles", "GET"): self._profile,
            ("chargingprofiles", "DELETE"): self._profile,
            (PROBLEMS, "PUT"): self._put_problem,
        }

    # --- what we own ---------------------------------------------------------------------------

    async def _list(self, asking: Asking) -> Reply:
        async with self.db.hot() as conn:
            return await list_reply(
                conn,
                asking.message,
                sender=asking.sender,
                peer=asking.peer,
                identity=self.identity,
            )

    async def _location(self, asking: Asking) -> Reply:
        """A Location, or the EVSE or Connector of it that the URL names."""
        params = asking.message.params
        async with self.db.hot() as conn:
            found: Any = await published.find(
                conn,
                "locations",
                id=params["location_id"],
                viewers=viewers(asking.sender, asking.peer),
            )
        if found is None:
            raise ObjectNotFound(f"there is no Location {params['location_id']!r}")
        for name, listed, key in _LEVELS:
            if name in params:
                found = _inner(found, listed, key, params[name])
        return Reply(data=dumps(found))

    async def _tariff(self, asking: Asking) -> Reply:
        async with self.db.hot() as conn:
            return await object_reply(
                conn,
                asking.message,
                asking.message.params["tariff_id"],
                sender=asking.sender,
                peer=asking.peer,
            )

    async def _preferences(self, asking: Asking) -> Reply:
        async with self.db.hot_transaction() as conn:
            answered = await preferences.answer(
                conn,
                asking.message.params["session_id"],
                owner=asking.sender,
                preferences=asking.message.document,
                now=self.now(),
            )
        if answered.call is not None:
            self.commands.begin(answered.call)
        return Reply(data=dumps(answered.response.value))

    # --- what is the partners' -----------------------------------------------------------------

    async def _token(self, asking: Asking) -> Reply:
        async with self.db.hot() as conn:
            found = await tokens.get(conn, _owner(asking), uid=_uid(asking), type_=_type(asking))
        return Reply(data=dumps(found))

    async def _put_token(self, asking: Asking) -> Reply:
        async with self.db.hot_transaction() as conn:
            await tokens.put(
                conn,
                _owner(asking),
                uid=_uid(asking),
                type_=_type(asking),
                token=asking.message.document,
                rules=self.rules,
                now=self.now(),
            )
        self.poke()
        return Reply()

    async def _patch_token(self, asking: Asking) -> Reply:
        async with self.db.hot_transaction() as conn:
            await tokens.patch(
                conn,
                _owner(asking),
                uid=_uid(asking),
                type_=_type(asking),
                changes=asking.message.document,
                rules=self.rules,
                now=self.now(),
            )
        self.poke()
        return Reply()

    async def _put_problem(self, asking: Asking) -> Reply:
        async with self.db.hot_transaction() as conn:
            await problems.put(conn, _owner(asking), asking.message.document, now=self.now())
        return Reply()

    # --- what is asked of stations -------------------------------------------------------------

    async def _command(self, asking: Asking) -> Reply:
        message = asking.message
        taken = await self.commands.take(
            _asked(
                asking,
                kind=message.operation.path,
                body=command_body(message.document),
                response_url=message.document["response_url"],
            )
        )
        return Reply(data=dumps(taken))

    async def _profile(self, asking: Asking) -> Reply:
        message = asking.message
        body = command_body(message.document or {})
        if message.arguments.duration is not None:
            body["duration"] = message.arguments.duration
        document = message.document or {}
        url = document.get("response_url") or message.arguments.response_url
        taken = await self.commands.take(
            _asked(
                asking,
                kind=_PROFILES[message.operation.method],
                body=body,
                response_url=str(url),
                session_id=message.params["session_id"],
            )
        )
        return Reply(data=dumps(taken))


def _asked(
    asking: Asking,
    *,
    kind: str,
    body: dict[str, Any],
    response_url: str,
    session_id: str | None = None,
) -> Asked:
    return Asked(
        id=str(uuid4()),
        kind=kind,
        body=body,
        owner=asking.sender,
        peer_id=asking.peer.id,
        correlation_id=asking.message.correlation_id,
        response_url=response_url,
        session_id=session_id,
    )


def _inner(found: dict[str, Any], listed: str, key: str, wanted: str) -> dict[str, Any]:
    for each in found.get(listed) or ():
        if each[key].lower() == wanted.lower():
            return dict(each)
    raise ObjectNotFound(f"there is no {listed[:-1]} {wanted!r}")


def _owner(asking: Asking) -> Party:
    return asking.message.owner or asking.sender


def _uid(asking: Asking) -> str:
    return asking.message.params["token_uid"]


def _type(asking: Asking) -> str | None:
    found = asking.message.arguments.type
    return None if found is None else found.value
