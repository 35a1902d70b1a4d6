"""What a CDR says against itself; no tariff is needed to see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing.claims import Claim
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.money import HOUR, ZERO, exact_units, plain
from ocpi_hub.pricing.result import TOTAL_COST, Priced, hours
from ocpi_hub.pricing.segments import Bucket
from ocpi_hub.pricing.usage import Usage

_TOLERANCE = Decimal("0.0005")
_CENT = Decimal("0.01")
_NET, _GROSS = f"{TOTAL_COST}.excl_vat", f"{TOTAL_COST}.incl_vat"
_NET_PARTS = [f"{bucket}.excl_vat" for bucket in Bucket]
_GROSS_PARTS = [f"{bucket}.incl_vat" for bucket in Bucket]


def check_itself(
    cdr: Mapping[str, Any], claims: tuple[Claim, ...], priced: Priced
) -> Iterator[Finding]:
    """The findings of everything in a CDR that does not add up."""
    said = {claim.field: claim.value for claim in claims}
    yield from _quantities(said, priced.usage)
    for total, parts in ((_NET, _NET_PARTS), (_GROSS, _GROSS_PARTS)):
        if total in said:
            yield from _sum(said[total], [said[each] for each in parts if each in said], priced)
    yield from _vat(said)
    yield from _credit(cdr)


def _quantities(said: Mapping[str, Decimal], usage: Usage) -> Iterator[Finding]:
    if _differs(said.get("total_energy"), usage.energy):
        message = f"the periods sum to {plain(usage.energy)} kWh"
        yield Finding(Code.TOTAL_ENERGY_DIFFERS, "/total_energy", message)
    if _differs(said.get("total_parking_time"), exact_units(usage.parking)):
        message = f"the periods sum to {hours(usage.parking)} h of parking"
        yield Finding(Code.PARKING_SUM_DIFFERS, "/total_parking_time", message)
    if not usage.times_known:
        return
    if _differs(said.get("total_time"), exact_units(usage.seconds)):
        message = f"from start to end it is {hours(usage.seconds)} h"
        yield Finding(Code.TOTAL_TIME_DIFFERS, "/total_time", message)
    timed = sum((period.time + period.parking for period in usage.periods), ZERO)
    if timed > usage.seconds + _TOLERANCE * HOUR and timed > usage.seconds + usage.time_noise:
        message = f"the periods have {hours(timed)} h of charging and parking, more than there was"
        yield Finding(Code.TIME_SUM_DIFFERS, "/charging_periods", message)


def _sum(total: Decimal, parts: Sequence[Decimal], priced: Priced) -> Iterator[Finding]:
    """The partial costs, where all are there, against the total without a price limit."""
    if not parts or len(parts) < len(priced.buckets) or priced.adjustments:
        return
    together = sum(parts, ZERO)
    if abs(abs(total) - abs(together)) > _CENT * len(parts):
        message = f"the partial costs sum to {plain(together)}"
        yield Finding(Code.PARTIAL_COSTS_DIFFER, f"/{TOTAL_COST}", message)


def _vat(said: Mapping[str, Decimal]) -> Iterator[Finding]:
    net, gross = said.get(_NET), said.get(_GROSS)
    if net is not None and gross is not None and 0 <= gross < net:
        message = f"{plain(gross)} with VAT is less than {plain(net)} without"
        yield Finding(Code.INCL_BELOW_EXCL, f"/{TOTAL_COST}", message)


def _credit(cdr: Mapping[str, Any]) -> Iterator[Finding]:
    if cdr.get("credit") is True and not cdr.get("credit_reference_id"):
        message = "a Credit CDR names the CDR it takes back"
        yield Finding(Code.CREDIT_WITHOUT_REFERENCE, "/credit_reference_id", message)


def _differs(said: Decimal | None, found: Decimal) -> bool:
    return said is not None and abs(said - found) > _TOLERANCE
