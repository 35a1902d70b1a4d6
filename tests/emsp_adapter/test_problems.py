"""Problems that drivers report: they reach the operator, and the answer reaches the driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from ocpi_hub.node.rest import bodies
from tests.emsp_adapter.reporting import (
    BROKEN,
    operator,
    reported,
    staff,
    until,
)
from tests.emsp_adapter.running import Adapter, Cpo, Driver
from tests.parties import Received, envelope
from tests.scripts import SCRIPTS


@pytest.fixture
async def ada(emsp: Adapter) -> Driver:
    """A driver."""
    return await emsp.driver("ada@drivers.example")


@pytest.fixture
async def taking(emsp: Adapter) -> AsyncIterator[Cpo]:
    """NL/CPO, which takes reports."""
    async with operator(emsp) as registered:
        yield registered


async def told(cpo: Cpo, count: int = 1) -> list[Received]:
    """The reports that the operator got, when there are so many."""

    async def look() -> list[Received]:
        found = cpo.party.of("PUT", "/receiver/charging-problems")
        return found if len(found) >= count else []

    return await until(look)


async def answered(cpo: Cpo, problem_id: str, **given: Any) -> tuple[int, int]:
    document = {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "A1",
        "problem_id": problem_id,
        "state": "ANSWERED",
        "text": "Somebody is on the way.",
        "last_updated": "2026-03-01T10:00:00Z",
    } | given
    return await cpo.put("charging-problem-answers", document["id"], document)


async def seen(driver: Driver, problem_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await driver.api.get(f"/problems/{problem_id}")).json()
    return found


def said(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["from"], each["text"]) for each in problem["answers"]]


# --- to the operator and back --------------------------------------------------------------------


async def test_a_report_reaches_the_operator_of_the_charger(taking: Cpo, ada: Driver) -> None:
    problem = await reported(ada, evse_uid="EVSE1")

    (heard,) = await told(taking)

    assert problem["state"] == "with_operator"
    assert heard.path == f"/receiver/charging-problems/NL/EMS/{problem['id']}"
    assert heard.routing() == ("NL/EMS", "NL/CPO")
    assert heard.json == {
        "country_code": "NL",
        "party_id": "EMS",
        "id": problem["id"],
        "location_id": "LOC1",
        "evse_uid": "EVSE1",
        "kind": "BROKEN",
        "text": "The plug is stuck.",
        "created": problem["created_at"],
        "last_updated": problem["created_at"],
    }


async def test_the_operators_answer_reaches_the_driver(
    emsp: Adapter, taking: Cpo, ada: Driver
) -> None:
    problem = await reported(ada)
    await told(taking)

    answer = await answered(taking, problem["id"])

    found = await seen(ada, problem["id"])
    mail = await emsp.mail_to("ada@drivers.example", subject="An answer to your report")
    assert answer == (200, 1000)
    assert found["state"] == "answered"
    assert said(found) == [("operator", "Somebody is on the way.")]
    assert "Answer: Somebody is on the way." in mail.get_content()


async def test_an_answer_that_comes_twice_is_one_answer(taking: Cpo, ada: Driver) -> None:
    problem = await reported(ada)
    await told(taking)

    answers = [await answered(taking, problem["id"]) for _ in range(2)]

    assert answers == [(200, 1000)] * 2
    assert len((await seen(ada, problem["id"]))["answers"]) == 1


async def test_the_operator_closes_a_report_and_the_driver_adds_nothing_more(
    taking: Cpo, ada: Driver
) -> None:
    problem = await reported(ada)
    await told(taking)
    await answered(taking, problem["id"], state="CLOSED", text="Repaired.")

    added = await ada.api.post(f"/problems/{problem['id']}/answers", json={"text": "Not so."})

    assert (await seen(ada, problem["id"]))["state"] == "closed"
    assert added.status_code == 409


async def test_what_the_driver_adds_goes_to_the_operator_too(taking: Cpo, ada: Driver) -> None:
    problem = await reported(ada)
    await told(taking)
    await answered(taking, problem["id"])

    added = await ada.api.post(
        f"/problems/{problem['id']}/answers", json={"text": "It is still stuck."}
    )

    heard = (await told(taking, 2))[-1]
    assert (added.status_code, added.json()["state"]) == (201, "with_operator")
    assert heard.json["text"] == "The plug is stuck. / It is still stuck."


async def test_nothing_of_the_driver_goes_to_the_operator(
    emsp: Adapter, taking: Cpo, ada: Driver
) -> None:
    await emsp.rows("UPDATE drivers SET name = 'Ada Byron' WHERE id = %s RETURNING id", ada.id)
    words = "Call Ada Byron, +31 6 1234 5678\nor ada@drivers.example,\nNL91 ABNA 0417 1643 00!"

    await reported(ada, text=words)

    (heard,) = await told(taking)
    assert heard.json["text"] == "Call [removed], [removed] or [removed], [removed]!"


async def test_an_operator_that_was_away_is_told_when_it_is_back(
    emsp: Adapter, taking: Cpo, ada: Driver
) -> None:
    taking.party.say(lambda: envelope(None, 3000, http_status=500), method="PUT")
    problem = await reported(ada)
    await told(taking)

    taking.party.answer = None

    heard = (await told(taking, 2))[-1]
    assert heard.json["id"] == problem["id"]


REFUSED = {
    "unknown to it": (200, 2003),
    "not liked": (400, 2001),
    "not served, says a hub": (200, 4001),
}


@pytest.mark.parametrize(("http_status", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_the_operator_refuses_is_for_our_own_support(
    emsp: Adapter, taking: Cpo, ada: Driver, http_status: int, code: int
) -> None:
    taking.party.say(
        lambda: envelope(None, code, http_status=http_status, message="no"), method="PUT"
    )
    problem = await reported(ada)

    async def open_again() -> bool:
        return bool((await seen(ada, problem["id"]))["state"] == "open")

    assert await until(open_again)
    queue = (await (await staff(emsp)).get("/support/problems?state=open")).json()["problems"]
    assert [(each["id"], each["refusal"]) for each in queue] == [(problem["id"], "no")]


OURS = {
    "a payment": {"kind": "payment"},
    "the app": {"kind": "app"},
    "nowhere": {"kind": "other", "location": None},
}


@pytest.mark.parametrize("given", OURS.values(), ids=OURS)
async def test_what_is_no_operators_affair_stays_with_us(
    taking: Cpo, ada: Driver, given: dict[str, Any]
) -> None:
    problem = await reported(ada, **given)
    broken = await reported(ada)

    assert problem["state"] == "open"
    assert [each.json["id"] for each in await told(taking)] == [broken["id"]]


async def test_an_operator_without_the_module_is_sent_nothing(emsp: Adapter, ada: Driver) -> None:
    async with operator(emsp, takes_reports=False) as cpo:
        problem = await reported(ada)

        assert problem["state"] == "open"
        assert not cpo.party.of("PUT", "/receiver/charging-problems")


async def test_another_operator_answers_nothing_of_this_one(
    emsp: Adapter, taking: Cpo, ada: Driver
) -> None:
    problem = await reported(ada, kind="payment")

    assert await answered(taking, problem["id"]) == (404, 2001)
    assert await answered(taking, "nothing") == (404, 2001)
    assert await answered(taking, problem["id"], country_code="DE") == (200, 2001)


# --- drivers -------------------------------------------------------------------------------------


async def test_a_driver_sees_its_own_reports_only(emsp: Adapter, ada: Driver) -> None:
    ben = await emsp.driver("ben@drivers.example")
    problem = await reported(ada, kind="app", location=None)

    answers = [
        await ben.api.get(f"/problems/{problem['id']}"),
        await ben.api.post(f"/problems/{problem['id']}/answers", json={"text": "Mine?"}),
    ]

    assert [each.status_code for each in answers] == [404, 404]
    assert (await ben.api.get("/problems")).json() == {"problems": [], "next": None}


async def test_reports_are_listed_in_pages_the_newest_first(ada: Driver) -> None:
    made = [(await reported(ada, kind="app", location=None, text=f"{n}"))["id"] for n in range(3)]

    first = (await ada.api.get("/problems?limit=2")).json()
    second = (await ada.api.get(f"/problems?limit=2&cursor={first['next']}")).json()

    listed = [each["id"] for each in (*first["problems"], *second["problems"])]
    assert (listed, second["next"]) == (made[::-1], None)


async def test_the_same_report_sent_twice_is_one(ada: Driver) -> None:
    key = {"Idempotency-Key": "k1"}
    given = {"kind": "app", "text": "It is slow."}

    first = await ada.api.post("/problems", json=given, headers=key)
    again = await ada.api.post("/problems", json=given, headers=key)
    other = await ada.api.post("/problems", json={**given, "text": "No."}, headers=key)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert len((await ada.api.get("/problems")).json()["problems"]) == 1


async def test_the_same_report_sent_at_the_same_time_is_one(ada: Driver) -> None:
    key = {"Idempotency-Key": "k1"}
    given = {"kind": "app", "text": "It is slow."}

    answers = await asyncio.gather(
        *(ada.api.post("/problems", json=given, headers=key) for _ in range(6))
    )

    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.json()["id"] for each in answers if each.status_code == 201}) == 1
    assert len((await ada.api.get("/problems")).json()["problems"]) == 1


async def test_a_key_is_its_drivers_own(emsp: Adapter, ada: Driver) -> None:
    ben = await emsp.driver("ben@drivers.example")
    key = {"Idempotency-Key": "k1"}
    given = {"kind": "app", "text": "It is slow."}

    answers = [
        (await driver.api.post("/problems", json=given, headers=key)).json()["id"]
        for driver in (ada, ben)
    ]

    assert len(set(answers)) == 2


async def test_what_a_process_died_with_is_done_by_the_same_request_later(
    emsp: Adapter, ada: Driver
) -> None:
    key = {"Idempotency-Key": "k1"}
    given = {"kind": "app", "text": "It is slow."}
    await ada.api.post("/problems", json=given, headers=key)
    unfinished = "UPDATE idempotent_requests SET status = NULL, answer = NULL, claimed_at = %s"
    await emsp.rows(f"{unfinished} RETURNING key", emsp.office.now())
    early = await ada.api.post("/problems", json=given, headers=key)
    await emsp.rows(f"{unfinished} RETURNING key", emsp.office.now() - timedelta(minutes=3))

    other = await ada.api.post("/problems", json={**given, "text": "No."}, headers=key)
    late = await ada.api.post("/problems", json=given, headers=key)

    assert (early.status_code, early.headers["retry-after"]) == (409, "1")
    assert (other.status_code, late.status_code) == (422, 201)


async def test_a_refused_report_may_be_sent_again_with_its_key(emsp: Adapter, ada: Driver) -> None:
    key = {"Idempotency-Key": "k1"}
    refused = await ada.api.post("/problems", json=BROKEN, headers=key)

    async with operator(emsp):
        taken = await ada.api.post("/problems", json=BROKEN, headers=key)

    assert (refused.status_code, taken.status_code) == (404, 201)


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "no words": ({"text": "  \n "}, 422, "text"),
    "too many words": ({"text": "x" * 2001}, 422, "text"),
    "no text": ({"text": "a\x07b"}, 422, "text"),
    "another kind": ({"kind": "boring"}, 422, "kind"),
    "more than is known": ({"priority": 1}, 422, "priority"),
    "an unknown place": ({"location": "NL*CPO*LOC9"}, 404, "location"),
    "no place": ({"location": "<script>"}, 404, "location"),
    "an unknown EVSE": ({"evse_uid": "EVSE9"}, 404, "evse_uid"),
    "an EVSE of nowhere": ({"location": None, "evse_uid": "EVSE1"}, 422, "location"),
    "another's charge": ({"charge_id": "C1"}, 404, "charge_id"),
}


@pytest.mark.parametrize(("given", "status", "field"), BAD.values(), ids=BAD)
async def test_a_bad_report_is_refused_with_its_field(
    taking: Cpo, ada: Driver, given: dict[str, Any], status: int, field: str
) -> None:
    answer = await ada.api.post("/problems", json={**BROKEN, **given})

    assert (answer.status_code, answer.json().get("field")) == (status, field)


# --- support -------------------------------------------------------------------------------------


async def test_support_answers_and_closes_and_the_driver_hears(emsp: Adapter, ada: Driver) -> None:
    support = await staff(emsp)
    problem = await reported(ada, kind="payment", location=None)

    answer = await support.post(
        f"/support/problems/{problem['id']}/answers", json={"text": "Refunded.", "close": True}
    )

    found = await seen(ada, problem["id"])
    mail = await emsp.mail_to("ada@drivers.example", subject="An answer")
    assert (answer.status_code, answer.json()) == (201, found)
    assert (found["state"], said(found)) == ("closed", [("support", "Refunded.")])
    assert "Refunded." in mail.get_content()
    assert await emsp.rows("SELECT actor, action, subject, detail FROM audit") == [
        ("client:test-app", "problem answer", problem["id"], {"close": True})
    ]


async def test_support_sees_what_waits_longest_first(emsp: Adapter, ada: Driver) -> None:
    support = await staff(emsp)
    made = [(await reported(ada, kind="app", location=None))["id"] for _ in range(3)]
    await support.post(f"/support/problems/{made[1]}/close")

    first = (await support.get("/support/problems?state=open&limit=1")).json()
    rest = (await support.get(f"/support/problems?state=open&cursor={first['next']}")).json()

    assert [each["id"] for each in (*first["problems"], *rest["problems"])] == [made[0], made[2]]
    assert first["problems"][0]["driver_id"] == ada.id


async def test_a_look_at_a_driver_is_audited(emsp: Adapter, ada: Driver) -> None:
    support = await staff(emsp)

    found = (await support.get("/support/drivers?email=ADA@drivers.example")).json()["drivers"]
    nobody = (await support.get("/support/drivers?email=eve@drivers.example")).json()["drivers"]

    assert [(each["id"], each["email"]) for each in found] == [(ada.id, "ada@drivers.example")]
    assert nobody == []
    assert await emsp.rows("SELECT action, subject FROM audit ORDER BY id") == [
        ("driver look-up", ada.id),
        ("driver look-up", "nobody"),
    ]


FOR_STAFF = [
    ("GET", "/support/problems"),
    ("POST", "/support/problems/P1/answers"),
    ("POST", "/support/problems/P1/close"),
    ("GET", "/support/drivers?email=ada@drivers.example"),
]


@pytest.mark.parametrize(("method", "path"), FOR_STAFF, ids=[path for _, path in FOR_STAFF])
async def test_a_driver_is_no_support(ada: Driver, method: str, path: str) -> None:
    body = {"text": "Hi"} if method == "POST" else None

    answer = await ada.api.request(method, path, json=body)

    assert (answer.status_code, answer.json()["detail"]) == (403, "this needs the scope support")


# --- script --------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", SCRIPTS.values(), ids=SCRIPTS)
async def test_script_in_a_report_or_answer_is_only_words(
    emsp: Adapter, ada: Driver, words: str
) -> None:
    """T35: JSON carries it as it is, a mail without what nobody sees; none takes it for markup."""
    support = await staff(emsp)
    problem = await reported(ada, kind="app", location=None, text=words)
    await support.post(f"/support/problems/{problem['id']}/answers", json={"text": words})

    answer = await ada.api.get(f"/problems/{problem['id']}")
    mail = await emsp.mail_to("ada@drivers.example", subject="An answer to your report")

    assert answer.headers["content-type"] == "application/json"
    assert (answer.json()["text"], said(answer.json())) == (words, [("support", words)])
    assert mail.get_content_type() == "text/plain"
    assert f"Answer: {bodies.seen(words)}" in mail.get_content()
