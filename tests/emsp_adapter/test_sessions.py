"""Sessions as CPOs tell of them (SES)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.emsp_adapter.contracts import (
    BEGUN,
    ENDED,
    UID,
    app_token,
    card,
    moment,
    named,
    period,
    session,
)
from tests.emsp_adapter.running import Adapter, Cpo, cpo
from tests.parties import json_bytes

LATER = moment(ENDED + timedelta(minutes=1))


async def kept(partner: Cpo, session_id: str = "SESSION1") -> Any:
    """The Session as the adapter has it."""
    response = await partner.party.call("GET", "receiver", "sessions", f"NL/CPO/{session_id}")
    return response.json().get("data")


def plain(document: object) -> Any:
    """The document as a reader without exact decimals has it."""
    return json.loads(json_bytes(document))


async def test_a_session_is_kept_and_becomes_a_charge(emsp: Adapter, partner: Cpo) -> None:
    ada = await emsp.driver()
    told = session(await card(emsp, ada))

    answered = await partner.put("sessions", "SESSION1", told)

    assert answered == (200, 1000)
    assert await kept(partner) == plain(told)
    assert await emsp.rows("SELECT driver_id, source, state FROM charges") == [
        (ada.id, "card", "charging")
    ]


async def test_a_patch_appends_charging_periods_once(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()))
    await partner.put("sessions", "SESSION1", told)
    more = period(start_date_time=LATER)
    change = {"kwh": Decimal("21.5"), "charging_periods": [more], "last_updated": LATER}

    first = await partner.patch("sessions", "SESSION1", change)
    again = await partner.patch("sessions", "SESSION1", change)

    found = await kept(partner)
    assert (first, again) == ((200, 1000), (200, 1000))
    assert found["kwh"] == 21.5
    assert found["charging_periods"] == plain([period(), more])


async def test_a_put_replaces_everything(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()))
    await partner.put("sessions", "SESSION1", told)
    del told["charging_periods"]

    await partner.put("sessions", "SESSION1", told | {"last_updated": LATER})

    assert "charging_periods" not in await kept(partner)


async def test_what_is_older_is_taken_and_changes_nothing(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()))
    await partner.put("sessions", "SESSION1", told)
    older = moment(ENDED - timedelta(minutes=1))

    by_put = await partner.put("sessions", "SESSION1", told | {"kwh": 1, "last_updated": older})
    by_patch = await partner.patch("sessions", "SESSION1", {"kwh": 1, "last_updated": older})

    assert (by_put, by_patch) == ((200, 1000), (200, 1000))
    assert await kept(partner) == plain(told)


async def test_who_sends_what_is_older_hears_that_it_is_stale(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()))
    await partner.put("sessions", "SESSION1", told)
    older = told | {"kwh": 1, "last_updated": moment(ENDED - timedelta(minutes=1))}

    answer = await partner.party.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", older)

    assert answer.json()["status_message"].startswith("stale: ")


async def test_sem14_a_stamp_in_the_future_freezes_no_session(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()))
    await partner.put("sessions", "SESSION1", told | {"last_updated": "2099-01-01T00:00:00Z"})

    now = moment(emsp.office.now())
    over = told | {"status": "COMPLETED", "kwh": 21, "end_date_time": now, "last_updated": now}
    answered = await partner.put("sessions", "SESSION1", over)

    assert answered == (200, 1000)
    assert (await kept(partner))["status"] == "COMPLETED"
    assert await emsp.rows("SELECT state, kwh FROM charges") == [("finished", 21)]


async def test_energy_below_nothing_is_refused(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()), kwh=-3)

    answer = await partner.party.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", told)

    assert answer.json()["status_code"] == 2001
    assert answer.json()["status_message"].startswith("kwh: ")


@pytest.mark.parametrize("final", ["COMPLETED", "INVALID"])
async def test_a_final_session_never_changes(emsp: Adapter, partner: Cpo, final: str) -> None:
    told = session(await card(emsp, await emsp.driver()), status=final)
    await partner.put("sessions", "SESSION1", told)

    again = await partner.put("sessions", "SESSION1", told)
    by_put = await partner.put("sessions", "SESSION1", told | {"kwh": 99, "last_updated": LATER})
    by_patch = await partner.patch(
        "sessions", "SESSION1", {"status": "ACTIVE", "last_updated": LATER}
    )

    assert again == (200, 1000)
    assert (by_put, by_patch) == ((200, 2001), (200, 2001))
    assert await kept(partner) == plain(told)


async def test_a_session_that_is_not_known_is_not_patched(emsp: Adapter, partner: Cpo) -> None:
    assert await partner.patch("sessions", "SESSION9", {"kwh": 1, "last_updated": LATER}) == (
        404,
        2001,
    )


async def test_ids_are_compared_without_regard_to_case(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    told = session(made, cdr_token=named(made, uid=UID.lower(), contract_id=UID))

    answered = await partner.put("sessions", "session1", told)

    assert answered == (200, 1000)
    assert (await kept(partner, "SeSSion1"))["id"] == "SESSION1"


async def test_the_old_spelling_of_a_reservation_is_understood(emsp: Adapter, partner: Cpo) -> None:
    told = session(await card(emsp, await emsp.driver()), status="RESERVED")

    assert await partner.put("sessions", "SESSION1", told) == (200, 1000)
    assert await emsp.rows("SELECT status FROM sessions") == [("RESERVATION",)]


# --- whose it is ---------------------------------------------------------------------------------

STRANGERS: dict[str, tuple[dict[str, str], str]] = {
    "another provider's": ({"country_code": "DE", "party_id": "EMS"}, "cdr_token.party_id"),
    "nobody's": ({"uid": "00FFEE00"}, "cdr_token.uid"),
    "of another type": ({"type": "APP_USER"}, "cdr_token.uid"),
}


@pytest.mark.parametrize(("token", "field"), STRANGERS.values(), ids=STRANGERS)
async def test_a_session_of_a_token_that_is_not_ours_is_refused(
    emsp: Adapter, partner: Cpo, token: dict[str, str], field: str
) -> None:
    made = await card(emsp, await emsp.driver())
    told = session(made, cdr_token=named(made, **token))

    response = await partner.party.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", told)

    assert (response.status_code, response.json()["status_code"]) == (200, 2001)
    assert response.json()["status_message"].startswith(field)
    assert await emsp.rows("SELECT 1 FROM sessions") == []


async def test_a_session_stays_with_the_token_it_began_with(emsp: Adapter, partner: Cpo) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    hers, his = await card(emsp, ada), await card(emsp, ben, "DEADBEEF")
    await partner.put("sessions", "SESSION1", session(hers))

    answered = await partner.patch(
        "sessions", "SESSION1", {"cdr_token": named(his), "last_updated": LATER}
    )

    assert answered == (200, 2001)
    assert await emsp.rows("SELECT driver_id FROM sessions") == [(ada.id,)]


async def test_a_late_session_of_a_card_that_changed_hands_is_its_former_drivers(
    emsp: Adapter, partner: Cpo
) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    hers = await card(emsp, ada)
    cards = (await ada.api.get("/cards")).json()["cards"]
    await ada.api.delete(f"/cards/{cards[0]['id']}")
    his = await card(emsp, ben)

    await partner.put("sessions", "SESSION1", session(hers))
    await partner.put("sessions", "SESSION2", session(his, id="SESSION2"))

    assert await emsp.rows("SELECT driver_id FROM sessions ORDER BY id") == [(ada.id,), (ben.id,)]


async def test_a_session_of_another_cpo_is_out_of_reach(emsp: Adapter, partner: Cpo) -> None:
    await partner.put("sessions", "SESSION1", session(await card(emsp, await emsp.driver())))

    async with cpo(emsp, name="other", roles="BE/OTH/CPO") as other:
        read = await other.party.call("GET", "receiver", "sessions", "NL/CPO/SESSION1")
        own = await other.party.call("GET", "receiver", "sessions", "BE/OTH/SESSION1")

    assert (read.status_code, read.json()["status_code"]) == (404, 2001)
    assert (own.status_code, own.json()["status_code"]) == (404, 2001)


# --- what is odd about it ------------------------------------------------------------------------


async def flags(emsp: Adapter, session_id: str) -> list[str]:
    found = await emsp.row("SELECT flags FROM sessions WHERE id = lower(%s)", session_id)
    assert found is not None
    return [each["code"] for each in found[0]]


async def test_t20_a_card_at_two_places_at_once_is_flagged(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    now = moment(emsp.office.now())
    await partner.put("sessions", "SESSION1", session(made, last_updated=now))

    elsewhere = session(made, id="SESSION2", location_id="LOC2", last_updated=now)
    await partner.put("sessions", "SESSION2", elsewhere)

    assert await flags(emsp, "SESSION1") == []
    assert await flags(emsp, "SESSION2") == ["token_at_two_places"]
    audited = await emsp.rows("SELECT action, subject FROM audit ORDER BY id LIMIT 1")
    assert audited == [("session flagged", "session NL/CPO/SESSION2")]


HARMLESS: dict[str, dict[str, Any]] = {
    "at the same place": {"location_id": "LOC1"},
    "when the first is over": {"first": "COMPLETED"},
    "when nobody told of the first for days": {"told": timedelta(days=2)},
}


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS)
async def test_two_sessions_of_a_card_may_be_in_order(
    emsp: Adapter, partner: Cpo, case: dict[str, Any]
) -> None:
    made = await card(emsp, await emsp.driver())
    now = emsp.office.now()
    first = session(
        made,
        status=case.get("first", "ACTIVE"),
        last_updated=moment(now - case.get("told", timedelta())),
    )
    await partner.put("sessions", "SESSION1", first)

    place = case.get("location_id", "LOC2")
    second = session(made, id="SESSION2", location_id=place, last_updated=moment(now))
    await partner.put("sessions", "SESSION2", second)

    assert await flags(emsp, "SESSION2") == []


async def test_an_app_may_charge_two_cars(emsp: Adapter, partner: Cpo) -> None:
    made = await app_token(emsp, await emsp.driver())
    now = moment(emsp.office.now())
    await partner.put("sessions", "SESSION1", session(made, last_updated=now))

    second = session(made, id="SESSION2", location_id="LOC2", last_updated=now)
    await partner.put("sessions", "SESSION2", second)

    assert await flags(emsp, "SESSION2") == []


async def test_t21_a_reference_that_was_never_given_is_flagged(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())

    told = session(made, auth_method="AUTH_REQUEST", authorization_reference="MADE-UP")
    await partner.put("sessions", "SESSION1", told)

    assert await flags(emsp, "SESSION1") == ["authorization_reused"]


async def test_t21_the_reference_that_was_given_is_in_order(emsp: Adapter, partner: Cpo) -> None:
    made = await card(emsp, await emsp.driver())
    asked = await partner.party.call("POST", "sender", "tokens", f"{UID}/authorize")
    reference = asked.json()["data"]["authorization_reference"]

    told = session(
        made,
        auth_method="AUTH_REQUEST",
        authorization_reference=reference.upper(),
        start_date_time=moment(emsp.office.now()),
    )
    await partner.put("sessions", "SESSION1", told)

    assert await flags(emsp, "SESSION1") == []


# --- bad input -----------------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "money that is text": ({"total_cost": {"excl_vat": "4.00"}}, "total_cost.excl_vat"),
    "energy that is text": ({"kwh": "20"}, "kwh"),
    "no status": ({"status": None}, "status"),
    "a status of nobody": ({"status": "PAUSED"}, "status"),
    "no token": ({"cdr_token": None}, "cdr_token"),
    "a day that is none": ({"start_date_time": "2026-02-30T10:00:00Z"}, "start_date_time"),
    "another id than the URL": ({"id": "SESSION2"}, "id"),
    "another owner than the URL": ({"party_id": "OTH"}, "party_id"),
    "a control character": ({"location_id": "LOC\u0007"}, "location_id"),
    "a period of nothing": (
        {"charging_periods": [{"start_date_time": moment(BEGUN), "dimensions": []}]},
        "dimensions",
    ),
}


@pytest.mark.parametrize(("wrong", "field"), BAD.values(), ids=BAD)
async def test_a_session_that_is_none_is_2001(
    emsp: Adapter, partner: Cpo, wrong: dict[str, Any], field: str
) -> None:
    told = session(await card(emsp, await emsp.driver())) | wrong

    response = await partner.party.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", told)

    assert (response.status_code, response.json()["status_code"]) == (200, 2001)
    assert field in response.json()["status_message"]
    assert await emsp.rows("SELECT 1 FROM sessions") == []
