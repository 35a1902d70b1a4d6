"""An explanation for people: one sentence a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WITHOUT = {"free": "costs nothing", "unpriced": "has no price"}


def sentences(explanation: Mapping[str, Any]) -> Iterator[str]:
    """The sentences of an explanation: its lines, the total, what is remarkable, the verdict."""
    for line in explanation["lines"]:
        yield sentence(line)
    total = explanation["price"]["total_cost"]
    if total is not None:
        currency = explanation["currency"]
        yield f"Together {total['excl_vat']} {currency}, with VAT {total['incl_vat']} {currency}."
    for note in explanation["price"]["notes"]:
        yield f"Note: {note['message']} ({note['code']})."
    if explanation["clearing"] is not None:
        clearing = explanation["clearing"]
        yield f"{clearing['verdict']}: {clearing['sentence']}."


def sentence(line: Mapping[str, Any]) -> str:
    """One line as a sentence."""
    match line["kind"]:
        case "charge" | "free" | "unpriced":
            return _charge(line)
        case "step_size":
            return _step(line)
        case _:
            return _limit(line)


def _charge(line: Mapping[str, Any]) -> str:
    amount = "a FLAT" if line["unit"] is None else f"{line['volume']} {line['unit']}"
    when = line["local_start"] or line["start"]
    what = f"{line['dimension']} from {when}: {amount}"
    why = "; ".join(line["because"])
    if line["kind"] != "charge":
        said = f"{what} {_WITHOUT[line['kind']]}, because {why}"
    else:
        vat = "" if line["vat"] is None else f", with {line['vat']} % VAT {line['incl_vat']}"
        said = f"{what} at {line['price']} is {line['excl_vat']}{vat} ({line['pointer']}: {why})"
    for each in line["passed"]:
        elements = ", ".join(f"{one['element']} ({one['wanted']})" for one in each["elements"])
        said += f"; not element {elements}, because {each['restriction']} is {each['fact']}"
    return f"{said}."


def _step(line: Mapping[str, Any]) -> str:
    unit = line["unit"]
    return (
        f"step_size {line['step_size']} of {line['pointer']} bills {line['billed']} {unit} instead"
        f" of {line['total']} {unit}: {line['surplus']} {unit} more at {line['price']} is"
        f" {line['excl_vat']}."
    )


def _limit(line: Mapping[str, Any]) -> str:
    return (
        f"{line['kind']} of {line['limit']['excl_vat']} moves the total by {line['excl_vat']},"
        f" with VAT by {line['incl_vat']}."
    )
