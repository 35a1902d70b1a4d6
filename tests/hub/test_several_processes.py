"""Two hubs on one database, and a hub whose database is lost for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from tests import samples
from tests.hub.network import Network, eventually, running_network, status
from tests.parties import RecordingParty


async def put(cpo: RecordingParty, *ids: str) -> None:
    for id_ in ids:
        body = samples.location(id=id_, evses=[])
        response = await cpo.call("PUT", "receiver", "locations", f"NL/CPO/{id_}", body)
        assert response.json()["status_code"] == 1000


def ids_of(emsp: RecordingParty) -> list[str]:
    return [r.path.rpartition("/")[2] for r in emsp.of("PUT", "/receiver/locations")]


@asynccontextmanager
async def two_hubs(database_url: str) -> AsyncIterator[tuple[Network, Network]]:
    async with running_network(database_url) as one, running_network(database_url) as two:
        yield one, two


async def test_two_hubs_on_one_database_tell_each_change_once(database_url: str) -> None:
    async with two_hubs(database_url) as (one, two):
        cpo = await one.join("NL/CPO/CPO")
        emsps = [await one.join(f"DE/E{n:02}/EMSP") for n in range(4)]
        await eventually(lambda: len(two.hub.registry.snapshot.parties) == 5)
        through = {**cpo.hub_endpoints}
        for n in range(20):
            port = (one, two)[n % 2].url
            cpo.hub_endpoints = {k: v.replace(one.url, port) for k, v in through.items()}
            await put(cpo, f"LOC{n}")

        await eventually(lambda: all(len({*ids_of(emsp)}) == 20 for emsp in emsps))
        assert [len(ids_of(emsp)) for emsp in emsps] == [20] * 4


async def test_a_hub_that_stops_leaves_its_receivers_to_the_other(database_url: str) -> None:
    async with running_network(database_url) as two:
        async with running_network(database_url) as one:
            cpo = await two.join("NL/CPO/CPO")
            emsp = await two.join("DE/EMS/EMSP")
            await put(cpo, "LOC1")
            await eventually(lambda: ids_of(emsp) == ["LOC1"])
            assert one.url != two.url
        await put(cpo, "LOC2")

        await eventually(lambda: ids_of(emsp) == ["LOC1", "LOC2"])


async def test_a_token_of_one_hub_is_good_at_the_other_and_its_end_is_known(
    database_url: str,
) -> None:
    async with two_hubs(database_url) as (one, two):
        party = await one.join("NL/CPO/CPO")

        at_once = await party.request("GET", two.versions_url)
        await one.run("partner", "suspend", "platform-1")

        assert at_once.status_code == 200

        async def refused() -> bool:
            return (await party.request("GET", two.versions_url)).status_code == 401

        await eventually(refused)


async def test_a_cdr_that_waits_is_handed_over_by_one_of_two_hubs(database_url: str) -> None:
    async with two_hubs(database_url) as (one, two):
        cpo = await one.join("NL/CPO/CPO")
        emsp = await one.join("DE/EMS/EMSP")
        await one.stop(emsp)
        for n in range(10):
            await cpo.call("POST", "receiver", "cdrs", body=samples.cdr(id=f"CDR{n}"))
        await one.start(emsp)

        await eventually(lambda: len(emsp.of("POST", "/receiver/cdrs")) >= 10, within=30)
        await two.hub.registry.refresh()
        posted = [r.json["id"] for r in emsp.of("POST", "/receiver/cdrs")]
        assert sorted(posted) == [f"CDR{n}" for n in range(10)]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_hub_goes_on_after_its_database_dropped_every_connection(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    async with await psycopg.AsyncConnection.connect(network.db.conninfo) as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid()"
        )

    async def written() -> bool:
        put_ = await cpo.call("PUT", "receiver", "locations", "NL/CPO/LOC1", samples.location())
        return status(put_)[1] == 1000

    await eventually(written, within=15)
    await eventually(lambda: "LOC1" in ids_of(emsp), within=15)
    await network.join("FR/NEW/CPO")
    await eventually(lambda: "FR/NEW/CPO" in emsp.clients, within=15)
