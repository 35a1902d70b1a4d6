"""The handshake as the calling side sees it, against a peer that answers from a script."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.protocol.errors import (
    NoMatchingEndpoints,
    OcpiError,
    UnableToUseClientApi,
    UnsupportedVersion,
)
from ocpi_hub.protocol.registration import (
    AlreadyRegistered,
    Discovered,
    Handshake,
    TokenRefused,
)
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.service.transport import (
    AnswerTimeout,
    ConnectFailed,
    Request,
    Response,
    TransportError,
)
from tests import samples
from tests.protocol.wires import Scripted, Wire, headers_of, response

VERSIONS = "https://peer.example/ocpi/versions"
DETAILS = "https://peer.example/ocpi/2.2.1"
CREDENTIALS = "https://peer.example/ocpi/2.2.1/credentials"
BASE64, PLAIN = "Token dG9rZW4=", "Token token"


def entry(module: str, role: str = "SENDER", url: str | None = None) -> dict[str, Any]:
    """An endpoint of the version details."""
    return {"identifier": module, "role": role, "url": url or f"{DETAILS}/{module}"}


def details(*endpoints: dict[str, Any]) -> dict[str, Any]:
    """Version details with these endpoints."""
    return {"version": "2.2.1", "endpoints": list(endpoints)}


LISTED = [{"version": "2.2.1", "url": DETAILS}]
PEER: dict[str, Scripted] = {
    f"GET {VERSIONS}": response(LISTED),
    f"GET {DETAILS}": response(details(entry("credentials"), entry("locations"))),
    f"POST {CREDENTIALS}": response(samples.credentials(), status=201),
    f"PUT {CREDENTIALS}": response(samples.credentials()),
    f"DELETE {CREDENTIALS}": response(None),
}
DISCOVERED = Discovered(
    "2.2.1", VERSIONS, {("credentials", Interface.SENDER): CREDENTIALS}, plain_token=False
)


def handshake(wire: Wire) -> Handshake:
    """A handshake over a scripted wire."""
    return Handshake(wire, 3, new_id=lambda: "made", correlation_id="chain")


async def discovered(answers: dict[str, Scripted], *, plain: bool | None = None) -> Discovered:
    """What is found at a peer that differs from PEER by these answers."""
    return await handshake(Wire(PEER | answers)).discover(VERSIONS, "token", plain_token=plain)


async def posted(said: Response | TransportError, method: str = "POST") -> dict[str, Any]:
    """The peer's Credentials after a POST of ours."""
    wire = Wire(PEER | {f"{method} {CREDENTIALS}": said})
    return await handshake(wire).send_credentials(
        method, DISCOVERED, "token", samples.credentials()
    )


# --- finding out ---------------------------------------------------------------------------------


async def test_versions_and_details_lead_to_the_endpoints() -> None:
    """CRE-04, VER-01, VER-02."""
    wire = Wire(PEER)

    found = await handshake(wire).discover(VERSIONS, "token")

    assert found.endpoints == {
        ("credentials", Interface.SENDER): CREDENTIALS,
        ("locations", Interface.SENDER): f"{DETAILS}/locations",
    }
    assert (found.version, found.versions_url, found.plain_token) == ("2.2.1", VERSIONS, False)
    assert [f"{request.method} {request.url}" for request in wire.sent] == [
        f"GET {VERSIONS}",
        f"GET {DETAILS}",
    ]


async def test_each_step_has_both_ids_a_deadline_and_no_routing_headers() -> None:
    """IDS-07, VER-14, CRE-21."""
    wire = Wire(PEER)

    await handshake(wire).discover(VERSIONS, "token")

    assert wire.timeouts == [3, 3]
    assert headers_of(wire.sent[1]) == {
        "authorization": BASE64,
        "x-request-id": "made",
        "x-correlation-id": "chain",
    }


ENDPOINTS: dict[str, tuple[Any, dict[tuple[str, Interface], str]]] = {
    "a module from both sides": (
        details(
            entry("credentials"),
            entry("locations", "SENDER", "https://peer.example/s"),
            entry("locations", "RECEIVER", "https://peer.example/r"),
        ),
        {
            ("credentials", Interface.SENDER): CREDENTIALS,
            ("locations", Interface.SENDER): "https://peer.example/s",
            ("locations", Interface.RECEIVER): "https://peer.example/r",
        },
    ),
    "credentials as a receiver": (
        details(entry("credentials", "RECEIVER")),
        {("credentials", Interface.SENDER): CREDENTIALS},
    ),
    "credentials twice": (
        details(entry("credentials"), entry("credentials", "RECEIVER", "https://peer.example/x")),
        {("credentials", Interface.SENDER): CREDENTIALS},
    ),
    "credentials without a role": (
        details({"identifier": "credentials", "url": CREDENTIALS}),
        {("credentials", Interface.SENDER): CREDENTIALS},
    ),
    "a custom module": (
        details(entry("credentials"), entry("nltst-extra")),
        {
            ("credentials", Interface.SENDER): CREDENTIALS,
            ("nltst-extra", Interface.SENDER): f"{DETAILS}/nltst-extra",
        },
    ),
    "an unknown role": (
        details(entry("credentials"), entry("locations", "OWNER")),
        {("credentials", Interface.SENDER): CREDENTIALS},
    ),
    "entries that are none": (
        details(entry("credentials")) | {"endpoints": [None, 1, {}, entry("credentials")]},
        {("credentials", Interface.SENDER): CREDENTIALS},
    ),
    "details in a list": (
        [details(entry("credentials"))],
        {("credentials", Interface.SENDER): CREDENTIALS},
    ),
}


