"""Security profiles over real TLS: who gets in, who does not, and that nobody else is disturbed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from websockets.exceptions import InvalidStatus

from tests.chargers import OPEN, Access, charger, socket
from tests.e2e.conftest import StartCpo
from tests.e2e.cpo.process import CpoProcess
from tests.serving import free_port

VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


@dataclass
class Guarded:
    """An adapter with a TLS port; P1, P2 and P3 have the profiles of their names."""

    cpo: CpoProcess
    tls_url: str
    authority: trustme.CA
    keys: dict[str, str | None]

    def tls(self, name: str | None = None) -> ssl.SSLContext:
        """A station that trusts our authority; `name` is in its own certificate."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if name is not None:
            self.authority.issue_cert(common_name=name).configure_cert(context)
        return context

    def access(self, station_id: str) -> Access:
        """What the station shows when it does everything right."""
        if station_id == "P3":
            return Access(tls=self.tls("P3"))
        return Access(key=self.keys[station_id], tls=self.tls() if station_id == "P2" else None)

    def url(self, access: Access) -> str:
        """Where a station connects that shows this."""
        return self.cpo.stations_url if access.tls is None else self.tls_url

    async def refusal(self, station_id: str, access: Access) -> int:
        """The HTTP status of a handshake; 101 lets it in."""
        try:
            async with socket(self.url(access), station_id, access=access):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code


@pytest.fixture
async def guarded(start_cpo: StartCpo, tmp_path: Path) -> AsyncIterator[Guarded]:
    """The adapter with its certificate, and an authority for those of stations."""
    authority, port = trustme.CA(), free_port()
    server = authority.issue_cert("127.0.0.1")
    files = {name: str(tmp_path / f"{name}.pem") for name in ("certificate", "key", "client_ca")}
    server.cert_chain_pems[0].write_to_path(files["certificate"])
    server.private_key_pem.write_to_path(files["key"])
    authority.cert_pem.write_to_path(files["client_ca"])
    settings = {f"TLS_{name.upper()}": path for name, path in files.items()}
    async with start_cpo(TLS_PORT=str(port), **settings) as cpo:
        keys = {
            f"P{profile}": await cpo.add_station(f"P{profile}", profile=profile)
            for profile in (1, 2, 3)
        }
        yield Guarded(cpo, f"wss://127.0.0.1:{port}/ocpp", authority, keys)


@VERSIONS
async def test_stations_of_every_profile_get_in(guarded: Guarded, version: str) -> None:
    booted = {}
    for station_id in ("P1", "P2", "P3"):
        access = guarded.access(station_id)
        url = guarded.url(access)
        async with charger(url, station_id, version=version, access=access) as station:
            booted[station_id] = (await station.boot()).status

    assert booted == dict.fromkeys(("P1", "P2", "P3"), "Accepted")


async def test_less_than_its_profile_and_the_proof_of_another_are_refused(guarded: Guarded) -> None:
    """T27: by less TLS, without the key or the certificate, or with those of somebody else."""
    keys = guarded.keys
    wrong = {
        "P1 without a key": ("P1", OPEN),
        "P1 with another's key": ("P1", Access(key=keys["P2"])),
        "P2 without TLS": ("P2", Access(key=keys["P2"])),
        "P2 without a key": ("P2", Access(tls=guarded.tls())),
        "P2 with a certificate alone": ("P2", Access(tls=guarded.tls("P2"))),
        "P3 without TLS": ("P3", OPEN),
        "P3 without a certificate": ("P3", Access(tls=guarded.tls())),
        "P3 with another's certificate": ("P3", Access(tls=guarded.tls("P2"))),
        "somebody unknown": ("P4", Access(tls=guarded.tls("P4"))),
    }

    refusals = {name: await guarded.refusal(*shown) for name, shown in wrong.items()}

    assert refusals == dict.fromkeys(wrong, 401)
    assert [await guarded.refusal(name, guarded.access(name)) for name in keys] == [101] * 3


async def test_a_forwarded_word_of_tls_is_not_believed_from_anybody(guarded: Guarded) -> None:
    claims = {"X-Forwarded-Proto": "https", "X-Client-Certificate-Subject": "CN=P3"}

    with_key = await guarded.refusal("P2", Access(key=guarded.keys["P2"], headers=claims))
    with_name = await guarded.refusal("P3", Access(headers=claims))

    assert (with_key, with_name) == (401, 401)


async def test_a_connected_station_feels_nothing_of_a_hundred_impostors(guarded: Guarded) -> None:
    """T28: authentication comes before the connection that is there."""
    access = guarded.access("P2")
    impostor = Access(key="0" * 40, tls=guarded.tls())
    async with charger(guarded.tls_url, "P2", access=access) as station:
        await station.boot()
        refusals = [
            await asyncio.gather(*(guarded.refusal("P2", impostor) for _ in range(20)))
            for _ in range(5)
        ]
        beat = await station.heartbeat()

    assert refusals == [[401] * 20] * 5
    assert beat.current_time


async def test_the_newest_connection_with_the_right_key_wins(guarded: Guarded) -> None:
    """T28: a half-open connection locks nobody out."""
    access = guarded.access("P1")
    url = guarded.url(access)
    async with charger(url, "P1", access=access) as before:
        await before.boot()
        async with charger(url, "P1", access=access) as after:
            await after.boot()
            closed = await before.closed()
            beat = await after.heartbeat()

    assert closed is not None
    assert beat.current_time
