"""Every CDR is priced again before anybody is billed, and disputed when it is not right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests import samples
from tests.emsp_adapter.contracts import (
    BEGUN,
    ENDED,
    UID,
    app_token,
    card,
    cdr,
    cleared,
    costing,
    credit,
    moment,
    period,
    publish,
    session,
    status,
    tariff,
)
from tests.emsp_adapter.running import Adapter, Cpo, cpo
from tests.partners import eventually

Made = Callable[[dict[str, Any]], dict[str, Any]]


async def flags(emsp: Adapter, cdr_id: str = "CDR1") -> list[str]:
    found = await emsp.row("SELECT flags FROM cdrs WHERE cdr_id = lower(%s)", cdr_id)
    assert found is not None
    return [each["code"] for each in found[0]]


async def is_billed(emsp: Adapter, cdr_id: str) -> bool:
    found = await emsp.row("SELECT bill_id FROM cdrs WHERE cdr_id = lower(%s)", cdr_id)
    return found is not None and found[0] is not None


# --- amounts -------------------------------------------------------------------------------------

RIGHT: dict[str, tuple[dict[str, Any], str]] = {
    "to the cent": ({}, "match"),
    "rounded": (
        {
            "total_energy": Decimal("20.013"),
            "charging_periods": [
                period(dimensions=[{"type": "ENERGY", "volume": Decimal("20.013")}])
            ],
            **costing("6.00", "7.26"),
        },
        "match",
    ),
    "below the price": (costing("5.00", "6.05"), "mismatch"),
}


@pytest.mark.parametrize(("claim", "verdict"), RIGHT.values(), ids=RIGHT)
async def test_a_cdr_that_is_right_is_to_be_billed(
    emsp: Adapter, partner: Cpo, claim: dict[str, Any], verdict: str
) -> None:
    await publish(partner)
    await partner.post_cdr(cdr(await card(emsp, await emsp.driver()), **claim))

    assert (await cleared(emsp))[0] == "accepted"
    assert await emsp.row("SELECT verdict FROM cdrs") == (verdict,)


async def test_a_cdr_that_is_too_high_is_disputed_and_not_billed(
    emsp: Adapter, partner: Cpo
) -> None:
    ada = await emsp.driver()
    await publish(partner)

    response = await partner.post_cdr(cdr(await card(emsp, ada), **costing("6.10", "7.38")))

    state, reason = await cleared(emsp)
    assert status(response) == (201, 1000)
    assert state == "disputed"
    assert reason is not None
    assert "total_energy_cost 6.10 EUR is 0.10 more than 6.00" in reason
    assert await emsp.rows("SELECT 1 FROM bills") == []
    assert await emsp.rows("SELECT disputed FROM charges") == [(True,)]
    told = await emsp.rows("SELECT driver_id, kind FROM notifications ORDER BY id")
    assert (ada.id, "bill_disputed") in told


async def test_t22_a_tariff_that_changed_after_the_start_does_not_count(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    later = samples.price_component(price=Decimal("0.50"), vat=Decimal(21))
    dearer = tariff(
        elements=[{"price_components": [later]}],
        last_updated=moment(ENDED),
    )
    await partner.put("tariffs", "TARIFF1", dearer)
    sent = cdr(await card(emsp, await emsp.driver()), tariffs=[dearer], **costing("10.00", "12.10"))

    await partner.post_cdr(sent)

    state, reason = await cleared(emsp)
    assert state == "disputed"
    assert reason is not None
    assert "4.00 more than 6.00" in reason
    assert "tariff_switched" in await flags(emsp)


async def test_a_tariff_of_nobody_does_not_count_where_others_hang(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    secret = tariff(id="SECRET")
    sent = cdr(
        await card(emsp, await emsp.driver()),
        tariffs=[secret],
        charging_periods=[period(tariff_id="SECRET")],
    )

    await partner.post_cdr(sent)

    assert await cleared(emsp) == ("disputed", "tariff SECRET was not published by then")


async def test_where_no_tariff_was_known_that_of_the_cdr_counts_with_a_remark(
    emsp: Adapter, partner: Cpo
) -> None:
    made = await card(emsp, await emsp.driver())
    await partner.put("sessions", "SESSION1", session(made))

    await partner.post_cdr(cdr(made))

    assert await cleared(emsp) == ("accepted", "tariff TARIFF1 was not published by then")


async def test_a_price_that_nobody_can_know_is_for_staff(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()), charging_periods=[period(tariff_id=None)])
    del sent["tariffs"]

    await partner.post_cdr(sent)

    assert (await cleared(emsp))[0] == "disputed"


async def test_what_costs_nothing_needs_no_tariff(emsp: Adapter, partner: Cpo) -> None:
    free = costing("0.00", "0.00")
    sent = cdr(
        await card(emsp, await emsp.driver()), charging_periods=[period(tariff_id=None)], **free
    )
    del sent["tariffs"]

    await partner.post_cdr(sent)

    assert (await cleared(emsp))[0] == "accepted"


async def test_a_cdr_is_priced_in_the_time_zone_of_its_location(
    emsp: Adapter, partner: Cpo
) -> None:
    # Eleven in the evening in Amsterdam is ten in UTC, in winter: the night's price.
    night = samples.price_component(price=Decimal("0.10"), vat=Decimal(21))
    day = samples.price_component(price=Decimal("0.30"), vat=Decimal(21))
    restrictions = {"start_time": "23:00", "end_time": "06:00"}
    priced = tariff(
        elements=[
            {"price_components": [night], "restrictions": restrictions},
            {"price_components": [day]},
        ],
        last_updated="2026-01-01T00:00:00Z",
    )
    await partner.put("tariffs", "TARIFF1", priced)
    await partner.put("locations", "LOC1", samples.location())
    start, end = "2026-01-14T22:00:00Z", "2026-01-14T23:00:00Z"
    sent = cdr(
        await card(emsp, await emsp.driver()),
        start_date_time=start,
        end_date_time=end,
        tariffs=[priced],
        charging_periods=[period(start_date_time=start)],
        **costing("2.00", "2.42"),
    )

    await partner.post_cdr(sent)

    assert (await cleared(emsp))[0] == "accepted"
    assert await emsp.row("SELECT verdict FROM cdrs") == ("match",)


# --- hard rules ----------------------------------------------------------------------------------

BROKEN: dict[str, tuple[Made, str]] = {
    "ends before it begins": (
        lambda token: cdr(token, end_date_time=moment(BEGUN - timedelta(hours=1))),
        "end_before_start",
    ),
    "lies in the future": (
        lambda token: cdr(token, end_date_time=moment(BEGUN + timedelta(days=30))),
        "in_the_future",
    ),
    "has a period beside it": (
        lambda token: cdr(
            token, charging_periods=[period(start_date_time=moment(BEGUN - timedelta(hours=1)))]
        ),
        "period_outside",
    ),
    "gives more than the connector can": (
        lambda token: cdr(
            token,
            total_energy=Decimal(200),
            charging_periods=[period(dimensions=[{"type": "ENERGY", "volume": Decimal(200)}])],
            **costing("60.00", "72.60"),
        ),
        "too_much_energy",
    ),
    "is negative": (
        lambda token: cdr(token, **costing("-6.00", "-7.26")),
        "negative_without_credit",
    ),
    "has a reference that was never given": (
        lambda token: cdr(token, auth_method="AUTH_REQUEST", authorization_reference="MADE-UP"),
        "authorization_reused",
    ),
    "was asked for by nobody": (
        lambda token: cdr(token, auth_method="AUTH_REQUEST"),
        "unmatched",
    ),
    "credits what never came": (
        lambda token: credit(cdr(token)) | {"id": "CDR1", "credit_reference_id": "CDR0"},
        "credit_of_unknown",
    ),
}


@pytest.mark.parametrize(("made", "code"), BROKEN.values(), ids=BROKEN)
async def test_a_cdr_that_breaks_a_rule_is_disputed(
    emsp: Adapter, partner: Cpo, made: Made, code: str
) -> None:
    await publish(partner)
    await partner.post_cdr(made(await card(emsp, await emsp.driver())))

    assert (await cleared(emsp))[0] == "disputed"
    assert code in await flags(emsp)


async def given_reference(partner: Cpo, uid: str = UID, body: Any = None) -> str:
    asked = await partner.party.call("POST", "sender", "tokens", f"{uid}/authorize", body)
    reference: str = asked.json()["data"]["authorization_reference"]
    return reference


def just_now(token: dict[str, Any], emsp: Adapter, **overrides: Any) -> dict[str, Any]:
    """A CDR of a session of a minute that began when it was asked for."""
    begun, ended = emsp.office.now() - timedelta(minutes=1), emsp.office.now()
    hour = {"type": "TIME", "volume": Decimal("0.0167")}
    energy = {"type": "ENERGY", "volume": Decimal("0.1")}
    return cdr(
        token,
        start_date_time=moment(begun),
        end_date_time=moment(ended),
        charging_periods=[period(start_date_time=moment(begun), dimensions=[energy, hour])],
        total_energy=Decimal("0.1"),
        total_time=Decimal("0.0167"),
        auth_method="AUTH_REQUEST",
        **(costing("0.03", "0.0363") | overrides),
    )


async def test_t21_a_reference_fits_the_session_it_was_given_for(
    emsp: Adapter, partner: Cpo
) -> None:
    made = await card(emsp, await emsp.driver())
    reference = await given_reference(partner, body=samples.location_references())

    await partner.post_cdr(just_now(made, emsp, authorization_reference=reference))

    assert (await cleared(emsp))[0] == "accepted"


async def test_an_answer_that_was_yes_is_enough_without_a_reference(
    emsp: Adapter, partner: Cpo
) -> None:
    made = await card(emsp, await emsp.driver())
    await given_reference(partner)

    await partner.post_cdr(just_now(made, emsp))

    assert (await cleared(emsp))[0] == "accepted"


async def test_t21_a_reference_of_another_token_is_disputed(emsp: Adapter, partner: Cpo) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    hers = await card(emsp, ada)
    await card(emsp, ben, "DEADBEEF")
    reference = await given_reference(partner, "DEADBEEF")

    await partner.post_cdr(just_now(hers, emsp, authorization_reference=reference))

    state, reason = await cleared(emsp)
    assert (state, reason) == (
        "disputed",
        f"authorization {reference} was given for another token",
    )


async def test_t21_a_reference_of_another_cpo_is_disputed(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    async with cpo(emsp, name="other", roles="BE/OTH/CPO") as other:
        reference = await given_reference(other)

    await partner.post_cdr(just_now(made, emsp, authorization_reference=reference))

    assert await cleared(emsp) == (
        "disputed",
        f"authorization {reference} was given to BE/OTH",
    )


async def test_t21_a_reference_of_another_place_is_disputed(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    reference = await given_reference(partner, body={"location_id": "LOC2"})

    await partner.post_cdr(just_now(made, emsp, authorization_reference=reference))

    state, _ = await cleared(emsp)
    assert (state, await flags(emsp)) == (
        "disputed",
        ["authorization_reused", "tariff_not_published"],
    )


async def test_t21_a_reference_expires(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    reference = await given_reference(partner)
    async with emsp.db.hot() as conn:
        await conn.execute("UPDATE authorizations SET until = now() - interval '1 hour'")

    await partner.post_cdr(just_now(made, emsp, authorization_reference=reference))

    assert await cleared(emsp) == (
        "disputed",
        f"authorization {reference} had expired when the session began",
    )


async def test_a_session_of_another_cpo_is_none_of_its_own(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    async with cpo(emsp, name="other", roles="BE/OTH/CPO") as other:
        theirs = session(made, country_code="BE", party_id="OTH")
        await other.party.call("PUT", "receiver", "sessions", "BE/OTH/SESSION1", theirs)

    await partner.post_cdr(cdr(made))

    assert (await cleared(emsp))[0] == "disputed"
    assert "unmatched" in await flags(emsp)


async def test_a_session_that_began_with_another_token_is_disputed(
    emsp: Adapter, partner: Cpo
) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    await partner.put("sessions", "SESSION1", session(await card(emsp, ada)))

    await partner.post_cdr(cdr(await card(emsp, ben, "DEADBEEF")))

    assert (await cleared(emsp))[0] == "disputed"
    assert "token_owner" in await flags(emsp)


async def test_a_session_is_charged_for_once(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)
    await partner.post_cdr(sent | {"id": "CDR2"})

    assert (await cleared(emsp))[0] == "accepted"
    assert (await cleared(emsp, "CDR2"))[0] == "disputed"
    assert "duplicate_session" in await flags(emsp, "CDR2")
    # The driver has a bill for it: this is between the adapter and the CPO.
    assert await emsp.rows("SELECT disputed FROM charges") == [(False,)]
    assert await emsp.rows("SELECT 1 FROM notifications WHERE kind = 'bill_disputed'") == []


async def test_t20_a_card_at_two_places_at_once_is_disputed(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    elsewhere = cdr(made)["cdr_location"] | {"id": "LOC2"}
    await partner.post_cdr(cdr(made))
    await cleared(emsp)

    await partner.post_cdr(cdr(made, id="CDR2", session_id="SESSION2", cdr_location=elsewhere))

    assert (await cleared(emsp, "CDR2"))[0] == "disputed"
    assert "token_at_two_places" in await flags(emsp, "CDR2")


async def test_the_token_of_an_app_needs_a_start_from_the_app(emsp: Adapter, partner: Cpo) -> None:
    await partner.post_cdr(cdr(await app_token(emsp, await emsp.driver())))

    assert (await cleared(emsp))[0] == "disputed"
    assert "unmatched" in await flags(emsp)


# --- credits -------------------------------------------------------------------------------------


async def test_what_is_taken_back_before_it_is_billed_is_never_billed(
    emsp: Adapter, partner: Cpo
) -> None:
    await publish(partner)
    sent = cdr(await card(emsp, await emsp.driver()), **costing("6.10", "7.38"))
    await partner.post_cdr(sent)
    await cleared(emsp)

    await partner.post_cdr(credit(sent))
    right = sent | {"id": "CDR2"} | costing("6.00", "7.26")
    await partner.post_cdr(right)

    assert (await cleared(emsp))[0] == "cancelled"
    assert (await cleared(emsp, "CDR1-C"))[0] == "cancelled"
    assert (await cleared(emsp, "CDR2"))[0] == "accepted"


async def test_a_credit_of_what_was_billed_is_for_who_bills(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)
    await cleared(emsp)
    await eventually(partial(is_billed, emsp, "CDR1"))

    await partner.post_cdr(credit(sent))

    assert (await cleared(emsp))[0] == "accepted"
    assert (await cleared(emsp, "CDR1-C"))[0] == "accepted"


async def test_a_credit_may_come_before_its_original(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(credit(sent))
    before = await cleared(emsp, "CDR1-C")

    await partner.post_cdr(sent)
    await cleared(emsp)

    assert before == ("disputed", "CDR CDR1 has not come")
    assert (await cleared(emsp))[0] == "cancelled"
    assert (await cleared(emsp, "CDR1-C"))[0] == "cancelled"


NO_MIRRORS: dict[str, dict[str, Any]] = {
    "too little": {"total_cost": samples.price(excl_vat=Decimal(-5), incl_vat=Decimal("-6.05"))},
    "not negative": {"total_cost": samples.price(excl_vat=Decimal(6), incl_vat=Decimal("7.26"))},
    "another currency": {"currency": "CHF"},
    "other energy": {"total_energy": Decimal(10)},
}


@pytest.mark.parametrize("other", NO_MIRRORS.values(), ids=NO_MIRRORS)
async def test_a_credit_that_is_no_mirror_is_disputed(
    emsp: Adapter, partner: Cpo, other: dict[str, Any]
) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)

    await partner.post_cdr(credit(sent, **other))

    assert (await cleared(emsp, "CDR1-C"))[0] == "disputed"
    assert "credit_differs" in await flags(emsp, "CDR1-C")


# --- when it fails -------------------------------------------------------------------------------


async def test_a_cdr_that_cannot_be_cleared_holds_up_no_other(
    emsp: Adapter, partner: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await card(emsp, await emsp.driver())
    await publish(partner)

    def broken(document: dict[str, Any], _known: object) -> None:
        raise ZeroDivisionError(document["id"])

    with monkeypatch.context() as patched:
        patched.setattr("emsp_adapter.contracts.clearing.reprice", broken)
        await partner.post_cdr(cdr(made))
        first = await cleared(emsp)
    await partner.post_cdr(cdr(made, id="CDR2", session_id="SESSION2"))

    assert first == ("disputed", "the CDR could not be cleared; the log says why")
    assert (await cleared(emsp, "CDR2"))[0] == "accepted"
