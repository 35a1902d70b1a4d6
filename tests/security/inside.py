"""Somebody inside, who should never be called, and the URLs that lead there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.serving import free_port


@dataclass
class Listener:
    """Counts the connections to a port of the loopback addresses."""

    port: int
    hits: int = 0

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count a connection."""
        self.hits += 1
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """A listener on 127.0.0.1, and on ::1 where there is one."""
    listener = Listener(free_port())
    servers = [await asyncio.start_server(listener.met, "127.0.0.1", listener.port)]
    with suppress(OSError):
        servers.append(await asyncio.start_server(listener.met, "::1", listener.port))
    yield listener
    for server in servers:
        server.close()


# No URLs that could be called, as they stand there. PORT is the listener's.
NO_URLS = {
    "digits in circles": "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:PORT/versions",
    "full width digits": "http://\uff11\uff12\uff17.0.0.1:PORT/versions",
    "ideographic dots": "http://127\u30020\u30020\u30021:PORT/versions",
    "a user name": "http://public.example@127.0.0.1:PORT/versions",
    "a password": "http://public.example:443@127.0.0.1:PORT/versions",
    "a fragment": "http://127.0.0.1:PORT#@public.example/versions",
    "a back-slash": "http://127.0.0.1:PORT\\@public.example/versions",
    "a file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:PORT/_GET",
    "data": "data:application/json,[]",
}
# Addresses that are refused however private networks are set.
NO_ADDRESSES = {
    "the unspecified address": "http://0.0.0.0:PORT/versions",
    "a zero": "http://0:PORT/versions",
    "unspecified IPv6": "http://[::]:PORT/versions",
    "a decimal number": "http://2130706433:PORT/versions",
    "a hexadecimal number": "http://0x7f000001:PORT/versions",
    "an octal number": "http://017700000001:PORT/versions",
    "octal parts": "http://0177.0.0.1:PORT/versions",
    "a hexadecimal part": "http://0x7f.1:PORT/versions",
    "a short form": "http://127.1:PORT/versions",
    "6to4": "http://[2002:7f00:1::]:PORT/versions",
    "a link-local address": "http://169.254.169.254/latest/meta-data/",
    "a link-local address as IPv6": "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "another cloud's metadata": "http://100.100.100.200/latest/meta-data/",
    "link-local IPv6": "http://[fe80::1]:PORT/versions",
    "multicast": "http://224.0.0.1:PORT/versions",
    "broadcast": "http://255.255.255.255:PORT/versions",
}
NEVER_CALLED = NO_URLS | NO_ADDRESSES

# Refused as long as private networks are not allowed.
PRIVATE = {
    "http": "http://127.0.0.1:PORT/versions",
    "https": "https://127.0.0.1:PORT/versions",
    "another loopback address": "https://127.8.9.10:PORT/versions",
    "a name": "https://localhost:PORT/versions",
    "a name with a dot": "https://localhost.:PORT/versions",
    "a name in capitals": "https://LOCALHOST:PORT/versions",
    "IPv6": "https://[::1]:PORT/versions",
    "mapped to IPv6": "https://[::ffff:127.0.0.1]:PORT/versions",
    "mapped to IPv6, in hexadecimal": "https://[::ffff:7f00:1]:PORT/versions",
    "NAT64": "https://[64:ff9b::7f00:1]:PORT/versions",
    "compatible with IPv4": "https://[::127.0.0.1]:PORT/versions",
    "a private network of class A": "https://10.0.0.1/versions",
    "a private network of class B": "https://172.16.0.1/versions",
    "a private network of class C": "https://192.168.0.1/versions",
    "a shared network": "https://100.64.0.1/versions",
    "unique local IPv6": "https://[fd00::1]/versions",
    "the port of a database": "https://127.0.0.1:5432/versions",
    "the port of mail": "https://127.0.0.1:25/versions",
} | {f"{title}, by https": url.replace("http:", "https:") for title, url in NEVER_CALLED.items()}
