"""Clearing: what a CDR claims against what its tariff gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from ocpi_hub.pricing import wording
from ocpi_hub.pricing.alternatives import Alternative, alternatives
from ocpi_hub.pricing.blame import find_blame
from ocpi_hub.pricing.bounds import Bounds, bounds, total_bounds
from ocpi_hub.pricing.checks import check_itself
from ocpi_hub.pricing.claims import Claim, agrees, equals, exact_value, read_claims
from ocpi_hub.pricing.compiled import CompiledTariff
from ocpi_hub.pricing.findings import NOT_COMPARABLE, Code, Finding
from ocpi_hub.pricing.money import WIDE, exact_units, minor_unit
from ocpi_hub.pricing.recipes import Recipe, find_recipes
from ocpi_hub.pricing.result import TOTAL_COST, Priced
from ocpi_hub.pricing.rounding import describe, find_roundings
from ocpi_hub.pricing.segments import Bucket
from ocpi_hub.pricing.verdicts import Clearing, Judged, Verdict
from ocpi_hub.protocol.jsontext import same

_PRICING_FIELDS = ("currency", "elements", "min_price", "max_price")


def compare(
    cdr: Mapping[str, Any],
    priced: Priced,
    *,
    published: Sequence[CompiledTariff] | None = None,
    current: Sequence[CompiledTariff] = (),
) -> Clearing:
    """The verdict on a CDR that was priced.

    `published` are the CPO's tariffs as the hub knew them at session start, `current` those of now.
    """
    with localcontext(WIDE):
        claims = read_claims(cdr)
        findings = (*check_itself(cdr, claims, priced), *_unpublished(priced, published))
        judged = tuple(_judge(claim, priced) for claim in claims)
        blocking = [each for each in priced.findings if each.code in NOT_COMPARABLE]
        if blocking:
            said = wording.sentence(blocking[0].message)
            return Clearing(Verdict.NOT_COMPARABLE, said, findings=findings)
        wrong = [each for each in judged if each.verdict is not Verdict.MATCH]
        if not wrong:
            return Clearing(Verdict.MATCH, wording.right(priced), judged, findings=findings)
        if all(each.claim.cost is not None for each in wrong):
            excused = _excused(cdr, claims, judged, priced, findings)
            if excused is not None:
                return excused
        return _disputed(cdr, judged, priced, findings, current)


def _judge(claim: Claim, priced: Priced) -> Judged:
    exact = exact_value(claim, priced)
    verdict = Verdict.MATCH if equals(claim, exact, priced) else Verdict.MISMATCH
    return Judged(claim, exact, verdict)


def _excused(
    cdr: Mapping[str, Any],
    claims: tuple[Claim, ...],
    judged: tuple[Judged, ...],
    priced: Priced,
    findings: tuple[Finding, ...],
) -> Clearing | None:
    """Amounts that differ and are no dispute: another reading, a rounding, an open price."""
    others = list(alternatives(cdr, priced))
    for other in others:
        if other.allowed and all(agrees(claim, other.priced) for claim in claims):
            said = wording.right(other.priced, other.reason)
            return Clearing(Verdict.MATCH, said, reading=other.reason, findings=findings)
    roundings = find_roundings(claims, priced)
    if roundings:
        said = f"every claimed amount is right with {describe(roundings[0])}"
        return Clearing(
            Verdict.ROUNDING,
            said,
            _with(judged, Verdict.ROUNDING),
            roundings=roundings,
            findings=findings,
        )
    return _possible(judged, priced, findings, others)


def _possible(
    judged: tuple[Judged, ...],
    priced: Priced,
    findings: tuple[Finding, ...],
    others: Sequence[Alternative],
) -> Clearing | None:
    """The verdict where the price is not determined and every wrong claim lies inside it."""
    spans = Code.PERIOD_SPANS_PRICE_CHANGE in priced.codes
    if not spans and not others and priced.usage.times_known:
        return None
    partial = bounds(priced) if spans else {}
    whole = total_bounds(priced, partial) if spans else None
    wrong = [each for each in judged if each.verdict is not Verdict.MATCH]
    if not all(_inside(each, priced, partial, whole, others) for each in wrong):
        return None
    return Clearing(
        Verdict.UNVERIFIABLE,
        wording.possible(wrong, priced, whole),
        _with(judged, Verdict.UNVERIFIABLE),
        bounds=whole,
        findings=findings,
    )


def _inside(
    judged: Judged,
    priced: Priced,
    partial: Mapping[Bucket, Bounds],
    whole: Bounds | None,
    others: Sequence[Alternative],
) -> bool:
    claim = judged.claim
    possible = [exact_value(claim, each) for each in (priced, *(other.priced for other in others))]
    spread = whole if claim.cost == TOTAL_COST else partial.get(Bucket(claim.cost or ""))
    if spread is not None:
        sides = (each.incl if claim.with_vat else each.excl for each in spread)
        possible += [exact_units(each) for each in sides]
    known = [each for each in possible if each is not None]
    half = Decimal("0.5").scaleb(-minor_unit(priced.usage.currency))
    return bool(known) and min(known) - half <= claim.value <= max(known) + half


def _disputed(
    cdr: Mapping[str, Any],
    judged: tuple[Judged, ...],
    priced: Priced,
    findings: tuple[Finding, ...],
    current: Sequence[CompiledTariff],
) -> Clearing:
    amounts = [each.claim for each in judged if each.claim.cost is not None]
    wrong = [each for each in judged if each.verdict is not Verdict.MATCH]
    recipes: tuple[Recipe, ...] = ()
    if any(each.claim.cost is not None for each in wrong):
        recipes = find_recipes(cdr, amounts, priced, current_tariffs=current)
    blame = find_blame(judged, priced)
    spans = Code.PERIOD_SPANS_PRICE_CHANGE in priced.codes
    return Clearing(
        Verdict.MISMATCH,
        wording.wrong(wrong, priced, blame, recipes),
        judged,
        blame=blame,
        recipes=recipes,
        bounds=total_bounds(priced, bounds(priced)) if spans else None,
        findings=findings,
    )


def _with(judged: tuple[Judged, ...], verdict: Verdict) -> tuple[Judged, ...]:
    return tuple(
        each if each.verdict is Verdict.MATCH else each._replace(verdict=verdict) for each in judged
    )


def _unpublished(priced: Priced, published: Sequence[CompiledTariff] | None) -> Iterator[Finding]:
    if published is None:
        return
    for tariff in {id(each): each for each in priced.tariffs if each is not None}.values():
        known = [each for each in published if each.id.lower() == tariff.id.lower()]
        if not any(same_prices(tariff, each) for each in known):
            message = f"tariff {tariff.id} is not what the CPO had published when the session began"
            yield Finding(Code.TARIFF_NOT_PUBLISHED, "/tariffs", message)


def same_prices(one: CompiledTariff, other: CompiledTariff) -> bool:
    """Whether two tariffs price everything alike, whatever else they say."""
    return all(same(one.document.get(each), other.document.get(each)) for each in _PRICING_FIELDS)
