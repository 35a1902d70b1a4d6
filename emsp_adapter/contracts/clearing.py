"""Clearing: every CDR is priced again and held against what is known before anybody is billed.

What is right is accepted, what is not is disputed with its reason and waits for staff.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emsp_adapter.charging import charges
from emsp_adapter.contracts.disputes import billed_twice, broken_rules
from emsp_adapter.contracts.inquiry import inquire
from emsp_adapter.contracts.repricing import Repriced, reprice
from emsp_adapter.drivers import notifications
from emsp_adapter.money import receipts
from emsp_adapter.office import Office
from emsp_adapter.store import cdrs as store
from emsp_adapter.store import charges as charge_rows
from emsp_adapter.store import evidence
from emsp_adapter.store.cdrs import CdrRow, CdrState
from ocpi_hub.node.engine import UNAVAILABLE, Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.pricing.rules import Flag, Rule

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.25
_AT_ONCE = 20
# Pricing or keeping it failed: no verdict of the engine's.
ERROR = "error"
# Facts for people; whether the amounts are right is another question.
_REMARKS = frozenset({Rule.TARIFF_SWITCHED, Rule.TARIFF_NOT_PUBLISHED})
# What the driver was billed for already is not news, nor what another driver charged.
_NOT_THE_DRIVERS = frozenset({Rule.DUPLICATE_SESSION, Rule.TOKEN_OWNER})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was thought of a CDR; `wrong` says why nobody is billed for it, and `concerns` whether
    that is anything to the driver."""

    verdict: str | None
    wrong: str | None
    remark: str | None = None
    flags: tuple[Flag, ...] = ()
    clearing: Mapping[str, Any] | None = None
    tariffs: Sequence[Mapping[str, Any]] = ()
    concerns: bool = False

    @property
    def state(self) -> CdrState:
        """What becomes of the CDR."""
        return CdrState.ACCEPTED if self.wrong is None else CdrState.DISPUTED


@dataclass(frozen=True, slots=True)
class Clearing:
    """Prices what has come."""

    office: Office

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("clearing", self.step, pause=_PAUSE_SECONDS)

    async def step(self) -> None:
        """Every CDR that is not priced yet, in the order in which they came."""
        while True:
            async with self.office.db.hot() as conn:
                waiting = await store.received(conn, limit=_AT_ONCE)
            for cdr in waiting:
                await self._clear(cdr)
            if len(waiting) < _AT_ONCE:
                return

    async def _clear(self, cdr: CdrRow) -> None:
        """One that cannot be cleared is for a person to look at, and holds up no other."""
        try:
            await self._settle(cdr, await self._judged(cdr))
        except UNAVAILABLE:
            raise
        except Exception:
            log.exception("a CDR could not be cleared", extra={"cdr": cdr.id})
            said = "the CDR could not be cleared; the log says why"
            await self._settle(cdr, Judgement(ERROR, said))

    async def _judged(self, cdr: CdrRow) -> Judgement:
        async with self.office.db.hot() as conn:
            found = await inquire(conn, cdr, self.office.settings)
        flags = broken_rules(found.case, now=self.office.now())
        if cdr.is_credit:
            return Judgement(None, _all(flags), flags=tuple(flags))
        # A long CDR takes a while, and nobody else waits for it.
        priced = await asyncio.to_thread(reprice, cdr.document, found.known)
        return _judgement(flags, priced, taken_back_by=found.case.evidence.taken_back_by)

    async def _settle(self, cdr: CdrRow, judgement: Judgement) -> None:
        """Keep it and tell whom it concerns, unless another process was faster."""
        office = self.office
        async with office.db.hot_transaction() as conn:
            await evidence.claim(conn, cdr)
            now = await store.get(conn, cdr.id, lock=True)
            if now is None or now.state != CdrState.RECEIVED:
                return
            judgement = await _once(conn, cdr, judgement)
            await store.settle(
                conn,
                cdr.id,
                state=judgement.state,
                reason=judgement.wrong or judgement.remark,
                verdict=judgement.verdict,
                flags=[each.document() for each in judgement.flags],
                clearing=judgement.clearing,
                tariffs=judgement.tariffs,
                now=office.now(),
            )
            if judgement.wrong is None:
                await accepted(conn, office, cdr)
            elif judgement.concerns:
                await _tell(conn, office, cdr)
            if not cdr.is_credit:
                await store.look_again(conn, cdr.party, credit_of=cdr.cdr_id)


async def accepted(conn: Hot, office: Office, cdr: CdrRow) -> None:
    """What follows when a CDR is accepted; in the transaction that accepts it."""
    charge_id = await charges.cdr_came(
        conn, office, cdr.driver_id, cdr.party, cdr.document, accepted=True
    )
    await store.belongs_to(conn, cdr.id, charge_id=charge_id)
    if cdr.is_credit:
        await _take_back(conn, cdr, charge_id=charge_id)


async def _once(conn: Hot, cdr: CdrRow, judgement: Judgement) -> Judgement:
    """What came, or was accepted, while a CDR was judged counts too."""
    if judgement.wrong is not None or cdr.is_credit:
        return judgement
    flags = tuple(billed_twice(await evidence.same_charge(conn, cdr)))
    return replace(judgement, wrong=_all(flags), flags=(*judgement.flags, *flags), concerns=False)


async def _take_back(conn: Hot, credit: CdrRow, *, charge_id: str) -> None:
    """A CDR that was not billed yet and its Credit CDR cancel each other."""
    reference = str(credit.document["credit_reference_id"])
    original = await store.find(conn, credit.party, reference, lock=True)
    if original is not None and original.bill_id is None:
        await store.cancel(conn, [original.id, credit.id])
        await store.let_go(conn, charge_id)


async def _tell(conn: Hot, office: Office, cdr: CdrRow) -> None:
    """The driver learns that a bill is being checked."""
    charge_id = await charges.cdr_came(
        conn, office, cdr.driver_id, cdr.party, cdr.document, accepted=False
    )
    await store.belongs_to(conn, cdr.id, charge_id=charge_id)
    charge = await charge_rows.find(conn, charge_id)
    await notifications.note(
        conn,
        cdr.driver_id,
        notifications.Notification.BILL_DISPUTED,
        subject_id=charge_id,
        facts=receipts.facts_of(receipts.about_cdr(cdr, charge)),
        now=office.now(),
    )


def _judgement(flags: Sequence[Flag], priced: Repriced, *, taken_back_by: str | None) -> Judgement:
    every = (*flags, *priced.flags)
    taken_back = None if taken_back_by is None else f"it was taken back by CDR {taken_back_by}"
    remarks = [each.message for each in every if each.rule in _REMARKS]
    plain = priced.sentence if priced.verdict not in ("match", "rounding") else None
    return Judgement(
        priced.verdict,
        taken_back or _all(flags) or priced.wrong,
        "; ".join([*([plain] if plain else []), *remarks]) or None,
        every,
        priced.clearing,
        priced.tariffs,
        taken_back is None and not {each.rule for each in flags} & _NOT_THE_DRIVERS,
    )


def _all(flags: Sequence[Flag]) -> str | None:
    return "; ".join(each.message for each in flags) or None
