"""The tariffs a CDR carries beside those its CPO had published when the session began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ocpi_hub.pricing.compare import same_prices
from ocpi_hub.pricing.compiled import CompiledTariff
from ocpi_hub.pricing.rules import Flag, Rule


def as_published(
    own: Sequence[CompiledTariff], then: Sequence[CompiledTariff]
) -> tuple[CompiledTariff, ...]:
    """The tariffs of a CDR as they were known when the session began, where they were."""
    published = {each.id.lower(): each for each in then}
    return tuple(published.get(each.id.lower(), each) for each in own) or tuple(then)


def switched(
    own: Sequence[CompiledTariff],
    then: Sequence[CompiledTariff],
    current: Sequence[CompiledTariff],
) -> Iterator[Flag]:
    """T22: a CDR carries its tariffs as they were when the session began."""
    published = {each.id.lower(): each for each in then}
    for at, tariff in enumerate(own):
        known, field = published.get(tariff.id.lower()), f"tariffs.{at}"
        if known is None:
            message = f"tariff {tariff.id} was not published by then"
            yield Flag(Rule.TARIFF_NOT_PUBLISHED, field, message)
        elif not same_prices(tariff, known):
            later = any(same_prices(tariff, each) for each in current)
            what = "was published after the session began" if later else "was never published so"
            yield Flag(Rule.TARIFF_SWITCHED, field, f"tariff {tariff.id} {what}")
