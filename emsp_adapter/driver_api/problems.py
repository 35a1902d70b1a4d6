"""Reporting a problem, and following what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, Field

from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import NAMES_A_PLACE, At, DriverRoute, Problems
from emsp_adapter.driver_api.idempotency import Once
from emsp_adapter.driver_api.limits import limits_of
from emsp_adapter.driver_api.paging import Pages
from emsp_adapter.drivers import problems as work
from emsp_adapter.drivers.problems import Closed, Fault, Report
from emsp_adapter.store import problems as rows
from emsp_adapter.store.problems import Answer
from emsp_adapter.store.problems import Problem as Reported
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.types import format_datetime

router = APIRouter(route_class=DriverRoute, tags=["problems"])


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("expected some words, got nothing")
    return text.strip()


# Words of a person: line breaks and tabs, but nothing else that is no character.
Words = Annotated[
    str,
    Field(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$"),
    AfterValidator(_something),
]
Id = Annotated[str, Path(max_length=100), PLAIN]
_Reference = Annotated[str, Field(min_length=1, max_length=100), PLAIN]


class GivenProblem(
    Given,
    json_schema_extra=example(
        {
            "kind": "broken",
            "text": "The cable does not come out.",
            "location": "NL*CPO*LOC1",
            "evse_uid": "EVSE1",
        }
    ),
):
    """What is wrong, and where; a charge says where it was."""

    kind: Fault
    text: Words
    location: _Reference | None = None
    evse_uid: _Reference | None = None
    charge_id: _Reference | None = None


class GivenRemark(Given, json_schema_extra=example({"text": "It came out now."})):
    """Something to add."""

    text: Words


@router.post("/problems", status_code=201, response_model=answers.Problem, responses=NAMES_A_PLACE)
async def report_problem(
    given: GivenProblem, request: Request, office: At, driver_id: Problems, once: Once
) -> Response:
    """Reports a problem; the operator of the charger is told where it takes reports."""

    async def work_() -> Response:
        limits_of(request).reports.admit(driver_id)
        async with office.db.hot_transaction() as conn:
            made = await work.report(
                conn,
                office,
                driver_id,
                Report(
                    kind=given.kind,
                    text=given.text,
                    location=given.location,
                    evse_uid=given.evse_uid,
                    charge_id=given.charge_id,
                ),
            )
        office.poke()
        return Json(shown(made, []), status_code=201)

    return await once.answer(driver_id, work_)


@router.get("/problems", response_model=answers.ProblemPage)
async def list_problems(office: At, driver_id: Problems, pages: Pages) -> Json:
    """The driver's reports, the newest first."""
    before = pages.after(datetime, str)
    async with office.db.hot() as conn:
        found = await rows.of_driver(conn, driver_id, before=before, limit=pages.limit)
        said = await rows.answers(conn, [each.id for each in found])
    return pages.page(
        "problems",
        found,
        key=lambda each: (each.created_at, each.id),
        shown=lambda each: shown(each, said),
    )


@router.get("/problems/{problem_id}", response_model=answers.Problem)
async def get_problem(problem_id: Id, office: At, driver_id: Problems) -> Json:
    """One report with what was said to it."""
    async with office.db.hot() as conn:
        found = await _own(conn, problem_id, driver_id)
        return Json(shown(found, await rows.answers(conn, [found.id])))


@router.post("/problems/{problem_id}/answers", status_code=201, response_model=answers.Problem)
async def add_to_problem(
    problem_id: Id, given: GivenRemark, request: Request, office: At, driver_id: Problems
) -> Json:
    """Adds something to a report, which waits for an answer again; 409 when it is closed."""
    async with office.db.hot_transaction() as conn:
        found = await _own(conn, problem_id, driver_id, lock=True)
        limits_of(request).reports.admit(driver_id)
        try:
            await work.add_by_driver(conn, office, found, given.text)
        except Closed:
            raise Problem(409, "the report is closed; please make a new one") from None
        answer = await whole(conn, found.id)
    office.poke()
    return Json(answer, status_code=201)


async def whole(conn: Hot, problem_id: str) -> dict[str, Any]:
    """A report as it is now, with what was said to it."""
    found = await rows.find(conn, problem_id)
    if found is None:
        raise _unknown(problem_id)
    return shown(found, await rows.answers(conn, [problem_id]))


def shown(problem: Reported, said: Sequence[Answer]) -> dict[str, Any]:
    """A report as its driver sees it."""
    return {
        "id": problem.id,
        "state": problem.state,
        "kind": problem.kind,
        "text": problem.text,
        "location": problem.location,
        "evse_uid": problem.evse_uid,
        "charge_id": problem.charge_id,
        "created_at": format_datetime(problem.created_at),
        "answers": [
            {"at": format_datetime(each.at), "from": each.said_by, "text": each.text}
            for each in said
            if each.problem_id == problem.id
        ],
    }


async def _own(conn: Hot, problem_id: str, driver_id: str, *, lock: bool = False) -> Reported:
    found = await rows.find(conn, problem_id, lock=lock)
    if found is None or found.driver_id != driver_id:
        raise _unknown(problem_id)
    return found


def _unknown(problem_id: str) -> Problem:
    return Problem(404, f"there is no report {problem_id!r}")
