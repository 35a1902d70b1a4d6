"""A tariff made ready for pricing: read and checked once, used for any number of CDRs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.lookup import Component, Entry, Fact, Lookup
from ocpi_hub.pricing.money import EXACT, HOUR, ZERO
from ocpi_hub.pricing.policies import DEFAULT, ElementLookup, Policy, UnknownFact, Vat
from ocpi_hub.pricing.reading import (
    listed,
    mapping,
    moment,
    number,
    optional_number,
    optional_text,
    text,
)
from ocpi_hub.pricing.remembered import remembered
from ocpi_hub.pricing.restrictions import Restrictions, read_restrictions
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.v2_2_1.tariffs import ReservationRestrictionType, TariffDimensionType

_MOST_ELEMENTS = 5_000
_MOST_COMPONENTS = 5_000
_CLOCK = frozenset({Fact.MINUTE, Fact.DAY, Fact.WEEKDAY})
_POWER = frozenset({Fact.POWER_HIGH, Fact.POWER_LOW})


class Context(StrEnum):
    """What is priced; elements for one price nothing of the others."""

    SESSION = "session"
    RESERVATION = "reservation"
    EXPIRED = "expired_reservation"


# Which elements price a context, in order of precedence: RESERVATION_EXPIRES goes before
# RESERVATION wherever it stands (ReservationRestrictionType; PRC-20).
_PRICED_BY: dict[Context, tuple[ReservationRestrictionType | None, ...]] = {
    Context.SESSION: (None,),
    Context.RESERVATION: (ReservationRestrictionType.RESERVATION,),
    Context.EXPIRED: (
        ReservationRestrictionType.RESERVATION_EXPIRES,
        ReservationRestrictionType.RESERVATION,
    ),
}


class PriceLimit(NamedTuple):
    """min_price or max_price, in 3600ths."""

    excl: Decimal
    incl: Decimal | None


class _Element(NamedTuple):
    """An element as it was read."""

    place: int
    restrictions: Restrictions
    components: dict[TariffDimensionType, Component]


@dataclass(frozen=True)
class CompiledTariff:
    """A tariff under one policy, with a lookup for each context and dimension it prices."""

    document: Mapping[str, Any]
    policy: Policy
    id: str
    currency: str
    type: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    min_price: PriceLimit | None
    max_price: PriceLimit | None
    lookups: Mapping[tuple[Context, TariffDimensionType], Lookup]
    facts: frozenset[Fact]
    findings: tuple[Finding, ...]

    @remembered
    def digest(self) -> str:
        """What tells this version of the tariff from every other: SHA-256 of its JSON."""
        return sha256(dumps(self.document)).hexdigest()

    @remembered
    def needs_clock(self) -> bool:
        """Whether a price hangs on the time of day, the date or the weekday."""
        return not _CLOCK.isdisjoint(self.facts)

    @remembered
    def needs_power(self) -> bool:
        """Whether a price hangs on the power."""
        return not _POWER.isdisjoint(self.facts)

    def lookup(self, context: Context, dimension: TariffDimensionType) -> Lookup | None:
        """Where the components of a dimension are, if there are any."""
        return self.lookups.get((context, dimension))


def compile_tariff(document: Mapping[str, Any], policy: Policy = DEFAULT) -> CompiledTariff:
    """The tariff ready for pricing; InvalidParameters names what in it cannot be read.

    A tariff without elements compiles, with a finding: it prices nothing.
    """
    with localcontext(EXACT):
        tariff = mapping(document, "tariff")
        elements = listed(tariff.get("elements"), "elements")
        if len(elements) > _MOST_ELEMENTS:
            raise InvalidParameters(
                f"elements: has {len(elements)} entries, at most {_MOST_ELEMENTS} are priced"
            )
        findings: list[Finding] = []
        read = [_element(raw, at, policy, findings) for at, raw in enumerate(elements)]
        lookups = _lookups(read, policy)
        return CompiledTariff(
            document=document,
            policy=policy,
            id=text(tariff.get("id"), "id"),
            currency=text(tariff.get("currency"), "currency").upper(),
            type=optional_text(tariff.get("type"), "type"),
            valid_from=_optional(moment, tariff, "start_date_time"),
            valid_until=_optional(moment, tariff, "end_date_time"),
            min_price=_limit(tariff, "min_price"),
            max_price=_limit(tariff, "max_price"),
            lookups=lookups,
            facts=frozenset(axis.fact for lookup in lookups.values() for axis in lookup.axes),
            findings=tuple(findings),
        )


def tariffs_of(cdr: Mapping[str, Any], policy: Policy = DEFAULT) -> tuple[CompiledTariff, ...]:
    """The tariffs a CDR carries: as they were when its session began (CDRs, CDR object)."""
    documents = listed(cdr.get("tariffs"), "tariffs")
    return tuple(
        compile_tariff(mapping(each, f"tariffs.{at}"), policy) for at, each in enumerate(documents)
    )


def _optional(
    read: Callable[[Any, str], datetime], tariff: Mapping[str, Any], name: str
) -> datetime | None:
    value = tariff.get(name)
    return None if value is None else read(value, name)


def _limit(tariff: Mapping[str, Any], name: str) -> PriceLimit | None:
    if tariff.get(name) is None:
        return None
    price = mapping(tariff[name], name)
    incl = optional_number(price.get("incl_vat"), f"{name}.incl_vat")
    return PriceLimit(
        number(price.get("excl_vat"), f"{name}.excl_vat") * HOUR,
        None if incl is None else incl * HOUR,
    )


def _element(raw: Any, at: int, policy: Policy, findings: list[Finding]) -> _Element:
    where = f"/elements/{at}"
    element = mapping(raw, where)
    restrictions = read_restrictions(
        mapping(element.get("restrictions") or {}, f"{where}/restrictions"),
        f"{where}/restrictions",
        policy,
    )
    findings.extend(restrictions.findings)
    listing = listed(element.get("price_components"), f"{where}/price_components")
    if len(listing) > _MOST_COMPONENTS:
        raise InvalidParameters(
            f"{where}/price_components: has {len(listing)} entries, at most {_MOST_COMPONENTS}"
        )
    components: dict[TariffDimensionType, Component] = {}
    kinds = [_kind(each, f"{where}/price_components/{n}") for n, each in enumerate(listing)]
    for_parking = TariffDimensionType.PARKING_TIME in kinds and not (
        {TariffDimensionType.ENERGY, TariffDimensionType.TIME} & set(kinds)
    )
    for place, (kind, each) in enumerate(zip(kinds, listing, strict=True)):
        # The first of two components of the same dimension counts; lint names the second.
        if kind not in components:
            components[kind] = _component(each, kind, (at, place), policy, findings)._replace(
                for_parking=for_parking
            )
    return _Element(at, restrictions, components)


def _kind(raw: Any, where: str) -> TariffDimensionType:
    given = text(mapping(raw, where).get("type"), f"{where}/type")
    try:
        return TariffDimensionType(given)
    except ValueError:
        raise InvalidParameters(
            f"{where}/type: expected ENERGY, FLAT, PARKING_TIME or TIME, got {given[:40]!r}"
        ) from None


def _component(
    raw: Mapping[str, Any],
    kind: TariffDimensionType,
    at: tuple[int, int],
    policy: Policy,
    findings: list[Finding],
) -> Component:
    where = f"/elements/{at[0]}/price_components/{at[1]}"
    price = number(raw.get("price"), f"{where}/price")
    vat = optional_number(raw.get("vat"), f"{where}/vat")
    step_size = _step_size(raw, kind, where, findings)
    step = step_size.scaleb(-3) if kind is TariffDimensionType.ENERGY else step_size
    # Times are counted in seconds, so that their price per hour is one per second in 3600ths.
    timed = kind in (TariffDimensionType.TIME, TariffDimensionType.PARKING_TIME)
    rate = price if timed else price * HOUR
    return Component(
        *at,
        price=price,
        vat=vat,
        step_size=step_size,
        step=max(step, ZERO),
        rate=rate,
        gross_rate=_gross(rate, vat or ZERO, policy.vat),
        for_parking=False,
    )


def _step_size(
    raw: Mapping[str, Any], kind: TariffDimensionType, where: str, findings: list[Finding]
) -> Decimal:
    if raw.get("step_size") is not None:
        return number(raw["step_size"], f"{where}/step_size")
    if kind is not TariffDimensionType.FLAT:
        findings.append(
            Finding(Code.STEP_SIZE_MISSING, where, "step_size is missing and taken as 1")
        )
    return Decimal(1)


def _gross(rate: Decimal, vat: Decimal, reading: Vat) -> Decimal:
    """The rate with VAT; a component without `vat` adds none."""
    match reading:
        case Vat.COMPONENT:
            return _with_vat(rate, vat)
        case Vat.MISSING:
            return rate
        case Vat.TWICE:
            return _with_vat(_with_vat(rate, vat), vat)


def _with_vat(rate: Decimal, vat: Decimal) -> Decimal:
    return (rate * (100 + vat)).scaleb(-2)


def _lookups(
    elements: list[_Element], policy: Policy
) -> dict[tuple[Context, TariffDimensionType], Lookup]:
    lookups: dict[tuple[Context, TariffDimensionType], Lookup] = {}
    for context, kinds in _PRICED_BY.items():
        pricing = [
            element
            for kind in kinds
            for element in elements
            if element.restrictions.reservation is kind
        ]
        for dimension in TariffDimensionType:
            entries = list(_entries(pricing, dimension, policy))
            if any(entry.component for entry in entries):
                matches = policy.unknown_fact is UnknownFact.MATCH
                lookups[context, dimension] = Lookup.of(entries, unknown_matches=matches)
    return lookups


def _entries(
    elements: list[_Element], dimension: TariffDimensionType, policy: Policy
) -> Iterator[Entry]:
    for element in elements:
        component = element.components.get(dimension)
        if component is None and policy.element_lookup is ElementLookup.PER_DIMENSION:
            continue
        restrictions = element.restrictions
        for row in restrictions.rows:
            yield Entry(element.place, component, row, restrictions.never)
