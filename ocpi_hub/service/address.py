"""Which addresses we call: a partner's URL is checked as written, and again after resolution.

The networks are listed here because `ipaddress.is_global` calls some forms of 127.0.0.1 global.
What is checked is what is connected to: `resolve` gives addresses, and nobody resolves again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ocpi_hub.service.transport import AddressRefused, ConnectFailed

RESOLVE_LIMIT = 3.0
CACHE_TIME = 60.0
_CACHED_NAMES = 4096
_LOOK_UPS = 256
_DEFAULT_PORTS = {"https": 443, "http": 80}

_URL = re.compile(
    r"(?P<scheme>[a-z]+)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:[/?][!-\"$-\[\]-~]*)?)",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# Refused always: nobody's API lives there, and cloud machines keep their secrets in some of them.
_NEVER = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "100.100.100.200/32",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::ffff:0:0:0/96",
    "64:ff9b:1::/48",
    "2001::/32",
    "2002::/16",
    "fd00:ec2::254/128",
    "fe80::/10",
    "ff00::/8",
)
_PRIVATE = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
)
# The only IPv6 space handed out to the public; the rest is refused without being listed.
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. `host` is lower-cased, without brackets or a final dot."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


Resolve = Callable[[str, int], Sequence[str]]


def _look_up(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(slots=True)
class AddressGuard:
    """Says which URLs and addresses may be called.

    `allow_private` also allows private addresses, http:// and any port. `own_urls` are those this
    service is reached by. `resolve` blocks and gives a name's addresses; `clock` is in seconds.
    """

    allow_private: bool
    own_urls: Collection[str] = ()
    resolve_name: Resolve = _look_up
    clock: Callable[[], float] = time.monotonic
    _own: frozenset[tuple[str | None, int | None]] = field(init=False)
    _known: dict[tuple[str, int], tuple[float, tuple[str, ...]]] = field(
        init=False, default_factory=dict
    )
    _running: dict[tuple[str, int], asyncio.Future[tuple[str, ...]]] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        self._own = frozenset(
            _own_origin(url, any_port=not self.allow_private) for url in self.own_urls
        )

    def check_url(self, url: str) -> Target:
        """Where the URL leads; AddressRefused, saying why, where we do not call it."""
        match = _URL.fullmatch(url)
        if match is None:
            raise AddressRefused(
                "the URL is not of the form https://host[:port]/path in plain ASCII,"
                " without user name or fragment"
            )
        scheme, host = match["scheme"].lower(), match["host"].lower().strip("[]").removesuffix(".")
        self._check_scheme(scheme)
        port = int(match["port"] or _DEFAULT_PORTS[scheme])
        self._check_port(port)
        _check_host(match["host"], host)
        if (host, None) in self._own or (host, port) in self._own:
            raise AddressRefused(f"the URL's host {host} is this service itself")
        path = match["path"]
        return Target(scheme, host, port, path if path.startswith("/") else f"/{path}")

    def _check_scheme(self, scheme: str) -> None:
        if scheme == "https" or (scheme == "http" and self.allow_private):
            return
        way = ", or ALLOW_PRIVATE_NETWORKS for partners in your own network"
        hint = way if scheme == "http" and not self.allow_private else ""
        raise AddressRefused(f"the URL's scheme is {scheme}, expected https{hint}")

    def _check_port(self, port: int) -> None:
        # Below 1024 live mail, shells and directories; partners run APIs on 443, 8443 and the like.
        if not (port == 443 or 1024 <= port <= 65535 or (self.allow_private and 0 < port <= 65535)):
            raise AddressRefused(f"the URL's port is {port}, expected 443 or 1024 to 65535")

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """The host's addresses, each checked; AddressRefused when any of them is not allowed."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            addresses = await self._resolve_name(host, port)
        else:
            addresses = (host,)
        for address in addresses:
            self.check_address(host, address)
        return addresses

    def check_address(self, host: str, address: str) -> None:
        """AddressRefused when the address, or one written inside it, is not allowed."""
        for form in _forms(ipaddress.ip_address(address)):
            if self._refuses(form):
                raise AddressRefused(f"{host} leads to {address}, which is not a public address")

    def _refuses(self, address: _Address) -> bool:
        if any(address in network for network in _NEVER):
            return True
        if self.allow_private:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address not in _PUBLIC_V6:
            return True
        return any(address in network for network in _PRIVATE)

    async def _resolve_name(self, host: str, port: int) -> tuple[str, ...]:
        key = (host, port)
        expires, addresses = self._known.get(key, (0.0, ()))
        if self.clock() < expires:
            return addresses
        running = self._running.get(key) or self._begin(key)
        try:
            async with asyncio.timeout(RESOLVE_LIMIT):
                return await asyncio.shield(running)
        except TimeoutError:
            raise ConnectFailed(f"the name {host} did not resolve in {RESOLVE_LIMIT:g} s") from None
        except OSError as error:
            raise ConnectFailed(f"the name {host} does not resolve") from error

    def _begin(self, key: tuple[str, int]) -> asyncio.Future[tuple[str, ...]]:
        """Looks a name up in a thread of its own.

        A shared pool would let one partner's slow name server hold up everybody's names, and a
        thread that is not a daemon would hold up the end of the process.
        """
        if len(self._running) >= _LOOK_UPS:
            raise ConnectFailed(f"{_LOOK_UPS} names are being looked up already")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[str, ...]] = loop.create_future()
        self._running[key] = future

        def work() -> None:
            outcome: tuple[str, ...] | OSError
            try:
                outcome = tuple(dict.fromkeys(self.resolve_name(*key))) or OSError("no address")
            except (OSError, UnicodeError) as error:
                outcome = OSError(str(error))
            # The loop is closed when the service has ended meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._finish, key, outcome)

        threading.Thread(target=work, name=f"look-up {key[0]}", daemon=True).start()
        return future

    def _finish(self, key: tuple[str, int], outcome: tuple[str, ...] | OSError) -> None:
        future = self._running.pop(key)
        if isinstance(outcome, OSError):
            future.set_exception(outcome)
            future.exception()  # read here: whoever waited may have given up
            return
        if len(self._known) >= _CACHED_NAMES:
            self._known.clear()
        self._known[key] = (self.clock() + CACHE_TIME, outcome)
        future.set_result(outcome)


def _own_origin(url: str, *, any_port: bool) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, None if any_port else parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _check_host(written: str, host: str) -> None:
    """Refuses what one resolver reads as an address and another as a name: 0x7f.1, 2130706433."""
    if not written.startswith("[") and not _NUMERIC.fullmatch(host):
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or (address.version == 6) is not written.startswith("["):
        raise AddressRefused(f"the URL's host {written} is not a name, 1.2.3.4 or [IPv6]")


def _forms(address: _Address) -> Iterator[_Address]:
    """The address and the IPv4 address inside it (RFC 4291 mapped, RFC 6052 NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    else:
        yield address