@pytest.mark.parametrize(("said", "expected"), ENDPOINTS.values(), ids=ENDPOINTS)
async def test_endpoints_are_read_leniently(
    said: Any, expected: dict[tuple[str, Interface], str]
) -> None:
    """VER-05 to VER-07, VER-11."""
    found = await discovered({f"GET {DETAILS}": response(said)})

    assert found.endpoints == expected


async def test_unknown_versions_are_passed_over() -> None:
    """VER-10, VER-11."""
    listed = [{"version": "3.0", "url": "https://peer.example/3"}, None, {"version": 2}, *LISTED]

    assert (await discovered({f"GET {VERSIONS}": response(listed)})).version == "2.2.1"


# --- which form of the token ---------------------------------------------------------------------


def takes(form: str, said: Response, *, else_status: int = 401) -> Scripted:
    """A peer that knows one form of the token only."""

    def answer(request: Request) -> Response:
        known = headers_of(request)["authorization"] == form
        return said if known else response(None, 2000, status=else_status)

    return answer


@pytest.mark.parametrize(("form", "plain"), [(BASE64, False), (PLAIN, True)], ids=["b64", "plain"])
@pytest.mark.parametrize("status", [401, 403])
async def test_the_form_of_the_token_is_found_out(form: str, plain: bool, status: int) -> None:
    """AMB-01, AUTH-08."""
    answers = {
        f"GET {VERSIONS}": takes(form, response(LISTED), else_status=status),
        f"GET {DETAILS}": takes(form, response(details(entry("credentials"))), else_status=status),
    }

    assert (await discovered(answers)).plain_token is plain


@pytest.mark.parametrize("plain", [True, False])
async def test_a_known_form_is_not_tried_otherwise(plain: bool) -> None:
    """AUTH-09: the form is frozen after registration."""
    wire = Wire({f"GET {VERSIONS}": response(None, 2000, status=401)})

    with pytest.raises(TokenRefused):
        await handshake(wire).discover(VERSIONS, "token", plain_token=plain)

    sent = [headers_of(request)["authorization"] for request in wire.sent]
    assert sent == [PLAIN if plain else BASE64]


async def test_the_form_that_was_found_is_used_for_credentials() -> None:
    wire = Wire({f"POST {CREDENTIALS}": takes(PLAIN, response(samples.credentials()))})
    plain = Discovered("2.2.1", VERSIONS, DISCOVERED.endpoints, plain_token=True)

    theirs = await handshake(wire).send_credentials("POST", plain, "token", samples.credentials())

    assert theirs == samples.credentials()


# --- what can go wrong while finding out ---------------------------------------------------------

HTML = Response(200, {}, b"<html>It works!</html>")
DISCOVERY: dict[str, tuple[str, Scripted, type[OcpiError], int]] = {
    "no connection": (VERSIONS, ConnectFailed("refused"), UnableToUseClientApi, 3001),
    "no answer in time": (VERSIONS, AnswerTimeout("late", sent=True), UnableToUseClientApi, 3001),
    "html": (VERSIONS, HTML, UnableToUseClientApi, 3001),
    "empty": (VERSIONS, Response(204, {}, b""), UnableToUseClientApi, 3001),
    "unknown token": (VERSIONS, response(None, 2000, status=401), UnableToUseClientApi, 3001),
    "redirect": (VERSIONS, Response(307, {}, b""), UnableToUseClientApi, 3001),
    "not found": (VERSIONS, response(None, 2000, status=404), UnableToUseClientApi, 3001),
    "server error": (VERSIONS, response(None, 3000), UnableToUseClientApi, 3001),
    "no code": (VERSIONS, Response(200, {}, b'{"data":[]}'), UnableToUseClientApi, 3001),
    "no version": (VERSIONS, response([]), UnsupportedVersion, 3002),
    "another version": (
        VERSIONS,
        response([{"version": "2.1.1", "url": "https://peer.example/2.1.1"}]),
        UnsupportedVersion,
        3002,
    ),
    "no list": (VERSIONS, response({"version": "2.2.1"}), UnsupportedVersion, 3002),
    "no data": (VERSIONS, response(None), UnsupportedVersion, 3002),
    "details that time out": (
        DETAILS,
        AnswerTimeout("late", sent=True),
        UnableToUseClientApi,
        3001,
    ),
    "details that are html": (DETAILS, HTML, UnableToUseClientApi, 3001),
    "details without endpoints": (DETAILS, response({}), NoMatchingEndpoints, 3003),
    "details without credentials": (
        DETAILS,
        response(details(entry("locations"))),
        NoMatchingEndpoints,
        3003,
    ),
    "a relative endpoint": (
        DETAILS,
        response(details(entry("credentials"), entry("locations", url="/locations"))),
        UnableToUseClientApi,
        3001,
    ),
    "an endpoint of another scheme": (
        DETAILS,
        response(details(entry("credentials", url="file:///etc/passwd"))),
        UnableToUseClientApi,
        3001,
    ),
}


