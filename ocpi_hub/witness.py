"""What passes the hub and clearing will ask about: authorizations given, reservations made.

It is noted after the answer is known and changes nothing about it; what could not be noted shows
up as a flag on a CDR later.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ocpi_hub.node.engine import UNAVAILABLE, Database, Hot
from ocpi_hub.node.group_commit import GroupCommit
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.commands import CommandResponseType, CommandResultType
from ocpi_hub.routing import Direct
from ocpi_hub.store import reservations
from ocpi_hub.store.authorizations import Authorization
from ocpi_hub.store.reservations import Reservation

log = logging.getLogger(__name__)

_CANCELLED = (CommandResultType.ACCEPTED, CommandResultType.CANCELED_RESERVATION)


@dataclass(frozen=True, slots=True)
class Witness:
    """Notes what was answered to the calls that a CDR may refer to."""

    db: Database
    given: GroupCommit[Authorization, None]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def answered(self, message: Message, direct: Direct, reply: Reply) -> None:
        """Note a call and its answer."""
        if message.operation.kind is not Kind.CALL or not reply.ok:
            return
        match message.operation.module:
            case "tokens":
                await self._authorized(message, direct, reply)
            case "commands":
                await self._commanded(message, direct, reply)

    async def _authorized(self, message: Message, direct: Direct, reply: Reply) -> None:
        if b"authorization_reference" not in (reply.raw or b""):
            return
        said = data_of(reply)
        reference = said.get("authorization_reference") if isinstance(said, dict) else None
        if isinstance(reference, str):
            given = Authorization(
                emsp=direct.receiver.party.key,
                reference=reference.lower(),
                cpo=direct.sender.key,
                token_uid=message.params["token_uid"].lower(),
                location_id=_folded((message.document or {}).get("location_id")),
            )
            await self._noted(self.given.submit(given))

    async def _commanded(self, message: Message, direct: Direct, reply: Reply) -> None:
        said = data_of(reply)
        if not isinstance(said, dict) or said.get("result") != CommandResponseType.ACCEPTED:
            return
        match message.operation.path:
            case "RESERVE_NOW":
                made = _reservation(message, direct)
                await self._note(lambda conn: reservations.keep(conn, made, now=self.now()))
            case "CANCEL_RESERVATION":
                await self._note(lambda conn: _ask_to_cancel(conn, message, direct))
        reference = message.document.get("authorization_reference")
        if reference is not None:
            await self._noted(self.given.submit(_authorization(message, direct)))

    async def resulted(self, message: Message) -> None:
        """Note the later result of a command."""
        result_id, result = message.params["result_id"], message.document["result"]
        match message.params.get("command"):
            case "RESERVE_NOW" if result == CommandResultType.CANCELED_RESERVATION:
                mark = reservations.mark_cancelled
            case "RESERVE_NOW" if result != CommandResultType.ACCEPTED:
                mark = reservations.mark_refused
            case "CANCEL_RESERVATION" if result in _CANCELLED:
                mark = reservations.mark_cancelled
            case _:
                return
        await self._note(lambda conn: mark(conn, result_id, now=self.now()))

    async def _note(self, write: Callable[[Hot], Awaitable[None]]) -> None:
        async def written() -> None:
            async with self.db.hot() as conn:
                await write(conn)

        await self._noted(written())

    async def _noted(self, write: Awaitable[None]) -> None:
        try:
            await write
        except UNAVAILABLE as error:
            log.warning("an answer could not be noted", extra={"reason": str(error)})


def _reservation(message: Message, direct: Direct) -> Reservation:
    asked = message.document
    return Reservation(
        owner=direct.receiver.party.key,
        emsp=direct.sender.key,
        id=asked["reservation_id"].lower(),
        token_uid=asked["token"]["uid"].lower(),
        location_id=asked["location_id"].lower(),
        authorization_reference=_folded(asked.get("authorization_reference")),
        expires_at=parse_datetime(asked["expiry_date"]),
        correlation_id=message.correlation_id,
    )


def _authorization(message: Message, direct: Direct) -> Authorization:
    asked = message.document
    return Authorization(
        emsp=direct.sender.key,
        reference=asked["authorization_reference"].lower(),
        cpo=direct.receiver.party.key,
        token_uid=asked["token"]["uid"].lower(),
        location_id=asked["location_id"].lower(),
    )


async def _ask_to_cancel(conn: Hot, message: Message, direct: Direct) -> None:
    await reservations.ask_to_cancel(
        conn,
        direct.receiver.party.key,
        direct.sender.key,
        reservation_id=message.document["reservation_id"].lower(),
        correlation_id=message.correlation_id,
    )


def _folded(value: str | None) -> str | None:
    return None if value is None else value.lower()
