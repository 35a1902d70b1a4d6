"""Who is let in: keys, TLS, certificates, and that nobody disturbs a station by pretending."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
import pytest
import trustme
from websockets.exceptions import InvalidStatus, WebSocketException

from cpo_adapter.ocpp.connection import NotConnected
from cpo_adapter.ocpp.listener import server_tls
from cpo_adapter.ocpp.ports import SecurityProfile, StationCredentials
from cpo_adapter.ocpp.registry import REPLACED
from cpo_adapter.ocpp.security import TrustedProxies, basic_key, names_in_subject
from cpo_adapter.ocpp.version import Version
from tests.chargers import OPEN, Access, charger, socket
from tests.cpo_adapter.ocpp.central import (
    FRONTS,
    Central,
    Ports,
    keyed_station,
    on_own_port,
    on_shared_port,
    open_station,
    until,
)

KEY = "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334"
RIGHT, WRONG = Access(key=KEY), Access(key="0" * 40)
HTTPS = {"X-Forwarded-Proto": "https"}


async def status_of(central: Central, station_id: str, access: Access) -> int:
    """The HTTP status of a handshake."""
    try:
        async with socket(central.url, station_id, access=access):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


# --- Basic ---

KEYS: dict[str, tuple[Access, int]] = {
    "as text": (Access(key=KEY), 101),
    "as the bytes of its hex": (Access(key=bytes.fromhex(KEY)), 101),
    "another": (WRONG, 401),
    "none": (OPEN, 401),
    "empty": (Access(key=""), 401),
    "not Basic": (Access(headers={"Authorization": f"Bearer {KEY}"}), 401),
    "not base64": (Access(headers={"Authorization": "Basic ***"}), 401),
    "of another station": (
        Access(
            headers={"Authorization": f"Basic {base64.b64encode(f'CP2:{KEY}'.encode()).decode()}"}
        ),
        401,
    ),
}


@pytest.mark.parametrize(("access", "status"), KEYS.values(), ids=KEYS)
async def test_a_station_has_to_know_its_key(
    either: Central, ports: Ports, access: Access, status: int
) -> None:
    """T27"""
    ports.stations = {"CP1": keyed_station(KEY), "CP2": keyed_station("another")}

    assert await status_of(either, "CP1", access) == status


async def test_a_refusal_is_no_error_of_ours(
    either: Central, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever tries keys does not fill the error log."""
    ports.stations = {"CP1": keyed_station(KEY)}

    assert await status_of(either, "CP1", WRONG) == 401
    await asyncio.sleep(0.1)

    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_lower_case_key_is_recognised_in_bytes(central: Central, ports: Ports) -> None:
    ports.stations = {"CP1": keyed_station(KEY.lower())}

    assert await status_of(central, "CP1", Access(key=bytes.fromhex(KEY))) == 101


async def test_an_id_may_hold_colons(either: Central, ports: Ports) -> None:
    ports.stations = {"NL:CPO:1": keyed_station("a:key")}

    assert await status_of(either, "NL:CPO:1", Access(key="a:key")) == 101


async def test_an_unknown_station_and_a_wrong_key_look_alike(either: Central, ports: Ports) -> None:
    """T27, T28: status, headers and body are the same."""
    ports.stations, ports.unknown = {"CP1": keyed_station(KEY)}, None
    answers = []
    for station_id in ("CP1", "NOBODY", "no%00body", "x" * 100):
        with pytest.raises(InvalidStatus) as refused:
            async with socket(either.url, station_id, access=WRONG):
                pass
        response = refused.value.response
        headers = {name: value for name, value in response.headers.raw_items() if name != "Date"}
        answers.append((response.status_code, sorted(headers), response.body))

    assert answers == [answers[0]] * 4
    assert answers[0][0] == 401


async def test_an_unknown_station_and_a_wrong_key_take_the_same_time(
    central: Central, ports: Ports
) -> None:
    """T27: by the medians of a hundred tries each, in turn."""
    ports.stations, ports.unknown = {"CP1": keyed_station(KEY)}, None
    times: dict[str, list[float]] = {"CP1": [], "NOBODY": []}
    for _ in range(100):
        for station_id, taken in times.items():
            began = time.perf_counter()
            await status_of(central, station_id, WRONG)
            taken.append(time.perf_counter() - began)

    known, unknown = (median(taken) for taken in times.values())
    assert abs(known - unknown) < 0.3 * known


def test_a_header_without_the_station_has_no_key() -> None:
    assert basic_key("Basic " + base64.b64encode(b"CP1").decode(), "CP1") == b""


# --- profiles ---

