"""What drivers of eMSPs report: it reaches the operators' queue, and they answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cpo_adapter.store import operator_tokens
from cpo_adapter.store.operator_tokens import Role
from ocpi_hub.node.secrets import hash_token
from tests.cpo_adapter.commands import CpoCommands
from tests.cpo_adapter.running import Adapter, Emsp, adapter, emsp
from tests.hub.commands import KEY
from tests.partners import eventually, status
from tests.scripts import SCRIPTS

ANSWERS = "charging-problem-answers"
STAMP = "2026-03-01T10:00:00Z"


@dataclass
class Desk:
    """The adapter, DE/EMS at it, and an operator of each role."""

    cpo: Adapter
    ems: Emsp
    client: httpx.AsyncClient

    async def report(self, problem_id: str = "P1", **given: Any) -> tuple[int, int]:
        """A report of DE/EMS; HTTP status and OCPI code of the answer."""
        document = {
            "country_code": "DE",
            "party_id": "EMS",
            "id": problem_id,
            "location_id": "LOC1",
            "evse_uid": "EVSE1",
            "kind": "BROKEN",
            "text": "The plug is stuck.",
            "created": STAMP,
            "last_updated": STAMP,
        } | given
        answer = await self.ems.party.call(
            "PUT", "receiver", "charging-problems", f"DE/EMS/{problem_id}", document
        )
        return status(answer)

    async def ask(
        self, method: str, path: str, body: Any = None, *, role: Role = Role.OPERATE
    ) -> httpx.Response:
        """An operator asks."""
        return await self.client.request(
            method, path, json=body, headers={"Authorization": f"Bearer {role.value}-token"}
        )

    async def queue(self, query: str = "") -> list[dict[str, Any]]:
        """What a reader sees."""
        answer = await self.ask("GET", f"/problems{query}", role=Role.READ)
        found: list[dict[str, Any]] = answer.json()
        return found

    async def told(self, count: int = 1) -> list[dict[str, Any]]:
        """The answers that the eMSP got, when there are so many."""

        def there() -> bool:
            return len(self.ems.party.of("PUT", f"/receiver/{ANSWERS}")) >= count

        await eventually(there)
        return [each.json for each in self.ems.party.of("PUT", f"/receiver/{ANSWERS}")]


@pytest.fixture
async def desk(cpo_database_url: str) -> AsyncIterator[Desk]:
    """A CPO with LOC1, and an eMSP that takes answers."""
    async with (
        adapter(cpo_database_url) as cpo,
        emsp(cpo, more=(ANSWERS,)) as ems,
        httpx.AsyncClient(base_url=f"{cpo.url}/operator/v1", trust_env=False) as client,
    ):
        async with cpo.db.hot() as conn:
            for role in Role:
                token = hash_token(f"{role.value}-token")
                await operator_tokens.add(conn, token, role=role, label=None)
        yield Desk(cpo, ems, client)


async def test_a_report_stands_in_the_queue_and_is_alerted(desk: Desk) -> None:
    answer = await desk.report()

    (problem,) = await desk.queue("?state=open")
    (alert,) = (await desk.ask("GET", "/alerts?open=true&station=CS1")).json()
    assert answer == (200, 1000)
    assert (problem["provider"], problem["id"], problem["station_id"]) == ("DE/EMS", "p1", "CS1")
    assert (problem["location_id"], problem["evse_uid"]) == ("LOC1", "EVSE1")
    assert (problem["kind"], problem["text"]) == ("BROKEN", "The plug is stuck.")
    assert (alert["kind"], alert["subject"]) == ("problem_reported", str(problem["number"]))


async def test_the_answer_goes_to_the_emsp_and_ends_the_alert(desk: Desk) -> None:
    await desk.report()
    (problem,) = await desk.queue()

    answer = await desk.ask(
        "POST", f"/problems/{problem['number']}/answers", {"text": "On our way."}
    )

    (told,) = await desk.told()
    assert (answer.status_code, answer.json()["state"]) == (201, "answered")
    assert (told["problem_id"], told["state"], told["text"]) == ("p1", "ANSWERED", "On our way.")
    assert (await desk.ask("GET", "/alerts?open=true")).json() == []
    assert await desk.queue("?state=open") == []


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [("answers", {"text": "Repaired.", "close": True}, "Repaired."), ("close", None, "")],
    ids=["with words", "without a word"],
)
async def test_a_closed_report_is_closed_for_the_emsp_too(
    desk: Desk, path: str, body: Any, text: str
) -> None:
    await desk.report()
    (problem,) = await desk.queue()

    closed = await desk.ask("POST", f"/problems/{problem['number']}/{path}", body)
    again = await desk.ask("POST", f"/problems/{problem['number']}/close")

    (told,) = await desk.told()
    assert (told["state"], told["text"]) == ("CLOSED", text)
    assert (closed.json()["state"], again.status_code) == ("closed", 409)


async def test_the_same_report_again_changes_nothing_and_more_words_open_it(desk: Desk) -> None:
    await desk.report()
    (problem,) = await desk.queue()
    await desk.ask("POST", f"/problems/{problem['number']}/answers", {"text": "Done."})

    await desk.report(last_updated="2026-03-01T11:00:00Z")
    (same,) = await desk.queue()
    await desk.report(text="The plug is stuck. / Still.")
    (opened,) = await desk.queue()

    assert (same["state"], opened["state"]) == ("answered", "open")
    assert opened["number"] == problem["number"]


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "an unknown location": ({"location_id": "LOC9"}, (200, 2003)),
    "an unknown EVSE": ({"evse_uid": "EVSE9"}, (200, 2003)),
    "another kind": ({"kind": "BORING"}, (200, 2001)),
    "no words": ({"text": None}, (200, 2001)),
    "a line break": ({"text": "a\nb"}, (200, 2001)),
    "too many words": ({"text": "x" * 5001}, (200, 2001)),
    "another owner": ({"party_id": "XYZ"}, (200, 2001)),
    "another id": ({"id": "P2"}, (200, 2001)),
}


@pytest.mark.parametrize(("given", "expected"), REFUSED.values(), ids=REFUSED)
async def test_a_report_that_cannot_be_is_refused(
    desk: Desk, given: dict[str, Any], expected: tuple[int, int]
) -> None:
    answer = await desk.report(**given)

    assert answer == expected
    assert await desk.queue() == []


async def test_a_reader_does_not_answer(desk: Desk) -> None:
    await desk.report()
    (problem,) = await desk.queue()

    answer = await desk.ask(
        "POST", f"/problems/{problem['number']}/answers", {"text": "No."}, role=Role.READ
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("text", ["", "   ", "a\nb", "x" * 2001, None])
async def test_an_answer_is_one_line_of_words(desk: Desk, text: str | None) -> None:
    await desk.report()
    (problem,) = await desk.queue()

    answer = await desk.ask("POST", f"/problems/{problem['number']}/answers", {"text": text})

    assert (answer.status_code, answer.json()["field"]) == (422, "text")


async def test_who_answered_is_in_the_audit(desk: Desk) -> None:
    await desk.report()
    (problem,) = await desk.queue()
    await desk.ask("POST", f"/problems/{problem['number']}/answers", {"text": "Done."})

    (row,) = (await desk.ask("GET", "/audit", role=Role.ADMIN)).json()

    assert (row["action"], row["subject"]) == ("problem answer", str(problem["number"]))


async def test_reports_are_listed_and_answered_by_commands(
    desk: Desk, cpo_database_url: str
) -> None:
    cli = CpoCommands({"DATABASE_URL": cpo_database_url, "SECRET_KEY": KEY})
    await desk.report()

    listed = await cli.aside("problem", "list", "--state", "open", "--json")
    number = listed.json[0]["number"]
    answered = await cli.aside("problem", "answer", str(number), "Repaired.", "--close", "--json")
    again = await cli.aside("problem", "answer", str(number), "And so on.")

    (told,) = await desk.told()
    assert [each["text"] for each in listed.json] == ["The plug is stuck."]
    assert answered.json == {"number": number, "state": "closed"}
    assert (again.code, again.stderr) == (1, f"error: there is no open problem {number}\n")
    assert (told["state"], told["text"]) == ("CLOSED", "Repaired.")


async def test_script_in_a_report_or_answer_is_only_words(desk: Desk) -> None:
    """T35: JSON carries it as it is, to operators and on to the eMSP."""
    taken = [await desk.report(f"P{n}", text=words) for n, words in enumerate(SCRIPTS.values())]
    listed = await desk.ask("GET", "/problems", role=Role.READ)
    number = listed.json()[0]["number"]
    words = SCRIPTS["an image"]
    await desk.ask("POST", f"/problems/{number}/answers", {"text": words})

    (told,) = await desk.told()
    assert taken == [(200, 1000)] * len(SCRIPTS)
    assert listed.headers["content-type"] == "application/json"
    assert {each["text"] for each in listed.json()} == set(SCRIPTS.values())
    assert told["text"] == words
