"""The Credit CDR that takes a CDR back: the whole document again, its total cost negated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing.money import EXACT
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import CDR
from ocpi_hub.protocol.validation import check

_SUFFIX = "-C"


def credit_cdr(
    original: Mapping[str, Any], *, credit_id: str | None, now: datetime
) -> dict[str, Any]:
    """What its CPO would have to POST; InvalidParameters where there can be no such Credit CDR.

    CDRs, Credit CDRs: it "will contain all the data of the original CDR", only total_cost has
    the negative amounts. Without a `credit_id` the original's gets a suffix.
    """
    if original.get("credit"):
        raise InvalidParameters(
            f"id: {original['id']} is a Credit CDR itself; to charge again, send a new CDR"
        )
    credit = dict(original) | {
        "id": credit_id or f"{original['id']}{_SUFFIX}",
        "total_cost": _negated(original["total_cost"]),
        "credit": True,
        "credit_reference_id": original["id"],
        "last_updated": format_datetime(now),
    }
    check(CDR, credit)
    return credit


def _negated(cost: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _negative(value) if name in ("excl_vat", "incl_vat") else value
        for name, value in cost.items()
    }


def _negative(amount: Decimal | int | None) -> Decimal | None:
    """The amount with the other sign and all its digits; zero has none."""
    if amount is None:
        return None
    value = Decimal(amount)
    return EXACT.minus(value) if value else value
