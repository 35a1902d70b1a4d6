"""The price of a CDR in custody and what is wrong with it: pure, so that any process may ask."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ocpi_hub.hard_rules import MILD, broken_rules
from ocpi_hub.pricing import (
    ENGINE,
    Circumstances,
    Clearing,
    CompiledTariff,
    Priced,
    ReservationOutcome,
    Verdict,
    compare,
    compile_tariff,
    explain,
    price,
    sentence,
    tariffs_of,
)
from ocpi_hub.pricing.money import minor_unit, rounded
from ocpi_hub.pricing.published import as_published, switched
from ocpi_hub.pricing.rules import Flag
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps, load_object
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.store.facts import Evidence, TariffVersion

# Pricing failed: no verdict of the engine's.
ERROR = "error"
UNKNOWN_RATE = "unknown"

_CHARGING = frozenset({"ACTIVE"})
_OVER = frozenset({"COMPLETED", "INVALID"})

# Of a long explanation a list leaves out the lines, and shows the first notes.
_MOST_LINES = 200
_MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class Question:
    """A CDR with everything that is known beside it."""

    cdr: bytes
    emsp: str
    evidence: Evidence
    # The CPO's tariffs as published when the session began, and those of now, as JSON text.
    then: tuple[TariffVersion, ...]
    current: tuple[str, ...]
    time_zone: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say of it; `failure` is a traceback for the log.

    `explanation` is JSON text, `brief` the same without what makes one long.
    """

    verdict: str
    sentence: str
    flags: tuple[Flag, ...] = ()
    clearing: dict[str, Any] | None = None
    explanation: str | None = None
    brief: str | None = None
    vat: tuple[dict[str, str | None], ...] = ()
    tariff: dict[str, Any] | None = None
    time_zone: str | None = None
    reservation_outcome: str | None = None
    engine: str = ENGINE
    failure: str | None = None

    @property
    def wrong(self) -> bool:
        """Whether it is for somebody to decide: the amounts do not match, or a rule is broken."""
        return self.verdict == Verdict.MISMATCH or any(flag.rule not in MILD for flag in self.flags)


def answer(question: Question) -> Answer:
    """What to say of a CDR; a fault in pricing is said too, and stops nothing."""
    flags: tuple[Flag, ...] = ()
    try:
        cdr = load_object(question.cdr)
        flags = tuple(broken_rules(cdr, question.evidence, emsp=question.emsp, now=question.now))
        return _repriced(cdr, question, flags)
    except InvalidParameters as error:
        said = f"the CDR cannot be priced: {error.message}"
        return Answer(Verdict.NOT_COMPARABLE, said, flags)
    except Exception as error:
        # Whatever it is, it is this CDR's alone: the next one is priced.
        said = f"the CDR could not be priced ({type(error).__name__})"
        return Answer(ERROR, said, flags, failure=traceback.format_exc())


def _repriced(cdr: Mapping[str, Any], question: Question, flags: tuple[Flag, ...]) -> Answer:
    """What it should cost under what was published, beside what it claims."""
    then = [compile_tariff(load_object(each.document.encode())) for each in question.then]
    current = [compile_tariff(load_object(each.encode())) for each in question.current]
    own = tariffs_of(cdr)
    tariffs = as_published(own, then)
    known = Circumstances(
        time_zone=question.time_zone,
        reservation_outcome=outcome_of(question.evidence, question.now),
    )
    priced = price(cdr, tariffs, circumstances=known)
    clearing = compare(cdr, priced, published=then, current=(*own, *current))
    explanation = explain(cdr, priced, clearing)
    explanation["lines"] = [line | {"sentence": sentence(line)} for line in explanation["lines"]]
    return Answer(
        verdict=clearing.verdict,
        sentence=clearing.sentence,
        flags=(*flags, *switched(own, then, current)),
        clearing=clearing.document(),
        explanation=dumps(explanation).decode(),
        brief=dumps(_brief(explanation)).decode(),
        vat=tuple(_by_rate(cdr, priced, clearing, explanation["vat"])),
        tariff=_sources(priced, question.then, then),
        time_zone=priced.clock.name,
        reservation_outcome=priced.settled.outcome if priced.usage.reserved else None,
    )


def outcome_of(evidence: Evidence, now: datetime) -> ReservationOutcome | None:
    """What became of the reservation, as the hub saw it; None where it saw none, or no end."""
    statuses = set(evidence.session_statuses or ())
    if evidence.reserved_until is None and "RESERVATION" not in statuses:
        return None
    if statuses & _CHARGING:
        return ReservationOutcome.USED
    if evidence.cancelled_at is not None:
        return ReservationOutcome.CANCELLED
    expired = evidence.reserved_until is not None and evidence.reserved_until <= now
    return ReservationOutcome.EXPIRED if expired or statuses & _OVER else None


def _sources(
    priced: Priced, versions: Sequence[TariffVersion], then: Sequence[CompiledTariff]
) -> dict[str, Any]:
    """Which tariffs it was priced with, and who says so: the hub saw them, or only the CDR has."""
    received = {id(each): version for each, version in zip(then, versions, strict=True)}
    used = {id(each): each for each in priced.tariffs if each is not None}
    return {"tariffs": [_source(each, received.get(key)) for key, each in used.items()]}


def _source(tariff: CompiledTariff, version: TariffVersion | None) -> dict[str, str | None]:
    return {
        "id": tariff.id,
        "source": "cdr" if version is None else "hub",
        "last_updated": tariff.document.get("last_updated"),
        "received_at": None if version is None else format_datetime(version.received_at),
        "sha256": tariff.digest,
    }


def _brief(explanation: Mapping[str, Any]) -> dict[str, Any]:
    """What a list shows of an explanation; the lines of a long one are left out, most notes too."""
    lines = explanation["lines"]
    price = explanation["price"]
    return {
        "lines": lines if len(lines) <= _MOST_LINES else None,
        "vat": explanation["vat"],
        "price": {
            "total_cost": price["total_cost"],
            "notes": list(price.get("notes") or ())[:_MOST_NOTES],
        },
    }


def _by_rate(
    cdr: Mapping[str, Any],
    priced: Priced,
    clearing: Clearing,
    table: Sequence[Mapping[str, str | None]],
) -> Iterator[dict[str, str | None]]:
    """The claimed amounts by VAT rate, where they are those of the tariff; they sum exactly."""
    cost = cdr["total_cost"]
    net = Decimal(cost["excl_vat"])
    vat = None if cost.get("incl_vat") is None else Decimal(cost["incl_vat"]) - net
    if clearing.verdict not in (Verdict.MATCH, Verdict.ROUNDING) or not table:
        yield _row(UNKNOWN_RATE, net, vat)
        return
    sign = -1 if cdr.get("credit") else 1
    places = minor_unit(priced.usage.currency)
    for row in table[:-1]:
        part = rounded(Decimal(row["net"] or 0), places) * sign
        net -= part
        part_vat = None
        if vat is not None:
            part_vat = rounded(Decimal(row["vat"] or 0), places) * sign
            vat -= part_vat
        yield _row(row["rate"], part, part_vat)
    yield _row(table[-1]["rate"], net, vat)


def _row(rate: str | None, net: Decimal, vat: Decimal | None) -> dict[str, str | None]:
    return {"rate": rate, "excl_vat": f"{net:f}", "vat": None if vat is None else f"{vat:f}"}
