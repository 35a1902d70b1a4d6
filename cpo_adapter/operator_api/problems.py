"""The queue of what drivers report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import StringConstraints

from cpo_adapter import problems as work
from cpo_adapter.operator_api.office import At, Office, OperatorRoute, Reader, Worker
from cpo_adapter.operator_api.shapes import Before, Limit, Number, page
from cpo_adapter.problems import State
from cpo_adapter.store import problems as rows
from cpo_adapter.store.operator_tokens import Operator
from cpo_adapter.store.problems import Answer
from cpo_adapter.store.problems import Problem as Reported
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["problems"])

# One line that goes over the wire as OCPI's strings do.
_Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^\P{Cc}+$"),
]


class GivenAnswer(Given):
    """What the driver is told, and whether that is the end of it."""

    text: _Words
    close: bool = False


@router.get("/problems")
async def list_problems(
    request: Request,
    office: At,
    operator: Reader,
    state: Annotated[State | None, Query()] = None,
    before: Before = None,
    limit: Limit = 100,
) -> Json:
    """Reports, the newest first, each with what was answered."""
    async with office.db.hot() as conn:
        found = await rows.listed(conn, state=state, before=before, limit=limit)
        said = await rows.answers(conn, [each.number for each in found])
    return page(
        request,
        found,
        limit=limit,
        cursor="before",
        key=lambda each: each.number,
        shown=lambda each: shown(each, said),
    )


@router.get("/problems/{number}")
async def get_problem(number: Number, office: At, operator: Reader) -> Json:
    """One report."""
    async with office.db.hot() as conn:
        return Json(await _whole(conn, number))


@router.post("/problems/{number}/answers", status_code=201)
async def answer(number: Number, given: GivenAnswer, office: At, operator: Worker) -> Json:
    """Answers a report, and closes it with `close`; the driver hears it through its eMSP."""
    return Json(
        await _answered(office, operator, number, given.text, close=given.close), status_code=201
    )


@router.post("/problems/{number}/close")
async def close_problem(number: Number, office: At, operator: Worker) -> Json:
    """Closes a report without a word; the eMSP sees that it is closed."""
    return Json(await _answered(office, operator, number, "", close=True))


async def _answered(
    office: Office, operator: Operator, number: int, text: str, *, close: bool
) -> dict[str, Any]:
    async with office.db.hot_transaction() as conn:
        found = await rows.find(conn, number, lock=True)
        if found is None:
            raise _unknown(number)
        if found.state == State.CLOSED:
            raise Problem(409, f"problem {number} is closed")
        await work.answer(
            conn,
            found,
            text,
            closes=close,
            operator=operator.name,
            rules=office.rules,
            now=office.now(),
        )
        await audit.record(
            conn,
            operator.name,
            action="problem answer" if text else "problem close",
            subject=str(number),
            detail={"close": close},
        )
        answered = await _whole(conn, number)
    office.poke()
    return answered


async def _whole(conn: Hot, number: int) -> dict[str, Any]:
    found = await rows.find(conn, number)
    if found is None:
        raise _unknown(number)
    return shown(found, await rows.answers(conn, [number]))


def shown(problem: Reported, said: Sequence[Answer]) -> dict[str, Any]:
    """A report as operators see it."""
    return {
        "number": problem.number,
        "provider": problem.owner.upper(),
        "id": problem.id,
        "location_id": problem.location_id,
        "evse_uid": problem.evse_uid,
        "station_id": problem.station_id,
        "kind": problem.kind,
        "text": problem.text,
        "state": problem.state,
        "created_at": problem.created_at,
        "updated_at": problem.updated_at,
        "answers": [
            {"at": each.at, "operator": each.operator, "text": each.text, "closes": each.closes}
            for each in said
            if each.problem == problem.number
        ],
    }


def _unknown(number: int) -> Problem:
    return Problem(404, f"problem {number} is not known")
