"""What a CDR should cost, with the tariffs its driver could see, beside what it claims. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing import (
    Circumstances,
    Clearing,
    CompiledTariff,
    ReservationOutcome,
    Verdict,
    compare,
    compile_tariff,
    explain,
    price,
    tariffs_of,
)
from ocpi_hub.pricing.published import as_published, switched
from ocpi_hub.pricing.rules import Flag
from ocpi_hub.protocol.errors import InvalidParameters


@dataclass(frozen=True, slots=True)
class Known:
    """Beside the CDR: its tariffs and those of its connector as they were offered when it began,
    the same as they are now, the Location's time zone, and what became of a reservation."""

    published: Sequence[Mapping[str, Any]] = ()
    current: Sequence[Mapping[str, Any]] = ()
    # Folded; those that hung at the connector.
    offered: frozenset[str] = frozenset()
    # Whether a Session has come, or the CPO was told yes.
    told: bool = True
    time_zone: str | None = None
    outcome: ReservationOutcome | None = None
    # The ProfileType that the driver chose.
    profile: str | None = None
    # Without VAT, in the CDR's currency: what is billed at most by a tariff that nobody could see.
    most_unseen: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Repriced:
    """What came of it: `wrong` says in a sentence why it is not to be billed like that."""

    verdict: str
    sentence: str
    wrong: str | None
    flags: tuple[Flag, ...] = ()
    clearing: dict[str, Any] | None = None
    tariffs: tuple[dict[str, Any], ...] = ()


def reprice(cdr: Mapping[str, Any], known: Known) -> Repriced:
    """The price of a CDR that is no Credit CDR, and whether its claim is too high."""
    try:
        return _repriced(cdr, known)
    except InvalidParameters as error:
        said = f"the CDR cannot be priced: {error.message}"
        return Repriced(Verdict.NOT_COMPARABLE, said, wrong=said)


def _repriced(cdr: Mapping[str, Any], known: Known) -> Repriced:
    then = [compile_tariff(each) for each in known.published]
    current = [compile_tariff(each) for each in known.current]
    own = tariffs_of(cdr)
    offered = [each for each in then if each.id.lower() in known.offered]
    # What hangs at the connector is what the driver saw; a CDR without tariffs was priced by it.
    tariffs = (*as_published(own, offered or then), *_named_only(cdr, own, then))
    circumstances = Circumstances(
        time_zone=known.time_zone, reservation_outcome=known.outcome, profile=known.profile
    )
    priced = price(cdr, tariffs, circumstances=circumstances)
    clearing = compare(cdr, priced, published=then, current=(*own, *current))
    flags = tuple(switched(own, then, current))
    used = {id(each): each for each in priced.tariffs if each is not None}
    return Repriced(
        clearing.verdict,
        clearing.sentence,
        _wrong(cdr, clearing) or (None if _free(cdr) else _unseen(cdr, used.values(), known)),
        flags,
        {**clearing.document(), "explanation": explain(cdr, priced, clearing)},
        tuple(dict(each.document) for each in used.values()),
    )


def _named_only(
    cdr: Mapping[str, Any], own: Sequence[CompiledTariff], then: Sequence[CompiledTariff]
) -> list[CompiledTariff]:
    """Tariffs that a period names and a CDR that carries others does not have."""
    if not own:
        return []
    named = {str(each.get("tariff_id") or "").lower() for each in cdr["charging_periods"]}
    carried = {each.id.lower() for each in own}
    return [each for each in then if each.id.lower() in named - carried]


def _wrong(cdr: Mapping[str, Any], clearing: Clearing) -> str | None:
    """Why the claim is not to be billed; what is below the price is no reason."""
    match clearing.verdict:
        case Verdict.MATCH | Verdict.ROUNDING | Verdict.UNVERIFIABLE:
            return None
        case Verdict.MISMATCH:
            above = any(
                each.verdict is Verdict.MISMATCH and each.difference > 0 for each in clearing.judged
            )
            return clearing.sentence if above else None
        case Verdict.NOT_COMPARABLE:
            return None if _free(cdr) else clearing.sentence


def _free(cdr: Mapping[str, Any]) -> bool:
    cost = cdr["total_cost"]
    return not Decimal(cost["excl_vat"]) and not Decimal(cost.get("incl_vat") or 0)


def _unseen(cdr: Mapping[str, Any], used: Iterable[CompiledTariff], known: Known) -> str | None:
    """Why its tariffs are none that the driver could see; those of a CPO that publishes none count
    for small amounts, where there was a charge."""
    published = {str(each["id"]).lower() for each in known.published}
    seen = published & known.offered
    for tariff in used:
        if seen and tariff.id.lower() not in published:
            return f"tariff {tariff.id} was not published by then"
        if known.offered and tariff.id.lower() not in known.offered:
            return f"tariff {tariff.id} did not hang at the connector"
    if seen:
        return None
    if not known.told:
        return "no tariff was published there, no Session has come, and nobody was told yes"
    most, currency = known.most_unseen, cdr["currency"]
    if most is None:
        return f"no tariff was published there, and EMSP_HOLD_AMOUNTS has none for {currency}"
    if Decimal(cdr["total_cost"]["excl_vat"]) > most:
        return f"no tariff was published there, and it claims more than {most:f} {currency}"
    return None
