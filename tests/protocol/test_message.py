"""A Message's owner, and what a Reply looks like on the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from tests.protocol.messages import message, row

NOW = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)


def test_the_owner_of_an_object_is_in_its_url() -> None:
    put = row("locations", "RECEIVER", "PUT", "{country_code}/{party_id}/{location_id}")

    assert message(put).owner == Party("NL", "CPO")
    assert message(row("locations", "SENDER", "GET")).owner is None


def test_an_envelope_holds_data_code_and_moment() -> None:
    """TRN-05, TRN-07, TYP-07."""
    assert json.loads(Reply(data=b'{"a": 1.50}').envelope(NOW)) == {
        "data": {"a": 1.5},
        "status_code": 1000,
        "timestamp": "2026-01-31T12:00:00.123Z",
    }


def test_an_envelope_keeps_the_digits_of_its_data() -> None:
    """FAP-08."""
    assert b'"data":{"a": 1.50}' in Reply(data=b'{"a": 1.50}').envelope(NOW)


def test_an_envelope_without_data_leaves_it_out() -> None:
    """TRN-09."""
    assert "data" not in json.loads(Reply().envelope(NOW))


def test_an_empty_list_is_data() -> None:
    """TRN-06."""
    assert json.loads(Reply(data=b"[]").envelope(NOW))["data"] == []


def test_a_message_may_hold_any_text() -> None:
    said = 'a "quoted" \\ text\nof two lines 🚗'

    assert json.loads(Reply(2001, said).envelope(NOW))["status_message"] == said


def test_a_raw_answer_is_passed_on_byte_for_byte() -> None:
    raw = b' {"status_code" : 1000, "x":1.50}\n'

    assert Reply(raw=raw).envelope(NOW) == raw


@pytest.mark.parametrize(
    ("http_status", "code", "ok"),
    [
        (200, 1000, True),
        (201, 1000, True),
        (202, 1999, True),
        (200, 2000, False),
        (200, 999, False),
        (404, 1000, False),
        (500, 1000, False),
    ],
)
def test_success_is_http_2xx_and_a_code_of_the_1000s(http_status: int, code: int, ok: bool) -> None:
    """STA-20."""
    assert Reply(code, http_status=http_status).ok is ok


def test_a_header_of_a_reply_is_found_whatever_its_case() -> None:
    reply = Reply(headers=(("X-Limit", "50"),))

    assert reply.header("x-limit") == "50"
    assert reply.header("link") is None


@pytest.mark.parametrize("quirk", Quirk)
def test_a_quirk_is_its_name_and_gives_its_reason(quirk: Quirk) -> None:
    assert quirk in frozenset({quirk.name.lower()})
    assert quirk.reason.endswith(".")
