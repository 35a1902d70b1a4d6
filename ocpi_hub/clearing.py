"""Clearing: every CDR in custody is priced again, and what comes of it stands beside the CDR.

It happens beside the way of a CDR, not on it: a fault here never delays or refuses one, unless
the two parties agreed that a wrong CDR be held or rejected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ocpi_hub.leader import Leader
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.pricing.rules import moment_of
from ocpi_hub.pricing_process import PricingFailed, PricingProcess
from ocpi_hub.protocol.jsontext import load_object
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.repricing import ERROR, UNKNOWN_RATE, Answer, Question
from ocpi_hub.store import clearings, custody, evidence
from ocpi_hub.store.clearings import Cleared
from ocpi_hub.store.custody import Cdr, CdrState
from ocpi_hub.store.facts import About

log = logging.getLogger(__name__)

# At most so long does an answer wait for a verdict, in seconds.
BUDGET = 0.2
# More than that are left to the look for what was missed, so that a burst is not held in memory.
_AT_ONCE = 32
_PAUSE_SECONDS = 1.0
# What arrived just now is being priced by the process that took it.
_AGE = timedelta(seconds=5)
_SOME = 20
_LONGEST_MESSAGE = 255


@dataclass(frozen=True, slots=True)
class Subject:
    """A validated CDR: as sent, as read, and whose it is."""

    owner: str
    emsp: str
    raw: bytes
    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its folded id."""
        return str(self.document["id"]).lower()


Opinion = asyncio.Task[Answer | None]


