"""The httpx transport against peers of every kind (T11, T13, T14, T37; F7, F8, F10, F11)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import respx
import trustme

from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.tls import tls_context
from ocpi_hub.service.transport import (
    AddressRefused,
    AnswerTimeout,
    BadAnswer,
    ConnectFailed,
    Request,
    TransportError,
)
from tests.service.certificates import BAD_CERTIFICATES, NAME, issuer_file, server_context
from tests.service.misbehaviour import BAD, GOOD, Bad, Good
from tests.service.peers import OK, answer, raw_server
from tests.service.test_address import HOSTILE_URLS, Flipping, resolve_inner


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    """Trusts the system's authorities."""
    return tls_context()


@pytest.fixture
async def transport(context: ssl.SSLContext) -> AsyncIterator[HttpxTransport]:
    """May call 127.0.0.1."""
    async with make_client(AddressGuard(allow_private=True), context) as client:
        yield HttpxTransport(client)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_what_is_not_an_answer_ends_in_time(transport: HttpxTransport, bad: Bad) -> None:
    """F7, F8, F10."""
    async with raw_server(bad.behave) as server:
        with pytest.raises(bad.error) as raised:
            async with asyncio.timeout(2):
                await transport.send(Request("POST", server.url), timeout=0.3)

        assert raised.value.sent
        assert len(server.requests) == 1


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())
async def test_every_lawful_form_of_answer_is_read(transport: HttpxTransport, good: Good) -> None:
    async with raw_server(good.behave) as server:
        response = await transport.send(Request("PUT", server.url, body=b"{}"), timeout=2)

    assert (response.status, response.body) == (good.status, good.body)


async def test_a_request_arrives_as_it_was_given(transport: HttpxTransport) -> None:
    async with raw_server(answer(OK)) as server:
        url = f"http://127.0.0.1:{server.port}/a%2Fb?limit=5"
        headers = (("Authorization", "Token abc"), ("OCPI-to-party-id", "EMS"))
        await transport.send(Request("PUT", url, headers, b'{"a": 1.50}'), timeout=2)

        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        assert head.startswith(b"PUT /a%2Fb?limit=5 HTTP/1.1\r\n")
        assert {b"authorization: token abc", b"accept-encoding: identity"} < set(lines)
        assert body == b'{"a": 1.50}'


async def test_repeated_links_are_joined(transport: HttpxTransport) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Limit: 5\r\nx-limit: 6\r\nLink: <a>\r\nLINK: <b>\r\n"
    async with raw_server(answer(head + b"Content-Length: 0\r\n\r\n")) as server:
        response = await transport.send(Request("GET", server.url), timeout=2)

    assert (response.headers["x-limit"], response.headers["link"]) == ("5", "<a>, <b>")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    transport: HttpxTransport, status: int
) -> None:
    """T14, F11."""
    async with raw_server(answer(OK)) as inner:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {inner.url}\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(answer(head.encode())) as server:
            response = await transport.send(Request("POST", server.url, body=b"{}"), timeout=2)

        assert (response.status, inner.connections) == (status, 0)


async def test_a_header_that_would_break_out_is_never_written(transport: HttpxTransport) -> None:
    """T16. The message has the header's name and not its value."""
    async with raw_server(answer(OK)) as server:
        headers = (("Authorization", "Token abc\r\nX-Evil: 1"),)
        with pytest.raises(TransportError, match="Authorization") as raised:
            await transport.send(Request("GET", server.url, headers), timeout=2)

        assert "abc" not in str(raised.value)
        assert server.connections == 0


async def test_cookies_are_not_kept(context: ssl.SSLContext) -> None:
    guard = AddressGuard(allow_private=True, resolve_name=lambda host, port: ("127.0.0.1",))
    cookie = OK.replace(b"OK\r\n", b"OK\r\nSet-Cookie: a=b; Path=/\r\n")
    async with raw_server(answer(cookie)) as server, make_client(guard, context) as client:
        request = Request("GET", f"http://partner.example:{server.port}/")
        await HttpxTransport(client).send(request, timeout=2)
        await HttpxTransport(client).send(request, timeout=2)

        assert b"cookie" not in b"".join(server.requests).lower()