@pytest.mark.parametrize(("url", "said", "error", "code"), DISCOVERY.values(), ids=DISCOVERY)
async def test_a_failure_says_which_url_and_which_step(
    url: str, said: Scripted, error: type[OcpiError], code: int
) -> None:
    """CRE-07 to CRE-09, ERR-23, STA-07."""
    with pytest.raises(error) as failure:
        await discovered({f"GET {url}": said})

    step = "GET versions" if url == VERSIONS else "GET version details"
    assert failure.value.status_code == code
    assert failure.value.message.startswith(f"{step} {url}: ")


@pytest.mark.parametrize("url", ["/ocpi/2.2.1", "ftp://peer.example/", "http://[::1", ""])
async def test_a_url_of_the_details_that_is_none_is_not_called(url: str) -> None:
    wire = Wire({f"GET {VERSIONS}": response([{"version": "2.2.1", "url": url}])})

    with pytest.raises(UnableToUseClientApi, match="GET version details"):
        await handshake(wire).discover(VERSIONS, "token")

    assert len(wire.sent) == 1


async def test_what_the_peer_says_is_repeated() -> None:
    said = response(None, 2001, message="no such token\n")

    with pytest.raises(UnableToUseClientApi, match=r'OCPI 2001: "no such token\\n"'):
        await discovered({f"GET {VERSIONS}": said})


# --- credentials ---------------------------------------------------------------------------------


async def test_our_credentials_are_sent_and_theirs_come_back() -> None:
    """CRE-05."""
    wire = Wire(PEER)

    theirs = await handshake(wire).send_credentials("POST", DISCOVERED, "token", {"token": "b"})

    assert theirs == samples.credentials()
    (sent,) = wire.sent
    assert (sent.method, sent.url, sent.body) == ("POST", CREDENTIALS, b'{"token":"b"}')
    assert headers_of(sent)["content-type"] == "application/json"


async def test_a_deletion_sends_and_returns_nothing() -> None:
    wire = Wire(PEER)

    theirs = await handshake(wire).send_credentials("DELETE", DISCOVERED, "token", {})

    assert theirs == {}
    assert wire.sent[0].body == b""


@pytest.mark.parametrize("status", [200, 201])
async def test_both_success_codes_of_http_are_taken(status: int) -> None:
    """CRE-25."""
    assert await posted(response(samples.credentials(), status=status)) == samples.credentials()


async def test_credentials_in_a_list_of_one_are_the_credentials() -> None:
    assert await posted(response([samples.credentials()])) == samples.credentials()


CREDENTIALS_REFUSED: dict[str, tuple[Response | TransportError, type[OcpiError], int]] = {
    "already registered": (response(None, 2000, status=405), AlreadyRegistered, 3001),
    "token refused": (response(None, 2000, status=401), TokenRefused, 3001),
    "no callback": (response(None, 3001, message="timeout"), UnableToUseClientApi, 3001),
    "no version in common": (response(None, 3002), UnsupportedVersion, 3002),
    "no endpoints": (response(None, 3003), NoMatchingEndpoints, 3003),
    "bad request": (response(None, 2001, status=400), UnableToUseClientApi, 3001),
    "no connection": (ConnectFailed("refused"), UnableToUseClientApi, 3001),
    "html": (HTML, UnableToUseClientApi, 3001),
    "no data": (response(None), UnableToUseClientApi, 3001),
    "only a token": (response("a-token"), UnableToUseClientApi, 3001),
    "two of them": (response([samples.credentials()] * 2), UnableToUseClientApi, 3001),
    "no roles": (response(samples.credentials(roles=[])), UnableToUseClientApi, 3001),
    "a token with a space": (
        response(samples.credentials(token="a b")),
        UnableToUseClientApi,
        3001,
    ),
}


@pytest.mark.parametrize(
    ("said", "error", "code"), CREDENTIALS_REFUSED.values(), ids=CREDENTIALS_REFUSED
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_refusal_of_our_credentials_says_so(
    method: str, said: Response | TransportError, error: type[OcpiError], code: int
) -> None:
    """CRE-06 to CRE-09, AMB-29."""
    with pytest.raises(error) as failure:
        await posted(said, method)

    assert failure.value.status_code == code
    assert failure.value.message.startswith(f"{method} credentials {CREDENTIALS}: ")


async def test_a_failure_never_shows_a_token() -> None:
    """SEC-02."""
    with pytest.raises(UnableToUseClientApi) as failure:
        await discovered({f"GET {VERSIONS}": response(None, 2000, status=500)})

    assert "dG9rZW4" not in failure.value.message
