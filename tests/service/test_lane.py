"""A lane against peers of every kind (T14, T16, T23, T37; F5 to F12)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from ocpi_hub.service import lane as lane_module
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.lane import Lane, Lanes
from ocpi_hub.service.slots import Slots
from ocpi_hub.service.tls import tls_context
from ocpi_hub.service.transport import (
    AnswerTimeout,
    BadAnswer,
    ConnectFailed,
    Request,
    TransportError,
)
from tests.partners import eventually
from tests.service.certificates import BAD_CERTIFICATES, NAME, issuer_file, server_context
from tests.service.misbehaviour import BAD, BAD_FOR_A_LANE, GOOD, Bad, Good
from tests.service.peers import (
    OK,
    OK_BODY,
    Behaviour,
    Exchange,
    answer,
    answer_and_close,
    hang,
    raw_server,
)

ALL_BAD = BAD | BAD_FOR_A_LANE


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both loops: they differ in how connections end, and production runs uvloop."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture
async def lanes() -> AsyncIterator[Lanes]:
    """Lanes that may call 127.0.0.1."""
    lanes = Lanes(AddressGuard(allow_private=True))
    yield lanes
    lanes.close()


@pytest.fixture
async def lane(lanes: Lanes) -> Lane:
    """The lane of one partner."""
    return lanes.lane("partner")


@pytest.mark.parametrize("bad", ALL_BAD.values(), ids=ALL_BAD.keys())
async def test_what_is_not_an_answer_ends_in_time_and_with_the_connection(
    lane: Lane, bad: Bad
) -> None:
    """F7, F8, F10, F12."""
    async with raw_server(bad.behave) as server:
        with pytest.raises(bad.error) as raised:
            async with asyncio.timeout(2):
                await lane.send(Request("POST", server.url), timeout=0.25)
        await asyncio.sleep(0.02)

        assert raised.value.sent
        assert getattr(raised.value, "began", None) is bad.began
        assert len(server.requests) == 1
        assert not lane._open


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())
async def test_every_lawful_form_of_answer_is_read(lane: Lane, good: Good) -> None:
    async with raw_server(good.behave) as server:
        first = await lane.send(Request("PUT", server.url, body=b"{}"), timeout=2)
        second = await lane.send(Request("GET", server.url), timeout=2)

    assert (first.status, first.body) == (second.status, second.body) == (good.status, good.body)


async def test_a_request_is_written_as_it_was_given(lane: Lane) -> None:
    async with raw_server(answer(OK)) as server:
        url = f"http://127.0.0.1:{server.port}/a%2Fb?limit=5"
        headers = (("Authorization", "Token abc"), ("OCPI-to-party-id", "EMS"))
        await lane.send(Request("PUT", url, headers, b'{"a": 1.50}'), timeout=2)

        assert server.requests == [
            b"PUT /a%2Fb?limit=5 HTTP/1.1\r\n"
            + f"Host: 127.0.0.1:{server.port}\r\n".encode()
            + b"Accept-Encoding: identity\r\n"
            b"Authorization: Token abc\r\n"
            b"OCPI-to-party-id: EMS\r\n"
            b"Content-Length: 11\r\n\r\n"
            b'{"a": 1.50}'
        ]


async def test_answer_headers_have_lower_case_names_and_the_first_value_except_link(
    lane: Lane,
) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Limit: 5\r\nx-limit: 6\r\nLink: <a>\r\nLINK: <b>\r\n"
    async with raw_server(answer(head + b"Content-Length: 0\r\n\r\n")) as server:
        response = await lane.send(Request("GET", server.url), timeout=2)

    assert (response.headers["x-limit"], response.headers["link"]) == ("5", "<a>, <b>")


@pytest.mark.parametrize(
    "behave",
    [
        answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        answer_and_close(b"HTTP/1.1 200 OK\r\n\r\nabc"),
    ],
    ids=["chunked", "until closed"],
)
async def test_the_cap_counts_the_bytes_of_the_body(lane: Lane, behave: Behaviour) -> None:
    """F10: where no length is announced."""
    async with raw_server(behave) as server:
        exact = await lane.send(Request("GET", server.url, max_answer=3), timeout=2)
        with pytest.raises(BadAnswer, match="over 2 bytes"):
            await lane.send(Request("GET", server.url, max_answer=2), timeout=2)

    assert exact.body == b"abc"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(lane: Lane, status: int) -> None:
    """T14, F11."""
    async with raw_server(answer(OK)) as inner:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {inner.url}\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(answer(head.encode())) as server:
            response = await lane.send(Request("POST", server.url, body=b"{}"), timeout=2)

        assert (response.status, inner.connections) == (status, 0)


@pytest.mark.parametrize(
    "header",
    [
        ("X-Request-ID", "a\r\nX-Evil: 1"),
        ("X-Request-ID", "a\nb"),
        ("X-Request-ID", "a\0b"),
        ("X-Request-ID", "Łódź"),
        ("X Request", "a"),
        ("X-Request:", "a"),
        ("", "a"),
        ("Content-Length", "5"),
        ("Host", "inner.example"),
    ],
)
async def test_a_header_that_would_break_out_is_never_written(
    lane: Lane, header: tuple[str, str]
) -> None:
    """T16."""
    async with raw_server(answer(OK)) as server:
        with pytest.raises(TransportError) as raised:
            await lane.send(Request("GET", server.url, (header,)), timeout=2)

        assert not raised.value.sent
        assert server.connections == 0


# --- connections that are kept -------------------------------------------------------------------


async def test_a_connection_is_kept_and_used_again(lane: Lane) -> None:
    async with raw_server(answer(OK)) as server:
        for _ in range(5):
            await lane.send(Request("GET", server.url), timeout=2)

        assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(
    "first",
    [OK + OK, OK + b"garbage", OK.replace(b"200 OK", b"200 OK\r\nConnection: close")],
    ids=["two answers", "garbage after the answer", "connection close"],
)
async def test_a_connection_with_more_to_say_or_nothing_is_not_used_again(
    lane: Lane, first: bytes
) -> None:
    """F8: the second answer would be taken for the next request's."""
    async with raw_server(answer(first)) as server:
        response = await lane.send(Request("GET", server.url), timeout=2)
        await lane.send(Request("GET", server.url), timeout=2)

        assert response.body == OK_BODY
        assert server.connections == 2


