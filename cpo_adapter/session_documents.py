"""A transaction as a Session of OCPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpo_adapter.billing import Bill
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod, CdrDimensionType
from ocpi_hub.protocol.v2_2_1.sessions import Session, SessionStatus
from ocpi_hub.protocol.validation import check

# What a Session says of an EVSE or connector that is not chosen yet.
NOT_CHOSEN = "#NA"
_STATUSES = {
    "reserved": SessionStatus.RESERVATION,
    "pending": SessionStatus.PENDING,
    "active": SessionStatus.ACTIVE,
    "invalid": SessionStatus.INVALID,
}
_CDR_TOKEN = ("country_code", "party_id", "uid", "type", "contract_id")


def status(transaction: Transaction) -> SessionStatus:
    """Where the session stands. What a person still has to look at is not COMPLETED, which would
    be final (SES-02)."""
    if transaction.state != "completed":
        return _STATUSES[transaction.state]
    if transaction.billing == "written_off":
        return SessionStatus.INVALID
    return SessionStatus.ACTIVE if transaction.held else SessionStatus.COMPLETED


def cdr_token(token: Mapping[str, Any]) -> dict[str, Any]:
    """The CdrToken of a Token."""
    return {name: token[name] for name in _CDR_TOKEN}


def session_document(transaction: Transaction, bill: Bill, *, party: Party) -> dict[str, Any]:
    """The Session, checked; the transaction has to have an owner, a token and a place."""
    token, place = transaction.token or {}, transaction.place or {}
    began = transaction.started_at or transaction.start_received_at or transaction.last_updated
    made: dict[str, Any] = {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": transaction.id,
        "start_date_time": format_datetime(began),
        "kwh": bill.total_energy,
        "cdr_token": cdr_token(token),
        "auth_method": transaction.auth_method or AuthMethod.WHITELIST,
        "location_id": place["cdr_location"]["id"],
        "evse_uid": transaction.evse_uid or NOT_CHOSEN,
        "connector_id": transaction.connector_id or NOT_CHOSEN,
        "currency": bill.currency,
        "status": status(transaction),
        "last_updated": format_datetime(transaction.last_updated),
    }
    if transaction.stopped_at is not None:
        made["end_date_time"] = format_datetime(max(transaction.stopped_at, began))
    if transaction.authorization_reference is not None:
        made["authorization_reference"] = transaction.authorization_reference
    if bill.periods and transaction.state != "pending":
        made["charging_periods"] = _with_charge(transaction, bill)
    if bill.total_cost is not None and transaction.state not in ("pending", "invalid"):
        made["total_cost"] = bill.total_cost
    check(Session, made)
    return made


def _with_charge(transaction: Transaction, bill: Bill) -> list[dict[str, Any]]:
    """The periods, with how full the battery is in the running one: drivers ask for that first."""
    periods = [dict(period) for period in bill.periods]
    charge = transaction.state_of_charge
    if charge is not None and transaction.is_open and 0 <= charge <= 100:
        level = {"type": CdrDimensionType.STATE_OF_CHARGE, "volume": charge}
        periods[-1]["dimensions"] = [*periods[-1]["dimensions"], level]
    return periods
