"""Which URLs and addresses are called (T11, T13, F26)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from ocpi_hub.service import address
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.lane import Lanes
from ocpi_hub.service.transport import AddressRefused, ConnectFailed, Request
from tests.service.peers import OK, answer, raw_server

PUBLIC = "93.184.215.14"
INNER_NAMES = {
    "localhost": "127.0.0.1",
    "localhost6": "::1",
    "inner.example": "10.1.2.3",
    "metadata.example": "169.254.169.254",
    "mapped.example": "::ffff:127.0.0.1",
    "nat64.example": "64:ff9b::7f00:1",
    "sixtofour.example": "2002:7f00:1::",
}


def resolve_inner(host: str, port: int) -> Sequence[str]:
    """A name server that knows inner names only."""
    if host not in INNER_NAMES:
        raise OSError("no such name")
    return [INNER_NAMES[host]]


def guard_with(*addresses: str) -> AddressGuard:
    """A guard for which every name has these addresses."""
    return AddressGuard(allow_private=False, resolve_name=lambda host, port: addresses)


# {port} is that of a listener on 127.0.0.1, which must never be reached.
HOSTILE_URLS = [
    "http://127.0.0.1:{port}/",
    "http://partner.example/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "https:127.0.0.1:{port}",
    "https:///127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "HTTPS://127.0.0.1:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://127.0.0.2:{port}/",
    "https://127.255.255.254:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://2130706433:{port}/",
    "https://2130706433.:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.1:{port}/",
    "https://0x7f.0x0.0x0.0x1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://017700000001:{port}/",
    "https://127.0.0.01:{port}/",
    "https://127.0.0.1.0x7f:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://0.0.0.1:{port}/",
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://127。0。0。1:{port}/",
    "https://ⓛocalhost:{port}/",
    "https://localhost:{port}/",
    "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/",
    "https://localhost6:{port}/",
    "https://inner.example:{port}/",
    "https://metadata.example/",
    "https://mapped.example:{port}/",
    "https://nat64.example:{port}/",
    "https://sixtofour.example:{port}/",
    "https://[::1]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[::ffff:0:127.0.0.1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[2001:0:7f00:1::80ff:fffe]:{port}/",
    "https://[fe80::1]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[fec0::1]:{port}/",
    "https://[fc00::1]:{port}/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]:{port}/",
    "https://[2001:db8::1]:{port}/",
    "https://[127.0.0.1]:{port}/",
    "https://10.0.0.1:{port}/",
    "https://172.16.0.1:{port}/",
    "https://192.168.1.1:{port}/",
    "https://100.64.0.1:{port}/",
    "https://100.100.100.200/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.0.0.8:{port}/",
    "https://192.0.2.1:{port}/",
    "https://198.18.0.1:{port}/",
    "https://198.51.100.1:{port}/",
    "https://203.0.113.1:{port}/",
    "https://224.0.0.1:{port}/",
    "https://240.0.0.1:{port}/",
    "https://255.255.255.255:{port}/",
    "https://partner.example@127.0.0.1:{port}/",
    "https://user:password@partner.example/",
    "https://127.0.0.1:{port}#@partner.example/",
    "https://127.0.0.1:{port}\\@partner.example/",
    "https://partner.example\\@127.0.0.1:{port}/",
    "https://127.0.0.1:{port} .partner.example/",
    "https://partner.example:{port}/\r\nHost: 127.0.0.1",
    "https://partner.example\t.example/",
    "https://partner.example:22/",
    "https://partner.example:25/",
    "https://partner.example:0/",
    "https://partner.example:65536/",
    "https://partner.example:99999999/",
    "https://partner..example/",
    "https://.partner.example/",
    "https://hub.example/ocpi/versions",
    "https://HUB.example.:8443/",
    "https://",
    "",
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
async def test_a_hostile_url_is_refused_and_nothing_inside_is_reached(url: str) -> None:
    """T11."""
    guard = AddressGuard(
        allow_private=False, own_urls=("https://hub.example",), resolve_name=resolve_inner
    )
    lanes = Lanes(guard)
    async with raw_server(answer(OK)) as inner:
        request = Request("GET", url.replace("{port}", str(inner.port)))

        with pytest.raises(AddressRefused):
            await lanes.send("partner", request, timeout=2)

        assert inner.connections == 0
    lanes.close()


def test_the_table_of_hostile_urls_has_no_double_and_is_long_enough() -> None:
    assert len(set(HOSTILE_URLS)) == len(HOSTILE_URLS) >= 60


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.partner.example/ocpi", ("api.partner.example", 443, "/ocpi")),
        ("https://API.Partner.Example", ("api.partner.example", 443, "/")),
        ("https://partner.example:8443/a?b=c&d=%2F", ("partner.example", 8443, "/a?b=c&d=%2F")),
        ("https://partner.example?limit=5", ("partner.example", 443, "/?limit=5")),
        ("https://xn--bcher-kva.example./", ("xn--bcher-kva.example", 443, "/")),
        ("https://93.184.215.14/", (PUBLIC, 443, "/")),
        ("https://[2606:2800::1]:8443/", ("2606:2800::1", 8443, "/")),
        ("https://1password.example1/", ("1password.example1", 443, "/")),
    ],
)
def test_a_public_https_url_is_taken_apart(url: str, expected: tuple[str, int, str]) -> None:
    target = guard_with(PUBLIC).check_url(url)

    assert (target.host, target.port, target.path) == expected


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://partner.example/", "partner.example"),
        ("https://partner.example:8443/", "partner.example:8443"),
        ("https://[2606:2800::1]:8443/", "[2606:2800::1]:8443"),
    ],
)
def test_the_host_header_has_brackets_and_a_port_where_needed(url: str, authority: str) -> None:
    assert guard_with(PUBLIC).check_url(url).authority == authority


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/", "http://localhost:8100/ocpi"])
async def test_private_networks_can_be_allowed(url: str) -> None:
    guard = AddressGuard(allow_private=True, resolve_name=resolve_inner)

    target = guard.check_url(url)

    assert await guard.resolve(target.host, target.port) == ("127.0.0.1",)


@pytest.mark.parametrize(
    "inner",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "100.100.100.200",
        "fd00:ec2::254",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
async def test_some_addresses_are_refused_where_private_ones_are_allowed(inner: str) -> None:
    guard = AddressGuard(allow_private=True, resolve_name=lambda host, port: (inner,))

    with pytest.raises(AddressRefused):
        await guard.resolve("partner.example", 443)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://partner.example/ocpi", "expected https, or ALLOW_PRIVATE_NETWORKS"),
        ("ftp://partner.example/ocpi", "scheme is ftp, expected https$"),
    ],
)
def test_the_refusal_of_a_scheme_says_what_would_do(url: str, expected: str) -> None:
    with pytest.raises(AddressRefused, match=expected):
        AddressGuard(False).check_url(url)


def test_where_private_networks_are_allowed_a_neighbour_on_the_own_host_is_not_the_service() -> (
    None
):
    guard = AddressGuard(allow_private=True, own_urls=("http://127.0.0.1:8000",))

    assert guard.check_url("http://127.0.0.1:8100/").port == 8100
    with pytest.raises(AddressRefused, match="itself"):
        guard.check_url("http://127.0.0.1:8000/")


async def test_a_name_with_a_public_and_a_private_address_is_refused() -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        await guard_with(PUBLIC, "10.0.0.1").resolve("partner.example", 443)


async def test_public_addresses_are_given_once_each() -> None:
    guard = guard_with(PUBLIC, PUBLIC, "64:ff9b::5db8:d70e")

    assert await guard.resolve("partner.example", 443) == (PUBLIC, "64:ff9b::5db8:d70e")


class Flipping:
    """A name server that answers public first and private ever after, and a clock to turn."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0.0

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return (PUBLIC,) if self.asked == 1 else ("127.0.0.1",)

    def clock(self) -> float:
        return self.now


