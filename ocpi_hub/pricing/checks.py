"""What a CDR says against itself; no tariff is needed to see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing.claims import Claim
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.money import HOUR, WIDE, ZERO, plain
from ocpi_hub.pricing.result import TOTAL_COST, Priced, hours
from ocpi_hub.pricing.usage import Usage

_TOLERANCE = Decimal("0.0005")
_CENT = Decimal("0.01")


def check_itself(
    cdr: Mapping[str, Any], claims: tuple[Claim, ...], priced: Priced
) -> Iterator[Finding]:
    """The findings of everything in a CDR that does not add up."""
    yield from _quantities({claim.field: claim.value for claim in claims}, priced.usage)
    for with_vat in (False, True):
        side = [claim for claim in claims if claim.cost and claim.with_vat is with_vat]
        yield from _sum(side, priced)
    yield from _vat(claims)
    yield from _credit(cdr)


def _quantities(said: Mapping[str, Decimal], usage: Usage) -> Iterator[Finding]:
    if _differs(said.get("total_energy"), usage.energy):
        message = f"the periods sum to {plain(usage.energy)} kWh"
        yield Finding(Code.TOTAL_ENERGY_DIFFERS, "/total_energy", message)
    if _differs(said.get("total_parking_time"), WIDE.divide(usage.parking, HOUR)):
        message = f"the periods sum to {hours(usage.parking)} h of parking"
        yield Finding(Code.PARKING_SUM_DIFFERS, "/total_parking_time", message)
    if not usage.times_known:
        return
    if _differs(said.get("total_time"), WIDE.divide(usage.seconds, HOUR)):
        message = f"from start to end it is {hours(usage.seconds)} h"
        yield Finding(Code.TOTAL_TIME_DIFFERS, "/total_time", message)
    timed = sum((period.time + period.parking for period in usage.periods), ZERO)
    if timed > usage.seconds + _TOLERANCE * HOUR and timed > usage.seconds + usage.time_noise:
        message = f"the periods have {hours(timed)} h of charging and parking, more than there was"
        yield Finding(Code.TIME_SUM_DIFFERS, "/charging_periods", message)


def _sum(side: Sequence[Claim], priced: Priced) -> Iterator[Finding]:
    """The partial costs, where all are there, against the total without a price limit."""
    total = next((claim for claim in side if claim.cost == TOTAL_COST), None)
    parts = [claim.value for claim in side if claim.cost != TOTAL_COST]
    if total is None or not parts or len(parts) < len(priced.buckets) or priced.adjustments:
        return
    together = sum(parts, ZERO)
    if abs(abs(total.value) - abs(together)) > _CENT * len(parts):
        message = f"the partial costs sum to {plain(together)}"
        yield Finding(Code.PARTIAL_COSTS_DIFFER, f"/{TOTAL_COST}", message)


def _vat(claims: Sequence[Claim]) -> Iterator[Finding]:
    sides = {claim.with_vat: claim.value for claim in claims if claim.cost == TOTAL_COST}
    if len(sides) == 2 and 0 <= sides[True] < sides[False]:
        message = f"{plain(sides[True])} with VAT is less than {plain(sides[False])} without"
        yield Finding(Code.INCL_BELOW_EXCL, f"/{TOTAL_COST}", message)


def _credit(cdr: Mapping[str, Any]) -> Iterator[Finding]:
    if cdr.get("credit") is True and not cdr.get("credit_reference_id"):
        message = "a Credit CDR names the CDR it takes back"
        yield Finding(Code.CREDIT_WITHOUT_REFERENCE, "/credit_reference_id", message)


def _differs(said: Decimal | None, found: Decimal) -> bool:
    return said is not None and abs(said - found) > _TOLERANCE
