"""The price of a CDR under its tariffs: exact, and the same for the same input on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import localcontext
from typing import Any

from ocpi_hub.pricing.circumstances import (
    NOTHING_KNOWN,
    Circumstances,
    ReservationOutcome,
    Settled,
    ZoneSource,
    settle,
)
from ocpi_hub.pricing.compiled import CompiledTariff, tariffs_of
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.limits import Total, limit, sum_of
from ocpi_hub.pricing.money import EXACT, ZERO
from ocpi_hub.pricing.periods import read_usage
from ocpi_hub.pricing.policies import DEFAULT, Clock, Policy
from ocpi_hub.pricing.result import RESERVED_AS, Priced
from ocpi_hub.pricing.segments import Bucket, Segment, Walk
from ocpi_hub.pricing.selection import select
from ocpi_hub.pricing.steps import Step, step_up
from ocpi_hub.pricing.usage import Usage
from ocpi_hub.pricing.zones import WallClock, load_zone


def price(
    cdr: Mapping[str, Any],
    tariffs: Sequence[CompiledTariff] | None = None,
    *,
    circumstances: Circumstances = NOTHING_KNOWN,
    policy: Policy = DEFAULT,
) -> Priced:
    """What a CDR costs under these tariffs, or under those it carries.

    InvalidParameters names what in the CDR cannot be read; anything else that is odd is a finding.
    """
    with localcontext(EXACT):
        usage = read_usage(cdr, policy)
        offered = tariffs_of(cdr, policy) if tariffs is None else tariffs
        return _priced(usage, offered, settle(cdr, usage, circumstances), policy)


def price_usage(
    usage: Usage,
    tariffs: Sequence[CompiledTariff],
    settled: Settled,
    *,
    policy: Policy = DEFAULT,
) -> Priced:
    """What a usage costs, wherever it comes from."""
    with localcontext(EXACT):
        return _priced(usage, tariffs, settled, policy)


def _priced(
    usage: Usage, tariffs: Sequence[CompiledTariff], settled: Settled, policy: Policy
) -> Priced:
    selection = select(usage, tariffs, profile=settled.profile, policy=policy)
    needed = any(each is not None and each.needs_clock for each in selection.tariffs)
    clock = _clock(settled, policy, needed=needed)
    followed = _session_followed(usage, settled)
    reserved_as = RESERVED_AS[settled.outcome]
    walk = Walk(usage, clock, reserved_as, policy)
    segments = list(walk.segments(selection.tariffs, with_session=followed))
    steps, of_steps = step_up(segments, policy, usage)
    # A limit bounds a charging session with its tariff, not a reservation alone.
    adjustments, of_limits = limit(segments, steps, policy) if followed else ([], [])
    buckets = _buckets(segments, steps)
    total = sum_of((*buckets.values(), *adjustments))
    return Priced(
        usage=usage,
        offered=tuple(tariffs),
        tariffs=selection.tariffs,
        candidates=selection.candidates,
        settled=settled,
        clock=clock,
        policy=policy,
        segments=tuple(segments),
        steps=tuple(steps),
        adjustments=tuple(adjustments),
        buckets=buckets,
        total=total,
        findings=(
            *usage.findings,
            *settled.findings,
            *selection.findings,
            *_of_tariffs(selection.tariffs, usage),
            *_of_clock(clock, needed=needed),
            *walk.findings,
            *of_steps,
            *of_limits,
            *_of_total(total),
        ),
    )


def _clock(settled: Settled, policy: Policy, *, needed: bool) -> WallClock:
    name, source = settled.time_zone, settled.zone_source
    if policy.clock is Clock.UTC:
        return WallClock("UTC", None, load_zone("UTC"), policy.clock)
    # Nothing is assumed where no price hangs on it.
    if name is None or (source is ZoneSource.COUNTRY and not needed):
        return WallClock(None, None, None)
    return WallClock(name, source, load_zone(name), policy.clock)


def _session_followed(usage: Usage, settled: Settled) -> bool:
    """Whether there was a session at all; without one no start fee is due."""
    if settled.outcome is not ReservationOutcome.USED:
        return usage.used
    return any(period.in_session for period in usage.periods)


def _buckets(segments: Sequence[Segment], steps: Sequence[Step]) -> dict[Bucket, Total]:
    """The partial costs of what has a price, even one of zero."""
    buckets: dict[Bucket, Total] = {}
    for segment in segments:
        if segment.component is not None:
            excl, incl = buckets.get(segment.bucket, (ZERO, ZERO))
            buckets[segment.bucket] = Total(excl + segment.excl, incl + segment.incl)
    for step in steps:
        excl, incl = buckets[step.last.bucket]
        buckets[step.last.bucket] = Total(excl + step.excl, incl + step.incl)
    return buckets


def _of_tariffs(tariffs: Sequence[CompiledTariff | None], usage: Usage) -> list[Finding]:
    found: list[Finding] = []
    for tariff in {id(each): each for each in tariffs if each is not None}.values():
        found += tariff.findings
        if tariff.currency != usage.currency:
            message = f"the CDR is in {usage.currency}, tariff {tariff.id} in {tariff.currency}"
            found.append(Finding(Code.CURRENCY_MISMATCH, "/currency", message))
        if not tariff.lookups:
            message = f"tariff {tariff.id} has no element; free of charge is a FLAT of 0"
            found.append(Finding(Code.NOT_COMPUTABLE, "/elements", message))
    return found


def _of_clock(clock: WallClock, *, needed: bool) -> list[Finding]:
    if not needed:
        return []
    if clock.zone is None:
        message = "the price hangs on the time of day, and nobody says in which time zone"
        return [Finding(Code.TIME_ZONE_UNKNOWN, "/cdr_location", message)]
    if clock.source == ZoneSource.COUNTRY:
        message = f"nobody says in which time zone; taken as {clock.name}"
        return [Finding(Code.TIME_ZONE_ASSUMED, "/cdr_location", message)]
    return []


def _of_total(total: Total) -> list[Finding]:
    if 0 <= total.incl < total.excl:
        message = "the total with VAT is lower than the one without"
        return [Finding(Code.INCL_BELOW_EXCL, "/total_cost", message)]
    return []
