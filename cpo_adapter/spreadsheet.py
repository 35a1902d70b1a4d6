"""CSV for spreadsheets: no cell of it is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@")
_BLANK = ("\t", "\r", "\n")


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV (RFC 4180); None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def inert(cell: str) -> str:
    """The text as no formula, whoever wrote it (T35)."""
    dangerous = cell.lstrip().startswith(_FORMULA) or cell.startswith(_BLANK)
    return f"'{cell}" if dangerous else cell
