"""The HTTP client for everything that is not a lane: registration, pull, adapters.

httpx on the aiohttp transport, held to the same address guard: aiohttp asks the guard for a name's
addresses each time it connects, and connects to those. Timeouts are the caller's total deadline.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport

from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.transport import (
    AddressRefused,
    AnswerTimeout,
    BadAnswer,
    ConnectFailed,
    Request,
    Response,
    TransportError,
    add_header,
    check_headers,
)

CONNECT_LIMIT = 3.0

# Who calls, for whoever reads logs at the other end.
_USER_AGENT = f"ocpi-roaming-hub/{version('ocpi-roaming-hub')}"


class _GuardedResolver(AbstractResolver):
    """Gives aiohttp the addresses the guard has checked."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._guard.resolve(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held open."""


class _GuardedTransport(AiohttpTransport):
    """Checks each URL before aiohttp sees it."""

    def __init__(self, guard: AddressGuard, context: ssl.SSLContext, connections: int) -> None:
        self._guard = guard
        self._context = context
        self._connections = connections
        super().__init__(verify=context, trust_env=False, client=self._session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        target = self._guard.check_url(str(request.url))
        # aiohttp resolves names through the guard, but connects to a written address unasked.
        await self._guard.resolve(target.host, target.port)
        return await super().handle_async_request(request)

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(self._guard),
            use_dns_cache=False,
            ssl=self._context,
            limit=self._connections,
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )


def make_client(
    guard: AddressGuard, context: ssl.SSLContext, *, connections: int = 100
) -> httpx.AsyncClient:
    """A client that calls only what the guard allows: no redirects, cookies, proxies, environment.

    The caller closes it, and bounds each call with `asyncio.timeout`, as HttpxTransport does.
    """
    return httpx.AsyncClient(
        transport=_GuardedTransport(guard, context, connections),
        headers={"Accept-Encoding": "identity", "User-Agent": _USER_AGENT},
        timeout=httpx.Timeout(None, connect=CONNECT_LIMIT),
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class HttpxTransport:
    """A Transport over an httpx client."""

    client: httpx.AsyncClient

    async def send(self, request: Request, *, timeout: float) -> Response:
        """The answer, or a TransportError, within `timeout` seconds."""
        check_headers(request)
        try:
            async with asyncio.timeout(timeout):
                return await self._send(request)
        except TimeoutError:
            message = f"no answer in {timeout:g} s"
            raise AnswerTimeout(message, sent=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError) as error:
            raise _as_transport_error(error) from error

    async def _send(self, request: Request) -> Response:
        stream = self.client.stream(
            request.method, request.url, headers=request.headers, content=request.body or None
        )
        async with stream as response:
            headers: dict[str, str] = {}
            for name, value in response.headers.multi_items():
                add_header(headers, name.lower(), value)
            if headers.get("content-encoding", "identity").lower() != "identity":
                raise BadAnswer("the answer is compressed, which was not asked for", began=True)
            body = await _read(response, request.max_answer)
            return Response(response.status_code, headers, body)


async def _read(response: httpx.Response, cap: int) -> bytes:
    length = response.headers.get("content-length", "")
    too_large = BadAnswer(f"the answer is over {cap} bytes", began=True)
    if length.isdecimal() and int(length) > cap:
        raise too_large
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > cap:
            raise too_large
    return bytes(body)


def _as_transport_error(error: Exception) -> TransportError:
    cause = error.__cause__
    match error:
        case httpx.InvalidURL():
            return AddressRefused(f"the URL cannot be read: {error}")
        case httpx.ConnectError() | httpx.ConnectTimeout() if not _broke(cause):
            return ConnectFailed(f"the peer cannot be reached: {error}")
        case httpx.TimeoutException() if not _broke(cause):
            return AnswerTimeout("the peer did not answer in time", sent=True)
        case _:
            return BadAnswer(f"no whole HTTP answer came ({error})", began=not _broke(cause))


def _broke(cause: BaseException | None) -> bool:
    """Whether a connection broke that was made: the transport reports it as one never made."""
    return isinstance(cause, aiohttp.ClientConnectionError) and not isinstance(
        cause, aiohttp.ClientConnectorError | aiohttp.ServerTimeoutError
    )
