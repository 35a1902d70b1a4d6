"""Sessions and CDRs that were made while nobody could be told are read, and billed once."""

from __future__ import annotations

from functools import partial

import pytest

from emsp_adapter.contracts.clearing import Clearing
from tests.emsp_adapter.contracts import card, cdr, moment, publish, session
from tests.emsp_adapter.running import Adapter, adapter, cpo
from tests.partners import eventually


async def _billed(emsp: Adapter) -> bool:
    return await emsp.row("SELECT count(bill_id) FROM cdrs") == (1,)


async def test_an_adapter_that_was_down_gets_the_cdrs_and_bills_them_once(
    emsp_database_url: str,
) -> None:
    async with adapter(emsp_database_url) as emsp, cpo(emsp) as partner:
        await publish(partner)
        made = await card(emsp, await emsp.driver())
        now = moment(emsp.office.now())
        await emsp.stop()
        told = session(made, status="COMPLETED", last_updated=now)
        partner.party.lists["sessions"] = [told, session(made, id="THEIRS", party_id="OTH")]
        partner.party.lists["cdrs"] = [cdr(made, last_updated=now)]

        await emsp.start()
        await eventually(partial(_billed, emsp))
        await emsp.stop()
        await emsp.start()
        asked = len(partner.party.of("GET", "/sender/cdrs"))
        await eventually(lambda: len(partner.party.of("GET", "/sender/cdrs")) > asked)

        assert await emsp.rows("SELECT id, status FROM sessions") == [("session1", "COMPLETED")]
        assert await emsp.rows("SELECT cdr_id, state FROM cdrs") == [("cdr1", "accepted")]
        assert await emsp.row("SELECT count(*) FROM bills") == (1,)
        assert await emsp.row("SELECT count(*) FROM charges") == (1,)


async def test_the_list_of_sessions_is_never_asked_for_without_a_date(
    emsp_database_url: str,
) -> None:
    async with adapter(emsp_database_url) as emsp, cpo(emsp) as partner:
        await eventually(lambda: bool(partner.party.of("GET", "/sender/sessions")))

    assert "date_from=" in partner.party.of("GET", "/sender/sessions")[0].query


async def test_a_cdr_that_was_taken_before_a_crash_is_priced_after_it(
    emsp_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def died(_self: Clearing) -> None:
        return

    async with adapter(emsp_database_url) as emsp, cpo(emsp) as partner:
        with monkeypatch.context() as patched:
            patched.setattr(Clearing, "step", died)
            await publish(partner)
            await partner.post_cdr(cdr(await card(emsp, await emsp.driver())))
            before = await emsp.rows("SELECT state FROM cdrs")
            await emsp.stop()
        await emsp.start()
        await eventually(partial(_billed, emsp))

    assert before == [("received",)]
