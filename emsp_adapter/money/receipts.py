"""What stands on a receipt, kept with the bill as it was when it was issued. Nothing of a person is
in it: who deletes an account leaves bills without a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emsp_adapter.drivers import notifications
from emsp_adapter.money.amounts import written
from emsp_adapter.money.driver_price import DriverPrice
from emsp_adapter.money.price_lines import vat_rows
from emsp_adapter.network import place_cards
from emsp_adapter.office import Office
from emsp_adapter.payments.providers import note
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store.bills import Bill
from emsp_adapter.store.cdrs import CdrRow
from emsp_adapter.store.charges import Charge
from ocpi_hub.node.engine import Hot
from ocpi_hub.pricing.money import plain
from ocpi_hub.protocol.types import format_datetime

_AMOUNTS = ("net", "vat", "gross")


def number(year: int, count: int) -> str:
    """The number of a bill: without a gap within its year."""
    return f"{year}-{count:06d}"


def document(
    office: Office, price: DriverPrice, about: Mapping[str, Any], *, language: str
) -> dict[str, Any]:
    """The receipt of a price."""
    if price.total is None:
        raise ValueError("there is no receipt without a price")
    rows = vat_rows(price.lines, price.total, price.currency)
    return {
        "price": price.document(),
        "vat_rows": [row.document(price.currency) for row in rows],
        "seller": seller(office.settings),
        "about": dict(about),
        "language": language,
        "note": note(office, language),
    }


def about_cdr(row: CdrRow, charge: Charge | None) -> dict[str, Any]:
    """What was charged, where and when, as the CPO's CDR says it; the charge knows the operator's
    name and what is written at the charging point."""
    cdr = row.document
    place = cdr["cdr_location"]
    known: Mapping[str, Any] = {} if charge is None else charge.place
    card = {
        "physical_reference": known.get("physical_reference"),
        "evse_id": place["evse_id"],
    }
    zone = ((row.clearing or {}).get("explanation") or {}).get("time_zone") or {}
    return {
        "operator": known.get("operator") or f"{cdr['country_code']}-{cdr['party_id']}",
        "station": place.get("name") or place["address"],
        "address": ", ".join(
            part for part in (place["address"], place.get("postal_code"), place["city"]) if part
        ),
        "evse": place_cards.point_name(card, place["evse_uid"]),
        "start": None if row.started_at is None else format_datetime(row.started_at),
        "end": None if row.ended_at is None else format_datetime(row.ended_at),
        "energy_kwh": plain(cdr["total_energy"]),
        "time_zone": zone.get("name"),
        "session_id": cdr.get("session_id"),
        "cdr_id": cdr["id"],
    }


def seller(settings: EmspSettings) -> dict[str, Any]:
    """Who asks for the money."""
    lines = (each.strip() for each in settings.company_address.split(";"))
    return {
        "name": settings.company or settings.name,
        "address": [line for line in lines if line],
        "vat_id": settings.vat_id,
    }


def reversed_(bill: Bill) -> dict[str, Any]:
    """The receipt of a credit: every amount of the bill with the other sign."""
    price = bill.document["price"]
    return bill.document | {
        "price": price
        | {
            "total": _negated(price["total"]),
            "lines": [_negated(line) for line in price["lines"]],
        },
        "vat_rows": [_negated(row) for row in bill.document["vat_rows"]],
        "corrects": bill.number,
    }


def summary(bill: Bill) -> dict[str, Any]:
    """A receipt in a list."""
    return {
        "id": bill.id,
        "number": bill.number,
        "kind": bill.kind,
        "state": bill.state,
        "issued_at": format_datetime(bill.issued_at),
        "charge_id": bill.charge_id,
        "currency": bill.currency,
        "net": written(bill.net, bill.currency),
        "vat": written(bill.vat, bill.currency),
        "gross": written(bill.gross, bill.currency),
        "pdf": f"/app/v1/receipts/{bill.id}/pdf",
    }


def whole(bill: Bill) -> dict[str, Any]:
    """A receipt with its lines."""
    kept = bill.document
    return summary(bill) | {
        "language": kept["language"],
        "lines": kept["price"]["lines"],
        "vat_rows": kept["vat_rows"],
        "seller": kept["seller"],
        "about": kept["about"],
        "remarks": kept["price"]["remarks"],
        "corrects": kept.get("corrects"),
        "note": kept["note"],
    }


def facts_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """What was charged and where, as drivers are told of it."""
    facts = {name: about.get(name) for name in ("station", "address", "evse", "energy_kwh")}
    return {name: value for name, value in facts.items() if value is not None}


async def announce(conn: Hot, office: Office, bill: Bill) -> None:
    """Has the driver told that the receipt is there."""
    await notifications.note(
        conn,
        bill.driver_id,
        "receipt_ready",
        subject_id=bill.id,
        facts={
            **facts_of(bill.document["about"]),
            "of": bill.kind,
            "gross": written(bill.gross, bill.currency),
            "currency": bill.currency,
            "receipt_number": bill.number,
        },
        now=office.now(),
    )


def _negated(amounts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _other_sign(value) if name in _AMOUNTS else value for name, value in amounts.items()
    }


def _other_sign(amount: str) -> str:
    if not amount.strip("0."):
        return amount
    return amount[1:] if amount.startswith("-") else f"-{amount}"