async def test_a_proxy_in_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext
) -> None:
    async with raw_server(answer(OK)) as proxy, raw_server(answer(OK)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        async with make_client(AddressGuard(allow_private=True), context) as client:
            await HttpxTransport(client).send(Request("GET", server.url), timeout=2)

        assert (proxy.connections, server.connections) == (0, 1)


@pytest.mark.parametrize("url", HOSTILE_URLS)
async def test_a_hostile_url_is_refused_and_nothing_inside_is_reached(
    url: str, context: ssl.SSLContext
) -> None:
    """T11."""
    guard = AddressGuard(
        allow_private=False, own_urls=("https://hub.example",), resolve_name=resolve_inner
    )
    async with raw_server(answer(OK)) as inner, make_client(guard, context) as client:
        request = Request("GET", url.replace("{port}", str(inner.port)))

        with pytest.raises(AddressRefused):
            await HttpxTransport(client).send(request, timeout=2)

        assert inner.connections == 0


async def test_a_client_used_without_the_transport_is_guarded_too(context: ssl.SSLContext) -> None:
    """T11: those who are handed the client itself."""
    async with (
        raw_server(answer(OK)) as inner,
        make_client(AddressGuard(allow_private=False), context) as client,
    ):
        with pytest.raises(AddressRefused):
            await client.get(f"https://127.0.0.1:{inner.port}/")

        assert inner.connections == 0


async def test_a_name_that_turns_private_between_check_and_connect_is_not_called(
    context: ssl.SSLContext,
) -> None:
    """T13: the look-up before the connect is public, the connect's own is not."""
    names = Flipping()

    def clock() -> float:
        names.now += 61
        return names.now

    guard = AddressGuard(allow_private=False, resolve_name=names.resolve, clock=clock)
    async with raw_server(answer(OK)) as inner, make_client(guard, context) as client:
        request = Request("GET", f"https://partner.example:{inner.port}/")
        with pytest.raises(AddressRefused):
            await HttpxTransport(client).send(request, timeout=2)

        assert (names.asked, inner.connections) == (2, 0)


async def test_a_refused_connection_is_a_failed_connection(transport: HttpxTransport) -> None:
    async with raw_server(answer(OK)) as server:
        url = server.url
    with pytest.raises(ConnectFailed) as raised:
        await transport.send(Request("GET", url), timeout=2)

    assert not raised.value.sent


async def test_a_name_that_does_not_resolve_is_a_failed_connection(
    context: ssl.SSLContext,
) -> None:
    """F26."""
    guard = AddressGuard(allow_private=False, resolve_name=resolve_inner)
    async with make_client(guard, context) as client:
        with pytest.raises(ConnectFailed, match="does not resolve"):
            await HttpxTransport(client).send(Request("GET", "https://nobody.example/"), timeout=2)


@pytest.fixture(scope="module")
def issuer() -> trustme.CA:
    """A certificate authority."""
    return trustme.CA()


@pytest.fixture
async def secure(tmp_path: Path, issuer: trustme.CA) -> AsyncIterator[HttpxTransport]:
    """Trusts the issuer; every name is 127.0.0.1."""
    guard = AddressGuard(allow_private=True, resolve_name=lambda host, port: ("127.0.0.1",))
    async with make_client(guard, tls_context(issuer_file(issuer, tmp_path))) as client:
        yield HttpxTransport(client)


@pytest.mark.parametrize("make", BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES.keys())
async def test_a_server_with_a_bad_certificate_hears_nothing(
    secure: HttpxTransport, issuer: trustme.CA, make: Callable[[trustme.CA], trustme.LeafCert]
) -> None:
    """T37."""
    async with raw_server(answer(OK), server_context(make(issuer))) as server:
        url = f"https://{NAME}:{server.port}/"
        with pytest.raises(ConnectFailed) as raised:
            await secure.send(Request("PUT", url, body=b"secret"), timeout=2)

        assert not raised.value.sent
        assert server.requests == []


async def test_a_tls_server_hears_the_name_of_the_url(
    secure: HttpxTransport, issuer: trustme.CA
) -> None:
    names: list[str | None] = []
    context = server_context(issuer.issue_cert(NAME))
    context.sni_callback = lambda socket, name, context: names.append(name)
    async with raw_server(answer(OK), context) as server:
        response = await secure.send(Request("GET", f"https://{NAME}:{server.port}/"), timeout=2)

        assert (response.status, names) == (200, [NAME])
        assert f"\r\nhost: {NAME}:{server.port}\r\n".encode() in server.requests[0].lower()


async def test_a_handshake_that_hangs_is_a_failed_connection(
    secure: HttpxTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(answer(OK)) as silent:
        request = Request("GET", f"https://{NAME}:{silent.port}/")
        secure.client.timeout = httpx.Timeout(None, connect=0.1)
        with pytest.raises(ConnectFailed):
            await secure.send(request, timeout=2)


@pytest.mark.parametrize(
    ("raised_inside", "expected"),
    [
        (httpx.ConnectError, ConnectFailed),
        (httpx.ConnectTimeout, ConnectFailed),
        (httpx.ReadTimeout, AnswerTimeout),
        (httpx.ReadError, BadAnswer),
        (httpx.RemoteProtocolError, BadAnswer),
    ],
)
async def test_errors_of_httpx_have_their_meaning(
    transport: HttpxTransport,
    raised_inside: type[httpx.HTTPError],
    expected: type[TransportError],
) -> None:
    with respx.mock(using="httpx") as router:
        router.get("https://partner.example/").mock(side_effect=raised_inside)

        with pytest.raises(expected):
            await transport.send(Request("GET", "https://partner.example/"), timeout=2)


async def test_respx_can_stand_in_for_a_partner(transport: HttpxTransport) -> None:
    with respx.mock(using="httpx") as router:
        route = router.post("https://partner.example/ocpi").respond(200, json={"status_code": 1000})
        response = await transport.send(
            Request("POST", "https://partner.example/ocpi", body=b"{}"), timeout=2
        )

    assert (response.status, route.call_count) == (200, 1)
