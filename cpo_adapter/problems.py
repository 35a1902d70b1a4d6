"""Problems that drivers of eMSPs report at our chargers: kept, alerted, and answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from cpo_adapter.alerts import Kind, clear_alert, raise_alert
from cpo_adapter.rules import Rules
from cpo_adapter.store import plugs
from cpo_adapter.store import problems as rows
from cpo_adapter.store.problems import Answer, Problem
from ocpi_hub.node.engine import Hot
from ocpi_hub.peering.store import published
from ocpi_hub.protocol.charging_problems import ANSWERS, AnswerState
from ocpi_hub.protocol.errors import UnknownLocation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime, parse_datetime


class State(StrEnum):
    """How far a report is."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


async def put(conn: Hot, owner: Party, report: Mapping[str, Any], *, now: datetime) -> None:
    """Keeps an eMSP's report, in the caller's transaction; UnknownLocation when it is about
    nothing that we offer."""
    evse_uid = await _offered(conn, report["location_id"], report.get("evse_uid"))
    found = await rows.put(
        conn,
        owner=owner.key,
        id=report["id"].lower(),
        location_id=report["location_id"],
        evse_uid=evse_uid,
        station_id=await _station(conn, evse_uid),
        kind=report["kind"],
        text=report["text"],
        created_at=parse_datetime(report["created"]),
        now=now,
    )
    if found is None:
        return
    await raise_alert(
        conn,
        Kind.PROBLEM_REPORTED,
        station_id=found.station_id or "",
        subject=str(found.number),
        message=f"a driver reports {found.kind} at {_place(found)}: {found.text}",
        now=now,
    )


async def answer(
    conn: Hot,
    problem: Problem,
    text: str,
    *,
    closes: bool,
    operator: str,
    rules: Rules,
    now: datetime,
) -> None:
    """Answers a report, in the caller's transaction: its eMSP is told, and its alert is over.

    Without words it is only closed. The caller pokes when it has committed.
    """
    said = Answer(rules.new_id(), problem.number, operator, text, closes, now)
    await rows.add_answer(conn, said)
    state = AnswerState.CLOSED if closes else AnswerState.ANSWERED
    document = {
        "country_code": rules.party.country_code,
        "party_id": rules.party.party_id,
        "id": said.id,
        "problem_id": problem.id,
        "state": state.value,
        "text": text,
        "last_updated": format_datetime(now),
    }
    await published.publish(
        conn,
        ANSWERS,
        id=said.id,
        document=document,
        receiver=Party.of_key(problem.owner),
        last_updated=now,
    )
    await clear_alert(
        conn,
        Kind.PROBLEM_REPORTED,
        station_id=problem.station_id or "",
        subject=str(problem.number),
        now=now,
    )


async def _offered(conn: Hot, location_id: str, evse_uid: str | None) -> str | None:
    """The uid of the EVSE as it is offered."""
    location = await published.find(conn, "locations", id=location_id, viewers=None)
    if location is None:
        raise UnknownLocation(f"location_id: {location_id!r} is not known")
    if evse_uid is None:
        return None
    for evse in location.get("evses") or ():
        if evse["uid"].lower() == evse_uid.lower():
            return str(evse["uid"])
    raise UnknownLocation(f"evse_uid: {evse_uid!r} is not at {location_id!r}")


async def _station(conn: Hot, evse_uid: str | None) -> str | None:
    if evse_uid is None:
        return None
    found = await plugs.of_evses(conn, [evse_uid])
    return found[0].station_id if found else None


def _place(problem: Problem) -> str:
    return problem.location_id + (f", EVSE {problem.evse_uid}" if problem.evse_uid else "")
