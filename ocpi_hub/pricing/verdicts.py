"""What clearing says about a CDR: a verdict, the numbers behind it, and one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from ocpi_hub.pricing.bounds import Bounds
from ocpi_hub.pricing.claims import Claim
from ocpi_hub.pricing.findings import Finding
from ocpi_hub.pricing.limits import Total
from ocpi_hub.pricing.money import plain, rounded, units
from ocpi_hub.pricing.policies import InvoiceRounding
from ocpi_hub.pricing.recipes import Recipe
from ocpi_hub.pricing.rounding import fingerprint

_SHOWN_DECIMALS = 12


class Verdict(StrEnum):
    """How a claim stands to the exact price."""

    MATCH = "match"
    ROUNDING = "rounding"  # right but for a way of rounding that explains every amount
    MISMATCH = "mismatch"
    UNVERIFIABLE = "unverifiable"  # the price is not determined, and the claim is possible
    NOT_COMPARABLE = "not_comparable"  # there is no amount to compare with


class Judged(NamedTuple):
    """One claim beside its exact value."""

    claim: Claim
    exact: Decimal | None
    verdict: Verdict

    @property
    def difference(self) -> Decimal:
        """How much too high the claim is."""
        return self.claim.value - (self.claim.value if self.exact is None else self.exact)

    def as_written(self) -> Judged:
        """The same with the signs that the CDR has."""
        if not self.claim.negated:
            return self
        claim = self.claim._replace(value=-self.claim.value, negated=False)
        return self._replace(claim=claim, exact=None if self.exact is None else -self.exact)

    def document(self) -> dict[str, str | None]:
        """The judgement as JSON."""
        claim, exact, verdict = self
        claimed = plain(claim.value)
        shown: str | None = claimed
        if exact != claim.value:
            shown = None if exact is None else _shown(exact)
        return {
            "field": claim.field,
            "claimed": claimed,
            "exact": shown,
            "difference": None if verdict is Verdict.MATCH else _shown(self.difference),
            "verdict": verdict,
        }


class Fault(StrEnum):
    """What seems to have happened to the partial costs that are to blame."""

    WRONG = "wrong"
    LEFT_OUT = "left_out"
    TWICE = "twice"


class Blame(NamedTuple):
    """The smallest set of partial costs that explains the difference of the total."""

    fault: Fault
    costs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clearing:
    """The outcome of comparing a CDR with its price; the sentence has at most 255 characters."""

    verdict: Verdict
    sentence: str
    judged: tuple[Judged, ...] = ()
    reading: str | None = None
    roundings: tuple[InvoiceRounding, ...] = ()
    blame: Blame | None = None
    recipes: tuple[Recipe, ...] = ()
    bounds: Bounds | None = None
    findings: tuple[Finding, ...] = ()

    def document(self) -> dict[str, object]:
        """The clearing as JSON; `differences` are claimed minus exact."""
        judged = [each.as_written() if each.claim.negated else each for each in self.judged]
        wrong = [each for each in judged if each.verdict is not Verdict.MATCH]
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "differences": {each.claim.field: _shown(each.difference) for each in wrong},
            "direction": _direction(wrong),
            "fields": [each.document() for each in judged],
            "reading": self.reading,
            "explained_by": fingerprint(self.roundings[0]) if self.roundings else None,
            "roundings": [fingerprint(each) for each in self.roundings],
            "blame": None
            if self.blame is None
            else {"fault": self.blame.fault, "costs": list(self.blame.costs)},
            "recipes": [each.document() for each in self.recipes],
            "bounds": None
            if self.bounds is None
            else {"low": _cost(self.bounds.low), "high": _cost(self.bounds.high)},
            "findings": list(dict.fromkeys(each.code for each in self.findings)),
            "notes": [finding.document() for finding in self.findings],
        }


def _direction(wrong: Sequence[Judged]) -> str | None:
    """A claim below the price may be a discount, which a tariff cannot express."""
    amounts = [each.difference for each in wrong if each.claim.cost is not None]
    if not amounts:
        return None
    return "below" if all(each < 0 for each in amounts) else "above"


def _shown(value: Decimal) -> str:
    return plain(rounded(value, _SHOWN_DECIMALS))


def _cost(total: Total) -> dict[str, str]:
    return {"excl_vat": plain(units(total.excl)), "incl_vat": plain(units(total.incl))}
