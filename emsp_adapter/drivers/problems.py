"""Problems that drivers report: kept for our own support, and told to the operator of the charger
where it takes such reports. What is answered reaches the driver.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from emsp_adapter.asking import Asking
from emsp_adapter.drivers import notifications
from emsp_adapter.drivers.notifications import Notification
from emsp_adapter.drivers.redaction import without_person
from emsp_adapter.network import places, privacy
from emsp_adapter.office import Office
from emsp_adapter.store import charges, drivers, evses
from emsp_adapter.store import problems as rows
from emsp_adapter.store.charges import Charge
from emsp_adapter.store.problems import Problem
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.store import published
from ocpi_hub.protocol.charging_problems import PROBLEMS, AnswerState, ProblemKind
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.types import format_datetime

_PAUSE = 1.0
_LONGEST_REPORT = 5000


class Fault(StrEnum):
    """What a driver reports."""

    BROKEN = "broken"
    BLOCKED = "blocked"
    PAYMENT = "payment"
    APP = "app"
    OTHER = "other"


class ProblemState(StrEnum):
    """How far a report is."""

    OPEN = "open"  # waits for our own support
    WITH_OPERATOR = "with_operator"
    ANSWERED = "answered"
    CLOSED = "closed"


# What an operator can do something about; money and the app are ours.
_FOR_OPERATORS = {
    Fault.BROKEN: ProblemKind.BROKEN,
    Fault.BLOCKED: ProblemKind.BLOCKED,
    Fault.OTHER: ProblemKind.OTHER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a driver says is wrong, and where."""

    kind: Fault
    text: str
    location: str | None = None
    evse_uid: str | None = None
    charge_id: str | None = None


class Closed(Exception):
    """The report is closed."""


async def report(conn: Hot, office: Office, driver_id: str, given: Report) -> Problem:
    """Keeps a report, and has its operator told; ObjectNotFound for what does not exist.

    A charge of the driver's own says where it was. The caller pokes when it has committed.
    """
    location, evse_uid = await _where(conn, office, driver_id, given)
    operator = None if location is None else places.parse_key(location)[0]
    told = operator is not None and given.kind in _FOR_OPERATORS and takes_reports(office, operator)
    now = office.now()
    problem = Problem(
        id=office.new_id(),
        driver_id=driver_id,
        kind=given.kind,
        text=given.text,
        state=ProblemState.WITH_OPERATOR if told else ProblemState.OPEN,
        location=location,
        evse_uid=evse_uid,
        charge_id=given.charge_id,
        operator=operator.key if told and operator is not None else None,
        refusal=None,
        created_at=now,
        updated_at=now,
    )
    await rows.add(conn, problem)
    await _tell_operator(conn, office, problem, now=now)
    return problem


def takes_reports(office: Office, operator: Party) -> bool:
    """Whether there is a way to an operator that may take reports; behind a hub one has to try."""
    peer = office.side.peers.route(operator)
    return peer is not None and (PROBLEMS, Interface.RECEIVER) in peer.endpoints


async def add_by_driver(conn: Hot, office: Office, problem: Problem, text: str) -> None:
    """The driver adds something: it waits for an answer again. Closed when it is."""
    if problem.state == ProblemState.CLOSED:
        raise Closed
    now = office.now()
    await rows.add_answer(conn, problem.id, said_by="driver", text=text, now=now)
    with_operator = problem.operator is not None and problem.refusal is None
    state = ProblemState.WITH_OPERATOR if with_operator else ProblemState.OPEN
    await rows.set_state(conn, problem.id, state, now=now)
    if with_operator:
        await _tell_operator(conn, office, problem, now=now)


async def answer_by_support(
    conn: Hot, office: Office, problem: Problem, text: str, *, close: bool
) -> None:
    """Our own support answers; the driver is told."""
    now = office.now()
    answer = await rows.add_answer(conn, problem.id, said_by="support", text=text, now=now)
    await rows.set_state(
        conn, problem.id, ProblemState.CLOSED if close else ProblemState.ANSWERED, now=now
    )
    await _tell_driver(conn, problem, f"{problem.id}/{answer}", text=text, now=now)


async def put_answer(office: Office, asking: Asking) -> Reply:
    """An operator answers a report that it was told of; the same answer again changes nothing."""
    document = asking.document
    async with office.db.hot_transaction() as conn:
        problem = await rows.find(conn, document["problem_id"].lower(), lock=True)
        if problem is None or problem.operator != asking.owner.key:
            raise ObjectNotFound(
                f"problem_id: {document['problem_id']!r} is no report that {asking.owner} was told"
            )
        await _answered(conn, problem, document, now=office.now())
    return Reply()


