"""From a CALL of a station to its answer: read by the schema, handled, and written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cpo_adapter.ocpp.answers import BootAnswer, RegistrationStatus
from cpo_adapter.ocpp.events import Event
from cpo_adapter.ocpp.frames import Call, ErrorCode
from cpo_adapter.ocpp.messages import Dialect, Message, Unreadable
from cpo_adapter.ocpp.ports import Events
from cpo_adapter.ocpp.schemas import (
    PayloadRefused,
    PayloadSchema,
    actions,
    request_schema,
    response_schema,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a CALL is answered with a CALLERROR."""

    code: ErrorCode
    description: str
    violations: tuple[str, ...] = ()


class Interpreter:
    """Reads and answers what one station says, in its version of OCPP."""

    def __init__(
        self,
        station_id: str,
        dialect: Dialect,
        events: Events,
        *,
        booted: bool,
    ) -> None:
        self._station_id = station_id
        self._dialect = dialect
        self._events = events
        self._booted = booted or not dialect.booted_first

    def read(self, call: Call, received_at: datetime) -> Event | Refusal:
        """What the station says, or why it is not listened to."""
        version = self._dialect.version
        reader = self._dialect.readers.get(call.action)
        schema = request_schema(version, call.action)
        if reader is None or schema is None:
            known = call.action in actions(version)
            code = ErrorCode.NOT_SUPPORTED if known else ErrorCode.NOT_IMPLEMENTED
            return Refusal(code, f"{call.action[:60]} is not an action for a central system")
        if not self._booted and call.action != "BootNotification":
            return Refusal(
                ErrorCode.SECURITY_ERROR, "the station has to boot and be accepted before this"
            )
        return self._read(call, received_at, reader, schema)

    def _read(
        self,
        call: Call,
        received_at: datetime,
        reader: Callable[[Message], Event],
        schema: PayloadSchema,
    ) -> Event | Refusal:
        accepted = schema.accept(call.payload)
        missing = schema.missing(accepted.payload)
        if missing is not None and call.action not in self._dialect.never_refused:
            return Refusal(
                ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
                f"{missing} is missing",
                accepted.violations,
            )
        message = Message(
            self._station_id,
            self._dialect.version,
            call.action,
            received_at,
            call.payload,
            accepted.payload,
            accepted.violations,
        )
        try:
            return reader(message)
        except Unreadable as error:
            return Refusal(ErrorCode.TYPE_CONSTRAINT_VIOLATION, str(error), accepted.violations)

    async def answer(self, event: Event) -> dict[str, Any] | Refusal:
        """The payload of the answer, once what it promises is done."""
        try:
            given = await self._events.handle(self._station_id, event)
            if isinstance(given, BootAnswer) and self._dialect.booted_first:
                self._booted = given.status is RegistrationStatus.ACCEPTED
            return self._checked(event.action, self._dialect.answer(event, given))
        except Exception:
            # Whatever it was, the station has to hear that it should come again.
            _log.exception(
                "a station's message could not be handled",
                extra={"station_id": self._station_id, "action": event.action},
            )
            return Refusal(ErrorCode.INTERNAL_ERROR, "this could not be handled, try again later")

    def _checked(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        schema = response_schema(self._dialect.version, action)
        if schema is None:
            raise PayloadRefused(f"{action} has no answer in {self._dialect.version}")
        return schema.ordered(payload)
