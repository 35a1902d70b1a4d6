"""Headers and URLs that try to be something else: T3, T4, T36, rivals' substring checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ocpi_hub.protocol.jsontext import dumps
from tests import samples
from tests.parties import encoded
from tests.security import raw
from tests.security.scene import Scene

_LOCATION = "/receiver/2.2.1/locations/NL/CPO/LOC1"
_CPO = [("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "CPO")]

# What a request of NL/RIV adds, and the status code it ends in.
ROUTING_HEADERS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "half of FROM: the country": ([("OCPI-from-country-code", "NL")], "OCPI-from-party-id"),
    "half of FROM: the party": ([("OCPI-from-party-id", "RIV")], "OCPI-from-country-code"),
    "half of TO: the country": ([("OCPI-to-country-code", "DE")], "OCPI-to-party-id"),
    "half of TO: the party": ([("OCPI-to-party-id", "EMS")], "OCPI-to-country-code"),
    "FROM twice": ([*_CPO, *_CPO], "OCPI-from-country-code"),
    "the attacker, then the victim": (
        [("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "RIV"), *_CPO],
        "OCPI-from-country-code",
    ),
    "twice in other cases": (
        [*_CPO, ("ocpi-FROM-party-ID", "RIV")],
        "OCPI-from-party-id",
    ),
    "joined by a comma": (
        [("OCPI-from-country-code", "NL, NL"), ("OCPI-from-party-id", "RIV, CPO")],
        "OCPI-from",
    ),
    "four letters": (
        [("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "CPOX")],
        "OCPI-from",
    ),
    "two letters": ([("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "CP")], "OCPI-from"),
    "three letters of a country": (
        [("OCPI-from-country-code", "NLD"), ("OCPI-from-party-id", "CPO")],
        "OCPI-from",
    ),
    "digits of a country": (
        [("OCPI-from-country-code", "31"), ("OCPI-from-party-id", "CPO")],
        "OCPI-from",
    ),
    "empty": ([("OCPI-from-country-code", ""), ("OCPI-from-party-id", "")], "OCPI-from"),
    "a wildcard": ([("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "*")], "OCPI-from"),
    "a slash": ([("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "C/O")], "OCPI-from"),
    "a sign of punctuation": (
        [("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "C'O")],
        "OCPI-from",
    ),
    "the hub itself": (
        [("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "HUB")],
        "OCPI-from",
    ),
    "nobody": ([("OCPI-from-country-code", "XX"), ("OCPI-from-party-id", "XXX")], "OCPI-from"),
}


@pytest.mark.parametrize(("headers", "says"), ROUTING_HEADERS.values(), ids=ROUTING_HEADERS)
async def test_routing_headers_that_do_not_add_up_are_2001(
    hub: Scene, headers: list[tuple[str, str]], says: str
) -> None:
    """T4, RTE-06, ERR-25."""
    body = samples.location(party_id="RIV")

    answer = await hub.refused(
        hub.rival_cpo, "PUT", "/receiver/2.2.1/locations/NL/RIV/LOC1", body, headers=headers
    )

    assert answer.status == (200, 2001), answer.message
    assert says in answer.message


_NOT_ASCII: dict[str, bytes] = {
    "Latin-1": b"C\xd6O",
    "UTF-8": "C\u0421O".encode(),
    "full width": "\uff23\uff30\uff2f".encode(),
}


@pytest.mark.parametrize("party_id", _NOT_ASCII.values(), ids=_NOT_ASCII)
async def test_a_party_that_is_not_ascii_is_2001(hub: Scene, party_id: bytes) -> None:
    answer = await raw.request(
        hub.network.url,
        "/ocpi/sender/2.2.1/locations",
        headers=[
            ("Authorization", f"Token {encoded(hub.emsp.hub_token)}"),
            ("OCPI-from-country-code", "DE"),
            ("OCPI-from-party-id", party_id),
        ],
    )

    assert (answer.status, answer.envelope["status_code"]) == (200, 2001)


async def test_what_is_passed_on_has_the_registered_spelling(hub: Scene) -> None:
    """T4, RTE-07."""
    body = samples.stop_session(response_url=f"{hub.emsp.url}/1")

    answer = await hub.ask(
        hub.emsp, "POST", "/receiver/2.2.1/commands/STOP_SESSION", body, from_="de/eMs", to="nl/cPO"
    )

    (heard,) = hub.heard(answer.correlation_id)
    assert answer.code == 1000
    assert heard.routing() == ("DE/EMS", "NL/CPO")


_CHANGE = {"last_updated": "2030-02-01T00:00:00Z", "name": "taken over"}
_TAKEN_OVER = {"PATCH": _CHANGE, "PUT": samples.location(**_CHANGE)}

# Ways to write the victim's URL, or to be taken for a request that needs no check.
TRICKS = {
    "a query that names credentials": (f"{_LOCATION}?x=credentials", {404}),
    "a query that names versions": (f"{_LOCATION}?versions", {404}),
    "a matrix parameter": (f"{_LOCATION};x=versions", {404}),
    "a double slash inside": ("/receiver/2.2.1/locations//NL/CPO/LOC1", {404}),
    "a double slash before": (f"/{_LOCATION}", {404}),
    "a double slash behind": (f"{_LOCATION}//", {404}),
    "a dot": ("/receiver/2.2.1/locations/./NL/CPO/LOC1", {404}),
    "two dots": ("/receiver/2.2.1/locations/NL/RIV/../CPO/LOC1", {404}),
    "encoded dots": ("/receiver/2.2.1/locations/NL/RIV/%2e%2e/CPO/LOC1", {404}),
    "encoded dots behind versions": (
        "/versions/%2e%2e/receiver/2.2.1/locations/NL/CPO/LOC1",
        {404},
    ),
    "an encoded slash in the id": ("/receiver/2.2.1/locations/NL/RIV%2F..%2FCPO/LOC1", {404}),
    "an encoded slash for the path": ("/receiver/2.2.1/locations%2FNL%2FCPO%2FLOC1", {200, 404}),
    "an encoded letter": ("/receiver/2.2.1/locations/NL/C%50O/LOC1", {404}),
    "an encoded letter of the module": ("/receiver/2.2.1/%6Cocations/NL/CPO/LOC1", {200, 404}),
    "encoded twice": ("/receiver/2.2.1/locations/NL/C%2550O/LOC1", {404}),
    "another case of the module": ("/receiver/2.2.1/Locations/NL/CPO/LOC1", {200, 404}),
    "another case of the interface": ("/Receiver/2.2.1/locations/NL/CPO/LOC1", {404}),
    "a module that does not exist": ("/receiver/2.2.1/credentials/NL/CPO/LOC1", {200, 404}),
    "a back-slash": ("/receiver/2.2.1/locations\\NL\\CPO\\LOC1", {200, 404}),
    "a NUL": (f"{_LOCATION}%00", {404}),
    "a line feed": ("/receiver/2.2.1/locations/NL/CPO/LOC1%0d%0aX: 1", {400, 404}),
    "not UTF-8": ("/receiver/2.2.1/locations/NL/CPO/%ff", {404}),
    "lower case": ("/receiver/2.2.1/locations/nl/cpo/loc1", {404}),
    "a space behind the party": ("/receiver/2.2.1/locations/NL/CPO%20/LOC1", {404}),
    "a path behind the module of credentials": (
        "/2.2.1/credentials/../../receiver/2.2.1/locations/NL/CPO/LOC1",
        {404},
    ),
    "no /ocpi": ("/../receiver/2.2.1/locations/NL/CPO/LOC1", {404}),
}


@pytest.mark.parametrize(("path", "expected"), TRICKS.values(), ids=TRICKS)
@pytest.mark.parametrize(("method", "body"), _TAKEN_OVER.items(), ids=_TAKEN_OVER)
async def test_no_way_to_write_a_url_gets_round_the_owner(
    hub: Scene, method: str, body: dict[str, Any], path: str, expected: set[int]
) -> None:
    """T3: authority is checked on the route that was matched, never on the text of the URL.

    A 200 stands for a 4001: what is no module of the table could be a custom one.
    """
    before = await hub.stored()

    answer = await raw.request(
        hub.network.url,
        f"/ocpi{path}",
        method=method,
        headers=[("Authorization", f"Token {encoded(hub.rival_cpo.hub_token)}")],
        body=dumps(body),
    )

    assert answer.status in expected, answer.body
    assert answer.envelope["status_code"] >= 2000
    assert await hub.stored() == before


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method")


@pytest.mark.parametrize("header", OVERRIDES)
async def test_a_method_is_not_overridden_by_a_header(hub: Scene, header: str) -> None:
    """T3: the method is the one of the request line."""
    where = "/receiver/2.2.1/tariffs/NL/CPO/TARIFF1"

    answer = await hub.refused(hub.cpo, "GET", where, headers=[(header, "DELETE")])

    assert answer.status == (200, 1000)


REWRITES = (
    ("X-Original-URL", _LOCATION),
    ("X-Rewrite-URL", _LOCATION),
    ("X-Forwarded-Prefix", "/receiver/2.2.1"),
    ("X-Forwarded-Host", "attacker.example"),
    ("Forwarded", "host=attacker.example"),
)


@pytest.mark.parametrize("header", REWRITES, ids=[name for name, _ in REWRITES])
async def test_urls_the_hub_gives_out_do_not_follow_the_request(
    hub: Scene, header: tuple[str, str]
) -> None:
    answer = await hub.ask(hub.cpo, "GET", "/versions", headers=[header])

    (version,) = answer.response.json()["data"]
    assert version["url"] == f"{hub.network.url}/ocpi/2.2.1"


async def test_an_id_with_a_slash_in_it_is_one_id(hub: Scene) -> None:
    """TRN-18: `%2F` belongs to the id and does not split the path."""
    where = "/receiver/2.2.1/locations/NL/CPO/A%2FB"

    put = await hub.ask(hub.cpo, "PUT", where, samples.location(id="A/B"))
    got = await hub.ask(hub.cpo, "GET", where)
    below = await hub.ask(hub.cpo, "GET", "/receiver/2.2.1/locations/NL/CPO/A/B")

    assert put.status == (201, 1000)
    assert got.response.json()["data"]["id"] == "A/B"
    assert below.status == (404, 2003)


# T36: what a message id may not be, as bytes on the wire.
FORGED_IDS: dict[str, bytes] = {
    "empty": b"",
    "a tab": b"a\tb",
    "Latin-1": b"id-\xe9",
    "256 characters": b"x" * 256,
    "20 kB": b"x" * 20_000,
}


@pytest.mark.parametrize("forged", FORGED_IDS.values(), ids=FORGED_IDS)
@pytest.mark.parametrize("header", ["X-Request-ID", "X-Correlation-ID"])
async def test_an_id_that_could_forge_a_line_is_replaced(
    hub: Scene, header: str, forged: bytes
) -> None:
    """T36: in the answer and in what is passed on stands an id of the hub's instead."""
    answer, heard = await _stop_session(hub, [(header, forged)])

    given = answer.headers[header.lower()]
    assert answer.envelope["status_code"] == 1000
    assert len(given) == len("00000000-0000-0000-0000-000000000000")
    assert heard["x-correlation-id"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize("header", ["X-Request-ID", "X-Correlation-ID", "X-Anything"])
async def test_a_control_character_in_a_header_is_no_request_at_all(
    hub: Scene, header: str
) -> None:
    answer = await raw.request(
        hub.network.url, "/ocpi/versions", headers=[(header, b"a\x1b[31mred")]
    )

    assert (answer.status, answer.envelope["status_code"]) == (400, 2000)


@pytest.mark.parametrize("header", ["X-Request-ID", "X-Correlation-ID"])
async def test_an_id_given_twice_is_replaced(hub: Scene, header: str) -> None:
    answer, _ = await _stop_session(hub, [(header, "one"), (header, "two")])

    assert answer.headers[header.lower()] not in ("one", "two", "one, two")


async def test_any_printable_id_is_kept_on_both_legs_as_the_protocol_wants_it(hub: Scene) -> None:
    """IDS-04, IDS-05, IDS-09: the correlation id goes on, the request id does not."""
    ids = [("X-Request-ID", "{jndi:ldap://x}"), ("X-Correlation-ID", "'; DROP TABLE hub.cdrs; --")]

    answer, heard = await _stop_session(hub, ids)

    assert (answer.headers["x-request-id"], answer.headers["x-correlation-id"]) == (
        ids[0][1],
        ids[1][1],
    )
    assert heard["x-correlation-id"] == ids[1][1]
    assert heard["x-request-id"] != ids[0][1]


async def _stop_session(
    hub: Scene, headers: Sequence[tuple[str, str | bytes]]
) -> tuple[raw.RawAnswer, dict[str, str]]:
    """The answer to a command, and the headers that the CPO received with it."""
    answer = await raw.request(
        hub.network.url,
        "/ocpi/receiver/2.2.1/commands/STOP_SESSION",
        method="POST",
        headers=[
            ("Authorization", f"Token {encoded(hub.emsp.hub_token)}"),
            ("OCPI-to-country-code", "NL"),
            ("OCPI-to-party-id", "CPO"),
            *headers,
        ],
        body=dumps(samples.stop_session(response_url=f"{hub.emsp.url}/1")),
    )
    return answer, hub.cpo.of("POST", "/receiver/commands")[-1].headers