async def _answered(
    conn: Hot, problem: Problem, document: Mapping[str, Any], *, now: datetime
) -> None:
    """What the operator said, once; without words it only closes the report. One that our support
    has closed stays so."""
    closes = AnswerState(document["state"]) is AnswerState.CLOSED
    text = document["text"].strip()
    if text:
        answer = await rows.add_answer(
            conn,
            problem.id,
            said_by="operator",
            text=text,
            now=now,
            operator_id=document["id"].lower(),
        )
        if answer is None:
            return
        await _tell_driver(conn, problem, f"{problem.id}/{answer}", text=text, now=now)
    elif not closes:
        raise InvalidParameters("text: expected what is said to the driver, got nothing")
    closed = closes or problem.state == ProblemState.CLOSED
    await rows.set_state(
        conn, problem.id, ProblemState.CLOSED if closed else ProblemState.ANSWERED, now=now
    )


@dataclass(frozen=True, slots=True)
class Refused:
    """Takes back for our own support what operators have refused."""

    office: Office

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("refused reports", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Once over all of them."""
        async with self.office.db.hot() as conn:
            await rows.take_back(conn, module=PROBLEMS, now=self.office.now())


# --- where, and who hears of it ------------------------------------------------------------------


async def _where(
    conn: Hot, office: Office, driver_id: str, given: Report
) -> tuple[str | None, str | None]:
    """The public id of a location that the driver is shown or has charged at, and an EVSE of it."""
    charge = await _charge(conn, driver_id, given.charge_id)
    charged_at = None if charge is None else str(charge.place["location"]["id"])
    if given.location is None:
        if charge is None and given.evse_uid is not None:
            raise InvalidParameters("location: missing, expected where the evse_uid is")
        return charged_at, None if charge is None else charge.evse_uid
    if charged_at is not None and charged_at.lower() == given.location.lower():
        key = charged_at
    else:
        key = (await privacy.place(conn, office, given.location, driver_id)).key
    if given.evse_uid is not None and not await evses.find(
        conn, *places.parse_key(key), given.evse_uid
    ):
        raise ObjectNotFound(f"evse_uid: {given.evse_uid!r} is not at {key}")
    return key, given.evse_uid


async def _charge(conn: Hot, driver_id: str, charge_id: str | None) -> Charge | None:
    """The driver's charge that a report is of."""
    if charge_id is None:
        return None
    found = await charges.of_driver(conn, driver_id, charge_id)
    if found is None:
        raise ObjectNotFound(f"charge_id: {charge_id!r} is no charge of yours")
    return found


async def _tell_operator(conn: Hot, office: Office, problem: Problem, *, now: datetime) -> None:
    if problem.operator is None or problem.location is None:
        return
    operator, location_id = places.parse_key(problem.location)
    own = office.settings.party
    document: dict[str, Any] = {
        "country_code": own.country_code,
        "party_id": own.party_id,
        "id": problem.id,
        "location_id": location_id,
        "kind": _FOR_OPERATORS[Fault(problem.kind)].value,
        "text": await _text_for_operator(conn, problem),
        "created": format_datetime(problem.created_at),
        "last_updated": format_datetime(now),
    }
    if problem.evse_uid is not None:
        document["evse_uid"] = problem.evse_uid
    await published.publish(
        conn, PROBLEMS, id=problem.id, document=document, receiver=operator, last_updated=now
    )


async def _text_for_operator(conn: Hot, problem: Problem) -> str:
    """All that the driver said of it, and nothing of who the driver is."""
    driver = await drivers.find(conn, problem.driver_id)
    known = [] if driver is None else [driver.name or "", *(driver.name or "").split()]
    said = await rows.answers(conn, [problem.id])
    texts = [problem.text, *(each.text for each in said if each.said_by == "driver")]
    plain = " / ".join(without_person(each, names=known) for each in texts)
    return plain[:_LONGEST_REPORT]


async def _tell_driver(
    conn: Hot, problem: Problem, subject_id: str, *, text: str, now: datetime
) -> None:
    await notifications.note(
        conn,
        problem.driver_id,
        Notification.PROBLEM_ANSWERED,
        subject_id=subject_id,
        facts={"problem_id": problem.id, "answer": text},
        now=now,
    )
