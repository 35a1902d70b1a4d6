"""CSV for spreadsheets: numbers as numbers, and no text of a partner's that becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TextIO

from ocpi_hub.protocol.types import format_datetime

# What makes a spreadsheet take a cell for a formula, after NFKC, which folds full-width forms.
_FORMULA = ("=", "+", "-", "@", "|", "%")
_BLANK = ("\t", "\r", "\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)

Cell = str | int | Decimal | datetime | bool | None


def write_row(to: TextIO, cells: Iterable[Cell]) -> None:
    """One line, as RFC 4180 has them; the first names the columns."""
    csv.writer(to).writerow([written(cell) for cell in cells])


def written(cell: Cell) -> str:
    """A cell as text; one that a spreadsheet would run begins with an apostrophe (T35)."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case Decimal():
            return _plain(cell)
        case datetime():
            return format_datetime(cell)
        case str():
            return f"'{cell}" if _is_formula(cell) else cell


def csv_text(rows: Iterable[Iterable[Cell]]) -> str:
    """Several lines as text."""
    out = io.StringIO()
    for row in rows:
        write_row(out, row)
    return out.getvalue()


def _plain(number: Decimal) -> str:
    """Without exponent, trailing zeros and negative zero."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _is_formula(text: str) -> bool:
    if _NUMBER.fullmatch(text):
        return False
    seen = unicodedata.normalize("NFKC", text).lstrip()
    return seen.startswith(_FORMULA) or text.startswith(_BLANK)
