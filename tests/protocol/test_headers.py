"""The headers of OCPI: reading them from anybody, and writing our own."""

from __future__ import annotations

import base64

import pytest

from ocpi_hub.protocol.errors import InvalidParameters, Unauthorized
from ocpi_hub.protocol.headers import (
    RequestHeaders,
    TokenForms,
    authorization,
    next_link,
    routing,
)
from ocpi_hub.protocol.party import Party


def read(*pairs: tuple[str, str]) -> RequestHeaders:
    """Headers as an HTTP server hands them over."""
    return RequestHeaders.read([(name.encode(), value.encode("latin-1")) for name, value in pairs])


# --- message ids ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-Request-ID", "x-request-id", "X-REQUEST-id"])
def test_a_header_is_found_whatever_its_case(name: str) -> None:
    """TRN-13."""
    assert read((name, "abc")).message_id(b"x-request-id") == "abc"


@pytest.mark.parametrize("value", ["1", "not a uuid: {} ~", "a" * 255])
def test_a_message_id_is_any_short_printable_text(value: str) -> None:
    """IDS-09."""
    assert read(("X-Request-ID", value)).message_id(b"x-request-id") == value


@pytest.mark.parametrize(
    "value", ["", "a" * 256, "a\r\nX-Evil: 1", "\x1b[31m", "é", "a\tb", "\x7f"], ids=ascii
)
def test_a_message_id_that_could_forge_a_header_or_a_log_is_none(value: str) -> None:
    """T36."""
    assert read(("X-Request-ID", value)).message_id(b"x-request-id") is None


def test_two_message_ids_are_none() -> None:
    headers = read(("X-Request-ID", "a"), ("x-request-id", "b"))

    assert headers.message_id(b"x-request-id") is None


@pytest.mark.parametrize(
    ("value", "length"),
    [("0", 0), ("1000001", 1_000_001), ("-1", 0), ("x", 0), ("1e9", 0), ("9" * 5000, 0)],
)
def test_an_announced_length_that_is_no_number_announces_nothing(value: str, length: int) -> None:
    assert read(("Content-Length", value)).content_length() == length


# --- routing -------------------------------------------------------------------------------------


def test_a_pair_of_headers_names_a_party() -> None:
    headers = read(("OCPI-to-country-code", " nl "), ("ocpi-TO-party-id", "Cpo"))

    assert headers.party("to") == Party("NL", "CPO")
    assert headers.party("from") is None


FORGED: dict[str, list[tuple[str, str]]] = {
    "country only": [("OCPI-to-country-code", "NL")],
    "party only": [("OCPI-to-party-id", "CPO")],
    "country twice": [
        ("OCPI-to-country-code", "NL"),
        ("ocpi-to-country-code", "NL"),
        ("OCPI-to-party-id", "CPO"),
    ],
    "joined by a comma": [("OCPI-to-country-code", "NL, DE"), ("OCPI-to-party-id", "CPO")],
    "four letters": [("OCPI-to-country-code", "NL"), ("OCPI-to-party-id", "CPOX")],
    "two letters": [("OCPI-to-country-code", "NL"), ("OCPI-to-party-id", "CP")],
    "alpha-3": [("OCPI-to-country-code", "NLD"), ("OCPI-to-party-id", "CPO")],
    "empty": [("OCPI-to-country-code", ""), ("OCPI-to-party-id", "")],
    "not ascii": [("OCPI-to-country-code", "NL"), ("OCPI-to-party-id", "ÉPO")],
    "a wildcard": [("OCPI-to-country-code", "NL"), ("OCPI-to-party-id", "*")],
}


@pytest.mark.parametrize("pairs", FORGED.values(), ids=FORGED)
def test_anything_but_one_party_is_a_2001_that_names_the_header(
    pairs: list[tuple[str, str]],
) -> None:
    """RTE-06, T4."""
    with pytest.raises(InvalidParameters, match="OCPI-to"):
        read(*pairs).party("to")


def test_routing_headers_name_both_parties_as_they_are_registered() -> None:
    made = routing(to=Party("DE", "Ems"), from_=Party("NL", "CPO"))

    assert made == (
        ("OCPI-to-country-code", "DE"),
        ("OCPI-to-party-id", "Ems"),
        ("OCPI-from-country-code", "NL"),
        ("OCPI-from-party-id", "CPO"),
    )


def test_open_routing_leaves_to_away() -> None:
    assert dict(routing(to=None, from_=Party("NL", "CPO"))).keys() == {
        "OCPI-from-country-code",
        "OCPI-from-party-id",
    }


