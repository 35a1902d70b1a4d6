"""One charge is billed once, whatever ids its CDRs bear, and what is held for it is let go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from emsp_adapter.contracts import cdrs, decisions
from emsp_adapter.store import evidence
from emsp_adapter.store.cdrs import CdrRow, CdrState
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from tests.emsp_adapter import charging
from tests.emsp_adapter.contracts import (
    BEGUN,
    ENDED,
    an_hour_from,
    card,
    cdr,
    cleared,
    costing,
    credit,
    moment,
    named,
    publish,
    session,
)
from tests.emsp_adapter.running import Adapter, Cpo
from tests.partners import eventually

CPO = Party("NL", "CPO")
AGAIN: dict[str, dict[str, Any]] = {
    "with another session": {"session_id": "SESSION9"},
    "with a blank behind it": {"session_id": "SESSION1 "},
    "without a session": {"session_id": None},
    "half an hour later": an_hour_from(BEGUN + timedelta(minutes=30)) | {"session_id": "SESSION9"},
}


@pytest.mark.parametrize("other", AGAIN.values(), ids=AGAIN)
async def test_a_charge_that_was_claimed_is_not_claimed_again(
    emsp: Adapter, partner: Cpo, other: dict[str, Any]
) -> None:
    await publish(partner)
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)
    await partner.post_cdr(sent | {"id": "CDR2"} | other)

    assert (await cleared(emsp))[0] == "accepted"
    assert await cleared(emsp, "CDR2") == (
        "disputed",
        "the charge was claimed before, by CDR cdr1",
    )


IN_ORDER: dict[str, dict[str, Any]] = {
    "the hour after it": an_hour_from(BEGUN + timedelta(hours=1)),
    "the hour before it": an_hour_from(BEGUN - timedelta(hours=1)),
}


@pytest.mark.parametrize("other", IN_ORDER.values(), ids=IN_ORDER)
async def test_one_charge_after_the_other_is_two(
    emsp: Adapter, partner: Cpo, other: dict[str, Any]
) -> None:
    await publish(partner)
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)
    await partner.post_cdr(sent | {"id": "CDR2", "session_id": "SESSION2"} | other)

    assert (await cleared(emsp))[0] == "accepted"
    assert (await cleared(emsp, "CDR2"))[0] == "accepted"


async def test_a_start_from_an_app_is_claimed_once(emsp: Adapter, partner: Cpo) -> None:
    await charging.publish(partner)
    await charging.start(await emsp.driver())
    command = charging.heard(partner, "START_SESSION")
    sent = cdr(
        command["token"],
        cdr_token=named(command["token"]),
        auth_method="COMMAND",
        authorization_reference=command["authorization_reference"],
    )
    hours = [an_hour_from(emsp.office.now() - timedelta(minutes=each)) for each in (59, 180)]
    async with emsp.db.hot() as conn:
        await conn.execute("UPDATE charges SET requested_at = now() - interval '4 hours'")

    await partner.post_cdr(sent | hours[0])
    await partner.post_cdr(sent | hours[1] | {"id": "CDR2", "session_id": "SESSION2"})

    assert (await cleared(emsp))[0] == "accepted"
    assert (await cleared(emsp, "CDR2"))[0] == "disputed"


async def test_a_wrong_credit_opens_no_second_bill(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)
    await cleared(emsp)

    await partner.post_cdr(credit(sent, total_cost=costing("-0.01", "-0.01")["total_cost"]))
    await partner.post_cdr(sent | {"id": "CDR2"})

    assert (await cleared(emsp, "CDR2"))[0] == "disputed"


async def test_what_was_committed_late_is_not_billed_beside_what_was_accepted(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    late = cdr(await card(emsp, await emsp.driver()))
    async with emsp.db.hot_transaction() as conn:
        # Its place in the order of arrival is the first, and nobody else can see it yet.
        await cdrs._added(conn, emsp.office, CPO, late, dumps(late))
        await partner.post_cdr(late | {"id": "CDR2"})
        first = await cleared(emsp, "CDR2")

    assert first[0] == "accepted"
    assert (await cleared(emsp))[0] == "disputed"


async def test_what_is_accepted_while_another_is_judged_counts(
    emsp: Adapter, partner: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(partner)
    sent = cdr(await card(emsp, await emsp.driver()))
    claim = evidence.claim

    async def slow(conn: Hot, row: CdrRow) -> None:
        if row.cdr_id == "CDR1":
            async with emsp.db.hot_transaction() as other:
                await cdrs._added(other, emsp.office, CPO, second, dumps(second))
                await other.execute("UPDATE cdrs SET state = 'accepted' WHERE cdr_id = 'cdr2'")
        await claim(conn, row)

    second = sent | {"id": "CDR2"}
    monkeypatch.setattr("emsp_adapter.contracts.clearing.evidence.claim", slow)
    await partner.post_cdr(sent)

    assert (await cleared(emsp))[0] == "disputed"


# --- what is held --------------------------------------------------------------------------------

Told = Callable[[Adapter, Cpo, dict[str, Any]], Any]


async def refuse(emsp: Adapter, partner: Cpo, sent: dict[str, Any]) -> None:
    await partner.post_cdr(sent | costing("60.00", "72.60"))
    assert (await cleared(emsp))[0] == "disputed"
    found = await emsp.row("SELECT id FROM cdrs")
    assert found is not None
    async with emsp.db.hot_transaction() as conn:
        await decisions.decide(
            conn, emsp.office, found[0], state=CdrState.REFUSED, by="ada", why="too high"
        )


async def take_back(emsp: Adapter, partner: Cpo, sent: dict[str, Any]) -> None:
    high = sent | costing("60.00", "72.60")
    await partner.post_cdr(high)
    await cleared(emsp)
    await partner.post_cdr(credit(high))
    await cleared(emsp)


async def take_back_first(emsp: Adapter, partner: Cpo, sent: dict[str, Any]) -> None:
    await partner.post_cdr(credit(sent))
    await partner.post_cdr(sent)
    await cleared(emsp)
    await cleared(emsp)


NO_BILL: dict[str, Told] = {
    "refused by staff": refuse,
    "taken back while disputed": take_back,
    "taken back before it came": take_back_first,
}


@pytest.mark.parametrize("happens", NO_BILL.values(), ids=NO_BILL)
async def test_what_is_held_for_a_charge_without_a_bill_is_let_go(
    emsp: Adapter, partner: Cpo, monkeypatch: pytest.MonkeyPatch, happens: Told
) -> None:
    released: list[str] = []

    async def release(_office: object, charge_id: str) -> None:
        released.append(charge_id)

    monkeypatch.setattr("emsp_adapter.charging.overdue.payments.release", release)
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    over = {"status": "COMPLETED", "end_date_time": moment(ENDED)}
    await partner.put("sessions", "SESSION1", session(made) | over)

    await happens(emsp, partner, cdr(made))

    assert await emsp.rows("SELECT state FROM charges") == [("finished",)]
    charge = await emsp.row("SELECT id FROM charges")
    await eventually(partial(_equal, released, charge))


def _equal(released: list[str], charge: tuple[Any, ...] | None) -> bool:
    return tuple(released) == charge
