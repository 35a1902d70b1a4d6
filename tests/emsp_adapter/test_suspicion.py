"""T20: a card that is used as no driver uses one is refused; its driver and staff hear of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.emsp_adapter.contracts import UID, card, moment, named, publish, session, status
from tests.emsp_adapter.running import Adapter, Cpo, adapter, cpo
from tests.emsp_adapter.test_authorization import ask, change
from tests.samples import location_references

_MOST = 3


async def _allowed(partner: Cpo, body: Any = None) -> str:
    response = await ask(partner, UID, body)
    assert status(response) == (200, 1000)
    return str(response.json()["data"]["allowed"])


async def test_t20_a_card_is_allowed_so_many_times_an_hour(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, starts_per_hour=_MOST) as emsp, cpo(emsp) as partner:
        await card(emsp, await emsp.driver())
        before = [await _allowed(partner) for _ in range(_MOST)]

        refused = (await ask(partner)).json()["data"]
        await change(emsp, "UPDATE authorizations SET given_at = given_at - interval '1 hour'")
        after = await _allowed(partner)

    assert before == ["ALLOWED"] * _MOST
    assert refused["allowed"] == "BLOCKED"
    assert refused["info"] == {
        "language": "en",
        "text": f"This card was used {_MOST} times within an hour, more than a driver does.",
    }
    assert "authorization_reference" not in refused
    assert after == "ALLOWED"


async def test_of_many_questions_at_once_no_more_are_answered_yes(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, starts_per_hour=_MOST) as emsp, cpo(emsp) as partner:
        await card(emsp, await emsp.driver())

        answers = await asyncio.gather(*(_allowed(partner) for _ in range(5 * _MOST)))

    assert answers.count("ALLOWED") == _MOST
    assert answers.count("BLOCKED") == 4 * _MOST


async def test_a_cpo_that_asks_often_has_the_card_refused_at_no_other(
    emsp_database_url: str,
) -> None:
    async with (
        adapter(emsp_database_url, starts_per_hour=_MOST) as emsp,
        cpo(emsp) as partner,
        cpo(emsp, name="other", roles="BE/OTH/CPO") as other,
    ):
        await card(emsp, await emsp.driver())
        asked = [await _allowed(other) for _ in range(_MOST + 1)]

        elsewhere = await _allowed(partner)

    assert (asked[-1], elsewhere) == ("BLOCKED", "ALLOWED")


async def test_t20_a_charge_that_nobody_asked_about_counts_too(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, starts_per_hour=1) as emsp, cpo(emsp) as partner:
        made = await card(emsp, await emsp.driver())
        over = {"status": "COMPLETED", "end_date_time": moment(emsp.office.now())}
        await partner.put("sessions", "SESSION1", session(made) | over)

        assert await _allowed(partner) == "BLOCKED"


async def test_t20_an_app_starts_so_many_charges_an_hour(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, starts_per_hour=1) as emsp, cpo(emsp) as partner:
        await publish(partner)
        ada = await emsp.driver()
        wish = {"location": "NL*CPO*LOC1", "evse_uid": "EVSE1"}
        method = await ada.api.post("/payment-methods", json={"kind": "demo"})
        first = await ada.api.post("/charges", json=wish)
        await change(emsp, "UPDATE charges SET state = 'failed'")

        again = await ada.api.post("/charges", json=wish, headers={"Accept-Language": "de"})

    assert (method.status_code, first.status_code, again.status_code) == (201, 201, 409)
    assert again.json()["detail"] == (
        "Sie haben innerhalb einer Stunde 1 Ladevorgänge gestartet;"
        " versuchen Sie es später noch einmal."
    )
    assert len(partner.party.of("POST", "/receiver/commands/START_SESSION")) == 1


async def test_no_limit_is_a_limit_of_nothing(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, starts_per_hour=0) as emsp, cpo(emsp) as partner:
        await card(emsp, await emsp.driver())

        assert [await _allowed(partner) for _ in range(25)] == ["ALLOWED"] * 25


async def _charges(emsp: Adapter, partner: Cpo, *, told: timedelta = timedelta()) -> None:
    """The card charges at LOC1 since its CPO told of it."""
    made = await card(emsp, await emsp.driver())
    at = moment(emsp.office.now() - told)
    await partner.put("sessions", "SESSION1", session(made, last_updated=at))


async def test_t20_a_card_that_charges_is_refused_at_another_place(
    emsp: Adapter, partner: Cpo
) -> None:
    await _charges(emsp, partner)

    refused = (await ask(partner, UID, location_references(location_id="LOC2"))).json()["data"]

    assert refused["allowed"] == "BLOCKED"
    assert refused["info"]["text"] == "This card is charging at another place at the moment."


ELSEWHERE: dict[str, tuple[Any, timedelta]] = {
    "at the same place": (location_references(), timedelta()),
    "where its CPO does not say": (None, timedelta()),
    "when its CPO was silent for long": (
        location_references(location_id="LOC2"),
        timedelta(minutes=16),
    ),
}


@pytest.mark.parametrize(("body", "told"), ELSEWHERE.values(), ids=ELSEWHERE)
async def test_a_card_that_charges_may_be_asked_about(
    emsp: Adapter, partner: Cpo, body: Any, told: timedelta
) -> None:
    await _charges(emsp, partner, told=told)

    assert await _allowed(partner, body) == "ALLOWED"


async def _told_by_another(emsp: Adapter, other: Cpo, *, asked: bool) -> None:
    """BE/OTH tells that the card charges there until for ever, and had `asked` before."""
    made = await card(emsp, await emsp.driver())
    if asked:
        await _allowed(other)
    theirs = session(made, country_code="BE", party_id="OTH", last_updated="2099-01-01T00:00:00Z")
    told = await other.party.call("PUT", "receiver", "sessions", "BE/OTH/SESSION1", theirs)
    assert status(told) == (200, 1000)


@pytest.mark.parametrize(("asked", "answer"), [(True, "BLOCKED"), (False, "ALLOWED")])
async def test_a_session_at_another_cpo_counts_when_that_was_told_yes(
    emsp: Adapter, partner: Cpo, asked: bool, answer: str
) -> None:
    async with cpo(emsp, name="other", roles="BE/OTH/CPO") as other:
        await _told_by_another(emsp, other, asked=asked)

        assert await _allowed(partner) == answer


async def test_a_stamp_in_the_future_makes_no_session_run_for_ever(
    emsp: Adapter, partner: Cpo
) -> None:
    async with cpo(emsp, name="other", roles="BE/OTH/CPO") as other:
        await _told_by_another(emsp, other, asked=True)
        await change(emsp, "UPDATE sessions SET told_at = told_at - interval '16 minutes'")

        assert await _allowed(partner) == "ALLOWED"


async def test_a_charge_counts_for_as_long_as_it_is_told_of(emsp: Adapter, partner: Cpo) -> None:
    await _charges(emsp, partner, told=timedelta(minutes=1))
    await change(emsp, "UPDATE sessions SET told_at = told_at - interval '3 hours'")
    at = moment(emsp.office.now())
    await partner.patch("sessions", "SESSION1", {"kwh": 21, "last_updated": at})

    assert await _allowed(partner, location_references(location_id="LOC2")) == "BLOCKED"


async def test_a_card_that_may_be_copied_is_told_to_its_driver_and_to_staff(
    emsp: Adapter, partner: Cpo, caplog: pytest.LogCaptureFixture
) -> None:
    await _charges(emsp, partner)
    (driver_id,) = await emsp.row("SELECT id FROM drivers") or ("",)
    ada = await emsp.api(driver_id, scope="account")

    for _ in range(3):
        await ask(partner, UID, location_references(location_id="LOC2"))

    (shown,) = (await ada.get("/cards", headers={"Accept-Language": "de"})).json()["cards"]
    mail = await emsp.mail_to("ada@drivers.example", subject="used in an unusual way")
    logged = [r.__dict__["rule"] for r in caplog.records if r.message == "a card is suspicious"]
    audited = await emsp.rows("SELECT action, detail ->> 'rule' FROM audit")
    assert shown["suspicion"]["rule"] == "token_at_two_places"
    assert shown["suspicion"]["message"].startswith("Mit dieser Karte wird gerade")
    assert "charging at another place" in mail.get_content()
    assert logged == ["token_at_two_places"]
    assert audited == [("card suspected", "token_at_two_places")]


async def test_a_session_at_two_places_makes_a_card_suspicious(emsp: Adapter, partner: Cpo) -> None:
    await _charges(emsp, partner)
    (document,) = await emsp.row("SELECT document FROM tokens") or ({},)
    second = session(document, id="SESSION2", location_id="LOC2", cdr_token=named(document))

    await partner.put("sessions", "SESSION2", second | {"last_updated": moment(emsp.office.now())})

    assert await emsp.rows("SELECT suspicion ->> 'rule' FROM tokens") == [("token_at_two_places",)]
