"""A CDR is held against what its driver was told before: the Session, the price, the card."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests import samples
from tests.emsp_adapter.contracts import (
    BEGUN,
    ENDED,
    an_hour_from,
    card,
    cdr,
    cleared,
    costing,
    moment,
    named,
    period,
    publish,
    session,
    tariff,
)
from tests.emsp_adapter.running import Adapter, Cpo


def dear(**overrides: Any) -> dict[str, Any]:
    """DEAR: three times what TARIFF1 takes."""
    component = samples.price_component(price=Decimal("0.90"), vat=Decimal(21))
    return tariff(id="DEAR", elements=[{"price_components": [component]}]) | overrides


def of_dear(token: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """A CDR by DEAR."""
    priced: dict[str, Any] = {
        "tariffs": [dear()],
        "charging_periods": [period(tariff_id="DEAR")],
    }
    return cdr(token) | priced | costing("18.00", "21.78") | overrides


def completed(token: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """SESSION1, which is over."""
    return session(token) | {"status": "COMPLETED", "end_date_time": moment(ENDED)} | overrides


# --- the Session ---------------------------------------------------------------------------------

OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "a tenth of the energy": ({"kwh": Decimal(2)}, "that of the session was 2"),
    "nothing to bill": ({"status": "INVALID"}, "declared invalid"),
    "an earlier start": (
        {"start_date_time": moment(BEGUN - timedelta(minutes=20))},
        "its session at",
    ),
}


@pytest.mark.parametrize(("told", "why"), OTHERWISE.values(), ids=OTHERWISE)
async def test_a_cdr_that_is_not_as_its_session_is_disputed(
    emsp: Adapter, partner: Cpo, told: dict[str, Any], why: str
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", completed(made) | told)

    await partner.post_cdr(cdr(made))

    state, reason = await cleared(emsp)
    assert state == "disputed"
    assert why in (reason or "")


LIKEWISE: dict[str, dict[str, Any]] = {
    "the same": {},
    "before the last reading": {"kwh": Decimal("19.6")},
    "with a clock that was set right": {"start_date_time": moment(BEGUN - timedelta(minutes=14))},
    "still running": {"status": "ACTIVE", "kwh": Decimal(2)},
}


@pytest.mark.parametrize("told", LIKEWISE.values(), ids=LIKEWISE)
async def test_a_cdr_that_is_as_its_session_is_accepted(
    emsp: Adapter, partner: Cpo, told: dict[str, Any]
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", completed(made) | told)

    await partner.post_cdr(cdr(made))

    assert (await cleared(emsp))[0] == "accepted"


async def test_a_session_may_have_waited_for_its_car(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    waited = {"start_date_time": moment(BEGUN - timedelta(minutes=40))}
    await partner.put("sessions", "SESSION1", session(made) | waited | {"status": "PENDING"})
    await partner.put("sessions", "SESSION1", completed(made) | waited)

    await partner.post_cdr(cdr(made))

    assert (await cleared(emsp))[0] == "accepted"


async def test_t22_a_start_that_a_cdr_moves_behind_a_change_of_price_does_not_count(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", session(made))
    dearer = dear(id="TARIFF1", last_updated=moment(BEGUN + timedelta(minutes=5)))
    await partner.put("tariffs", "TARIFF1", dearer)
    later = an_hour_from(BEGUN + timedelta(minutes=10))

    await partner.post_cdr(cdr(made) | {"tariffs": [dearer]} | later | costing("18.00", "21.78"))

    state, reason = await cleared(emsp)
    assert state == "disputed"
    assert "12.00 more than 6.00" in (reason or "")


# --- the price -----------------------------------------------------------------------------------


async def test_what_is_hung_at_a_connector_during_a_session_does_not_count(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", session(made))
    await partner.put("tariffs", "DEAR", dear())
    changed = {"tariff_ids": ["DEAR"], "last_updated": moment(emsp.office.now())}
    assert await partner.patch("locations", "LOC1/EVSE1/1", changed) == (200, 1000)
    # Another push of the Session does not take over what hangs there now.
    await partner.put("sessions", "SESSION1", completed(made))

    await partner.post_cdr(of_dear(made))

    assert await cleared(emsp) == ("disputed", "tariff DEAR did not hang at the connector")


async def _hang_dear(emsp: Adapter, partner: Cpo) -> None:
    """From now on DEAR hangs at the connector; its stamps are older than the session."""
    await partner.put("tariffs", "DEAR", dear())
    evse = samples.evse(
        connectors=[samples.connector(tariff_ids=["DEAR"])], last_updated=moment(BEGUN)
    )
    changed = samples.location(evses=[evse], last_updated=moment(emsp.office.now()))
    assert (await partner.put("locations", "LOC1", changed))[1] == 1000


async def test_t22_what_is_hung_at_a_connector_afterwards_does_not_count_without_a_session(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await _hang_dear(emsp, partner)

    await partner.post_cdr(of_dear(made, session_id=None))

    assert await cleared(emsp) == ("disputed", "tariff DEAR did not hang at the connector")


async def test_t22_what_hung_at_a_connector_before_counts_for_a_session_of_then(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await _hang_dear(emsp, partner)
    await partner.put("sessions", "SESSION1", completed(made))

    await partner.post_cdr(cdr(made))

    assert (await cleared(emsp))[0] == "accepted"


async def test_what_hangs_at_a_connector_counts_from_when_we_knew_it(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await _hang_dear(emsp, partner)
    async with emsp.db.hot_transaction() as conn:
        await conn.execute("UPDATE hung_tariffs SET until = until - interval '1 day'")

    await partner.post_cdr(of_dear(made, session_id=None))

    assert (await cleared(emsp))[0] == "accepted"


ELSEWHERE: dict[str, dict[str, str]] = {
    "a connector that nobody knows": {"connector_id": "99"},
    "an EVSE that nobody knows": {"evse_uid": "EVSE99"},
}


@pytest.mark.parametrize("place", ELSEWHERE.values(), ids=ELSEWHERE)
async def test_a_tariff_of_nobody_does_not_count_at_what_was_never_published(
    emsp: Adapter, partner: Cpo, place: dict[str, str]
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())

    await partner.post_cdr(of_dear(made, cdr_location=samples.cdr_location(**place)))

    assert await cleared(emsp) == ("disputed", "tariff DEAR was not published by then")


async def test_nobody_is_billed_for_a_place_and_a_price_that_nobody_knows(
    emsp: Adapter, partner: Cpo
) -> None:
    made = await card(emsp, await emsp.driver())
    sent = of_dear(made, session_id=None, cdr_location=samples.cdr_location(id="NOWHERE"))

    await partner.post_cdr(sent)

    state, reason = await cleared(emsp)
    assert state == "disputed"
    assert reason == "no tariff was published there, no Session has come, and nobody was told yes"


async def test_a_price_that_nobody_knows_counts_up_to_a_limit(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", session(made))
    component = samples.price_component(price=Decimal(50), vat=Decimal(21))
    steep = tariff(elements=[{"price_components": [component]}])

    await partner.post_cdr(cdr(made) | {"tariffs": [steep]} | costing("1000.00", "1210.00"))

    assert await cleared(emsp) == (
        "disputed",
        "no tariff was published there, and it claims more than 100 EUR",
    )


# --- the card ------------------------------------------------------------------------------------


async def test_a_contract_that_the_card_never_had_is_disputed(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())

    await partner.post_cdr(cdr(made, cdr_token=named(made, contract_id="NL-EMS-C99999999-X")))

    assert await cleared(emsp) == (
        "disputed",
        "contract NL-EMS-C99999999-X is not one of the token's",
    )


async def test_a_contract_may_be_written_without_dashes(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    plain = made["contract_id"].replace("-", "").lower()

    await partner.post_cdr(cdr(made, cdr_token=named(made, contract_id=plain)))

    assert (await cleared(emsp))[0] == "accepted"
