"""Strict JSON with exact decimals: checklist ERR-02, ERR-03, ROB-07, TYP-10 and FAP-08."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi_hub.protocol.errors import InvalidParameters, NotJson
from ocpi_hub.protocol.jsontext import dumps, load_object, loads, same

NOT_JSON: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the body is empty"),
    "white space": (b" \n", "the body is empty"),
    "cut off": (b'{"a": 1', "line 1 column 8"),
    "trailing comma": (b'{"a": 1,\n}', "line 2 column 1"),
    "two values": (b"{} {}", "Extra data at line 1 column 4"),
    "NaN": (b'{"a": NaN}', "NaN is not a number of JSON"),
    "Infinity": (b'{"a": Infinity}', "Infinity is not a number of JSON"),
    "-Infinity": (b'{"a": -Infinity}', "-Infinity is not a number of JSON"),
    "single quotes": (b"{'a': 1}", "line 1 column 2"),
    "a raw line feed in a string": (b'{"a": "\n"}', "line 1 column 8"),
    "Latin-1": ('{"a": "Malmö"}'.encode("latin-1"), "not UTF-8.*at byte 11"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
    "an encoded surrogate": (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
}


@pytest.mark.parametrize(("body", "message"), NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json_is_http_400(body: bytes, message: str) -> None:
    with pytest.raises(NotJson, match=message) as refused:
        loads(body)

    assert (refused.value.http_status, refused.value.status_code) == (400, 2001)


REFUSED: dict[str, tuple[bytes, str]] = {
    "duplicate key": (b'{"a": {"id": 1, "id": 1}}', "'id': the key is there twice"),
    "duplicate key, escaped": (b'{"id": 1, "\\u0069d": 2}', "'id': the key is there twice"),
    "NUL in a string": (b'{"a": ["x\\u0000"]}', r"^a\.0: NUL \(U\+0000\) cannot be kept"),
    "NUL in a key": (b'{"a": {"\\u0000": 1}}', "^a: NUL"),
    "a lone high surrogate": (b'{"a": "\\ud83d"}', r"a lone surrogate \(U\+D83D\)"),
    "a lone low surrogate": (b'{"a": "\\uDE00 \\uD83D"}', r"a lone surrogate \(U\+DE00\)"),
    "31 digits": (b'{"a": 1234567890123456789012345678901}', "^a: .* more than 30 digits"),
    "5,000 digits": (b"9" * 5000, "more than 30 digits"),
    "31 digits of a fraction": (b"0." + b"1" * 30, "more than 30 digits"),
    "exponent 13": (b'{"a": 1e13}', "^a: the number 1e13 has an exponent beyond 12"),
    "exponent -13": (b'{"a": 1E-13}', "exponent beyond 12"),
    "a huge exponent": (b'{"a": [0, 1e131072]}', r"^a\.1: .* exponent beyond 12"),
    "an exponent of 5,000 digits": (b"1e" + b"9" * 5000, "exponent beyond 12"),
    "65 levels": (b"[" * 65 + b"]" * 65, "nested deeper than 64 levels"),
    "65 levels of objects": (b'{"a":' * 65 + b"1" + b"}" * 65, "nested deeper than 64 levels"),
    "100,000 brackets": (b"[" * 100_000, "nested deeper than 64 levels"),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_json_that_readers_differ_on_or_cannot_keep_is_2001(body: bytes, message: str) -> None:
    with pytest.raises(InvalidParameters, match=message) as refused:
        loads(body)

    assert refused.value.http_status == 200


READ: dict[str, tuple[bytes, Any]] = {
    "a decimal keeps its digits": (b"1.50", Decimal("1.50")),
    "an integer stays one": (b"-7", -7),
    "exponent 12": (b"1e12", Decimal("1E+12")),
    "30 digits": (b"9" * 30, int("9" * 30)),
    "a byte order mark": (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    "a pair of surrogates": (b'"\\ud83d\\ude00"', "\U0001f600"),
    "an escaped backslash before u0000": (b'"\\\\u0000"', "\\u0000"),
    "64 levels": (b"[" * 64 + b"]" * 64, loads(b"[" * 64 + b"]" * 64)),
    "many brackets side by side": (b"[" + b"[]," * 99 + b"[]]", [[]] * 100),
    "equal keys in two objects": (b'[{"a": 1}, {"a": 1}]', [{"a": 1}, {"a": 1}]),
}


@pytest.mark.parametrize(("body", "value"), READ.values(), ids=READ)
def test_json_is_read_exactly(body: bytes, value: Any) -> None:
    read = loads(body)

    assert (read, str(read)) == (value, str(value))


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"[]", "an array"), (b'"x"', "a string"), (b"null", "null"), (b"1.5", "a number")],
)
def test_a_body_that_is_no_object_is_2001(body: bytes, kind: str) -> None:
    """ERR-03."""
    with pytest.raises(InvalidParameters, match=f"^body: expected an object, got {kind}$"):
        load_object(body)


WRITTEN: dict[str, tuple[Any, bytes]] = {
    "a decimal": ({"price": Decimal("1.50")}, b'{"price":1.50}'),
    "a large decimal": (Decimal("1E+3"), b"1E+3"),
    "literals": ([None, True, False, 0], b"[null,true,false,0]"),
    "text": ('Malmö "x"\n', '"Malmö \\"x\\"\\n"'.encode()),
    "empty": ([{}, [], ()], b"[{},[],[]]"),
    "milliseconds": (datetime(2026, 1, 15, 10, 0, 0, 123_999, UTC), b'"2026-01-15T10:00:00.123Z"'),
    "another time zone": (
        datetime(2026, 1, 15, 11, 0, tzinfo=timezone(timedelta(hours=1))),
        b'"2026-01-15T10:00:00.000Z"',
    ),
}


@pytest.mark.parametrize(("value", "text"), WRITTEN.values(), ids=WRITTEN)
def test_json_is_written_compactly_and_exactly(value: Any, text: bytes) -> None:
    assert dumps(value) == text


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), b"x", {1, 2}], ids=repr)
def test_what_json_cannot_hold_exactly_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match="without loss"):
        dumps(value)


SAME: dict[str, tuple[Any, Any, bool]] = {
    "trailing zeros": (Decimal("1.5"), Decimal("1.50"), True),
    "an integer and a decimal": (1, Decimal("1.0"), True),
    "key order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    "deep": ({"a": [Decimal("0.10")]}, {"a": [Decimal("0.1")]}, True),
    "true and 1": ({"a": True}, {"a": 1}, False),
    "1 and true": ([1], [True], False),
    "0 and false": (0, False, False),
    "null and absent": ({"a": None}, {}, False),
    "the order of a list": ([1, 2], [2, 1], False),
    "a longer list": ([1], [1, 1], False),
    "an object and a list": ({}, [], False),
    "a list and an object": ([], {}, False),
    "a number and its text": (1, "1", False),
}


@pytest.mark.parametrize(("a", "b", "equal"), SAME.values(), ids=SAME)
def test_equal_json_is_told_from_different_json(a: Any, b: Any, equal: bool) -> None:
    assert same(a, b) is equal


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**29), 10**29)
    | st.decimals(-(10**12), 10**12, places=4)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
keys = st.text(st.characters(codec="ascii", min_codepoint=1))
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20
)


@given(values)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    text = dumps(value)

    assert same(loads(text), value)
    assert dumps(loads(text)) == text


@given(st.binary() | st.text(alphabet='{}[]",:\\u0dD8e+-.19 ').map(str.encode))
def test_no_body_makes_the_reader_fail_otherwise(body: bytes) -> None:
    try:
        value = loads(body)
    except InvalidParameters as refused:
        value = refused.message

    assert dumps(value)