async def test_a_name_that_turns_private_is_refused_when_it_is_resolved_again() -> None:
    """T13: the addresses of one look-up are used for a minute, and the next is checked anew."""
    names = Flipping()
    guard = AddressGuard(allow_private=False, resolve_name=names.resolve, clock=names.clock)

    first = await guard.resolve("partner.example", 443)
    names.now = 59.0
    within_a_minute = await guard.resolve("partner.example", 443)
    names.now = 60.0
    with pytest.raises(AddressRefused):
        await guard.resolve("partner.example", 443)

    assert (first, within_a_minute, names.asked) == ((PUBLIC,), (PUBLIC,), 2)


async def test_a_name_is_checked_at_each_connect() -> None:
    """T13: whatever the name server says, the listener inside is not reached in 100 tries."""
    names = Flipping()
    guard = AddressGuard(allow_private=False, resolve_name=names.resolve, clock=names.clock)
    await guard.resolve("partner.example", 443)
    lanes = Lanes(guard)
    async with raw_server(answer(OK)) as inner:
        request = Request("GET", f"https://partner.example:{inner.port}/")
        for _ in range(100):
            names.now += 61
            with pytest.raises(AddressRefused):
                await lanes.send("partner", request, timeout=2)

        assert inner.connections == 0
    lanes.close()


