"""Frames: what is read from any text, and what is not one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpo_adapter.ocpp.frames import (
    BadFrame,
    Call,
    CallFailure,
    CallResult,
    ErrorCode,
    Frame,
    parse,
    write_call,
    write_error,
)
from cpo_adapter.ocpp.version import Version

READ: dict[str, tuple[str, Frame]] = {
    "a CALL": ('[2,"1","Heartbeat",{}]', Call("1", "Heartbeat", {})),
    "a CALL without a payload": ('[2,"1","Heartbeat"]', Call("1", "Heartbeat", {})),
    "a CALL with null for a payload": ('[2,"1","Heartbeat",null]', Call("1", "Heartbeat", {})),
    "a CALL with more": ('[2,"1","Heartbeat",{},7]', Call("1", "Heartbeat", {})),
    "a CALLRESULT": ('[3,"1",{"a":1}]', CallResult("1", {"a": 1})),
    "a CALLRESULT without a payload": ('[3,"1"]', CallResult("1", {})),
    "a CALLERROR": (
        '[4,"1","NotSupported","no",{}]',
        CallFailure("1", "NotSupported", "no"),
    ),
    "a CALLERROR with nothing": ('[4,"1"]', CallFailure("1", "GenericError", "")),
    "a fraction": ('[3,"1",{"a":0.1}]', CallResult("1", {"a": Decimal("0.1")})),
    "a key that is there twice": ('[3,"1",{"a":1,"a":2}]', CallResult("1", {"a": 2})),
    "not a number": ('[3,"1",{"a":NaN}]', CallResult("1", {"a": "NaN"})),
    "a number beyond all": ('[3,"1",{"a":1e999999}]', CallResult("1", {"a": "1e999999"})),
    "an exponent beyond all": (
        '[3,"1",{"a":1e99999999999999999999}]',
        CallResult("1", {"a": "1e99999999999999999999"}),
    ),
    "what Postgres cannot keep": (
        '[3,"1",{"a":"x\\u0000\\ud800"}]',
        CallResult("1", {"a": "x\ufffd\ufffd"}),
    ),
}


@pytest.mark.parametrize(("text", "frame"), READ.values(), ids=READ)
def test_a_frame_is_read(text: str, frame: Frame) -> None:
    assert parse(text) == frame


BAD: dict[str, tuple[str, str | None, ErrorCode]] = {
    "nothing": ("", None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "not JSON": ("[2,", None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "an object": ("{}", None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "an empty list": ("[]", None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "only a type": ("[2]", None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "an id that is a number": ('[2,1,"Heartbeat",{}]', None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "an empty id": ('[2,"","Heartbeat",{}]', None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "an endless id": (
        f'[2,"{"x" * 300}","Heartbeat",{{}}]',
        None,
        ErrorCode.RPC_FRAMEWORK_ERROR,
    ),
    "no action": ('[2,"1"]', "1", ErrorCode.RPC_FRAMEWORK_ERROR),
    "an action that is an object": ('[2,"1",{},{}]', "1", ErrorCode.RPC_FRAMEWORK_ERROR),
    "a payload that is a list": ('[2,"1","A",[]]', "1", ErrorCode.FORMAT_VIOLATION),
    "a type of its own": ('[9,"1"]', "1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED),
    "a type that is a list": ('[[],"1"]', "1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED),
    "a type that is true": ('[true,"1"]', "1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED),
    "deep nesting": (
        f'[2,"1","A",{{"a":{"[" * 40}{"]" * 40}}}]',
        "1",
        ErrorCode.FORMAT_VIOLATION,
    ),
    "nesting without an end": ("[" * 100_000, None, ErrorCode.RPC_FRAMEWORK_ERROR),
    "digits without an end": (
        f'[2,"1","A",{{"a":{"9" * 5000}}}]',
        None,
        ErrorCode.RPC_FRAMEWORK_ERROR,
    ),
}


@pytest.mark.parametrize(("text", "message_id", "code"), BAD.values(), ids=BAD)
def test_what_is_not_a_frame_says_why(text: str, message_id: str | None, code: ErrorCode) -> None:
    """T31"""
    bad = parse(text)

    assert isinstance(bad, BadFrame)
    assert (bad.message_id, bad.code) == (message_id, code)
    assert bad.reason


def test_a_result_that_is_no_object_ends_the_call_it_answers() -> None:
    assert parse('[3,"1",[]]') == CallFailure(
        "1", "FormatViolation", "the payload of the CALLRESULT is not an object"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=20,
)


@given(JSON | st.lists(JSON, min_size=2))
def test_no_json_is_too_strange_to_be_read(value: Any) -> None:
    assert isinstance(parse(json.dumps(value)), Call | CallResult | CallFailure | BadFrame)


@given(st.text())
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    assert isinstance(parse(text), BadFrame)


SPELLINGS = {
    ErrorCode.FORMAT_VIOLATION: ("FormationViolation", "FormatViolation"),
    ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: (
        "ProtocolError",
        "OccurrenceConstraintViolation",
    ),
    ErrorCode.RPC_FRAMEWORK_ERROR: ("FormationViolation", "RpcFrameworkError"),
    ErrorCode.NOT_SUPPORTED: ("NotSupported", "NotSupported"),
}


@pytest.mark.parametrize(("code", "spelled"), SPELLINGS.items(), ids=SPELLINGS)
def test_each_version_spells_its_codes(code: ErrorCode, spelled: tuple[str, str]) -> None:
    assert (code.spelled(Version.V16), code.spelled(Version.V201)) == spelled


def test_a_call_is_written_with_exact_numbers() -> None:
    assert write_call("1", "A", {"limit": Decimal("10.2")}) == '[2,"1","A",{"limit":10.2}]'


def test_a_refusal_echoes_nothing_of_the_request() -> None:
    assert write_error("1", "InternalError", "no") == '[4,"1","InternalError","no",{}]'