# --- the credentials token -----------------------------------------------------------------------

# The value in the header examples of the specification decodes to a token and a newline.
TOKENS = {
    "base64": ("Token ZXhhbXBsZS10b2tlbg==", "example-token", "ZXhhbXBsZS10b2tlbg=="),
    "encoded newline": ("Token ZXhhbXBsZS10b2tlbgo=", "example-token", "ZXhhbXBsZS10b2tlbgo="),
    "scheme in any case": ("tOkEn ZXhhbXBsZS10b2tlbg==", "example-token", "ZXhhbXBsZS10b2tlbg=="),
    "spaces": ("Token   ZXhhbXBsZS10b2tlbg== ", "example-token", "ZXhhbXBsZS10b2tlbg=="),
    "plain": ("Token 9f8e-not-base64", None, "9f8e-not-base64"),
    "plain that could be base64": ("Token abcd", None, "abcd"),
    "no padding": ("Token ZXhhbXBsZS10b2tlbg", None, "ZXhhbXBsZS10b2tlbg"),
    "not utf-8": ("Token /////w==", None, "/////w=="),
    "url alphabet": ("Token _-8=", None, "_-8="),
}


@pytest.mark.parametrize(("header", "decoded", "raw"), TOKENS.values(), ids=TOKENS)
def test_a_token_is_read_in_both_forms(header: str, decoded: str | None, raw: str) -> None:
    """AUTH-01, AUTH-08 to AUTH-12."""
    assert read(("Authorization", header)).credentials_token() == TokenForms(decoded, raw)


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Token")],
        [("Authorization", "Token ")],
        [("Authorization", "Bearer ZXhhbXBsZS10b2tlbg==")],
        [("Authorization", "Basic ZXhhbXBsZS10b2tlbg==")],
        [("Authorization", "ZXhhbXBsZS10b2tlbg==")],
        [("Authorization", "Token a"), ("authorization", "Token b")],
        [("X-Authorization", "Token a")],
    ],
    ids=str,
)
def test_anything_but_one_token_is_a_401(pairs: list[tuple[str, str]]) -> None:
    """AUTH-03, AUTH-12."""
    with pytest.raises(Unauthorized):
        read(*pairs).credentials_token()


def test_our_own_token_is_base64_unless_the_peer_takes_it_as_it_is() -> None:
    """AUTH-01, AUTH-08."""
    sent = authorization("example-token", plain=False)

    assert base64.b64decode(sent.removeprefix("Token ")) == b"example-token"
    assert authorization("example-token", plain=True) == "Token example-token"


# --- Link ----------------------------------------------------------------------------------------

LINKS = {
    "as specified": ('<https://a.example/l?offset=5>; rel="next"', "https://a.example/l?offset=5"),
    "unquoted": ("<https://a.example/l>; rel=next", "https://a.example/l"),
    "upper case": ('<https://a.example/l>; REL="NEXT"', "https://a.example/l"),
    "no space": ('<https://a.example/l>;rel="next"', "https://a.example/l"),
    "spaces": ('< https://a.example/l >  ;  rel = "next" ', "https://a.example/l"),
    "relative": ('</l?offset=5>; rel="next"', "/l?offset=5"),
    "several relations": ('<https://a.example/l>; rel="last next"', "https://a.example/l"),
    "second of two": (
        '<https://a.example/first>; rel="first", <https://a.example/l>; rel="next"',
        "https://a.example/l",
    ),
    "other parameters": (
        '<https://a.example/l>; title="a, b; c"; rel="next"; x=1',
        "https://a.example/l",
    ),
    "comma in the url": ('<https://a.example/l?a=1,2>; rel="next"', "https://a.example/l?a=1,2"),
    "another relation": ('<https://a.example/l>; rel="prev"', None),
    "no relation": ("<https://a.example/l>", None),
    "a relation in a title": ('<https://a.example/l>; title="rel=next"', None),
    "empty": ("", None),
    "empty target": ('<>; rel="next"', None),
    "garbage": ("next", None),
    "none": (None, None),
}


@pytest.mark.parametrize(("value", "target"), LINKS.values(), ids=LINKS)
def test_a_link_is_read_tolerantly(value: str | None, target: str | None) -> None:
    """PAG-19."""
    assert next_link(value) == target


def test_a_hostile_link_is_read_in_no_time() -> None:
    assert next_link('<a>;"' * 20_000 + ";" * 20_000) is None
