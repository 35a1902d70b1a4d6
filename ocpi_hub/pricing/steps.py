"""step_size: what was used, rounded up once for energy and once for time.

Source: CDRs, CDR object, "step_size".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.lookup import Component
from ocpi_hub.pricing.money import ZERO, plain
from ocpi_hub.pricing.policies import Policy, StepBoundary, StepSize, StepTariffs
from ocpi_hub.pricing.segments import Segment
from ocpi_hub.pricing.usage import Usage
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType

_TIMES = (CdrDimensionType.TIME, CdrDimensionType.PARKING_TIME)
_ROUNDED = (CdrDimensionType.ENERGY, *_TIMES, CdrDimensionType.RESERVATION_TIME)


class Step(NamedTuple):
    """What is billed on top of the measured total, at the price of the last component."""

    last: Segment
    component: Component
    total: Decimal
    surplus: Decimal

    @property
    def excl(self) -> Decimal:
        """Its cost without VAT, in 3600ths."""
        return self.surplus * self.component.rate

    @property
    def incl(self) -> Decimal:
        """Its cost with VAT, in 3600ths."""
        return self.surplus * self.component.gross_rate


def step_up(
    segments: Sequence[Segment], policy: Policy, usage: Usage
) -> tuple[list[Step], list[Finding]]:
    """The surplus of each group of volumes that is rounded up as one."""
    steps: list[Step] = []
    findings: list[Finding] = []
    for group in _groups(segments, policy):
        last = next((each for each in reversed(group) if each.component is not None), None)
        step = None if last is None else _step_of(group, last, policy, findings)
        if step is not None:
            steps.append(step)
    if any(_timed(step) for step in steps):
        noise = usage.time_noise
        steps = [
            _at_boundary(each, policy, noise, findings) if _timed(each) else each for each in steps
        ]
    return steps, findings


def _timed(step: Step) -> bool:
    return step.last.dimension is not CdrDimensionType.ENERGY


def _step_of(
    group: Sequence[Segment], last: Segment, policy: Policy, findings: list[Finding]
) -> Step | None:
    step = _step(last, group)
    own = [segment for segment in group if segment.tariff is last.tariff]
    if len(own) == len(group):
        return step
    alternative = _step(last, own)
    if _surplus(step) != _surplus(alternative):
        findings.append(_several(last))
    return alternative if policy.step_tariffs is StepTariffs.LAST_ONLY else step


def _at_boundary(step: Step, policy: Policy, noise: Decimal, findings: list[Finding]) -> Step:
    excess = step.component.step - step.surplus
    if excess > noise:
        return step
    findings.append(_boundary(step, excess))
    lenient = policy.step_boundary is StepBoundary.LENIENT
    return step._replace(surplus=-excess) if lenient else step


def _groups(segments: Sequence[Segment], policy: Policy) -> Sequence[list[Segment]]:
    """TIME is not rounded where PARKING_TIME is priced too: that absorbs the step of both."""
    choice = policy.step_size
    if choice is StepSize.NONE:
        return []
    if choice is StepSize.PER_PERIOD:
        return [[segment] for segment in segments if segment.dimension is not None]
    of: dict[CdrDimensionType | None, list[Segment]] = {None: []}
    for dimension in _ROUNDED:
        of[dimension] = []
    for segment in segments:
        if segment.component is not None:
            of[segment.dimension].append(segment)
    energy, time, parking, reservation = (of[dimension] for dimension in _ROUNDED)
    match choice:
        case StepSize.CURRENT:
            # Reserved time is reported and rounded on its own, whatever follows (PRC-19).
            return [energy, parking or time, reservation]
        case StepSize.EDITION_2_2_1_D1:
            return [energy, [each for each in segments if _is_time(each)], reservation]
        case StepSize.TIME_TOO:
            return [energy, time, parking, reservation]
        case StepSize.UNPRICED_PARKING:
            kind = CdrDimensionType.PARKING_TIME
            everything = [each for each in segments if each.dimension is kind]
            return [energy, everything if parking else time, reservation]


def _is_time(segment: Segment) -> bool:
    return segment.component is not None and segment.dimension in _TIMES


def _step(last: Segment, group: Sequence[Segment]) -> Step | None:
    """None where the total is a multiple already; a step_size of 0 rounds nothing."""
    component = last.component
    if component is None or not component.step:
        return None
    total = sum((segment.quantity for segment in group), ZERO)
    if total <= 0:
        return None
    remainder = total % component.step
    if not remainder:
        return None
    return Step(last, component, total, component.step - remainder)


def _surplus(step: Step | None) -> Decimal:
    return ZERO if step is None else step.surplus


def _several(last: Segment) -> Finding:
    message = "several tariffs price this session; their total is rounded up with the last step"
    return Finding(Code.STEP_SIZE_OF_SEVERAL_TARIFFS, last.where, message)


def _boundary(step: Step, excess: Decimal) -> Finding:
    message = (
        f"the last step of {plain(step.component.step)} s is due to {plain(excess)} s, less than"
        " the rounding of the reported hours"
    )
    return Finding(Code.STEP_BOUNDARY_WITHIN_ROUNDING, step.last.where, message)
