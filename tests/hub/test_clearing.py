"""Every CDR is priced again, and both parties read what comes of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from ocpi_hub.pricing.rules import Rule
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.store.clearing_modes import ClearingMode
from tests.hub import billing
from tests.hub.billing import MODULE, cleared, post
from tests.hub.network import Network, data_of, eventually, running_network, status
from tests.parties import RecordingParty, envelope

_DOCS = Path(__file__).parents[2] / "docs" / "clearing.md"


@pytest.fixture
async def cpo(network: Network) -> RecordingParty:
    """NL/CPO, with a Location and a Tariff, at a hub whose pricing process runs."""
    await network.hub.custody.clearing.process.warm()
    party = await network.join("NL/CPO/CPO")
    await billing.publish(party)
    return party


async def listed(party: RecordingParty, query: str = "") -> list[dict[str, Any]]:
    response = await party.call("GET", "sender", MODULE, query, to="NL/HUB")
    assert status(response) == (200, 1000), response.text
    found: list[dict[str, Any]] = data_of(response)
    return found


# --- the verdict ---------------------------------------------------------------------------------


async def test_a_cdr_that_is_too_high_says_which_line_is_wrong_to_both(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    response = await post(cpo, billing.too_high())

    for party in (cpo, emsp):
        found = await cleared(party)
        assert found["verdict"] == "mismatch"
        assert "total_energy_cost" in found["sentence"]
        assert "0.10" in found["sentence"]
        assert "20 kWh x 0.3" in found["sentence"]
    assert status(response) == (201, 1000)
    assert len(emsp.of("POST", billing.CDRS)) == 1


async def test_a_cdr_in_another_currency_than_its_tariff_has_no_exact_cost(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await post(cpo, billing.cdr(currency="USD"))

    found = await cleared(emsp)

    assert (found["verdict"], found["exact_cost"]) == ("not_comparable", None)
    assert parse_datetime(found["tariffs"][0]["received_at"])


async def test_docs_clearing_shows_what_is_served(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    (example,) = re.findall(r"```json\n(.+?)```", _DOCS.read_text(), re.DOTALL)
    await post(cpo, billing.too_high())

    found = await cleared(emsp)

    shown = json.loads(example)
    assert {name: found[name] for name in shown} == shown


def test_docs_clearing_names_every_field_and_rule() -> None:
    text = _DOCS.read_text()

    assert not [rule for rule in Rule if f"`{rule}`" not in text]
    assert not [mode for mode in ClearingMode if f"`{mode}`" not in text]


async def test_a_right_cdr_is_a_match_and_every_cent_is_explained(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await post(cpo, billing.cdr())

    found = await cleared(emsp)
    (line,) = (each for each in found["explanation"] if each["kind"] == "charge")
    assert (found["verdict"], found["flags"]) == ("match", [])
    assert found["exact_cost"] == {"excl_vat": "6", "incl_vat": "7.26"}
    assert line["excl_vat"] == "6"
    assert line["sentence"].startswith("ENERGY from 2026-01-15T11:00:00")
    assert found["time_zone"] == "Europe/Amsterdam"
    assert found["tariffs"][0]["source"] == "hub"


async def test_the_answer_to_a_cdr_carries_the_verdict(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    message = (await post(cpo, billing.cdr())).json()["status_message"]

    assert message.startswith("match: ")


async def test_what_the_receiver_says_comes_before_the_verdict(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.say(lambda: envelope(None, 1000, message="thank you"), method="POST")

    body = (await post(cpo, billing.too_high())).json()

    assert body["status_code"] == 1000
    assert body["status_message"].startswith("thank you; mismatch: ")
    assert len(body["status_message"]) <= 255


# --- the module ----------------------------------------------------------------------------------


async def test_the_module_stands_in_the_version_details(cpo: RecordingParty) -> None:
    assert cpo.hub_endpoints[(MODULE, "SENDER")].endswith(f"/ocpi/sender/2.2.1/{MODULE}")


async def test_one_clearing_is_found_by_its_cdr(cpo: RecordingParty, emsp: RecordingParty) -> None:
    await post(cpo, billing.cdr())
    await cleared(cpo)

    found = await emsp.call("GET", "sender", MODULE, "nl/cpo/cdr1", to="NL/HUB")

    assert data_of(found)["verdict"] == "match"


async def test_nobody_else_sees_a_clearing(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """T7."""
    other = await network.join("FR/OTH/EMSP")
    await post(cpo, billing.cdr())
    await cleared(cpo)

    one = await other.call("GET", "sender", MODULE, "NL/CPO/CDR1")

    assert one.status_code == 404
    assert await listed(other) == []


async def test_the_list_comes_in_pages_and_by_date(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    for n in range(3):
        await post(cpo, billing.cdr(id=f"CDR{n}", session_id=f"SESSION{n}"))
        await cleared(cpo, f"CDR{n}")

    page = await emsp.call("GET", "sender", MODULE, "?limit=2")
    following = await emsp.request("GET", page.links["next"]["url"], from_="DE/EMS")

    assert page.headers["X-Total-Count"] == "3"
    assert [each["cdr_id"] for each in data_of(page)] == ["CDR0", "CDR1"]
    assert [each["cdr_id"] for each in data_of(following)] == ["CDR2"]
    assert await listed(emsp, "?date_to=2026-02-01T00:00:00Z") == []


async def test_the_module_is_the_hubs_and_no_partys(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    response = await emsp.call("GET", "sender", MODULE, to="NL/CPO")

    assert status(response) == (200, 2001)


# --- a CDR that is wrong, by agreement -----------------------------------------------------------


async def agree(network: Network, mode: str) -> None:
    await network.run("agreement", "clearing", "NL/CPO", "DE/EMS", mode)
    await network.hub.registry.refresh()


async def cdrs_of(party: RecordingParty) -> list[str]:
    response = await party.call("GET", "sender", "cdrs", to="NL/HUB")
    return [cdr["id"] for cdr in data_of(response)]


async def test_a_wrong_cdr_is_held_and_only_its_cpo_sees_it(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await agree(network, "hold")

    response = await post(cpo, billing.too_high())

    assert status(response) == (200, 1000)
    assert response.headers["Location"].startswith(network.url)
    assert response.json()["status_message"].startswith("withheld; mismatch: ")
    assert emsp.of("POST", billing.CDRS) == []
    assert await cdrs_of(emsp) == []
    assert (await cleared(emsp))["cdr_state"] == "withheld"
    theirs = await cpo.request("GET", response.headers["Location"], from_="NL/CPO")
    assert data_of(theirs)["id"] == "CDR1"


async def test_a_right_cdr_is_not_held(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await agree(network, "hold")

    response = await post(cpo, billing.cdr())

    assert status(response) == (201, 1000)
    assert len(emsp.of("POST", billing.CDRS)) == 1


async def test_a_cdr_that_is_not_priced_in_time_is_held_until_it_is(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await agree(network, "hold")
    await network.hub.custody.clearing.process.stop()

    response = await post(cpo, billing.cdr())

    assert status(response) in ((200, 1000), (201, 1000))
    await eventually(lambda: len(emsp.of("POST", billing.CDRS)) == 1)


async def test_a_wrong_cdr_is_rejected_and_may_be_sent_again_when_it_is_right(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await agree(network, "reject")

    rejected = await post(cpo, billing.too_high())
    corrected = await post(cpo, billing.cdr())

    assert status(rejected) == (200, 2001)
    assert rejected.json()["status_message"].startswith("mismatch: total_energy_cost")
    assert status(corrected) == (201, 1000)
    assert [r.json["total_cost"] for r in emsp.of("POST", billing.CDRS)] == [
        billing.price("6.00", "7.26")
    ]


async def test_the_mode_is_agreed_and_shown_and_kept_for_the_record(network: Network) -> None:
    await agree(network, "hold")

    (shown,) = await network.run("agreement", "list")
    refused = await network.commands.aside("agreement", "clearing", "NL/CPO", "DE/EMS", "pay")
    async with network.db.hot() as conn:
        rows = await (await conn.execute("SELECT action, detail FROM hub.audit")).fetchall()

    assert shown["clearing"] == "hold"
    assert refused.code == 64
    assert "expected one of observe, hold, reject, got pay" in refused.stderr
    assert ("agreement.clearing", {"mode": "hold"}) in rows


# --- when pricing does not work ------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [("/bin/false",), ("/bin/sleep", "60"), ("/nowhere/at/all",)], ids=str
)
async def test_a_fault_in_pricing_delays_no_cdr(
    network: Network, cpo: RecordingParty, emsp: RecordingParty, command: tuple[str, ...]
) -> None:
    process = network.hub.custody.clearing.process
    await process.stop()
    process.command, process.timeout = command, 0.5

    response = await post(cpo, billing.cdr())

    assert status(response) == (201, 1000)
    assert response.elapsed.total_seconds() < 0.5
    assert len(emsp.of("POST", billing.CDRS)) == 1
    await eventually(lambda: _has_verdict(emsp, "error"), within=3)


async def test_after_a_fault_the_next_cdr_is_priced(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    process = network.hub.custody.clearing.process
    command = process.command
    await process.stop()
    process.command = ("/bin/false",)
    await post(cpo, billing.cdr())
    await eventually(lambda: _has_verdict(emsp, "error"))
    process.command = command

    await post(cpo, billing.cdr(id="CDR2", session_id="SESSION2"))

    await eventually(lambda: _has_verdict(emsp, "match"))


async def _has_verdict(party: RecordingParty, verdict: str) -> bool:
    return verdict in {each["verdict"] for each in await listed(party)}


async def test_what_was_missed_is_priced_after_a_restart(database_url: str) -> None:
    async with running_network(database_url) as network:
        cpo = await network.join("NL/CPO/CPO")
        emsp = await network.join("DE/EMS/EMSP")
        await billing.publish(cpo)
        await post(cpo, billing.too_high())
        async with network.db.hot() as conn:
            await conn.execute("DELETE FROM hub.clearings")
            await conn.execute("UPDATE hub.cdrs SET received_at = received_at - interval '1 h'")
        async with running_network(database_url) as again:
            emsp.hub_endpoints = {
                key: url.replace(network.url, again.url) for key, url in emsp.hub_endpoints.items()
            }

            await eventually(lambda: _has_verdict(emsp, "mismatch"), within=10)


async def test_two_hubs_clear_each_cdr_once(database_url: str) -> None:
    async with running_network(database_url) as one, running_network(database_url) as two:
        cpo = await one.join("NL/CPO/CPO")
        emsp = await one.join("DE/EMS/EMSP")
        await billing.publish(cpo)
        await two.hub.registry.refresh()
        for n in range(10):
            await post(cpo, billing.cdr(id=f"CDR{n}", session_id=f"SESSION{n}"))

        await eventually(lambda: _all_cleared(emsp, 10))
        counted = Counter[str]()
        for hub in (one, two):
            async with httpx.AsyncClient() as client:
                text = (await client.get(f"{hub.url}/metrics")).text
            counted.update(
                {
                    line.rpartition(" ")[0]: round(float(line.rpartition(" ")[2]))
                    for line in text.splitlines()
                    if line.startswith("ocpi_hub_cdrs_cleared_total")
                }
            )
        assert counted == {'ocpi_hub_cdrs_cleared_total{verdict="match"}': 10}


async def _all_cleared(party: RecordingParty, count: int) -> bool:
    return len(await listed(party)) == count


async def test_a_burst_is_taken_and_priced_afterwards(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    cdrs = [billing.cdr(id=f"CDR{n}", session_id=f"SESSION{n}") for n in range(60)]

    answers = await asyncio.gather(*(post(cpo, cdr) for cdr in cdrs))

    assert {status(answer) for answer in answers} == {(201, 1000)}
    await eventually(lambda: _all_cleared(emsp, 60), within=20)
