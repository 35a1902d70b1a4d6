"""A CPO that says a session began or ended at another time than it did bills nobody for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests import samples
from tests.emsp_adapter import charging
from tests.emsp_adapter.charging import heard, result, start
from tests.emsp_adapter.contracts import (
    BEGUN,
    ENDED,
    UID,
    an_hour_from,
    card,
    cdr,
    cleared,
    costing,
    moment,
    period,
    publish,
    session,
    tariff,
)
from tests.emsp_adapter.running import Adapter, Cpo


def now() -> datetime:
    """Of the test, not of when its file was read."""
    return datetime.now(UTC).replace(microsecond=0)


def until_now(emsp: Adapter, token: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """A CDR that was asked for, of a session that has just ended."""
    ended = {"end_date_time": moment(emsp.office.now()), "auth_method": "AUTH_REQUEST"}
    return cdr(token) | ended | overrides


def of(command: dict[str, Any], begun: datetime, **overrides: Any) -> dict[str, Any]:
    """The CDR of a start that is said to have begun then, by TARIFF1."""
    made = cdr(
        command["token"],
        auth_method="COMMAND",
        authorization_reference=command["authorization_reference"],
        start_date_time=moment(begun),
        end_date_time=moment(now()),
        charging_periods=[period(start_date_time=moment(begun))],
        last_updated=moment(now()),
    )
    return made | overrides


async def asked(emsp: Adapter, partner: Cpo) -> dict[str, Any]:
    """The START_SESSION of a driver who asks for a charge now."""
    ada = await emsp.driver()
    assert (await start(ada)).status_code < 300
    command = heard(partner, "START_SESSION")
    await result(partner, command)
    return command


async def tell(
    partner: Cpo, command: dict[str, Any], begun: datetime, **overrides: Any
) -> tuple[int, int]:
    """NL/CPO says that the session of a start began then."""
    periods = [period(start_date_time=moment(begun))]
    return await charging.tell(
        partner,
        command,
        start_date_time=moment(begun),
        charging_periods=periods,
        kwh=Decimal(20),
        last_updated=moment(now()),
        **overrides,
    )


async def codes(emsp: Adapter) -> set[str]:
    """The rules that the only CDR breaks."""
    (found,) = await emsp.rows("SELECT flags FROM cdrs")
    return {each["code"] for each in found[0]}


# --- before anybody was told yes -----------------------------------------------------------------


async def test_t21_a_session_that_began_hours_before_its_driver_asked_is_disputed(
    emsp: Adapter, partner: Cpo
) -> None:
    await charging.publish(partner)
    command = await asked(emsp, partner)
    begun = now() - timedelta(hours=3)
    await tell(partner, command, begun)

    await partner.post_cdr(of(command, begun))

    state, reason = await cleared(emsp)
    assert state == "disputed"
    assert "was given after the session began" in (reason or "")


async def test_t21_a_session_without_its_reference_begins_no_earlier_than_its_driver_asked(
    emsp: Adapter, partner: Cpo
) -> None:
    await charging.publish(partner)
    command = await asked(emsp, partner)
    sent = of(command, BEGUN, end_date_time=moment(emsp.office.now()))
    del sent["authorization_reference"]

    await partner.post_cdr(sent)

    assert (await cleared(emsp))[0] == "disputed"
    assert "unmatched" in await codes(emsp)


REFERRED = {"with its reference": True, "without a reference": False}


@pytest.mark.parametrize("referred", REFERRED.values(), ids=REFERRED)
async def test_t21_a_card_charged_no_hours_before_it_was_held_up(
    emsp: Adapter, partner: Cpo, referred: bool
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    reference = await _held_up(partner)
    sent = until_now(emsp, made)

    await partner.post_cdr(sent | ({"authorization_reference": reference} if referred else {}))

    assert (await cleared(emsp))[0] == "disputed"


async def test_a_car_may_be_plugged_in_minutes_before_its_card_is_held_up(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    reference = await _held_up(partner)
    await _given(emsp, BEGUN + timedelta(minutes=10))

    await partner.post_cdr(cdr(made, auth_method="AUTH_REQUEST", authorization_reference=reference))

    assert await cleared(emsp) == ("accepted", None)


async def test_a_card_that_is_held_up_again_at_the_end_was_allowed_at_the_beginning(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await _held_up(partner)
    await _given(emsp, BEGUN)
    again = await _held_up(partner)

    await partner.post_cdr(until_now(emsp, made, authorization_reference=again))

    assert (await cleared(emsp))[0] == "accepted"


async def test_t21_what_was_allowed_for_one_session_allows_no_other(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    first = await _held_up(partner)
    await _given(emsp, BEGUN - timedelta(hours=2))
    before = session(made, id="SESSION0", authorization_reference=first)
    begun = {"start_date_time": moment(BEGUN - timedelta(hours=2))}
    await partner.put("sessions", "SESSION0", before | begun)
    second = await _held_up(partner)

    await partner.post_cdr(until_now(emsp, made, authorization_reference=second))

    assert (await cleared(emsp))[0] == "disputed"
    assert "authorization_reused" in await codes(emsp)


async def _held_up(partner: Cpo) -> str:
    """The reference of a yes for a card."""
    info = await partner.party.call("POST", "sender", "tokens", f"{UID}/authorize", None)
    return str(info.json()["data"]["authorization_reference"])


async def _given(emsp: Adapter, at: datetime) -> None:
    """Whatever was allowed so far was allowed then."""
    async with emsp.db.hot_transaction() as conn:
        await conn.execute("UPDATE authorizations SET given_at = %s", (at,))


# --- the price that the driver saw ---------------------------------------------------------------


def minutes_ago() -> datetime:
    """Within what clocks may differ, and before the driver asked."""
    return now() - timedelta(minutes=10)


def dear(**overrides: Any) -> dict[str, Any]:
    """TARIFF1 as it was: three times as dear."""
    component = samples.price_component(price=Decimal("0.90"), vat=Decimal(21))
    return tariff(elements=[{"price_components": [component]}]) | overrides


async def test_t22_what_was_dearer_before_a_driver_asked_does_not_count(
    emsp: Adapter, partner: Cpo
) -> None:
    lately = minutes_ago()
    await partner.put("tariffs", "TARIFF1", dear())
    await _change(emsp, "UPDATE tariff_versions SET received_at = now() - interval '2 days'")
    await partner.put("tariffs", "TARIFF1", tariff(last_updated=moment(lately)))
    await partner.put("locations", "LOC1", samples.location(evses=[samples.evse()]))
    command = await asked(emsp, partner)
    await tell(partner, command, lately)

    await partner.post_cdr(of(command, lately, tariffs=[dear()]) | costing("18.00", "21.78"))

    state, reason = await cleared(emsp)
    assert state == "disputed"
    assert "12.00 more than 6.00" in (reason or "")


async def test_t22_what_hung_there_before_a_driver_asked_does_not_count(
    emsp: Adapter, partner: Cpo
) -> None:
    lately = minutes_ago()
    await partner.put("tariffs", "DEAR", dear(id="DEAR"))
    await partner.put("tariffs", "TARIFF1", tariff())
    for tariff_id, at in (("DEAR", BEGUN), ("TARIFF1", lately)):
        hung = samples.connector(tariff_ids=[tariff_id], last_updated=moment(at))
        evse = samples.evse(connectors=[hung], last_updated=moment(at))
        await partner.put(
            "locations", "LOC1", samples.location(evses=[evse], last_updated=moment(at))
        )
    command = await asked(emsp, partner)
    await tell(partner, command, lately)

    rows = await emsp.rows("SELECT tariff_ids FROM sessions")

    assert rows == [(["tariff1"],)]


async def _change(emsp: Adapter, statement: str) -> None:
    async with emsp.db.hot_transaction() as conn:
        await conn.execute(statement.encode())


# --- what the Session said -----------------------------------------------------------------------

BESIDE: dict[str, tuple[dict[str, Any], str]] = {
    "begins hours before": (
        {"start_date_time": moment(BEGUN - timedelta(hours=5))},
        "its session at",
    ),
    "ends an hour after": (
        {"end_date_time": moment(ENDED + timedelta(hours=1))},
        "its session ended at",
    ),
}


@pytest.mark.parametrize(("claim", "why"), BESIDE.values(), ids=BESIDE)
async def test_a_cdr_covers_no_other_time_than_its_session(
    emsp: Adapter, partner: Cpo, claim: dict[str, Any], why: str
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    over = {"status": "COMPLETED", "end_date_time": moment(ENDED)}
    await partner.put("sessions", "SESSION1", session(made) | over)

    await partner.post_cdr(cdr(made) | claim)

    state, reason = await cleared(emsp)
    assert state == "disputed"
    assert why in (reason or "")
    assert "session_differs" in await codes(emsp)


async def test_a_session_that_does_not_say_when_it_ended_was_over_when_it_was_told(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", session(made, status="COMPLETED"))

    await partner.post_cdr(cdr(made, end_date_time=moment(ENDED + timedelta(hours=1))))

    assert "session_differs" in await _after_clearing(emsp)


async def test_a_session_that_was_reserved_is_claimed_from_when_it_was_told(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", session(made, status="RESERVATION"))
    await partner.put("sessions", "SESSION1", session(made))

    await partner.post_cdr(cdr(made) | an_hour_from(BEGUN - timedelta(hours=5)))

    assert "session_differs" in await _after_clearing(emsp)


async def test_a_session_that_has_begun_begins_no_earlier_later(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", session(made))
    back = {
        "start_date_time": moment(BEGUN - timedelta(hours=5)),
        "last_updated": moment(ENDED + timedelta(minutes=1)),
    }

    answered = await partner.patch("sessions", "SESSION1", back)

    assert answered == (200, 1000)
    shown = await partner.party.call("GET", "receiver", "sessions", "NL/CPO/SESSION1")
    assert shown.json()["data"]["start_date_time"] == moment(BEGUN)
    ((flags,),) = await emsp.rows("SELECT flags FROM sessions")
    assert [each["code"] for each in flags] == ["session_differs"]
    actions = await emsp.rows("SELECT subject FROM audit WHERE action = 'session flagged'")
    assert actions == [("session NL/CPO/SESSION1",)]


async def _after_clearing(emsp: Adapter) -> set[str]:
    await cleared(emsp)
    return await codes(emsp)
