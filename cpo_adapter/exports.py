"""Sessions and CDRs for spreadsheets, a page of the database at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from cpo_adapter.descriptions import described_session
from cpo_adapter.store import cdrs, transaction_lists
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Database
from ocpi_hub.node.spreadsheet import Cell, csv_text

_AT_ONCE = 500
_SESSION = (
    "id",
    "station_id",
    "transaction_id",
    "evse_uid",
    "connector_id",
    "id_tag",
    "owner",
    "start",
    "stop",
    "stop_reason",
    "kwh",
    "state",
    "billing",
    "cdr_id",
)
_CDR = (
    "id",
    "session_id",
    "start",
    "end",
    "emsp",
    "contract_id",
    "auth_method",
    "location_id",
    "evse_uid",
    "kwh",
    "hours",
    "currency",
    "excl_vat",
    "incl_vat",
    "credit",
    "credit_reference_id",
)


async def sessions_csv(db: Database, *, since: datetime, until: datetime) -> AsyncIterator[str]:
    """The sessions that began in a time, the newest first."""
    yield csv_text([_SESSION])
    after = None
    while True:
        async with db.hot() as conn:
            found = await transaction_lists.listed(
                conn, since=since, until=until, after=after, limit=_AT_ONCE
            )
        yield csv_text(map(_session, found))
        if len(found) < _AT_ONCE:
            return
        after = found[-1].id


async def cdrs_csv(db: Database, *, since: datetime, until: datetime) -> AsyncIterator[str]:
    """The CDRs that were made in a time, in their order."""
    yield csv_text([_CDR])
    after = None
    while True:
        async with db.hot() as conn:
            found = await cdrs.listed(conn, since=since, until=until, after=after, limit=_AT_ONCE)
        yield csv_text(map(_cdr, found))
        if len(found) < _AT_ONCE:
            return
        after = found[-1]["id"]


def _session(found: Transaction) -> tuple[Cell, ...]:
    shown = described_session(found)
    return tuple(_cell(shown[name]) for name in _SESSION)


def _cdr(document: Mapping[str, Any]) -> tuple[Cell, ...]:
    token, place = document["cdr_token"], document["cdr_location"]
    cost = document["total_cost"]
    return (
        document["id"],
        document.get("session_id"),
        document["start_date_time"],
        document["end_date_time"],
        f"{token['country_code']}/{token['party_id']}",
        token["contract_id"],
        document["auth_method"],
        place["id"],
        place["evse_uid"],
        document["total_energy"],
        document["total_time"],
        document["currency"],
        cost["excl_vat"],
        cost.get("incl_vat"),
        "yes" if document.get("credit") else "no",
        document.get("credit_reference_id"),
    )


def _cell(value: Any) -> Cell:
    return value.isoformat() if isinstance(value, datetime) else value
