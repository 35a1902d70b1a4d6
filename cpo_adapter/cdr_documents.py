"""A bill as a CDR of OCPI, and the CDR that takes it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from cpo_adapter.billing import Bill
from cpo_adapter.course import Course
from cpo_adapter.session_documents import cdr_token
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import CDR, AuthMethod
from ocpi_hub.protocol.validation import check

_NO_TARIFF = "There was no tariff at this connector."
_UNKNOWN_METHOD = "unknown"
# CDRs, SignedValue and SignedData.
_MOST_DATA = 5000
_MOST_KEY = 512
_MOST_METHOD = 36


def cdr_document(
    transaction: Transaction,
    course: Course,
    bill: Bill,
    *,
    cdr_id: str,
    party: Party,
    now: datetime,
    with_session: bool = True,
    signed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The CDR, checked. `with_session`: a reservation nobody used has no session in it (CDR-08)."""
    token, place = transaction.token or {}, transaction.place or {}
    made: dict[str, Any] = {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": cdr_id,
        "start_date_time": format_datetime(course.begin),
        "end_date_time": format_datetime(course.end),
        "cdr_token": cdr_token(token),
        "auth_method": transaction.auth_method or AuthMethod.WHITELIST,
        "cdr_location": place["cdr_location"],
        "currency": bill.currency,
        "tariffs": list(transaction.tariffs),
        "charging_periods": list(bill.periods),
        "total_cost": bill.total_cost or {"excl_vat": Decimal(0)},
        **bill.partial_costs,
        "total_energy": bill.total_energy,
        "total_time": bill.total_time,
        "total_parking_time": bill.total_parking_time,
        "last_updated": format_datetime(now),
    }
    if with_session:
        made["session_id"] = transaction.id
    if transaction.authorization_reference is not None:
        made["authorization_reference"] = transaction.authorization_reference
    if signed is not None:
        made["signed_data"] = signed
    if not transaction.tariffs:
        made["remark"] = _NO_TARIFF
    check(CDR, made)
    return made


def credit_document(cdr: Mapping[str, Any], *, cdr_id: str, now: datetime) -> dict[str, Any]:
    """The Credit CDR of a CDR: all the same, with a negative total (CDR-05)."""
    made = {
        **cdr,
        "id": cdr_id,
        "credit": True,
        "credit_reference_id": cdr["id"],
        "total_cost": {side: -amount for side, amount in cdr["total_cost"].items()},
        "last_updated": format_datetime(now),
    }
    check(CDR, made)
    return made


def signed_data(values: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any] | None:
    """The SignedData of signed meter values, each with its nature: Start, Intermediate or End."""
    fitting = [(nature, each) for nature, each in values if len(each["data"]) <= _MOST_DATA]
    if not fitting:
        return None
    first = fitting[0][1]
    method = first.get("encoding_method") or first.get("signing_method") or _UNKNOWN_METHOD
    made: dict[str, Any] = {
        "encoding_method": method[:_MOST_METHOD],
        "signed_values": [
            # Stations send one text, which holds what is signed and the signature.
            {"nature": nature, "plain_data": each["data"], "signed_data": each["data"]}
            for nature, each in fitting
        ],
    }
    key = first.get("public_key")
    if key and len(key) <= _MOST_KEY:
        made["public_key"] = key
    return made
