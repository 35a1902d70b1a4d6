"""CDRs: forwarded at once, kept while their receiver is away, delivered once, shown to two."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests import samples
from tests.hub.network import Network, data_of, eventually, running_network, status
from tests.parties import RecordingParty, envelope, json_bytes

RAW = b"\n" + json_bytes(samples.cdr()) + b" "


async def post(cpo: RecordingParty, raw: bytes = RAW, to: str | None = "DE/EMS") -> httpx.Response:
    return await cpo.call("POST", "receiver", "cdrs", body=raw, to=to)


async def states(network: Network) -> dict[str, str]:
    async with network.db.hot() as conn:
        rows = await conn.execute("SELECT id, state FROM hub.cdrs")
        return dict(await rows.fetchall())


def posts(emsp: RecordingParty) -> list[bytes]:
    return [r.body for r in emsp.of("POST", "/receiver/cdrs")]


async def test_a_cdr_is_forwarded_as_it_came_and_its_location_is_the_hubs(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    response = await post(cpo)

    assert status(response) == (201, 1000)
    assert response.headers["Location"].startswith(f"{network.url}/ocpi/receiver/2.2.1/cdrs/")
    assert response.headers["OCPI-from-party-id"] == "EMS"
    assert posts(emsp) == [RAW]
    assert await states(network) == {"cdr1": "delivered"}


async def test_twenty_at_once_are_one(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """F14."""
    answers = await asyncio.gather(*(post(cpo) for _ in range(20)))

    assert {answer.json()["status_code"] for answer in answers} == {1000}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert posts(emsp) == [RAW]


async def test_the_same_cdr_in_other_bytes_is_the_same(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    first = await post(cpo)
    again = await post(cpo, RAW.replace(b'":12.345', b'" : 12.3450'))

    assert status(again) == (200, 1000)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(posts(emsp)) == 1


async def test_another_cdr_under_a_known_id_is_refused_and_kept_as_evidence(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await post(cpo)
    other = json_bytes(samples.cdr(meter_id="ANOTHER"))

    response = await post(cpo, other)

    assert status(response) == (200, 2001)
    assert len(posts(emsp)) == 1
    async with network.db.hot() as conn:
        rows = await (await conn.execute("SELECT raw FROM hub.cdr_conflicts")).fetchall()
    assert rows == [(other,)]


async def test_a_refusal_is_passed_on_and_the_cdr_may_be_sent_again(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.say(lambda: envelope(None, 2001, message="which session?"), method="POST")

    refused = await post(cpo)
    emsp.answer = None
    again = await post(cpo)

    assert status(refused) == (200, 2001)
    assert refused.json()["status_message"].startswith("which session?")
    assert "Location" not in refused.headers
    assert status(again) == (201, 1000)
    assert posts(emsp) == [RAW, RAW]


async def test_a_failure_of_the_receiver_is_passed_on_and_the_cdr_tried_again(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.say(lambda: envelope(None, 3001), method="POST")
    failed = await post(cpo)
    emsp.answer = None

    assert status(failed) == (200, 3001)
    await eventually(lambda: _is(network, "delivered"), within=15)
    assert posts(emsp) == [RAW, RAW]


async def test_a_receiver_that_hangs_leaves_the_cdr_with_the_hub(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.answer = emsp.never

    response = await post(cpo)

    assert status(response) == (200, 1000)
    assert response.elapsed.total_seconds() < 6
    fetched = await cpo.request("GET", response.headers["Location"], from_="NL/CPO")
    assert data_of(fetched) == samples.cdr()
    assert await states(network) == {"cdr1": "held"}


async def test_a_receiver_that_is_back_gets_every_cdr_once(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await network.stop(emsp)
    raws = [json_bytes(samples.cdr(id=f"CDR{n}")) for n in range(30)]
    answers = [await post(cpo, raw) for raw in raws]
    await network.start(emsp)

    assert {status(answer) for answer in answers} == {(200, 1000)}
    await eventually(lambda: _is(network, "delivered"), within=40)
    assert Counter(posts(emsp)) == Counter(raws)


async def test_a_receiver_that_refuses_the_hubs_token_loses_no_cdr(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    right, emsp.token = emsp.token, "another"

    response = await post(cpo)

    assert status(response) == (200, 1000)
    assert await states(network) == {"cdr1": "held"}
    emsp.token = right
    await eventually(lambda: _is(network, "delivered"), within=40)
    assert posts(emsp) == [RAW]


async def test_a_receiver_that_only_pulls_finds_its_cdrs_in_the_list(
    network: Network, cpo: RecordingParty
) -> None:
    emsp = await network.join("DE/EMS/EMSP", receivers=("locations",))

    response = await post(cpo)

    listed = await emsp.call("GET", "sender", "cdrs", to="NL/HUB")
    assert status(response) == (200, 1000)
    assert data_of(listed) == [samples.cdr()]


@pytest.mark.parametrize("verb", ["suspend", "remove"])
async def test_a_receiver_that_does_not_take_part_gets_no_cdr(
    network: Network, cpo: RecordingParty, emsp: RecordingParty, verb: str
) -> None:
    await network.run("partner", verb, "platform-2")
    await network.hub.registry.refresh()

    assert status(await post(cpo)) == (200, 4003)
    assert await states(network) == {}


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        pytest.param("FR/XXX", (200, 4001), id="unknown"),
        pytest.param("FR/OTH", (200, 2001), id="not the token's owner"),
        pytest.param("NL/HUB", (200, 2001), id="the hub"),
    ],
)
async def test_a_cdr_goes_to_the_owner_of_its_token_only(
    network: Network, cpo: RecordingParty, emsp: RecordingParty, to: str, expected: Any
) -> None:
    other = await network.join("FR/OTH/EMSP")

    assert status(await post(cpo, to=to)) == expected
    assert posts(other) == posts(emsp) == []


@pytest.mark.parametrize("away", ["stopped", "hanging"])
async def test_without_custody_the_cpo_hears_that_it_was_not_delivered(
    database_url: str, away: str
) -> None:
    async with running_network(database_url, cdr_custody="false") as network:
        cpo = await network.join("NL/CPO/CPO")
        emsp = await network.join("DE/EMS/EMSP")
        if away == "stopped":
            await network.stop(emsp)
        else:
            emsp.answer = emsp.never

        response = await post(cpo)

        assert status(response) == (200, 4003 if away == "stopped" else 4002)
        assert await states(network) == {"cdr1": "refused"}


async def _is(network: Network, state: str) -> bool:
    return set((await states(network)).values()) == {state}
