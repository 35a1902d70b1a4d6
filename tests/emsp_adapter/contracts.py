"""Drivers with tokens, and the Sessions and CDRs that NL/CPO makes of them."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from emsp_adapter.contracts import tokens
from ocpi_hub.protocol.types import format_datetime
from tests import samples
from tests.emsp_adapter.running import Adapter, Cpo, Driver

UID = "04A1B2C3D4E5F6"
# Long enough ago that a session of an hour is over.
BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
ENDED = BEGUN + timedelta(hours=1)


def moment(at: datetime) -> str:
    """As OCPI writes it."""
    return format_datetime(at)


async def card(emsp: Adapter, driver: Driver, uid: str = UID) -> dict[str, Any]:
    """The Token of a card that the driver adds."""
    async with emsp.db.hot_transaction() as conn:
        added = await tokens.add_card(conn, emsp.office, driver.id, uid=uid, label=None)
    return added.document


async def app_token(emsp: Adapter, driver: Driver) -> dict[str, Any]:
    """The Token of the driver's app."""
    async with emsp.db.hot_transaction() as conn:
        return await tokens.app_token(conn, emsp.office, driver.id)


def named(token: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """A Token as Sessions and CDRs name it."""
    fields = ("country_code", "party_id", "uid", "type", "contract_id")
    return {field: token[field] for field in fields} | overrides


def session(token: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """SESSION1, charging at EVSE1 since an hour, by a card that was known."""
    made = samples.session(
        cdr_token=named(token),
        auth_method="WHITELIST",
        start_date_time=moment(BEGUN),
        kwh=Decimal(20),
        charging_periods=[period()],
        last_updated=moment(ENDED),
    )
    del made["authorization_reference"]
    return made | overrides


def period(**overrides: Any) -> dict[str, Any]:
    """An hour with 20 kWh."""
    return {
        "start_date_time": moment(BEGUN),
        "dimensions": [
            {"type": "ENERGY", "volume": Decimal(20)},
            {"type": "TIME", "volume": Decimal(1)},
        ],
        "tariff_id": "TARIFF1",
    } | overrides


def tariff(**overrides: Any) -> dict[str, Any]:
    """TARIFF1: 0.30 per kWh, and VAT of 21 %."""
    component = samples.price_component(price=Decimal("0.30"), vat=Decimal(21))
    made = samples.tariff(
        elements=[{"price_components": [component]}],
        last_updated=moment(BEGUN - timedelta(days=2)),
    )
    del made["min_price"]
    return made | overrides


def cdr(token: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """CDR1 of SESSION1: 20 kWh for 6.00, or 7.26 with VAT."""
    cost = samples.price(excl_vat=Decimal("6.00"), incl_vat=Decimal("7.26"))
    made = samples.cdr(
        cdr_token=named(token),
        auth_method="WHITELIST",
        start_date_time=moment(BEGUN),
        end_date_time=moment(ENDED),
        tariffs=[tariff()],
        charging_periods=[period()],
        total_cost=cost,
        total_energy_cost=cost,
        total_energy=Decimal(20),
        total_time=Decimal(1),
        last_updated=moment(ENDED),
    )
    del made["authorization_reference"]
    return made | overrides


def an_hour_from(begun: datetime) -> dict[str, Any]:
    """What a CDR of another hour says of its time."""
    return {
        "start_date_time": moment(begun),
        "end_date_time": moment(begun + timedelta(hours=1)),
        "charging_periods": [period(start_date_time=moment(begun))],
    }


def costing(net: str, gross: str) -> dict[str, Any]:
    """What a CDR says of its costs."""
    cost = samples.price(excl_vat=Decimal(net), incl_vat=Decimal(gross))
    return {"total_cost": cost, "total_energy_cost": cost}


def credit(original: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """The Credit CDR that takes a CDR back."""
    cost = {side: -Decimal(amount) for side, amount in original["total_cost"].items()}
    return (
        deepcopy(original)
        | {
            "id": f"{original['id']}-C",
            "credit": True,
            "credit_reference_id": original["id"],
            "total_cost": cost,
        }
        | overrides
    )


async def publish(partner: Cpo, **overrides: Any) -> None:
    """NL/CPO publishes LOC1 and TARIFF1, which were so for two days."""
    await partner.put("tariffs", "TARIFF1", tariff(**overrides))
    await partner.put("locations", "LOC1", samples.location())


def status(response: httpx.Response) -> tuple[int, int]:
    """HTTP status and OCPI code of an answer."""
    return response.status_code, response.json()["status_code"]


async def cleared(emsp: Adapter, cdr_id: str = "CDR1") -> tuple[str, str | None]:
    """State and reason of a CDR once it is priced."""
    await emsp.parts.clearing.step()
    found = await emsp.row("SELECT state, reason FROM cdrs WHERE cdr_id = lower(%s)", cdr_id)
    assert found is not None
    return found[0], found[1]
