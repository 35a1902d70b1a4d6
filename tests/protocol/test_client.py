"""Calling a peer: what is sent on a leg, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ocpi_hub.protocol.client import Client, RefusedByPeer, data_of, endpoint, read_reply
from ocpi_hub.protocol.errors import (
    HubError,
    OcpiError,
    ReceiverNotConnected,
    UnknownReceiver,
)
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import FUNCTIONAL, OPERATIONS, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.service.transport import (
    AddressRefused,
    AnswerTimeout,
    BadAnswer,
    ConnectFailed,
    Request,
    Response,
    TransportError,
)
from tests.protocol.messages import HUB, message, query_of, row, tail_of
from tests.protocol.wires import Wire, headers_of, response

EACH = [pytest.param(row, id=row.operation_id) for row in OPERATIONS]
PAGED = [pytest.param(row, id=row.operation_id) for row in OPERATIONS if row.paged]
LIST = row("locations", "SENDER", "GET")
GET = row("locations", "SENDER", "GET", "{location_id}")
LOCATION = "{country_code}/{party_id}/{location_id}"
PUT = row("locations", "RECEIVER", "PUT", LOCATION)
PATCH = row("locations", "RECEIVER", "PATCH", LOCATION)
SESSION_PATCH = row("sessions", "RECEIVER", "PATCH", "{country_code}/{party_id}/{session_id}")
START = row("commands", "RECEIVER", "POST", "START_SESSION")
CDR_POST = row("cdrs", "RECEIVER", "POST")
CPO, EMSP = Party("NL", "CPO"), Party("DE", "EMS")


@dataclass
class Peer:
    """A platform with an endpoint for everything, each below its own path."""

    token_out: str | None = "example-token"
    endpoints: Mapping[tuple[str, Interface], str] = field(
        default_factory=lambda: {
            (
                row.module,
                row.interface,
            ): f"https://peer.example/{row.interface.lower()}/{row.module}"
            for row in OPERATIONS
        }
    )
    quirks: frozenset[str] = frozenset()


def requested(sent: Message, peer: Peer | None = None, *, url: str | None = None) -> Request:
    """The HTTP request that a message becomes."""
    called = peer or Peer()
    client = Client(new_id=lambda: "made-for-this-leg")
    return client.request(sent, called, url=url or endpoint(sent, called))


# --- a request -----------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", EACH)
def test_a_row_goes_to_the_peers_endpoint_of_its_module_and_interface(asked: Operation) -> None:
    """TRN-16, RTE-28, HUB-12."""
    made = requested(message(asked, tail=tail_of(asked)))

    base = f"https://peer.example/{asked.interface.lower()}/{asked.module}"
    path = f"/{tail_of(asked)}" if asked.path else ""
    query = f"?{query_of(asked)}" if query_of(asked) else ""
    assert (made.method, made.url) == (asked.method, f"{base}{path}{query}")


@pytest.mark.parametrize("asked", EACH)
def test_every_leg_has_its_own_token_and_id_and_the_same_correlation(asked: Operation) -> None:
    """IDS-04, AUTH-21, HUB-01."""
    headers = headers_of(requested(message(asked, request_id="theirs", correlation_id="chain")))

    assert headers["authorization"] == "Token ZXhhbXBsZS10b2tlbg=="
    assert headers["x-request-id"] == "made-for-this-leg"
    assert headers["x-correlation-id"] == "chain"


@pytest.mark.parametrize("asked", EACH)
def test_a_body_goes_out_as_it_came(asked: Operation) -> None:
    """TRN-02, TYP-10."""
    body = b' {"x" : 1.50}\n'

    made = requested(message(asked, body=body))

    sends = asked.method in ("POST", "PUT", "PATCH")
    assert made.body == (body if sends else b"")
    assert headers_of(made).get("content-type") == ("application/json" if sends else None)


# The routing headers of a request on each leg, by the tables of the specification: who is in
# OCPI-to, who in OCPI-from.
LEGS: dict[str, tuple[Operation, Party | None, Party]] = {
    "A, B: direct": (START, CPO, EMSP),
    "C: to the hub": (PUT, HUB, CPO),
    "C: from the hub": (PUT, EMSP, HUB),
    "D: to the hub": (START, None, EMSP),
    "D: from the hub": (START, CPO, EMSP),
    "E: get all": (LIST, HUB, EMSP),
}


@pytest.mark.parametrize(("asked", "to", "from_"), LEGS.values(), ids=LEGS)
def test_a_request_names_its_parties_in_the_routing_headers(
    asked: Operation, to: Party | None, from_: Party
) -> None:
    """RTE-01, RTE-05, RTE-08, tables A to E."""
    headers = headers_of(requested(message(asked, sender=from_, receiver=to)))

    routing = {name: value for name, value in headers.items() if name.startswith("ocpi-")}
    expected = _pair("from", from_) | (_pair("to", to) if to else {})
    assert routing == expected


def _pair(direction: str, party: Party) -> dict[str, str]:
    return {
        f"ocpi-{direction}-country-code": party.country_code,
        f"ocpi-{direction}-party-id": party.party_id,
    }


@pytest.mark.parametrize(
    "asked",
    [pytest.param(row, id=row.operation_id) for row in OPERATIONS if row not in FUNCTIONAL],
)
def test_a_configuration_module_has_no_routing_headers(asked: Operation) -> None:
    """RTE-02, VER-14."""
    headers = headers_of(requested(message(asked, sender=HUB, receiver=CPO)))

    assert not any(name.startswith("ocpi-") for name in headers)


def test_a_peer_without_that_side_of_the_module_is_a_4001() -> None:
    """RTE-28."""
    pull_only = Peer(endpoints={("locations", Interface.SENDER): "https://peer.example/locations"})

    with pytest.raises(UnknownReceiver, match="RECEIVER interface of locations"):
        endpoint(message(PUT), pull_only)


def test_a_peer_that_never_registered_is_a_4003() -> None:
    with pytest.raises(ReceiverNotConnected):
        requested(message(PUT), Peer(token_out=None))


def test_a_given_url_is_used_as_it_is() -> None:
    assert requested(message(LIST), url="https://peer.example/x?a=1").url == (
        "https://peer.example/x?a=1"
    )


# --- quirks --------------------------------------------------------------------------------------


def test_a_plain_token_goes_to_a_peer_that_takes_it_so() -> None:
    """AUTH-08."""
    headers = headers_of(requested(message(PUT), Peer(quirks=frozenset({Quirk.PLAIN_TOKEN}))))

    assert headers["authorization"] == "Token example-token"


SLASHES = {
    "list": (LIST, "", "https://peer.example/sender/locations/"),
    "list with a query": (LIST, "limit=5", "https://peer.example/sender/locations/?limit=5"),
    "object": (GET, "", "https://peer.example/sender/locations/LOC1"),
}


@pytest.mark.parametrize(("asked", "query", "url"), SLASHES.values(), ids=SLASHES)
def test_a_list_ends_in_a_slash_for_a_peer_that_redirects_without(
    asked: Operation, query: str, url: str
) -> None:
    """AMB-03."""
    peer = Peer(quirks=frozenset({Quirk.TRAILING_SLASH}))

    assert requested(message(asked, query=query), peer).url == url


# --- caps and retries ----------------------------------------------------------------------------

CAPS = {
    "a list": (LIST, 10_000_000),
    "hubclientinfo": (row("hubclientinfo", "SENDER", "GET"), 10_000_000),
    "an object": (GET, 5_000_000),
    "a write": (PUT, 256_000),
    "a command": (START, 256_000),
    "a deletion": (
        row("tariffs", "RECEIVER", "DELETE", "{country_code}/{party_id}/{tariff_id}"),
        256_000,
    ),
}


@pytest.mark.parametrize(("asked", "most"), CAPS.values(), ids=CAPS)
def test_the_cap_of_an_answer_fits_what_was_asked(asked: Operation, most: int) -> None:
    """F10."""
    assert requested(message(asked)).max_answer == most


RETRIES = {
    "list": (LIST, True),
    "get": (GET, True),
    "put": (PUT, True),
    "patch of a state": (PATCH, True),
    "patch that appends": (SESSION_PATCH, False),
    "command": (START, False),
    "cdr": (CDR_POST, False),
}


@pytest.mark.parametrize(("asked", "again"), RETRIES.values(), ids=RETRIES)
def test_only_what_does_no_harm_twice_may_be_sent_twice(asked: Operation, again: bool) -> None:
    """HUB-16, F12."""
    assert requested(message(asked)).retryable is again


# --- an answer -----------------------------------------------------------------------------------


async def exchanged(said: Response | TransportError) -> Reply:
    """What comes of an answer, or of its absence."""
    wire = Wire({"PUT https://peer.example/receiver/locations/NL/CPO/LOC1": said})
    return await Client().send(message(PUT), Peer(), transport=wire, timeout=3)


async def test_an_answer_is_passed_on_byte_for_byte() -> None:
    """STA-09, HUB-13."""
    raw = b'{ "status_code":1000, "status_message":"fine", "data":[1.50], "x":null }'

    reply = await exchanged(Response(201, {"x-limit": "5", "server": "x", "set-cookie": "y"}, raw))

    assert (reply.raw, reply.http_status, reply.status_code) == (raw, 201, 1000)
    assert reply.message == "fine"
    assert reply.headers == (("x-limit", "5"),)


@pytest.mark.parametrize("name", ["x-total-count", "x-limit", "link", "location", "retry-after"])
async def test_the_headers_that_mean_something_are_carried(name: str) -> None:
    assert read_reply(Response(200, {name: "1"}, response(None).body)).header(name) == "1"


PASSED_ON = {
    "client error": (200, 2001),
    "unknown location": (200, 2003),
    "not found": (404, 2001),
    "unknown token": (404, 2004),
    "bad request": (400, 2001),
    "server error": (200, 3000),
    "failing server": (500, 3000),
    "unavailable": (503, 3000),
    "too many": (429, 2000),
    "custom": (200, 2900),
    "another hub": (200, 4003),
    "created": (201, 1000),
}


@pytest.mark.parametrize(("status", "code"), PASSED_ON.values(), ids=PASSED_ON)
async def test_a_refusal_of_the_receiver_is_passed_on(status: int, code: int) -> None:
    """STA-09, STA-20, AMB-06."""
    reply = await exchanged(response(None, code, status=status))

    assert (reply.http_status, reply.status_code) == (status, code)


GARBAGE: dict[str, Response] = {
    "html": Response(200, {}, b"<html>It works!</html>"),
    "html error": Response(502, {}, b"<html>Bad Gateway</html>"),
    "empty": Response(200, {}, b""),
    "no content": Response(204, {}, b""),
    "truncated": Response(200, {}, b'{"status_code":1000,'),
    "an array": Response(200, {}, b"[]"),
    "null": Response(200, {}, b"null"),
    "no code": Response(200, {}, b'{"data":[]}'),
    "a framework's error": Response(422, {}, b'{"detail":[]}'),
    "a code in a string": response(None, "1000"),
    "a boolean code": response(None, True),
    "a code with a fraction": response(None, 1000.5),
    "an http status for a code": response(None, 200),
    "a code of five digits": response(None, 10000),
    "a message that is no text": response(None, message={"en": "fine"}),
    "a key twice": Response(200, {}, b'{"status_code":1000,"status_code":2001}'),
    "not utf-8": Response(200, {}, b'{"status_code":1000,"status_message":"\xff"}'),
    "moved": Response(301, {"location": "https://other.example/"}, b""),
    "found, with an envelope": response(None, status=302, location="https://other.example/"),
    "temporary redirect": response(None, status=307, location="https://peer.example/x/"),
}


@pytest.mark.parametrize("said", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_a_4000_and_never_a_success(said: Response) -> None:
    """F8, F11, HUB-14, STA-21."""
    with pytest.raises(HubError) as error:
        await exchanged(said)

    assert (error.value.status_code, error.value.http_status) == (4000, 200)


NUL = Response(200, {}, b'{"data":[{"id":"a\\u0000"}],"status_code":1000}')


@pytest.mark.parametrize("asked", PAGED)
async def test_what_a_list_holds_is_left_to_its_reader(asked: Operation) -> None:
    """ROB-01: an object that cannot be kept spoils no list."""
    wire = Wire({"GET https://peer.example/list": NUL})

    reply = await Client().send(
        message(asked), Peer(), transport=wire, timeout=3, url="https://peer.example/list"
    )

    assert reply.raw == NUL.body


async def test_what_another_answer_holds_has_to_be_fit_to_keep() -> None:
    with pytest.raises(HubError, match=r"data\.0\.id: NUL"):
        await exchanged(NUL)


@pytest.mark.parametrize(
    "body",
    [
        b'{"status_code":1000,"data":[],"data":[]}',
        b'{"status_code":1000,"status_message":"\\u0000"}',
    ],
    ids=["a key twice", "NUL in the message"],
)
async def test_the_envelope_of_a_list_has_to_be_fit_to_keep(body: bytes) -> None:
    wire = Wire({"GET https://peer.example/sender/locations": Response(200, {}, body)})

    with pytest.raises(HubError):
        await Client().send(message(LIST), Peer(), transport=wire, timeout=3)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_peer_that_refuses_our_token_is_a_4003(status: int) -> None:
    """AUTH-22: a 401 would tell the requester that its own token is bad."""
    with pytest.raises(RefusedByPeer) as error:
        await exchanged(response(None, 2000, status=status))

    assert (error.value.status_code, error.value.http_status) == (4003, 200)


FAILURES: dict[str, tuple[TransportError, int]] = {
    "no connection": (ConnectFailed("refused"), 4003),
    "an address we do not call": (AddressRefused("private"), 4003),
    "no answer in time": (AnswerTimeout("no answer", sent=True), 4002),
    "not http": (BadAnswer("garbage", began=True), 4000),
    "could not be written": (TransportError("header"), 4000),
}


@pytest.mark.parametrize(("failure", "code"), FAILURES.values(), ids=FAILURES)
async def test_the_absence_of_an_answer_is_told_apart(failure: TransportError, code: int) -> None:
    """STA-21, RTE-32."""
    with pytest.raises(OcpiError) as error:
        await exchanged(failure)

    assert (error.value.status_code, error.value.http_status) == (code, 200)


async def test_the_deadline_is_handed_on() -> None:
    wire = Wire({"PUT https://peer.example/receiver/locations/NL/CPO/LOC1": response(None)})

    await Client().send(message(PUT), Peer(), transport=wire, timeout=1.5)

    assert wire.timeouts == [1.5]


@pytest.mark.parametrize(
    ("reply", "data"),
    [
        (read_reply(response([1, 2])), [1, 2]),
        (read_reply(response(None)), None),
        (Reply(), None),
    ],
    ids=["data", "no data", "no answer"],
)
def test_the_data_of_an_answer(reply: Reply, data: Any) -> None:
    assert data_of(reply) == data
