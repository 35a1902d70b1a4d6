"""Which tariff prices which period. Source: CDRs, ChargingPeriod.tariff_id and CDR.tariffs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ocpi_hub.pricing.compiled import CompiledTariff
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.policies import Policy, UnnamedPeriod
from ocpi_hub.pricing.usage import Usage
from ocpi_hub.protocol.v2_2_1.tariffs import TariffType

_BY_TYPE: dict[str | None, int] = {TariffType.REGULAR: 1, None: 2, TariffType.AD_HOC_PAYMENT: 4}
_OTHER_TYPE = 3


class Selection(NamedTuple):
    """The tariff of each period, and the tariffs it might have been instead."""

    tariffs: tuple[CompiledTariff | None, ...]
    candidates: tuple[CompiledTariff, ...]
    findings: tuple[Finding, ...]


def select(
    usage: Usage, tariffs: Sequence[CompiledTariff], *, profile: str | None, policy: Policy
) -> Selection:
    """The tariffs of a session's periods.

    Where no period names a tariff, one prices all: the text would make such a session free, and
    most CPOs never name one.
    """
    count = len(usage.periods)
    if not tariffs:
        finding = Finding(Code.NO_TARIFF, "/tariffs", "there is no tariff to price with")
        return Selection((None,) * count, (), (finding,))
    if all(period.tariff_id is None for period in usage.periods):
        candidates = _candidates(usage, tariffs, profile)
        return Selection((candidates[0],) * count, candidates, _ambiguity(candidates))
    return _named(usage, tariffs, profile, policy)


def _named(
    usage: Usage, tariffs: Sequence[CompiledTariff], profile: str | None, policy: Policy
) -> Selection:
    findings: list[Finding] = []
    chosen: list[CompiledTariff | None] = []
    known: dict[str | None, CompiledTariff | None] = {None: None}
    if policy.unnamed_period is UnnamedPeriod.SESSION_TARIFF:
        known[None] = _candidates(usage, tariffs, profile)[0]
    for period in usage.periods:
        where = f"/charging_periods/{period.at}"
        name = None if period.tariff_id is None else period.tariff_id.lower()
        if name not in known:
            same = [tariff for tariff in tariffs if tariff.id.lower() == name]
            known[name] = _candidates(usage, same, profile)[0] if same else None
        if name is None:
            message = "other periods name a tariff and this one does not, so it costs nothing"
            findings.append(Finding(Code.PERIOD_WITHOUT_TARIFF_ID, where, message))
        elif known[name] is None:
            message = f"no tariff has the id {period.tariff_id!r}"
            findings.append(Finding(Code.UNKNOWN_TARIFF, where, message))
        chosen.append(known[name])
    return Selection(tuple(chosen), (), tuple(findings))


def _candidates(
    usage: Usage, tariffs: Sequence[CompiledTariff], profile: str | None
) -> tuple[CompiledTariff, ...]:
    """The best first: valid when the session began, then by type, then as listed."""
    valid = [tariff for tariff in tariffs if _valid(tariff, usage)] or list(tariffs)
    return tuple(sorted(valid, key=lambda tariff: _rank(tariff, profile)))


def _valid(tariff: CompiledTariff, usage: Usage) -> bool:
    if not usage.times_known:
        return True
    begun = tariff.valid_from is None or tariff.valid_from <= usage.start
    return begun and (tariff.valid_until is None or usage.start <= tariff.valid_until)


def _rank(tariff: CompiledTariff, profile: str | None) -> int:
    if profile is not None and tariff.type == f"PROFILE_{profile}":
        return 0
    return _BY_TYPE.get(tariff.type, _OTHER_TYPE)


def _ambiguity(candidates: tuple[CompiledTariff, ...]) -> tuple[Finding, ...]:
    if len(candidates) == 1:
        return ()
    ids = ", ".join(tariff.id for tariff in candidates)
    message = f"no period names a tariff and several were valid ({ids}); the first is used"
    return (Finding(Code.AMBIGUOUS_TARIFF, "/tariffs", message),)
