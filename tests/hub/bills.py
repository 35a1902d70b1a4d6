"""CDRs that cost what they claim, or more, sent through a hub and cleared by it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ocpi_hub.pricing import price
from tests.hub.network import Network, eventually
from tests.parties import RecordingParty, json_bytes
from tests.pricing import cases


def bill(
    cdr_id: str,
    *,
    kwh: str = "10",
    too_much: str = "0",
    day: str = "2026-02-10",
    rate: str = "vat 21",
    currency: str = "EUR",
    **overrides: Any,
) -> dict[str, Any]:
    """A CDR of an hour at 0.30 per kWh that claims so much too much; nobody else knows of it."""
    elements = [cases.element(f"ENERGY 0.30 {rate}")]
    periods = [cases.period(f"{day}T10:00:00Z", ENERGY=kwh, TIME="1")]
    tariffs = [cases.tariff(elements, currency=currency)]
    made = cases.cdr(periods, f"{day}T11:00:00Z", tariffs, id=cdr_id, currency=currency)
    made |= {"auth_method": "WHITELIST", "session_id": None, "authorization_reference": None}
    made = cases.claiming(made, price(made))
    made["total_cost"] = {
        side: amount + Decimal(too_much) for side, amount in made["total_cost"].items()
    }
    return made | overrides


def credit(original: dict[str, Any], cdr_id: str, **overrides: Any) -> dict[str, Any]:
    """The Credit CDR of a CDR."""
    negated = {side: -amount for side, amount in original["total_cost"].items()}
    made = {"id": cdr_id, "credit": True, "credit_reference_id": original["id"]}
    return original | made | {"total_cost": negated} | overrides


async def send(
    network: Network, cpo: RecordingParty, *documents: dict[str, Any], to: str = "DE/EMS"
) -> None:
    """Post them through the hub, one after the other, and wait until each is cleared."""
    for document in documents:
        sent = await cpo.call("POST", "receiver", "cdrs", body=json_bytes(document), to=to)
        assert sent.json()["status_code"] in (1000, 2001), sent.text
    await eventually(lambda: _cleared(network), within=20)


async def _cleared(network: Network) -> bool:
    async with network.db.hot() as conn:
        cursor = await conn.execute(
            "SELECT (SELECT count(*) FROM hub.cdrs) = (SELECT count(*) FROM hub.clearings)"
        )
        row = await cursor.fetchone()
    return row is not None and bool(row[0])
