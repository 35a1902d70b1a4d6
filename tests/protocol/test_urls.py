"""Joining and checking URLs."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.urls import check_url, join, origin, plain, segment

JOINED = {
    "no slash": ("https://a.example/locations", "LOC1", "", "https://a.example/locations/LOC1"),
    "slash": ("https://a.example/locations/", "LOC1", "", "https://a.example/locations/LOC1"),
    "nothing to join": ("https://a.example/locations", "", "", "https://a.example/locations"),
    "as advertised": ("https://a.example/locations/", "", "", "https://a.example/locations/"),
    "query": (
        "https://a.example/locations",
        "",
        "limit=5&offset=0",
        "https://a.example/locations?limit=5&offset=0",
    ),
    "tail and query": (
        "https://a.example/tokens/",
        "1/authorize",
        "type=RFID",
        "https://a.example/tokens/1/authorize?type=RFID",
    ),
    "query of the endpoint": (
        "https://a.example/l?version=2.2.1",
        "",
        "limit=5",
        "https://a.example/l?version=2.2.1&limit=5",
    ),
    "encoded stays encoded": (
        "https://a.example/locations",
        "A%2FB",
        "",
        "https://a.example/locations/A%2FB",
    ),
}


@pytest.mark.parametrize(("endpoint", "tail", "query", "expected"), JOINED.values(), ids=JOINED)
def test_an_endpoint_and_the_rest_are_joined_by_one_slash(
    endpoint: str, tail: str, query: str, expected: str
) -> None:
    """TRN-17, HUB-02."""
    assert join(endpoint, tail, query) == expected


@pytest.mark.parametrize("value", ["A/B", "A B", "A?B", "A#B", "A%2FB", "A&B=C+D", "DE*ABC*E1"])
def test_an_id_becomes_one_segment_and_comes_back(value: str) -> None:
    """TRN-18."""
    made = segment(value)

    assert "/" not in made
    assert plain(made)
    assert unquote(made) == value


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "http://a.example:8080/ocpi/versions",
        "HTTPS://A.Example/x?y=%20&z=1",
        "https://[2001:db8::1]/x",
        "https://a.example/" + "a" * 237,
    ],
)
def test_an_absolute_url_is_a_url(url: str) -> None:
    check_url(url, name="url")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "/ocpi/versions",
        "//a.example/x",
        "ftp://a.example/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://[::1/",
        "https://user:secret@a.example/",
        "https://user@a.example/",
        "https://a.example/x#y",
        "https://a.example/a b",
        "https://a.example/\r\nX: y",
        "https://a.example/é",
        'https://a.example/"',
        "https://a.example\\@b.example/",
        "https://a.example/" + "a" * 238,
    ],
)
def test_everything_else_is_a_2001_that_names_the_field(url: str) -> None:
    """TYP-13."""
    with pytest.raises(InvalidParameters, match=r"^response_url:") as error:
        check_url(url, name="response_url")

    assert "secret" not in error.value.message


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("https://a.example/x", "https://A.example:443/y", True),
        ("https://a.example./", "https://a.example/", True),
        ("http://a.example/", "http://a.example:80/", True),
        ("https://a.example/", "http://a.example/", False),
        ("https://a.example/", "https://a.example:8443/", False),
        ("https://a.example/", "https://b.example/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(a: str, b: str, same: bool) -> None:
    assert (origin(a) == origin(b)) is same
