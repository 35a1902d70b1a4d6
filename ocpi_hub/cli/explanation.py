"""How the price of a CDR is shown to people: the sum of its lines, as on a till receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing import Verdict, sentence
from ocpi_hub.pricing.money import EXACT, minor_unit, padded
from ocpi_hub.store.clearings import Cleared

_HEADS = ("without VAT", "with VAT")

# Two amounts, without and with VAT where there are any, and what they are for.
_Row = tuple[Decimal | None, Decimal | None, str]


def receipt(cleared: Cleared, explanation: Mapping[str, Any]) -> Iterator[str]:
    """Line by line: the verdict, each charge with its amounts, their sum, and what is claimed."""
    yield f"{cleared.verdict}: {cleared.sentence}"
    yield ""
    yield from _circumstances(explanation)
    yield ""
    yield from _columns(cleared, explanation)
    notes = [*explanation["price"]["notes"], *(explanation["clearing"] or {}).get("notes", ())]
    if notes:
        yield ""
    for note in {each["message"]: each for each in notes}.values():
        yield f"note: {note['message']} ({note['code']}, {note['where']})"


def _circumstances(explanation: Mapping[str, Any]) -> Iterator[str]:
    for tariff in explanation["tariffs"]:
        yield f"tariff     {tariff['id']}, last updated {tariff['last_updated']}"
    zone = explanation["time_zone"]
    if zone["name"] is not None:
        yield f"time zone  {zone['name']}, from the {zone['source']}"
    yield f"currency   {explanation['currency']}"


def _columns(cleared: Cleared, explanation: Mapping[str, Any]) -> Iterator[str]:
    charges = [_charge(line) for line in explanation["lines"]]
    sums = list(_sums(cleared, explanation["price"]["total_cost"]))
    decimals = minor_unit(explanation["currency"])
    written = _aligned([*charges, *sums], decimals)
    widths = [max(map(len, side)) for side in zip(_HEADS, *written, strict=True)]
    heads = [head.rjust(width) for head, width in zip(_HEADS, widths, strict=True)]
    yield "  ".join(heads)
    for at, (cells, row) in enumerate(zip(written, [*charges, *sums], strict=True)):
        if at == len(charges):
            yield "  ".join("-" * width for width in widths)
        amounts = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"{'  '.join(amounts)}  {row[2]}"


def _charge(line: Mapping[str, Any]) -> _Row:
    excl_vat, incl_vat = (
        None if amount is None else Decimal(amount)
        for amount in (line["excl_vat"], line["incl_vat"])
    )
    return excl_vat, incl_vat, sentence(line)


def _sums(cleared: Cleared, total: Mapping[str, str] | None) -> Iterator[_Row]:
    """The exact price, what is claimed, and how much too high that is."""
    # The lines are those of the session; a Credit CDR takes them back.
    what = "claimed back, by a Credit CDR" if cleared.credit else "claimed"
    claimed = _claimed(cleared)
    # What cannot be compared may be in another currency.
    if total is None or cleared.verdict == Verdict.NOT_COMPARABLE:
        yield *claimed, f"{what}; there is no exact price"
        return
    exact = Decimal(total["excl_vat"]), Decimal(total["incl_vat"])
    yield *exact, "the exact price"
    yield *claimed, what
    too_much = EXACT.subtract(claimed[0], exact[0])
    with_vat = None if claimed[1] is None else EXACT.subtract(claimed[1], exact[1])
    if too_much or with_vat:
        yield too_much, with_vat, _named(cleared, too_much or with_vat or Decimal(0))


def _claimed(cleared: Cleared) -> tuple[Decimal, Decimal | None]:
    if not cleared.credit:
        return cleared.excl_vat, cleared.incl_vat
    incl_vat = cleared.incl_vat
    return EXACT.minus(cleared.excl_vat), None if incl_vat is None else EXACT.minus(incl_vat)


def _named(cleared: Cleared, difference: Decimal) -> str:
    if cleared.verdict in (Verdict.MATCH, Verdict.ROUNDING):
        return "rounding"
    return "claimed too much" if difference > 0 else "claimed too little"


def _aligned(rows: Sequence[_Row], decimals: int) -> list[tuple[str, str]]:
    """The amounts as text, the points of each column below each other."""
    excl_vat = _filled([row[0] for row in rows], decimals)
    incl_vat = _filled([row[1] for row in rows], decimals)
    return list(zip(excl_vat, incl_vat, strict=True))


def _filled(column: Sequence[Decimal | None], decimals: int) -> list[str]:
    """With blanks in the place of decimals that others have; the point counts too."""
    texts = ["" if amount is None else padded(amount, decimals) for amount in column]
    tails = [len("".join(text.partition(".")[1:])) for text in texts]
    return [text + " " * (max(tails) - tail) for text, tail in zip(texts, tails, strict=True)]