@dataclass(slots=True)
class Clearing:
    """Prices CDRs in a process beside; `count` hears each verdict."""

    db: Database
    process: PricingProcess
    leader: Leader
    count: Callable[[str], None]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _group: asyncio.TaskGroup | None = None
    _busy: int = 0

    # --- one CDR -------------------------------------------------------------------------------

    def consider(self, subject: Subject) -> Opinion | None:
        """Begin to price a CDR; None where too many are being priced already."""
        if self._group is None or self._busy >= _AT_ONCE:
            return None
        return self._group.create_task(self._considered(subject))

    async def _considered(self, subject: Subject) -> Answer | None:
        """None while the database is away: what was missed is priced later."""
        self._busy += 1
        try:
            return await self.answer(subject)
        except UNAVAILABLE as error:
            log.warning("a CDR waits for the database", extra={"reason": str(error)})
            return None
        finally:
            self._busy -= 1

    def keep(self, cdr: Cdr, subject: Subject, opinion: Opinion | None) -> Opinion | None:
        """Store what comes of it, once it is there."""
        if self._group is None or opinion is None:
            return None
        return self._group.create_task(self._kept(cdr, subject, opinion))

    async def _kept(self, cdr: Cdr, subject: Subject, opinion: Opinion) -> Answer | None:
        answer = await opinion
        if answer is None:
            return None
        try:
            await self.store(cdr, subject, answer)
        except UNAVAILABLE as error:
            log.warning("a verdict waits for the database", extra={"reason": str(error)})
            return None
        return answer

    async def answer(self, subject: Subject) -> Answer:
        """What is to say of a CDR, whether it is in custody or not."""
        question = await self._question(subject)
        try:
            answer = await self.process.ask(question)
        except PricingFailed as failed:
            answer = Answer(ERROR, f"the CDR could not be priced: {failed}", failure=str(failed))
        if answer.failure is not None:
            log.error(
                "pricing failed",
                extra={"cpo": subject.owner, "cdr": subject.id, "reason": answer.failure},
            )
        return answer

    async def _question(self, subject: Subject) -> Question:
        about = _about(subject)
        moment = about.started_at or about.ended_at or self.now()
        async with self.db.hot() as conn:
            found = await evidence.about(conn, about)
            ids = _tariff_ids(subject.document, found.connector)
            return Question(
                cdr=subject.raw,
                emsp=subject.emsp,
                evidence=found,
                then=tuple(await evidence.tariffs_at(conn, subject.owner, ids=ids, moment=moment)),
                current=tuple(await evidence.current_tariffs(conn, subject.owner, ids=ids)),
                time_zone=await evidence.time_zone_at(
                    conn, subject.owner, location_id=about.location_id, moment=moment
                ),
                now=self.now(),
            )

    async def store(
        self, cdr: Cdr, subject: Subject, answer: Answer, *, again: bool = False
    ) -> None:
        """Keep an answer beside its CDR; one that was withheld for it goes on if it is right."""
        async with self.db.hot_transaction() as conn:
            kept = await clearings.put(
                conn,
                _cleared(cdr, subject, answer, self.now()),
                explanation=answer.explanation,
                brief=answer.brief,
                again=again,
            )
            if not again and cdr.state == CdrState.WITHHELD and not answer.wrong:
                await custody.release(conn, cdr.owner, cdr_id=cdr.id, now=self.now())
        if kept:
            self.count(answer.verdict)

    async def reprice(self, cdr: Cdr) -> Answer:
        """Price a CDR in custody again with the engine of now; what is withheld stays so."""
        subject = await _read(cdr)
        answer = await self.answer(subject)
        await self.store(cdr, subject, answer, again=True)
        return answer

    # --- what was missed -----------------------------------------------------------------------

    async def run(self) -> None:
        """Price what is handed in and what was missed, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                # A hub that starts has better to do at first.
                await asyncio.sleep(_PAUSE_SECONDS)
                await self.process.warm()
                await steadily("clearing", self._catch_up, pause=_PAUSE_SECONDS)
        finally:
            self._group = None
            await self.process.stop()

    async def _catch_up(self) -> None:
        """A crash, a burst or the time before there was clearing leave CDRs without a verdict."""
        while await self.leader.held():
            async with self.db.hot() as conn:
                missed = await clearings.uncleared(conn, before=self.now() - _AGE, limit=_SOME)
            for cdr in missed:
                subject = await _read(cdr)
                await self.store(cdr, subject, await self.answer(subject))
            if len(missed) < _SOME:
                return


async def soon(opinion: Opinion | None, *, since: float) -> Answer | None:
    """The answer if it is there within BUDGET of a moment of the event loop; it goes on if not."""
    if opinion is None:
        return None
    left = since + BUDGET - asyncio.get_running_loop().time()
    await asyncio.wait([opinion], timeout=max(left, 0))
    return opinion.result() if opinion.done() and not opinion.cancelled() else None


def message_of(answer: Answer) -> str:
    """An answer as a status_message."""
    rules = ", ".join(dict.fromkeys(flag.rule for flag in answer.flags))
    flagged = f" [{rules}]" if rules else ""
    return shortened(f"{answer.verdict}: {answer.sentence}{flagged}")


def shortened(text: str) -> str:
    """At most 255 characters of a text."""
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 1]}…"


async def _read(cdr: Cdr) -> Subject:
    """A CDR in custody as a subject; a large one is read beside the event loop."""
    document = await asyncio.to_thread(load_object, cdr.raw)
    return Subject(cdr.owner, cdr.emsp, cdr.raw, document)


def _about(subject: Subject) -> About:
    cdr = subject.document
    location = cdr["cdr_location"]
    return About(
        owner=subject.owner,
        id=subject.id,
        emsp=subject.emsp,
        session_id=_folded(cdr.get("session_id")),
        reference=_folded(cdr.get("authorization_reference")),
        token_uid=cdr["cdr_token"]["uid"].lower(),
        location_id=location["id"].lower(),
        evse_uid=location["evse_uid"].lower(),
        connector_id=location["connector_id"].lower(),
        started_at=moment_of(cdr, "start_date_time"),
        ended_at=moment_of(cdr, "end_date_time"),
        credit_of=_folded(cdr.get("credit_reference_id")) if cdr.get("credit") else None,
    )


def _folded(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _tariff_ids(cdr: Mapping[str, Any], connector: Mapping[str, Any] | None) -> list[str]:
    """The tariffs a CDR names; where it names none, those of its connector."""
    named = [each["id"] for each in cdr.get("tariffs") or ()]
    periods: Iterable[Mapping[str, Any]] = cdr["charging_periods"]
    named += [period["tariff_id"] for period in periods if period.get("tariff_id")]
    return list(dict.fromkeys(named or (connector or {}).get("tariff_ids") or ()))


def _cleared(cdr: Cdr, subject: Subject, answer: Answer, now: datetime) -> Cleared:
    document = subject.document
    about = _about(subject)
    cost = document["total_cost"]
    net, gross = Decimal(cost["excl_vat"]), cost.get("incl_vat")
    stamp = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Cleared(
        owner=cdr.owner,
        id=cdr.id,
        cdr_id=document["id"],
        emsp=cdr.emsp,
        session_id=document.get("session_id"),
        session_start=about.started_at,
        session_end=about.ended_at or about.started_at or parse_datetime(document["last_updated"]),
        verdict=answer.verdict,
        sentence=answer.sentence,
        flags=[flag.document() for flag in answer.flags],
        clearing=answer.clearing,
        currency=document["currency"],
        energy=Decimal(document["total_energy"]),
        excl_vat=net,
        incl_vat=None if gross is None else Decimal(gross),
        vat=list(answer.vat) or [_unknown_vat(net, gross)],
        credit=bool(document.get("credit")),
        credit_of=about.credit_of,
        tariff=answer.tariff,
        time_zone=answer.time_zone,
        reservation_outcome=answer.reservation_outcome,
        engine=answer.engine,
        cleared_at=now,
        last_updated=stamp,
    )


def _unknown_vat(net: Decimal, gross: Decimal | None) -> dict[str, str | None]:
    vat = None if gross is None else f"{Decimal(gross) - net:f}"
    return {"rate": UNKNOWN_RATE, "excl_vat": f"{net:f}", "vat": vat}
