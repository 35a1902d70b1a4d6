"""The lines of an explanation: each charge, why its component matched and earlier ones did not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import compress
from typing import Any

from ocpi_hub.pricing.fact_texts import fact_text, wanted_text
from ocpi_hub.pricing.limits import Adjustment
from ocpi_hub.pricing.lookup import Component, Fact, Facts, Lookup
from ocpi_hub.pricing.money import ZERO, plain, quantity, units
from ocpi_hub.pricing.restrictions import FIELDS
from ocpi_hub.pricing.result import Priced, hours
from ocpi_hub.pricing.segments import Segment
from ocpi_hub.pricing.usage import Period
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType

Line = dict[str, Any]

_NAMES = {fact: " and ".join(names) for fact, names in FIELDS.items()}
# Of a tariff with a thousand elements, the nearest say enough.
_MOST_PASSED = 50
_ALWAYS = ["it applies always"]
_UNPRICED = {"excl_vat": None, "incl_vat": None}
_NONE_APPLIES = ["no element that prices it applies"]
_UNITS = {None: None, CdrDimensionType.ENERGY: "kWh"}
_NO_COMPONENT = {"pointer": None, "price": None, "vat": None}


class Lines:
    """Writes the lines of one price; what repeats from line to line is written once."""

    def __init__(self, priced: Priced) -> None:
        self._priced = priced
        # What nothing prices is free, but only where it is known what holds.
        self._without = "free" if priced.computable else "unpriced"
        self._passed: dict[tuple[int, Fact, int], list[dict[str, Any] | None]] = {}
        self._tables: dict[tuple[int, Fact], list[dict[str, Any] | None]] = {}
        self._facts: dict[tuple[Fact, Any], str] = {}
        self._components: dict[int, dict[str, str | None]] = {}
        self._spans: dict[int, dict[str, Any]] = {}
        self._moments: dict[datetime, tuple[str, str | None]] = {}
        self._excl = self._incl = ZERO
        self._shown_excl = self._shown_incl = ZERO

    def write(self) -> list[Line]:
        """Every line in the order of time, step_size and price limits last.

        The amounts sum to the total exactly, as they are written too: an endless amount takes up
        what the others leave.
        """
        return [*self._segments(), *self._steps(), *self._adjustments()]

    def _segments(self) -> Iterator[Line]:
        for segment in self._priced.segments:
            line = self._head(segment)
            line["because"], line["passed"] = self._why(segment)
            line.update(
                _UNPRICED if line["kind"] == "unpriced" else self._cost(segment.excl, segment.incl)
            )
            yield line

    def _steps(self) -> Iterator[Line]:
        index = {id(segment): at for at, segment in enumerate(self._priced.segments)}
        for step in self._priced.steps:
            yield {
                "kind": "step_size",
                "dimension": _name(step.last),
                "line": index[id(step.last)],
                "tariff": step.last.tariff.id if step.last.tariff else None,
                "pointer": _pointer(step.component),
                "step_size": plain(step.component.step_size),
                "unit": _unit(step.last),
                "total": _volume(step.last, step.total),
                "billed": _volume(step.last, step.total + step.surplus),
                "surplus": _volume(step.last, step.surplus),
                "price": plain(step.component.price),
                "vat": _optional(step.component.vat),
                "total_field": step.last.bucket,
            } | self._cost(step.excl, step.incl)

    def _adjustments(self) -> Iterator[Line]:
        for adjustment in self._priced.adjustments:
            yield {
                "kind": adjustment.name,
                "tariff": adjustment.tariff.id,
                "limit": _limit(adjustment),
                "total_field": "total_cost",
            } | self._cost(adjustment.excl, adjustment.incl)

    def _cost(self, excl: Decimal, incl: Decimal) -> dict[str, str]:
        """The cost as the step from one written running total to the next."""
        self._excl += excl
        shown, self._shown_excl = self._shown_excl, units(self._excl)
        without = with_vat = plain(self._shown_excl - shown)
        self._incl += incl
        shown, self._shown_incl = self._shown_incl, units(self._incl)
        if incl != excl:
            with_vat = plain(self._shown_incl - shown)
        return {"excl_vat": without, "incl_vat": with_vat}

    def _head(self, segment: Segment) -> Line:
        component, period, tariff = segment.component, segment.period, segment.tariff
        span = self._spans.get(id(period))
        if span is None:
            span = self._spans[id(period)] = self._span(period)
        return {
            "kind": self._without if component is None else "charge",
            **span,
            "context": segment.context,
            "dimension": _name(segment),
            "volume": _volume(segment, segment.quantity),
            "unit": _unit(segment),
            "tariff": None if tariff is None else tariff.id,
            **(_NO_COMPONENT if component is None else self._component(component)),
            "total_field": segment.bucket,
        }

    def _component(self, component: Component) -> dict[str, str | None]:
        known = self._components.get(id(component))
        if known is None:
            known = self._components[id(component)] = {
                "pointer": _pointer(component),
                "price": plain(component.price),
                "vat": _optional(component.vat),
            }
        return known

    def _span(self, period: Period) -> dict[str, Any]:
        start, local_start = self._moment(period.start)
        end, local_end = self._moment(period.end)
        return {
            "period": period.at,
            "start": start,
            "end": end,
            "local_start": local_start,
            "local_end": local_end,
        }

    def _moment(self, moment: datetime) -> tuple[str, str | None]:
        """A moment as OCPI writes it and as the wall shows it; one period ends where one starts."""
        known = self._moments.get(moment)
        if known is None:
            local = self._priced.clock.local(moment)
            shown = None if local is None else local.isoformat()
            known = self._moments[moment] = format_datetime(moment), shown
        return known

    def _why(self, segment: Segment) -> tuple[list[str], list[dict[str, Any]]]:
        lookup, place = segment.lookup, segment.place
        if lookup is None:
            reason = "nothing in the tariff prices it" if segment.tariff else "no tariff holds here"
            return [reason], []
        before = len(lookup.entries) if place is None else place
        passed = self._passed_over(lookup, before, segment.facts) if before else []
        return self._because(lookup, place, segment.facts), passed

    def _passed_over(self, lookup: Lookup, before: int, facts: Facts) -> list[dict[str, Any]]:
        """The elements that come earlier, by the first restriction that did not hold."""
        left = ((1 << before) - 1) & lookup.possible
        passed: list[dict[str, Any]] = []
        for axis in lookup.axes:
            failed = left & ~axis.mask(facts[axis.fact])
            if failed:
                left ^= failed
                passed.append(
                    {
                        "restriction": _NAMES[axis.fact],
                        "fact": self._fact(axis.fact, facts),
                        "elements": self._wanted(lookup, axis.fact, failed),
                    }
                )
        return passed

    def _wanted(self, lookup: Lookup, fact: Fact, failed: int) -> list[dict[str, Any] | None]:
        key = id(lookup), fact, failed
        known = self._passed.get(key)
        if known is None:
            # The mask's lowest bit is the first entry.
            failures = map(int, reversed(f"{failed:b}"))
            known = list(compress(self._table(lookup, fact), failures))[-_MOST_PASSED:]
            self._passed[key] = known
        return known

    def _table(self, lookup: Lookup, fact: Fact) -> list[dict[str, Any] | None]:
        """What each entry wants, None where it has no such restriction."""
        key = id(lookup), fact
        known = self._tables.get(key)
        if known is None:
            known = self._tables[key] = [
                {"element": entry.element, "wanted": wanted_text(fact, entry)}
                if fact in entry.ranges
                else None
                for entry in lookup.entries
            ]
        return known

    def _because(self, lookup: Lookup, place: int | None, facts: Facts) -> list[str]:
        if place is None:
            return _NONE_APPLIES
        ranges = lookup.entries[place].ranges
        if not ranges:
            return _ALWAYS
        return [
            f"{_NAMES[fact]} {self._own(lookup, fact, place)}: {self._fact(fact, facts)}"
            for fact in ranges
        ]

    def _fact(self, fact: Fact, facts: Facts) -> str:
        key = fact, facts[fact]
        known = self._facts.get(key)
        if known is None:
            known = self._facts[key] = fact_text(fact, facts)
        return known

    def _own(self, lookup: Lookup, fact: Fact, place: int) -> str:
        wanted = self._table(lookup, fact)[place]
        return "" if wanted is None else wanted["wanted"]


def _pointer(component: Component) -> str:
    return f"/elements/{component.element}/price_components/{component.place}"


def _optional(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _name(segment: Segment) -> str:
    return "FLAT" if segment.dimension is None else segment.dimension


def _unit(segment: Segment) -> str | None:
    return _UNITS.get(segment.dimension, "h")


def _volume(segment: Segment, value: Decimal) -> str:
    return quantity(value) if segment.dimension in _UNITS else hours(value)


def _limit(adjustment: Adjustment) -> dict[str, str | None]:
    tariff = adjustment.tariff
    bound = tariff.min_price if adjustment.name == "min_price" else tariff.max_price
    excl = None if bound is None else plain(units(bound.excl))
    incl = None if bound is None or bound.incl is None else plain(units(bound.incl))
    return {"excl_vat": excl, "incl_vat": incl}