BASIC, TLS_BASIC = SecurityProfile.BASIC, SecurityProfile.TLS_BASIC
NONE, CERTIFICATE = SecurityProfile.NONE, SecurityProfile.TLS_CERTIFICATE
BY_PROXY: dict[str, tuple[SecurityProfile, Access, int]] = {
    "none, plain": (NONE, OPEN, 101),
    "basic, plain": (BASIC, RIGHT, 101),
    "basic, TLS": (BASIC, Access(key=KEY, headers=HTTPS), 101),
    "TLS and basic, plain": (TLS_BASIC, RIGHT, 401),
    "TLS and basic, TLS": (TLS_BASIC, Access(key=KEY, headers=HTTPS), 101),
    "TLS and basic, no key": (TLS_BASIC, Access(headers=HTTPS), 401),
    "certificate, only a key": (CERTIFICATE, Access(key=KEY, headers=HTTPS), 401),
    "certificate, plain": (
        CERTIFICATE,
        Access(headers={"X-Client-Certificate-Subject": "CN=CP1"}),
        401,
    ),
    "certificate": (
        CERTIFICATE,
        Access(headers={**HTTPS, "X-Client-Certificate-Subject": "CN=CP1,O=Example"}),
        101,
    ),
    "certificate of another": (
        CERTIFICATE,
        Access(headers={**HTTPS, "X-Client-Certificate-Subject": "CN=CP2,O=CP1"}),
        401,
    ),
}


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(("profile", "access", "status"), BY_PROXY.values(), ids=BY_PROXY)
async def test_a_station_does_not_get_in_below_its_profile(
    ports: Ports, front: str, profile: SecurityProfile, access: Access, status: int
) -> None:
    """T27: behind a proxy that ends TLS."""
    ports.stations = {"CP1": keyed_station(KEY, profile)}
    async with FRONTS[front](ports, trusted=("127.0.0.1",)) as central:
        assert await status_of(central, "CP1", access) == status


FORGED: dict[str, tuple[SecurityProfile, Access]] = {
    "TLS": (TLS_BASIC, Access(key=KEY, headers=HTTPS)),
    "a certificate": (
        CERTIFICATE,
        Access(headers={**HTTPS, "X-Client-Certificate-Subject": "CN=CP1"}),
    ),
}


@pytest.mark.parametrize(("profile", "access"), FORGED.values(), ids=FORGED)
async def test_a_proxy_that_is_not_trusted_is_not_believed(
    either: Central, ports: Ports, profile: SecurityProfile, access: Access
) -> None:
    ports.stations = {"CP1": keyed_station(KEY, profile)}

    assert await status_of(either, "CP1", access) == 401


async def test_the_certificate_may_bear_another_name_that_is_set(ports: Ports) -> None:
    ports.stations = {
        "CP1": StationCredentials(CERTIFICATE, certificate_subject="serial-4711"),
    }
    subject = Access(headers={**HTTPS, "X-Client-Certificate-Subject": "/O=Example/CN=serial-4711"})
    async with on_shared_port(ports, trusted=("127.0.0.0/8",)) as central:
        assert await status_of(central, "CP1", subject) == 101


SUBJECTS = {
    "CN=CP1,O=Example": {"CP1"},
    "O=Example, CN = CP1": {"CP1"},
    "/C=NL/O=Example/CN=CP1": {"CP1"},
    r"CN=CP\,1,O=Example": {"CP,1"},
    "O=CN CP1": set(),
    "CP1": {"CP1"},
    "": set(),
}


@pytest.mark.parametrize(("subject", "names"), SUBJECTS.items(), ids=SUBJECTS)
def test_a_subject_is_read_as_proxies_write_it(subject: str, names: set[str]) -> None:
    assert names_in_subject(subject) == names


PEERS = {
    "10.1.2.3": True,
    "::ffff:10.1.2.3": True,
    "11.1.2.3": False,
    "nonsense": False,
    "": False,
}


@pytest.mark.parametrize(("address", "trusted"), PEERS.items(), ids=PEERS)
def test_a_proxy_is_trusted_by_its_address(address: str, *, trusted: bool) -> None:
    assert TrustedProxies.parse(["10.0.0.0/8"]).trusts(address) is trusted


# --- TLS of our own ---


@asynccontextmanager
async def with_tls(ports: Ports, folder: Path, issuer: trustme.CA) -> AsyncIterator[Central]:
    """A port with TLS that verifies client certificates by the issuer."""
    server = issuer.issue_cert("127.0.0.1")
    certificate, key, authority = folder / "server.pem", folder / "key.pem", folder / "ca.pem"
    server.cert_chain_pems[0].write_to_path(str(certificate))
    server.private_key_pem.write_to_path(str(key))
    issuer.cert_pem.write_to_path(str(authority))
    async with on_own_port(ports, tls=server_tls(certificate, key, authority)) as central:
        yield central


