"""Frames of OCPP-J: the JSON lists that go over the socket, read without ever failing.

What is not a frame becomes a BadFrame, which says what was wrong and how to answer it, if at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from cpo_adapter.ocpp.fields import decimal_of
from cpo_adapter.ocpp.version import Version
from ocpi_hub.protocol.jsontext import dumps

_CALL, _CALLRESULT, _CALLERROR = 2, 3, 4

# Longer than the 36 that OCPP allows: an id that is too long is still answered.
_MAX_ID = 255
_MAX_DEPTH = 32
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHOWN = 60


class ErrorCode(StrEnum):
    """The codes of CALLERROR, as 2.0.1 spells them."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMAT_VIOLATION = "FormatViolation"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"

    def spelled(self, version: Version) -> str:
        """The code as this version has it."""
        return _V16_SPELLING.get(self, self.value) if version is Version.V16 else self.value


# 1.6 calls a missing field an incomplete payload, and spells one code in its own way.
_V16_SPELLING = {
    ErrorCode.FORMAT_VIOLATION: "FormationViolation",
    ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "ProtocolError",
    ErrorCode.RPC_FRAMEWORK_ERROR: "FormationViolation",
}


class Call(NamedTuple):
    """A request; the payload is any JSON object."""

    message_id: str
    action: str
    payload: dict[str, Any]


class CallResult(NamedTuple):
    """The answer to a request of ours."""

    message_id: str
    payload: dict[str, Any]


class CallFailure(NamedTuple):
    """The refusal of a request of ours."""

    message_id: str
    code: str
    description: str


class BadFrame(NamedTuple):
    """What is not a frame. `message_id` is None when it could not be read."""

    reason: str
    code: ErrorCode
    message_id: str | None = None


Frame = Call | CallResult | CallFailure | BadFrame


def parse(text: str) -> Frame:
    """The frame in a text message."""
    try:
        parts = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return BadFrame(f"not JSON: {_reason(error)}", ErrorCode.RPC_FRAMEWORK_ERROR)
    if not isinstance(parts, list) or not parts:
        return BadFrame("expected a JSON list with elements", ErrorCode.RPC_FRAMEWORK_ERROR)
    if text.count("[") + text.count("{") > _MAX_DEPTH and _is_deep(parts):
        reason = f"nested deeper than {_MAX_DEPTH} levels"
        return BadFrame(reason, ErrorCode.FORMAT_VIOLATION, _id_of(parts))
    if "\\u" in text or "\x00" in text:
        parts = _storable(parts)
    return _frame(parts)


def write_call(message_id: str, action: str, payload: Mapping[str, Any]) -> str:
    """A request as text."""
    return dumps([_CALL, message_id, action, payload]).decode()


def write_result(message_id: str, payload: Mapping[str, Any]) -> str:
    """An answer as text."""
    return dumps([_CALLRESULT, message_id, payload]).decode()


def write_error(message_id: str, code: str, description: str) -> str:
    """A refusal as text. The request is not echoed: it may hold somebody's token."""
    return dumps([_CALLERROR, message_id, code, description[:255], {}]).decode()


def _reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} at character {error.pos}"
        case RecursionError():
            return "nested too deep"
        case _:
            return str(error)[:_SHOWN]


def _frame(parts: list[Any]) -> Frame:
    kind = parts[0]
    if type(kind) is not int or kind not in _READERS:
        reason = f"message type {str(kind)[:_SHOWN]}, expected 2, 3 or 4"
        return BadFrame(reason, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, _id_of(parts))
    if _id_of(parts) is None:
        reason = f"the message id is not a text of 1 to {_MAX_ID} characters"
        return BadFrame(reason, ErrorCode.RPC_FRAMEWORK_ERROR)
    return _READERS[kind](parts)


def _id_of(parts: list[Any]) -> str | None:
    """The message id, if there is one to answer to."""
    found = parts[1] if len(parts) > 1 else None
    return found if isinstance(found, str) and 0 < len(found) <= _MAX_ID else None


def _call(parts: list[Any]) -> Frame:
    message_id = parts[1]
    match parts[2:]:
        case [str() as action, dict() as payload, *_]:
            return Call(message_id, action, payload)
        # Stations leave out a payload that would be empty.
        case [str() as action] | [str() as action, None]:
            return Call(message_id, action, {})
        case [str(), _, *_]:
            reason = "the payload is not an object"
            return BadFrame(reason, ErrorCode.FORMAT_VIOLATION, message_id)
        case []:
            reason = "a CALL without an action"
            return BadFrame(reason, ErrorCode.RPC_FRAMEWORK_ERROR, message_id)
        case _:
            reason = "the action is not a text"
            return BadFrame(reason, ErrorCode.RPC_FRAMEWORK_ERROR, message_id)


def _call_result(parts: list[Any]) -> Frame:
    match parts[2:]:
        case [dict() as payload, *_]:
            return CallResult(parts[1], payload)
        case [] | [None]:
            return CallResult(parts[1], {})
        case _:
            reason = "the payload of the CALLRESULT is not an object"
            return CallFailure(parts[1], ErrorCode.FORMAT_VIOLATION, reason)


def _call_error(parts: list[Any]) -> Frame:
    code, description = (*parts[2:4], "", "")[:2]
    return CallFailure(parts[1], str(code) or "GenericError", str(description))


_READERS = {_CALL: _call, _CALLRESULT: _call_result, _CALLERROR: _call_error}


def _decimal(written: str) -> Decimal | str:
    value = decimal_of(written)
    return written if value is None else value


# What is no number that can be kept stays a text, so that the rest of its frame is not lost. Of a
# key that is there twice the last value counts.
_DECODER = json.JSONDecoder(parse_float=_decimal, parse_constant=str)


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            item
            for node in level
            for item in (node.values() if isinstance(node, dict) else node)  # type: ignore[attr-defined]  # only containers are kept
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _storable(value: Any) -> Any:
    """The value with what Postgres cannot keep, NUL and lone surrogates, replaced by a mark."""
    match value:
        case str():
            return _UNSTORABLE.sub("\ufffd", value)
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case _:
            return value
