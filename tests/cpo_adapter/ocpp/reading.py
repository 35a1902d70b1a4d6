"""Reading a CALL without a connection."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cpo_adapter.ocpp.events import Event
from cpo_adapter.ocpp.frames import Call, parse
from cpo_adapter.ocpp.interpreter import Interpreter, Refusal
from cpo_adapter.ocpp.messages import Dialect
from cpo_adapter.ocpp.v16 import DIALECT as V16
from cpo_adapter.ocpp.v201 import DIALECT as V201
from tests.cpo_adapter.ocpp.central import Ports

RECEIVED_AT = datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)


def read(dialect: Dialect, action: str, payload: dict[str, Any]) -> Event | Refusal:
    """What a station says with this payload, once it has been through JSON."""
    text = json.dumps([2, "1", action, payload], default=_number)
    call = parse(text)
    assert isinstance(call, Call)
    return Interpreter("CP1", dialect, Ports(), booted=True).read(call, RECEIVED_AT)


def read_16(action: str, payload: dict[str, Any]) -> Event | Refusal:
    """The same in 1.6."""
    return read(V16, action, payload)


def read_201(action: str, payload: dict[str, Any]) -> Event | Refusal:
    """The same in 2.0.1."""
    return read(V201, action, payload)


def _number(value: Decimal) -> float:
    return float(value)
