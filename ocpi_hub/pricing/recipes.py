"""Known mistakes and old readings: which of them gives just what a CDR claims.

Naming the recipe behind a wrong bill is what ends a dispute about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ocpi_hub.pricing.alternatives import reprice
from ocpi_hub.pricing.circumstances import ReservationOutcome
from ocpi_hub.pricing.claims import Claim, agrees
from ocpi_hub.pricing.compiled import CompiledTariff
from ocpi_hub.pricing.policies import (
    Clock,
    ElementLookup,
    EndDate,
    Flat,
    InvoiceRounding,
    Limits,
    StepSize,
    TimeVolume,
    UnknownRestriction,
    Vat,
    WeekdayOf,
)
from ocpi_hub.pricing.price import price_usage
from ocpi_hub.pricing.result import Priced
from ocpi_hub.pricing.rounding import describe, find_roundings, fingerprint

# What a CPO of so many periods did is not worth that much of everybody's time.
_MOST_PERIODS = 1_000
_MOST_ROUNDED = 200


class Recipe(NamedTuple):
    """A way of billing that differs from ours; the sentence goes on from "as if ".

    `rounding` is what was done with the amounts beside, where they are not just rounded half up.
    """

    name: str
    sentence: str
    changes: Mapping[str, Any]
    rounding: InvoiceRounding | None = None

    @property
    def as_if(self) -> str:
        """The sentence with the rounding: "the times were UTC, each period rounded up to cents"."""
        return self.sentence + ("" if self.rounding is None else f", {describe(self.rounding)}")

    def document(self) -> dict[str, str | None]:
        """The recipe as JSON."""
        rounding = None if self.rounding is None else fingerprint(self.rounding)
        return {"name": self.name, "as_if": self.as_if, "rounding": rounding}


RECIPES = (
    Recipe("utc", "the times were UTC instead of local time", {"clock": Clock.UTC}),
    Recipe("standard_time", "daylight saving time was ignored", {"clock": Clock.HOUR_EARLIER}),
    Recipe(
        "daylight_saving_time",
        "daylight saving time was in force",
        {"clock": Clock.HOUR_LATER},
    ),
    Recipe(
        "old_step_size",
        "step_size was read as until 2023, for TIME and PARKING_TIME together",
        {"step_size": StepSize.EDITION_2_2_1_D1},
    ),
    Recipe(
        "step_on_time_too",
        "step_size rounded up TIME too, although PARKING_TIME absorbs it",
        {"step_size": StepSize.TIME_TOO},
    ),
    Recipe(
        "step_per_period",
        "step_size rounded up every period",
        {"step_size": StepSize.PER_PERIOD},
    ),
    Recipe(
        "unpriced_parking",
        "step_size counted parking that has no price",
        {"step_size": StepSize.UNPRICED_PARKING},
    ),
    Recipe("no_step_size", "there was no step_size", {"step_size": StepSize.NONE}),
    Recipe("flat_per_period", "the FLAT was due in every period", {"flat": Flat.PER_PERIOD}),
    Recipe("no_limits", "there were no min_price and max_price", {"limits": Limits.NONE}),
    Recipe(
        "limits_excl_only",
        "min_price and max_price held for the amount without VAT only",
        {"limits": Limits.EXCL_ONLY},
    ),
    Recipe("no_vat", "no VAT was due", {"vat": Vat.MISSING}),
    Recipe("vat_twice", "VAT was added twice", {"vat": Vat.TWICE}),
    Recipe(
        "wall_clock",
        "all the time of a period was charging time",
        {"time_volume": TimeVolume.WALL_CLOCK},
    ),
    Recipe(
        "timestamps",
        "times were taken from the timestamps instead of the volumes",
        {"time_volume": TimeVolume.TIMESTAMPS},
    ),
    Recipe("end_date_inclusive", "end_date was inclusive", {"end_date": EndDate.INCLUSIVE}),
    Recipe(
        "weekday_of_window",
        "a window over midnight belonged to the weekday it began on",
        {"weekday_of": WeekdayOf.WINDOW_START},
    ),
    Recipe(
        "first_element",
        "only the first matching element priced anything",
        {"element_lookup": ElementLookup.FIRST_ELEMENT},
    ),
    Recipe(
        "unknown_restriction_off",
        "an element with a restriction that OCPI does not know never applied",
        {"unknown_restriction": UnknownRestriction.ELEMENT_OFF},
    ),
)


def find_recipes(
    cdr: Mapping[str, Any],
    claims: Sequence[Claim],
    priced: Priced,
    *,
    current_tariffs: Sequence[CompiledTariff] = (),
) -> tuple[Recipe, ...]:
    """The recipes that give every claim; `current_tariffs` are those of now, not of the session.

    A recipe that needs a rounding beside counts only where none does without.
    """
    if len(priced.usage.periods) > _MOST_PERIODS:
        return ()
    cooked = [
        (recipe, each)
        for recipe, each in _cooked(cdr, priced, current_tariffs)
        if each.total != priced.total or each.buckets != priced.buckets
    ]
    exact = tuple(recipe for recipe, each in cooked if all(agrees(claim, each) for claim in claims))
    if exact or len(priced.segments) > _MOST_ROUNDED:
        return exact
    return tuple(
        recipe._replace(rounding=roundings[0])
        for recipe, each in cooked
        if (roundings := find_roundings(claims, each))
    )


def _cooked(
    cdr: Mapping[str, Any], priced: Priced, current_tariffs: Sequence[CompiledTariff]
) -> Iterator[tuple[Recipe, Priced]]:
    for recipe in RECIPES:
        yield recipe, reprice(cdr, priced, recipe.changes)
    if priced.usage.reserved:
        for outcome in ReservationOutcome:
            name = f"reservation_{outcome}"
            recipe = Recipe(name, f"the reservation was {outcome}", {})
            settled = priced.settled._replace(outcome=outcome)
            yield recipe, reprice(cdr, priced, {}, settled=settled)
    if current_tariffs:
        recipe = Recipe("tariff_of_now", "the tariff of now held instead of that at the start", {})
        yield (
            recipe,
            price_usage(priced.usage, current_tariffs, priced.settled, policy=priced.policy),
        )
