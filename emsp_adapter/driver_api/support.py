"""What support staff do: the queue of problems, and who a driver is. Everything is audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import At, RoomyRoute, Staff
from emsp_adapter.driver_api.paging import Pages
from emsp_adapter.driver_api.problems import Id, Words, shown, whole
from emsp_adapter.drivers import problems as work
from emsp_adapter.drivers.problems import ProblemState
from emsp_adapter.store import drivers
from emsp_adapter.store import problems as rows
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.types import format_datetime

router = APIRouter(route_class=RoomyRoute, tags=["support"])

_Filter = Annotated[ProblemState | None, Query(description="Those in this state.")]
_Email = Annotated[str, Query(min_length=3, max_length=254), PLAIN]


class GivenAnswer(
    Given, json_schema_extra=example({"text": "We have unlocked it.", "close": True})
):
    """What the driver is told, and whether that is the end of it."""

    text: Words
    close: bool = False


@router.get("/support/problems", response_model=answers.ProblemQueue)
async def list_reported_problems(
    office: At, staff: Staff, pages: Pages, state: _Filter = None
) -> Json:
    """Reports of all drivers, those that wait longest first."""
    after = pages.after(datetime, str)
    async with office.db.hot() as conn:
        found = await rows.listed(conn, state=state, after=after, limit=pages.limit)
        said = await rows.answers(conn, [each.id for each in found])
    return pages.page(
        "problems",
        found,
        key=lambda each: (each.created_at, each.id),
        shown=lambda each: _queued(each, said),
    )


@router.get("/support/problems/{problem_id}", response_model=answers.QueuedProblem)
async def get_reported_problem(problem_id: Id, office: At, staff: Staff) -> Json:
    """One report with what was said to it."""
    async with office.db.hot() as conn:
        found = await rows.find(conn, problem_id)
        if found is None:
            raise _unknown(problem_id)
        said = await rows.answers(conn, [found.id])
    return Json(_queued(found, said))


@router.post(
    "/support/problems/{problem_id}/answers", status_code=201, response_model=answers.Problem
)
async def answer_problem(problem_id: Id, given: GivenAnswer, office: At, staff: Staff) -> Json:
    """Answers a report, and closes it with `close`; the driver is told."""
    async with office.db.hot_transaction() as conn:
        found = await _locked(conn, problem_id)
        await work.answer_by_support(conn, office, found, given.text, close=given.close)
        await audit.record(
            conn,
            staff.name,
            action="problem answer",
            subject=problem_id,
            detail={"close": given.close},
        )
        return Json(await whole(conn, problem_id), status_code=201)


@router.post("/support/problems/{problem_id}/close", response_model=answers.Problem)
async def close_problem(problem_id: Id, office: At, staff: Staff) -> Json:
    """Closes a report without a word; closing it again changes nothing."""
    async with office.db.hot_transaction() as conn:
        await _locked(conn, problem_id)
        await rows.set_state(conn, problem_id, ProblemState.CLOSED, now=office.now())
        await audit.record(conn, staff.name, action="problem close", subject=problem_id)
        return Json(await whole(conn, problem_id))


@router.get("/support/drivers", response_model=answers.Drivers)
async def find_driver(email: _Email, office: At, staff: Staff) -> Json:
    """The driver with an e-mail address, or none."""
    async with office.db.hot_transaction() as conn:
        found = await drivers.by_email(conn, email.strip().lower())
        await audit.record(
            conn,
            staff.name,
            action="driver look-up",
            subject="nobody" if found is None else found.id,
        )
    return Json({"drivers": [] if found is None else [_card(found)]})


def _card(driver: drivers.Driver) -> dict[str, Any]:
    return {
        "id": driver.id,
        "email": driver.email,
        "name": driver.name,
        "status": driver.status,
        "created_at": format_datetime(driver.created_at),
    }


async def _locked(conn: Hot, problem_id: str) -> rows.Problem:
    found = await rows.find(conn, problem_id, lock=True)
    if found is None:
        raise _unknown(problem_id)
    return found


def _queued(problem: rows.Problem, said: Sequence[rows.Answer]) -> dict[str, Any]:
    """A report as support sees it."""
    return {
        **shown(problem, said),
        "driver_id": problem.driver_id,
        "operator": problem.operator,
        "refusal": problem.refusal,
    }


def _unknown(problem_id: str) -> Problem:
    return Problem(404, f"there is no report {problem_id!r}")