def client(issuer: trustme.CA, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A station's TLS, with its certificate if it has one."""
    context = ssl.create_default_context()
    issuer.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    return context


async def test_profile_3_takes_a_certificate_in_the_name_of_the_station(
    ports: Ports, tmp_path: Path
) -> None:
    issuer = trustme.CA()
    ports.stations = dict.fromkeys(("cp1", "cp2"), StationCredentials(CERTIFICATE))
    by_name = Access(tls=client(issuer, issuer.issue_cert("other.example", common_name="cp1")))
    by_alternative = Access(tls=client(issuer, issuer.issue_cert("cp1")))
    without = Access(tls=client(issuer))
    async with with_tls(ports, tmp_path, issuer) as central:
        found = [
            await status_of(central, station_id, access)
            for station_id, access in (
                ("cp1", by_name),
                ("cp1", by_alternative),
                ("cp2", by_name),
                ("cp1", without),
            )
        ]

    assert found == [101, 101, 401, 401]


async def test_a_certificate_of_another_issuer_ends_the_handshake(
    ports: Ports, tmp_path: Path
) -> None:
    issuer = trustme.CA()
    ports.stations = {"CP1": StationCredentials(CERTIFICATE)}
    stranger = Access(tls=client(issuer, trustme.CA().issue_cert("CP1")))
    async with with_tls(ports, tmp_path, issuer) as central:
        with pytest.raises((OSError, EOFError, WebSocketException)):
            async with socket(central.url, "CP1", access=stranger):
                pass

    assert ports.coming == []


async def test_profile_2_needs_no_certificate(ports: Ports, tmp_path: Path) -> None:
    issuer = trustme.CA()
    ports.stations = {"CP1": keyed_station(KEY, TLS_BASIC)}
    async with (
        with_tls(ports, tmp_path, issuer) as central,
        charger(central.url, "CP1", access=Access(key=KEY, tls=client(issuer))) as station,
    ):
        answer = await station.heartbeat()

    assert answer.current_time


# --- the newest wins ---


async def test_attackers_do_not_touch_a_connected_station(either: Central, ports: Ports) -> None:
    """T28: a hundred tries without the key, and the station has not noticed."""
    ports.stations = {"CP1": keyed_station(KEY)}
    async with charger(either.url, "CP1", access=RIGHT) as station:
        connection = await either.connection("CP1")
        tries = await asyncio.gather(*(status_of(either, "CP1", WRONG) for _ in range(100)))
        await station.heartbeat()

        assert either.registry.get("CP1") is connection
    assert set(tries) == {401}
    assert len(ports.coming) == 1


async def test_the_newest_connection_of_a_station_counts(either: Central, ports: Ports) -> None:
    """T28: the older is closed, what waits for it fails, and the station is never gone."""
    async with charger(either.url, "CP1") as older:
        older.silent.add("ClearCache")
        connection = await either.connection("CP1")
        calling = asyncio.create_task(connection.call("ClearCache", {}, timeout=30))
        await older.expect("ClearCache")
        async with charger(either.url, "CP1") as newer:
            code = await older.closed()
            with pytest.raises(NotConnected):
                await calling
            await newer.heartbeat()
            counted = either.registry.get("CP1")
            gone_meanwhile = list(ports.going)
        await until(lambda: bool(ports.going))

    assert code == REPLACED
    assert counted is not connection
    assert gone_meanwhile == []
    assert len(ports.going) == 1
    assert either.registry.replaced == 1


async def test_a_station_behind_a_dead_line_is_back_at_once(either: Central) -> None:
    """T28: in less than two seconds."""
    async with socket(either.url, "CP1") as dead:
        await either.connection("CP1")
        dead.transport.pause_reading()
        began = time.monotonic()
        async with charger(either.url, "CP1") as station:
            await station.heartbeat()
            took = time.monotonic() - began
        dead.transport.abort()

    assert took < 2


# --- sub-protocols ---


async def test_the_newest_version_that_both_speak_is_spoken(either: Central, ports: Ports) -> None:
    async with socket(either.url, "CP1", version="both") as station:
        await until(lambda: bool(ports.coming))
        spoken = station.subprotocol

    assert spoken == "ocpp2.0.1"
    assert ports.coming[0].version is Version.V201


@pytest.mark.parametrize("version", ["another", "none"])
async def test_without_a_common_version_the_connection_is_closed(
    either: Central, ports: Ports, version: str
) -> None:
    async with socket(either.url, "CP1", version=version) as station:
        async with asyncio.timeout(5):
            await station.wait_closed()
        code, spoken = station.close_code, station.subprotocol

    assert (code, spoken) == (1002, None)
    assert ports.coming == []


async def test_a_station_that_offers_nothing_speaks_what_is_set_for_it(
    either: Central, ports: Ports
) -> None:
    ports.unknown = open_station(subprotocol=Version.V16)
    async with socket(either.url, "CP1", version="none") as station:
        await station.send('[2,"m1","Heartbeat",{}]')
        answer = await station.recv()

    assert str(answer).startswith('[3,"m1"')
    assert ports.coming[0].version is Version.V16


async def test_a_browser_is_told_what_this_is_for(central: Central) -> None:
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(central.url.replace("ws://", "http://") + "/CP1")

    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
