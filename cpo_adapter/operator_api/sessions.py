"""Sessions: looked at, ended by hand, and those that are not billed without a person's word."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request

from cpo_adapter import cdrs, unbillable
from cpo_adapter.descriptions import described_session
from cpo_adapter.operator_api.office import At, OperatorRoute, Reader, Worker
from cpo_adapter.operator_api.shapes import After, Filter, Id, Kwh, Limit, Wh, page
from cpo_adapter.store import cdrs as cdr_rows
from cpo_adapter.store import readings, transaction_lists, transactions
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["sessions"])


class GivenEnd(Given):
    """The register at the end in Wh, if somebody has read it."""

    meter_stop: Wh | None = None


class GivenRelease(Given):
    """The energy that is billed, where it is not the measured one."""

    kwh: Kwh | None = None


class GivenCorrection(Given):
    """The energy that should have been billed."""

    kwh: Kwh


@router.get("/sessions")
async def list_sessions(
    request: Request,
    office: At,
    operator: Reader,
    station: Filter = None,
    id_tag: Filter = None,
    open: bool | None = None,
    after: After = None,
    limit: Limit = 100,
) -> Json:
    """Sessions, the newest first; of a station, of a token, running or ended ones."""
    async with office.db.hot() as conn:
        found = await transaction_lists.listed(
            conn, station_id=station, id_tag=id_tag, is_open=open, after=after, limit=limit
        )
    return page(
        request,
        found,
        limit=limit,
        cursor="after",
        key=lambda each: each.id,
        shown=described_session,
    )


@router.get("/sessions/unbillable")
async def list_unbillable(office: At, operator: Reader) -> Json:
    """The ended sessions that wait for a person's word, the newest first, with what is odd."""
    async with office.db.hot() as conn:
        found = await unbillable.listed(conn)
    return Json([described_session(each) for each in found])


@router.get("/sessions/stuck")
async def list_stuck(office: At, operator: Reader) -> Json:
    """The running sessions that nothing was heard of for long."""
    async with office.db.hot() as conn:
        found = await unbillable.stuck(conn, rules=office.rules, now=office.now())
    return Json([described_session(each) for each in found])


@router.get("/sessions/{session_id}")
async def show_session(session_id: Id, office: At, operator: Reader) -> Json:
    """One session with its readings and the CDR that is in force."""
    async with office.db.hot() as conn:
        found = await transactions.find(conn, session_id)
        if found is None:
            raise _unknown(session_id)
        measured = await readings.of(conn, session_id)
        cdr = await cdr_rows.in_force(conn, session_id)
    return Json(
        described_session(found) | {"readings": [asdict(each) for each in measured], "cdr": cdr}
    )


@router.post("/sessions/{session_id}/close")
async def close_session(
    session_id: Id, office: At, operator: Worker, given: GivenEnd | None = None
) -> Json:
    """Ends a running session by hand; it is billed once somebody releases it."""
    async with office.db.hot_transaction() as conn:
        found = await _locked(conn, session_id)
        if not found.is_open:
            raise Problem(409, f"session {session_id} is {found.state}, expected a running one")
        closed = await unbillable.close(
            conn,
            session_id,
            meter_stop=None if given is None else given.meter_stop,
            rules=office.rules,
            now=office.now(),
        )
        await audit.record(conn, operator.name, action="session close", subject=session_id)
    office.poke()
    return Json(described_session(closed))


@router.post("/sessions/{session_id}/release")
async def release(
    session_id: Id, office: At, operator: Worker, given: GivenRelease | None = None
) -> Json:
    """Has a session billed that waits for a person's word."""
    kwh = None if given is None else given.kwh
    async with office.db.hot_transaction() as conn:
        _check_waits(await _locked(conn, session_id))
        released = await unbillable.release(
            conn,
            session_id,
            kwh=kwh,
            rules=office.rules,
            now=office.now(),
            actor=operator.name,
        )
        await audit.record(
            conn,
            operator.name,
            action="session release",
            subject=session_id,
            detail={"kwh": kwh},
        )
    office.poke()
    return Json(described_session(released))


@router.post("/sessions/{session_id}/write-off")
async def write_off(session_id: Id, office: At, operator: Worker) -> Json:
    """Says of a session that waits for a person's word that nobody will pay for it."""
    async with office.db.hot_transaction() as conn:
        _check_waits(await _locked(conn, session_id))
        written_off = await unbillable.write_off(
            conn, session_id, rules=office.rules, now=office.now(), actor=operator.name
        )
        await audit.record(conn, operator.name, action="session write-off", subject=session_id)
    office.poke()
    return Json(described_session(written_off))


@router.post("/sessions/{session_id}/correct")
async def correct(session_id: Id, given: GivenCorrection, office: At, operator: Worker) -> Json:
    """Credits the CDR of a session and sends one with another energy in its place."""
    async with office.db.hot_transaction() as conn:
        await _locked(conn, session_id)
        credited, made = await cdrs.correct(
            conn, session_id, kwh=given.kwh, rules=office.rules, now=office.now()
        )
        await audit.record(
            conn,
            operator.name,
            action="session correct",
            subject=session_id,
            detail={"kwh": given.kwh},
        )
    office.poke()
    return Json({"credit": dict(credited), "cdr": dict(made)})


async def _locked(conn: Hot, session_id: str) -> Transaction:
    found = await transactions.find(conn, session_id, lock=True)
    if found is None:
        raise _unknown(session_id)
    return found


def _unknown(session_id: str) -> Problem:
    return Problem(404, f"there is no session {session_id!r}")


def _check_waits(found: Transaction) -> None:
    if found.state != "completed" or not found.held:
        raise Problem(409, f"session {found.id} does not wait for anybody's word")