@pytest.mark.parametrize("failure", [OSError("no such name"), UnicodeError("label too long")])
async def test_a_name_that_does_not_resolve_is_a_failed_connection(failure: Exception) -> None:
    """F26."""

    def resolve(host: str, port: int) -> Sequence[str]:
        raise failure

    guard = AddressGuard(allow_private=False, resolve_name=resolve)

    with pytest.raises(ConnectFailed, match=r"partner\.example"):
        await guard.resolve("partner.example", 443)


async def test_a_name_without_addresses_is_a_failed_connection() -> None:
    with pytest.raises(ConnectFailed):
        await guard_with().resolve("partner.example", 443)


async def test_a_slow_name_server_is_given_up_and_asked_once_by_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F26: the look-up has its own limit, runs on, and serves whoever asks next."""
    monkeypatch.setattr(address, "RESOLVE_LIMIT", 0.05)
    asked: list[str] = []
    go_on = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        go_on.wait(5)
        return (PUBLIC,)

    guard = AddressGuard(allow_private=False, resolve_name=resolve)
    with pytest.raises(ConnectFailed, match=r"in 0\.05 s"):
        await guard.resolve("partner.example", 443)
    go_on.set()
    monkeypatch.setattr(address, "RESOLVE_LIMIT", 5)

    assert await guard.resolve("partner.example", 443) == (PUBLIC,)
    assert asked == ["partner.example"]


async def test_slow_names_do_not_hold_up_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """F26, invariant 4: 30 names hang, the 31st resolves."""
    monkeypatch.setattr(address, "RESOLVE_LIMIT", 0.02)
    go_on = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        if host.startswith("slow"):
            go_on.wait(5)
        return (PUBLIC,)

    guard = AddressGuard(allow_private=False, resolve_name=resolve)
    for number in range(30):
        with pytest.raises(ConnectFailed):
            await guard.resolve(f"slow{number}.example", 443)
    monkeypatch.setattr(address, "RESOLVE_LIMIT", 3)

    assert await guard.resolve("partner.example", 443) == (PUBLIC,)
    go_on.set()


async def test_names_being_looked_up_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 4: each look-up is a thread."""
    monkeypatch.setattr(address, "_LOOK_UPS", 2)
    monkeypatch.setattr(address, "RESOLVE_LIMIT", 0.02)
    go_on = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        go_on.wait(5)
        return (PUBLIC,)

    guard = AddressGuard(allow_private=False, resolve_name=resolve)
    for number in range(2):
        with pytest.raises(ConnectFailed, match="did not resolve"):
            await guard.resolve(f"slow{number}.example", 443)
    with pytest.raises(ConnectFailed, match="2 names are being looked up already"):
        await guard.resolve("slow2.example", 443)
    go_on.set()
