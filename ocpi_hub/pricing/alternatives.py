"""Other readings of a CDR where its price is not determined, and what each of them costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ocpi_hub.pricing.circumstances import Settled
from ocpi_hub.pricing.compiled import compile_tariff
from ocpi_hub.pricing.findings import Code
from ocpi_hub.pricing.periods import read_usage
from ocpi_hub.pricing.policies import (
    DurationFrom,
    Policy,
    StepBoundary,
    StepTariffs,
    UnknownFact,
    UnknownRestriction,
    UnnamedPeriod,
)
from ocpi_hub.pricing.price import price_usage
from ocpi_hub.pricing.result import Priced


class Alternative(NamedTuple):
    """Another reading; one that OCPI allows is as right as ours."""

    reason: str
    priced: Priced
    allowed: bool


_ALLOWED: dict[Code, dict[str, Any]] = {
    Code.STEP_BOUNDARY_WITHIN_ROUNDING: {"step_boundary": StepBoundary.LENIENT},
    Code.STEP_SIZE_OF_SEVERAL_TARIFFS: {"step_tariffs": StepTariffs.LAST_ONLY},
}
_DOUBTFUL: dict[Code, dict[str, Any]] = {
    Code.RESTRICTION_NOT_EVALUABLE: {"unknown_fact": UnknownFact.MATCH},
    Code.UNKNOWN_RESTRICTION: {"unknown_restriction": UnknownRestriction.ELEMENT_OFF},
    Code.PERIOD_WITHOUT_TARIFF_ID: {"unnamed_period": UnnamedPeriod.SESSION_TARIFF},
}


def alternatives(cdr: Mapping[str, Any], priced: Priced) -> Iterator[Alternative]:
    """Every other reading that the findings of a price leave open."""
    for code in sorted(priced.codes):
        for changes, allowed in ((_ALLOWED, True), (_DOUBTFUL, False)):
            if code in changes:
                yield Alternative(code, reprice(cdr, priced, changes[code]), allowed)
    if priced.usage.session_start != priced.usage.start:
        counted = reprice(cdr, priced, {"duration_from": DurationFrom.RESERVATION})
        yield Alternative("duration_from_reservation", counted, True)
    for other in priced.candidates[1:]:
        again = price_usage(priced.usage, [other], priced.settled, policy=priced.policy)
        yield Alternative(f"{Code.AMBIGUOUS_TARIFF}: {other.id}", again, False)


def reprice(
    cdr: Mapping[str, Any],
    priced: Priced,
    changes: Mapping[str, Any],
    *,
    settled: Settled | None = None,
) -> Priced:
    """The same CDR under a policy that differs in `changes`."""
    policy: Policy = replace(priced.policy, **changes)
    tariffs = [compile_tariff(tariff.document, policy) for tariff in priced.offered]
    usage = read_usage(cdr, policy)
    return price_usage(usage, tariffs, settled or priced.settled, policy=policy)
