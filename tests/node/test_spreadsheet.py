"""CSV for spreadsheets: what strangers write into it stays text (T35)."""

from __future__ import annotations

import csv
import io

import pytest

from ocpi_hub.node.spreadsheet import csv_text

DANGEROUS = ["=1+2", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", '=cmd|"/C calc"!A0']
HARMLESS = ["CS1", "04A1B2", "a=b", "1-2", "mail@example.com", "", 'O\'Neill, "Ann"']


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_formula_is_no_formula(cell: str) -> None:
    ((written,),) = csv.reader(io.StringIO(csv_text([[cell]]), newline=""))

    assert written == f"'{cell}"


@pytest.mark.parametrize("cell", HARMLESS)
def test_any_other_text_is_as_it_was(cell: str) -> None:
    ((written, number, nothing),) = csv.reader(
        io.StringIO(csv_text([[cell, -7, None]]), newline="")
    )

    assert (written, number, nothing) == (cell, "-7", "")
