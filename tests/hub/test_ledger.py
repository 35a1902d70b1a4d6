"""Sessions: kept for their two parties, and forwarded once, whatever the ledger makes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests import samples
from tests.hub.network import Network, data_of, status
from tests.parties import RecordingParty, json_bytes

EARLIER = "2026-01-15T10:30:00Z"
LAST = "2026-01-15T12:00:00Z"
ALL = "?date_from=2000-01-01T00:00:00Z"


@pytest.fixture
def cpo(shared_cpo: RecordingParty) -> RecordingParty:
    """NL/CPO, with nothing received yet."""
    shared_cpo.begin_anew()
    return shared_cpo


@pytest.fixture
def emsp(shared_emsp: RecordingParty) -> RecordingParty:
    """DE/EMS, with nothing received yet."""
    shared_emsp.begin_anew()
    return shared_emsp


async def put(cpo: RecordingParty, id_: str, *, to: str | None = None, **fields: Any) -> Any:
    body = samples.session(id=id_, **fields)
    return status(await cpo.call("PUT", "receiver", "sessions", f"NL/CPO/{id_}", body, to=to))


async def patch(cpo: RecordingParty, id_: str, *, to: str | None = None, **fields: Any) -> Any:
    body = {"last_updated": LAST} | fields
    return status(await cpo.call("PATCH", "receiver", "sessions", f"NL/CPO/{id_}", body, to=to))


async def kept(emsp: RecordingParty, id_: str) -> dict[str, Any]:
    """The session as its eMSP finds it at the hub."""
    listed = await emsp.call("GET", "sender", "sessions", ALL, to="NL/HUB")
    (found,) = [session for session in data_of(listed) if session["id"] == id_]
    return dict(found)


async def test_a_session_is_forwarded_and_kept(cpo: RecordingParty, emsp: RecordingParty) -> None:
    assert await put(cpo, "KEPT") == (200, 1000)

    assert [r.json for r in emsp.of("PUT", "/receiver/sessions")] == [samples.session(id="KEPT")]
    assert await kept(emsp, "KEPT") == samples.session(id="KEPT")


async def test_a_patch_adds_its_periods_once(cpo: RecordingParty, emsp: RecordingParty) -> None:
    await put(cpo, "PERIODS")
    second = samples.charging_period(start_date_time=samples.LATER)

    for _ in range(2):
        answer = await patch(cpo, "PERIODS", charging_periods=[second], kwh=Decimal("20.10"))

    assert answer == (200, 1000)
    assert len(emsp.of("PATCH", "/receiver/sessions/NL/CPO/PERIODS")) == 2
    session = await kept(emsp, "PERIODS")
    assert session["charging_periods"] == [samples.charging_period(), second]
    assert session["kwh"] == Decimal("20.10")


async def test_a_final_session_does_not_change_any_more(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await put(cpo, "FINAL", status="COMPLETED")
    emsp.received.clear()

    assert await patch(cpo, "FINAL", kwh=99) == (200, 2001)
    assert await put(cpo, "FINAL", kwh=99) == (200, 2001)
    assert not emsp.received
    assert (await kept(emsp, "FINAL"))["kwh"] == samples.session()["kwh"]


async def test_the_final_state_may_be_repeated(cpo: RecordingParty, emsp: RecordingParty) -> None:
    await put(cpo, "AGAIN", status="COMPLETED")

    assert await put(cpo, "AGAIN", status="COMPLETED") == (200, 1000)
    assert len(emsp.of("PUT", "/receiver/sessions/NL/CPO/AGAIN")) == 2


async def test_an_older_state_is_forwarded_and_changes_nothing_here(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await put(cpo, "OLDER")

    assert await put(cpo, "OLDER", last_updated=EARLIER, kwh=1) == (200, 1000)

    assert emsp.of("PUT", "/receiver/sessions/NL/CPO/OLDER")[-1].json["kwh"] == 1
    assert (await kept(emsp, "OLDER"))["last_updated"] == samples.LATER


async def test_a_patch_finds_its_emsp_in_the_ledger_and_no_other_will_do(
    shared_network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    other = await shared_network.join("FR/OTH/EMSP")
    await put(cpo, "WHOSE")

    assert await patch(cpo, "WHOSE", kwh=13) == (200, 1000)
    assert await patch(cpo, "WHOSE", kwh=14, to="FR/OTH") == (200, 2001)
    assert [r.json["kwh"] for r in emsp.of("PATCH", "/receiver/sessions")] == [13]
    assert not other.of("PATCH", "/receiver/sessions")


async def test_a_session_does_not_change_its_emsp(
    shared_network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await shared_network.join("FR/NEW/EMSP")
    await put(cpo, "MOVED")

    token = samples.cdr_token(country_code="FR", party_id="NEW")
    assert await put(cpo, "MOVED", cdr_token=token) == (200, 2001)


async def test_a_patch_of_a_session_nobody_has_seen_needs_a_receiver(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    assert await patch(cpo, "UNSEEN", kwh=1) == (200, 4001)
    assert await patch(cpo, "UNSEEN", kwh=1, to="DE/EMS") == (200, 1000)
    assert len(emsp.of("PATCH", "/receiver/sessions/NL/CPO/UNSEEN")) == 1


async def test_a_session_whose_emsp_is_away_is_kept_though_not_forwarded(
    network: Network,
) -> None:
    cpo = await network.join("NL/CPO/CPO")
    emsp = await network.join("DE/EMS/EMSP")
    await network.stop(emsp)

    assert await put(cpo, "AWAY") == (200, 4003)

    await network.start(emsp)
    assert await kept(emsp, "AWAY") == samples.session(id="AWAY")


async def test_a_session_is_not_for_the_hub(cpo: RecordingParty) -> None:
    assert await put(cpo, "HUBS", to="NL/HUB") == (200, 2001)


# --- who sees what ---------------------------------------------------------------------------


async def listed(party: RecordingParty, module: str) -> httpx.Response:
    return await party.call("GET", "sender", module, ALL, to="NL/HUB")


async def test_nobody_else_sees_a_session_or_cdr_nor_how_many_there_are(
    shared_network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """T7."""
    other = await shared_network.join("FR/SPY/EMSP")
    await put(cpo, "SECRET")
    await cpo.call("POST", "receiver", "cdrs", body=samples.cdr(id="SECRET"))

    for module in ("sessions", "cdrs"):
        mine, spied = await listed(emsp, module), await listed(other, module)
        assert int(mine.headers["X-Total-Count"]) == len(data_of(mine)) > 0
        assert (data_of(spied), spied.headers["X-Total-Count"]) == ([], "0")


async def test_a_cdr_is_listed_with_exact_decimals(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    price = b'{"excl_vat":4.0000,"incl_vat":4.840000000000000000001}'
    raw = b'"total_cost":' + price
    cdr = samples.cdr(id="EXACT", total_cost="HERE")

    await cpo.call(
        "POST",
        "receiver",
        "cdrs",
        body=json_bytes(cdr).replace(b'"total_cost":"HERE"', raw),
    )

    assert raw in (await listed(emsp, "cdrs")).content