async def test_bytes_that_nobody_asked_for_end_a_kept_connection(lane: Lane) -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.write(OK)
        await asyncio.sleep(0.02)
        await exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    async with raw_server(behave) as server:
        await lane.send(Request("GET", server.url), timeout=2)
        await asyncio.sleep(0.06)
        second = await lane.send(Request("GET", server.url), timeout=2)

        assert (second.body, server.connections) == (OK_BODY, 2)


async def close_on_the_second(exchange: Exchange) -> None:
    """Keeps the connection after one answer, and closes it at the next request."""
    if exchange.on_connection == 1:
        await exchange.write(OK)
    else:
        exchange.close()


async def reset_on_the_second(exchange: Exchange) -> None:
    """The same with RST."""
    if exchange.on_connection == 1:
        await exchange.write(OK)
    else:
        exchange.reset()


async def begin_on_the_second(exchange: Exchange) -> None:
    """Begins a second answer, and closes."""
    await exchange.write(OK if exchange.on_connection == 1 else OK[:9])
    if exchange.on_connection == 2:
        exchange.close()


@pytest.mark.parametrize("behave", [close_on_the_second, reset_on_the_second])
async def test_a_stale_connection_is_replaced_once_for_a_retryable_request(
    lane: Lane, behave: Behaviour
) -> None:
    """F12."""
    async with raw_server(behave) as server:
        await lane.send(Request("PUT", server.url, body=b"1"), timeout=2)
        again = await lane.send(Request("PUT", server.url, body=b"2", retryable=True), timeout=2)

        assert again.status == 200
        assert [request[-1:] for request in server.requests] == [b"1", b"2", b"2"]
        assert server.connections == 2


async def test_a_request_that_must_not_be_sent_twice_is_not(lane: Lane) -> None:
    """F12: a command whose outcome is not known is not repeated."""
    async with raw_server(close_on_the_second) as server:
        await lane.send(Request("POST", server.url, body=b"1"), timeout=2)
        with pytest.raises(BadAnswer) as raised:
            await lane.send(Request("POST", server.url, body=b"2"), timeout=2)

        assert (raised.value.began, raised.value.sent) == (False, True)
        assert [request[-1:] for request in server.requests] == [b"1", b"2"]


async def test_a_request_is_not_repeated_once_its_answer_began(lane: Lane) -> None:
    """F12."""
    async with raw_server(begin_on_the_second) as server:
        await lane.send(Request("PUT", server.url, retryable=True), timeout=2)
        with pytest.raises(BadAnswer) as raised:
            await lane.send(Request("PUT", server.url, retryable=True), timeout=2)

        assert raised.value.began
        assert len(server.requests) == 2


async def test_a_fresh_connection_that_closes_is_not_tried_again(lane: Lane) -> None:
    async with raw_server(answer_and_close(b"")) as server:
        with pytest.raises(BadAnswer):
            await lane.send(Request("GET", server.url, retryable=True), timeout=2)

        assert len(server.requests) == 1


async def test_an_idle_connection_is_closed_in_the_end(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "IDLE_LIMIT", 0.05)
    async with raw_server(answer(OK)) as server:
        await lane.send(Request("GET", server.url), timeout=2)
        kept = server.open
        await asyncio.sleep(0.12)

        assert (kept, server.open) == (1, 0)


