"""Our URL in place of another's: what is replaced, and that nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import FUNCTIONAL, Operation, ResponseUrl, operation
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.rewriting import (
    HubUrls,
    check_response_url,
    page_id,
    page_query,
    replace_header,
    response_url,
    with_response_url,
)
from tests import samples
from tests.hub.snapshots import platform
from tests.protocol.messages import message, row

OURS = "https://hub.example/ocpi/sender/2.2.1/commands/START_SESSION/4711"
THEIRS = samples.RESPONSE_URL
URLS = HubUrls("https://hub.example")
START = row("commands", "RECEIVER", "POST", "START_SESSION")
CLEAR = row("chargingprofiles", "RECEIVER", "DELETE", "{session_id}")
GET_PROFILE = row("chargingprofiles", "RECEIVER", "GET", "{session_id}")
IN_BODY = tuple(each for each in FUNCTIONAL if each.response_url is ResponseUrl.BODY)
IN_QUERY = tuple(each for each in FUNCTIONAL if each.response_url is ResponseUrl.QUERY)


def named(rows: tuple[Operation, ...]) -> Any:
    """Parameters whose ids are the rows' names."""
    return [pytest.param(each, id=each.operation_id) for each in rows]


def sent(body: bytes) -> Message:
    """A START_SESSION with these bytes."""
    return message(START, document=None, body=body)


# --- response_url in a body ----------------------------------------------------------------------


@pytest.mark.parametrize("asked", named(IN_BODY))
def test_the_response_url_in_a_body_becomes_ours(asked: Operation) -> None:
    """HUB-03, HUB-04: five commands and SetChargingProfile."""
    original = message(asked)

    body, query = with_response_url(original, OURS)

    assert response_url(original) == THEIRS
    assert loads(body) == original.document | {"response_url": OURS}
    assert body == original.body.replace(THEIRS.encode(), OURS.encode())
    assert query == original.query


def test_there_are_six_bodies_with_a_response_url() -> None:
    assert len(IN_BODY) == 6


BEFORE_AND_AFTER: dict[str, tuple[bytes, bytes]] = {
    "white space": (b' {\r\n\t"response_url" \n:\t', b"\t,\n  }  "),
    "byte order mark": (b'\xef\xbb\xbf{"response_url":', b"}"),
    "key with escapes": (b'{"\\u0072esponse\\u005furl":', b"}"),
    "nested before": (b'{"token":{"response_url":"https://no.example/"},"response_url":', b"}"),
    "nested after": (b'{"response_url":', b',"token":{"response_url":"https://no.example/"}}'),
    "in a list": (b'{"x":[{"response_url":"https://no.example/"}],"response_url":', b"}"),
    "nested key escaped": (b'{"x":{"response\\u005furl":"no"},"response_url":', b"}"),
    "as a value": (b'{"x":"response_url","response_url":', b"}"),
    "as a value in a list": (b'{"x":["response_url"],"response_url":', b"}"),
    "quoted in a string": (b'{"x":"\\"response_url\\":\\"no\\"","response_url":', b"}"),
    "brackets in strings": (b'{"x":"}]{[","response_url":', b',"y":"{"}'),
    "escaped quote before a bracket": (b'{"x":"\\\\\\"}","response_url":', b"}"),
    "a string that ends in a backslash": (b'{"x":"\\\\","response_url":', b"}"),
    "not ascii": ('{"name":"Málaga 🚗","response_url":'.encode(), b"}"),
    "longer keys": (b'{"response_urls":"a","my_response_url":"b","response_url":', b"}"),
    "exact numbers": (b'{"x":1.50,"response_url":', b',"y":100.000}'),
}


@pytest.mark.parametrize(("before", "after"), BEFORE_AND_AFTER.values(), ids=BEFORE_AND_AFTER)
def test_every_other_byte_of_a_body_stays_as_it_came(before: bytes, after: bytes) -> None:
    body, _ = with_response_url(sent(before + b'"' + THEIRS.encode() + b'"' + after), OURS)

    assert body == before + b'"' + OURS.encode() + b'"' + after


@pytest.mark.parametrize(
    "value",
    [b'"https:\\/\\/ems.example\\/1"', b'"https://ems.example/\\u0031"', b'"a\\"b"', b'""'],
    ids=["slashes escaped", "unicode escapes", "quote", "empty"],
)
def test_a_value_is_replaced_whole_however_it_is_written(value: bytes) -> None:
    body, _ = with_response_url(sent(b'{"response_url":' + value + b',"z":1}'), OURS)

    assert body == b'{"response_url":"' + OURS.encode() + b'","z":1}'


@pytest.mark.parametrize(
    "body", [b"{}", b'{"response_url":1}', b'{"x":{"response_url":"a"}}'], ids=repr
)
def test_a_body_without_a_url_at_its_top_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidParameters, match="response_url"):
        with_response_url(sent(body), OURS)


# --- response_url in a query ---------------------------------------------------------------------


@pytest.mark.parametrize("asked", named(IN_QUERY))
def test_the_response_url_in_a_query_becomes_ours(asked: Operation) -> None:
    """HUB-05, CHP-02."""
    original = message(asked)

    body, query = with_response_url(original, OURS)

    assert body == b""
    assert response_url(original) == THEIRS
    assert response_url(message(asked, query=query)) == OURS
    assert "ems.example" not in query