async def test_a_server_that_ends_an_idle_connection_is_simply_called_again(lane: Lane) -> None:
    """F12: not even a request that must not be repeated is lost on it."""
    async with raw_server(answer_and_close(OK)) as server:
        await lane.send(Request("POST", server.url), timeout=2)
        await asyncio.sleep(0.02)
        response = await lane.send(Request("POST", server.url), timeout=2)

        assert (response.status, len(server.requests)) == (200, 2)


# --- limits --------------------------------------------------------------------------------------


async def slow(exchange: Exchange) -> None:
    """Answers after a while."""
    await asyncio.sleep(0.02)
    await exchange.write(OK)


async def test_a_lane_has_eight_connections_and_serves_its_callers_in_order(lane: Lane) -> None:
    async with raw_server(slow) as server:
        numbered = [Request("PUT", server.url, body=b"%02d" % number) for number in range(40)]
        async with asyncio.TaskGroup() as group:
            for request in numbered:
                group.create_task(lane.send(request, timeout=5))

        arrived = [int(request[-2:]) // 8 for request in server.requests]
        assert server.most_open == 8
        assert arrived == sorted(arrived)


async def test_two_hosts_of_a_partner_share_its_connections(lane: Lane) -> None:
    all_are_here = asyncio.Barrier(8)

    async def together(exchange: Exchange) -> None:
        await all_are_here.wait()
        await exchange.write(OK)

    async with raw_server(together) as one, raw_server(together) as other:
        for server in (one, other, one, other):
            async with asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(lane.send(Request("GET", server.url), timeout=5))
            # A server hears a little later that a connection of it was closed.
            wanted = (8, 0) if server is one else (0, 8)
            await eventually(lambda: (one.open, other.open) == wanted)  # noqa: B023 - now


async def test_the_deadline_covers_waiting_for_a_connection(lane: Lane) -> None:
    async with raw_server(hang) as server:
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(_expect_timeout(lane, server.url, timeout=1, sent=True))
            await eventually(lambda: len(server.requests) == 8)
            await _expect_timeout(lane, server.url, timeout=0.1, sent=False)

        assert len(server.requests) == 8


async def _expect_timeout(lane: Lane, url: str, *, timeout: float, sent: bool) -> None:
    with pytest.raises(AnswerTimeout) as raised:
        await lane.send(Request("GET", url), timeout=timeout)
    assert raised.value.sent is sent


async def test_each_request_has_its_own_deadline(lane: Lane) -> None:
    """The one timer of a lane serves a short deadline that comes after a long one."""
    async with raw_server(hang) as server:
        ended: list[float] = []

        async def ask(timeout: float) -> None:
            with pytest.raises(AnswerTimeout):
                await lane.send(Request("GET", server.url), timeout=timeout)
            ended.append(timeout)

        async with asyncio.TaskGroup() as group:
            for timeout in (1.2, 0.9, 0.3, 0.6):
                group.create_task(ask(timeout))

    assert ended == [0.3, 0.6, 0.9, 1.2]


async def test_a_caller_that_gives_up_takes_its_connection_along(lane: Lane) -> None:
    """The late answer must not become the next request's."""

    given_up = asyncio.Event()

    async def late_then_ok(exchange: Exchange) -> None:
        if len(exchange.server.requests) == 1:
            await given_up.wait()
        await exchange.write(OK)

    async with raw_server(late_then_ok) as server:
        first = asyncio.create_task(lane.send(Request("GET", server.url), timeout=5))
        await eventually(lambda: len(server.requests) == 1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        given_up.set()
        response = await lane.send(Request("GET", server.url), timeout=5)

        assert (response.status, server.connections, len(lane._open)) == (200, 2, 1)


async def test_a_peer_that_takes_the_connection_and_never_reads_costs_a_deadline(
    lane: Lane,
) -> None:
    """F12: accept and never read."""

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        with pytest.raises(AnswerTimeout):
            await lane.send(Request("PUT", url, body=bytes(20_000_000)), timeout=0.2)


async def test_a_refused_connection_is_a_failed_connection(lane: Lane) -> None:
    async with raw_server(answer(OK)) as server:
        url = server.url
    with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1 cannot be reached") as raised:
        await lane.send(Request("GET", url), timeout=2)

    assert not raised.value.sent


async def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    async with raw_server(answer(OK)) as server:
        guard = AddressGuard(
            allow_private=True, resolve_name=lambda host, port: ("127.0.0.2", "127.0.0.1")
        )
        lanes = Lanes(guard)
        url = f"http://partner.example:{server.port}/"
        response = await lanes.send("partner", Request("GET", url), timeout=2)
        lanes.close()

    assert response.status == 200


async def test_closing_a_lane_fails_its_requests_and_opens_nothing_more(lanes: Lanes) -> None:
    lane = lanes.lane("partner")
    async with raw_server(hang) as server:
        outcomes = [
            asyncio.ensure_future(lane.send(Request("GET", server.url), timeout=5))
            for _ in range(12)
        ]
        await asyncio.sleep(0.05)
        lanes.remove("partner")
        results = await asyncio.gather(*outcomes, return_exceptions=True)
        await asyncio.sleep(0.02)

        assert {str(result) for result in results} == {"the lane is closed"}
        assert (server.connections, server.open) == (8, 0)


async def test_hung_partners_do_not_slow_another_lane() -> None:
    """F6, invariant 4: 20 hung partners want all slots, and a healthy one is through before
    the first of them gives up."""
    lanes = Lanes(AddressGuard(allow_private=True), slots=Slots(total=40, reserved=8))
    async with raw_server(hang) as hung, raw_server(answer(OK)) as healthy:
        ended: list[str] = []

        async def ask(key: str, url: str) -> None:
            try:
                await lanes.send(key, Request("GET", url), timeout=1.0)
            except TransportError:
                ended.append("hung")
            else:
                ended.append("healthy")

        async with asyncio.TaskGroup() as group:
            for number in range(160):
                group.create_task(ask(f"hung {number % 20}", hung.url))
            await asyncio.sleep(0.05)
            for _ in range(100):
                await ask("healthy", healthy.url)

        assert ended[:100] == ["healthy"] * 100
        assert hung.most_open <= 40 + 20
    lanes.close()


# --- TLS -----------------------------------------------------------------------------------------


def test_tls_below_1_2_is_not_spoken() -> None:
    """T37."""
    assert tls_context().minimum_version.name == "TLSv1_2"


@pytest.fixture
async def secure(tmp_path: Path, issuer: trustme.CA) -> AsyncIterator[Lane]:
    """A lane that trusts the issuer; every name is 127.0.0.1."""
    guard = AddressGuard(allow_private=True, resolve_name=lambda host, port: ("127.0.0.1",))
    lanes = Lanes(guard, tls_context(issuer_file(issuer, tmp_path)))
    yield lanes.lane("partner")
    lanes.close()


@pytest.fixture(scope="module")
def issuer() -> trustme.CA:
    """A certificate authority."""
    return trustme.CA()


@pytest.mark.parametrize("make", BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES.keys())
async def test_a_server_with_a_bad_certificate_hears_nothing(
    secure: Lane, issuer: trustme.CA, make: Callable[[trustme.CA], trustme.LeafCert]
) -> None:
    """T37."""
    async with raw_server(answer(OK), server_context(make(issuer))) as server:
        url = f"https://{NAME}:{server.port}/"
        with pytest.raises(ConnectFailed, match="its certificate is not accepted") as raised:
            await secure.send(Request("PUT", url, body=b"secret"), timeout=2)

        assert not raised.value.sent
        assert server.requests == []


async def test_a_tls_server_hears_the_name_and_the_connection_is_kept(
    secure: Lane, issuer: trustme.CA
) -> None:
    names: list[str | None] = []
    context = server_context(issuer.issue_cert(NAME))
    context.sni_callback = lambda socket, name, context: names.append(name)
    async with raw_server(answer(OK), context) as server:
        url = f"https://{NAME}:{server.port}/"
        for _ in range(3):
            response = await secure.send(Request("PUT", url, body=b"{}"), timeout=2)

        assert (response.body, names, server.connections) == (OK_BODY, [NAME], 1)
        assert f"\r\nHost: {NAME}:{server.port}\r\n".encode() in server.requests[0]


async def test_a_server_without_tls_hears_nothing_of_a_secure_request(secure: Lane) -> None:
    heard = bytearray()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(4096))
        writer.write(OK)
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        url = f"https://{NAME}:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(ConnectFailed, match="no TLS connection"):
            await secure.send(Request("PUT", url, body=b"secret"), timeout=2)

    assert b"secret" not in heard


async def test_a_handshake_that_hangs_is_a_failed_connection(
    secure: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connect limit covers the TLS handshake, and the socket is given back."""
    monkeypatch.setattr(lane_module, "CONNECT_LIMIT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://{NAME}:{silent.getsockname()[1]}/"
        with pytest.raises(ConnectFailed, match="did not take the connection in time"):
            await secure.send(Request("GET", url), timeout=2)
        await asyncio.sleep(0.02)
        silent.settimeout(1)
        taken, _ = silent.accept()
        with taken:
            hello = await asyncio.to_thread(taken.recv, 65_536)
            end = await asyncio.to_thread(taken.recv, 65_536)

    assert hello != b""
    assert end == b""