ENCODED = "https%3A%2F%2Fhub.example%2Focpi%2Fsender%2F2.2.1%2Fcommands%2FSTART_SESSION%2F4711"
QUERIES = {
    "between others": (
        "duration=%39%30%30&response_url=https%3A%2F%2Fa.example%2F&x=a+b",
        f"duration=%39%30%30&response_url={ENCODED}&x=a+b",
    ),
    "not encoded": (
        "response_url=https://a.example/?request=1&duration=900",
        f"response_url={ENCODED}&duration=900",
    ),
    "name encoded": (
        "duration=900&response%5Furl=https%3A%2F%2Fa.example%2F",
        f"duration=900&response_url={ENCODED}",
    ),
    "longer names": (
        "duration=900&my_response_url=1&response_url=https://a.example/&response_urls=2",
        f"duration=900&my_response_url=1&response_url={ENCODED}&response_urls=2",
    ),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.values(), ids=QUERIES)
def test_the_other_parameters_of_a_query_stay_as_they_came(query: str, expected: str) -> None:
    """HUB-02."""
    assert with_response_url(message(GET_PROFILE, query=query), OURS)[1] == expected


def test_a_row_without_a_response_url_has_none() -> None:
    assert response_url(message(row("locations", "SENDER", "GET"))) is None


# --- whose URL it may be -------------------------------------------------------------------------

ASKS = platform("DE/EMS/EMSP", host="ems.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://ems.example/results/1",
        "https://EMS.example:8443/results?id=1&x=2",
        "http://ems.example",
    ],
)
def test_a_result_goes_to_a_host_of_the_platform_that_asks(url: str) -> None:
    check_response_url(url, ASKS)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/results/1",
        "https://ems.example.evil.example/",
        "https://evil.example/ems.example",
        "https://evil.example#ems.example",
        "https://evil.example\\@ems.example/",
        "https://ems.example@evil.example/",
        "https://user:secret@ems.example/",
        "https://169.254.169.254/",
        "ftp://ems.example/",
        "//ems.example/",
        "/results/1",
        "https://ems.example/" + "a" * 240,
        "https://ems.example/a b",
        "",
    ],
)
def test_a_result_goes_nowhere_else(url: str) -> None:
    """SEC-07, T12: our token for a platform is shown to that platform alone."""
    with pytest.raises(InvalidParameters, match="response_url"):
        check_response_url(url, ASKS)


# --- the hub's own URLs --------------------------------------------------------------------------

ENDPOINTS = {
    ("locations", Interface.SENDER): "https://hub.example/ocpi/sender/2.2.1/locations",
    ("locations", Interface.RECEIVER): "https://hub.example/ocpi/receiver/2.2.1/locations",
    ("hubclientinfo", Interface.SENDER): "https://hub.example/ocpi/2.2.1/hubclientinfo",
    ("credentials", Interface.SENDER): "https://hub.example/ocpi/2.2.1/credentials",
}


@pytest.mark.parametrize(("key", "expected"), ENDPOINTS.items(), ids=lambda value: str(value))
def test_an_endpoint_tells_module_and_interface(key: tuple[str, Interface], expected: str) -> None:
    module, side = key
    path = "{country_code}/{party_id}/{location_id}" if side is Interface.RECEIVER else ""

    assert URLS.endpoint(operation(module, side, "GET", path)) == expected


RESULTS = {
    "START_SESSION": (START, "commands/START_SESSION/4711"),
    "get profile": (GET_PROFILE, "chargingprofiles/get/4711"),
    "clear profile": (CLEAR, "chargingprofiles/delete/4711"),
}


@pytest.mark.parametrize(("asked", "path"), RESULTS.values(), ids=RESULTS)
def test_the_url_for_a_result_is_one_of_the_callback_rows(asked: Operation, path: str) -> None:
    assert URLS.result(asked, "4711") == f"https://hub.example/ocpi/sender/2.2.1/{path}"


@pytest.mark.parametrize("asked", named((*IN_BODY, *IN_QUERY)))
def test_our_url_is_short_enough_with_an_id_of_64_characters(asked: Operation) -> None:
    """HUB-10."""
    assert len(URLS.result(asked, "a" * 64)) <= 255


LIST = row("sessions", "SENDER", "GET")
DATED = "date_from=2026-01-01T00:00:00Z"

PAGES = {
    "theirs": (
        "https://cpo.example/s?offset=50&limit=50&date_from=2026-01-01T00:00:00Z",
        "offset=50&limit=50&date_from=2026-01-01T00%3A00%3A00Z",
    ),
    "theirs without what only they know": (
        "https://cpo.example/s?cursor=x&offset=50&limit=50",
        "offset=50&limit=50",
    ),
    "ours where theirs is opaque": (
        "https://cpo.example/s?cursor=x",
        "date_from=2026-01-01T00%3A00%3A00Z",
    ),
}


@pytest.mark.parametrize(("link", "expected"), PAGES.values(), ids=PAGES)
def test_the_link_of_a_page_carries_its_filters(link: str, expected: str) -> None:
    """PAG-09, PAG-15: and nothing of the server behind it."""
    assert page_query(message(LIST, query=DATED), link) == expected


@pytest.mark.parametrize("query", ["offset=50&limit=50", ""], ids=["filters", "no filters"])
def test_a_pages_url_carries_the_id_it_stands_for(query: str) -> None:
    url = URLS.page(LIST, "4711", query)

    assert page_id(url.partition("?")[2]) == "4711"
    assert "?&" not in url


def test_a_list_that_is_no_page_of_another_has_no_id() -> None:
    assert page_id("offset=0&limit=50") is None


# --- headers -------------------------------------------------------------------------------------

REPLY = Reply(headers=(("x-limit", "50"), ("LINK", '<https://cpo.example/>; rel="next"')))


def test_a_header_is_replaced_whatever_its_case() -> None:
    assert replace_header(REPLY, "Link", "<ours>").headers == (
        ("x-limit", "50"),
        ("Link", "<ours>"),
    )


def test_a_header_without_a_value_is_left_out() -> None:
    assert replace_header(REPLY, "Link", None).headers == (("x-limit", "50"),)
