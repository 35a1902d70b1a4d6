"""A charge as its driver sees it: where it stands, what it costs, how it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from emsp_adapter.charging import preferences
from emsp_adapter.charging.course import State
from emsp_adapter.drivers.sentences import said
from emsp_adapter.money import prices
from emsp_adapter.money.amounts import written
from emsp_adapter.network import places
from emsp_adapter.office import Office
from emsp_adapter.payments.providers import note
from emsp_adapter.store import charge_money, sessions
from emsp_adapter.store.charge_money import Money
from emsp_adapter.store.charges import Charge
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party

_PAID = {"paid": "captured", "failed": "failed", "refunded": "refunded", "disputed": "disputed"}
_HELD = {"held": "held", "captured": "captured", "refused": "failed"}
_RUNNING = frozenset({State.CHARGING, State.STOPPING, State.FINISHED})


async def document(conn: Hot, office: Office, charge: Charge, *, language: str) -> dict[str, Any]:
    """The charge as JSON."""
    (shown,) = await documents(conn, office, [charge], language=language)
    return shown


async def documents(
    conn: Hot, office: Office, charges: Sequence[Charge], *, language: str
) -> list[dict[str, Any]]:
    """The charges as JSON."""
    money = await charge_money.of_charges(conn, [each.id for each in charges])
    return [
        _shown(office, each, money[each.id], language)
        | await _cost(conn, office, each, money[each.id], language)
        for each in charges
    ]


def _shown(office: Office, charge: Charge, money: Money, language: str) -> dict[str, Any]:
    return {
        "id": charge.id,
        "state": charge.state,
        "source": charge.source,
        "location": charge.place["location"],
        "evse_uid": charge.evse_uid,
        "connector_id": charge.connector_id,
        "physical_reference": charge.place["physical_reference"],
        "requested_at": charge.requested_at,
        "start_at": charge.start_at,
        "started_at": charge.started_at,
        "ended_at": charge.ended_at,
        "reason": None if charge.reason is None else said(charge.reason, language),
        "energy_kwh": _text(charge.kwh),
        "power_kw": _text(charge.power_kw),
        "state_of_charge": _text(charge.state_of_charge),
        "minutes": _minutes(office, charge),
        "preferences": preferences.document(charge),
        "updated_at": charge.updated_at,
        "receipt_id": money.bill_id,
        "payment": _payment(office, charge, money, language),
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _minutes(office: Office, charge: Charge) -> int:
    if charge.started_at is None:
        return 0
    end = charge.ended_at or office.now()
    return max((end - charge.started_at) // timedelta(minutes=1), 0)


def _payment(office: Office, charge: Charge, money: Money, language: str) -> dict[str, Any]:
    state, amount, currency = "none", None, None
    if money.gross is not None:
        state, amount = _PAID.get(str(money.bill_state), "none"), money.gross
        currency = money.bill_currency
        if money.bill_state == "open":
            state = _HELD.get(str(money.hold_state), "none")
    elif money.hold_state in _HELD:
        state, amount, currency = _HELD[money.hold_state], money.held, money.hold_currency
    if charge.disputed:
        state = "disputed"
    return {
        "state": state,
        "amount": None if amount is None or currency is None else written(amount, currency),
        "currency": currency,
        "provider_note": note(office, language),
    }


async def _cost(
    conn: Hot, office: Office, charge: Charge, money: Money, language: str
) -> dict[str, Any]:
    """The bill, or until it is there what the Session costs by its tariff."""
    if money.bill is not None:
        return {
            "cost": money.bill["price"],
            "cost_is": "final",
            "cost_language": money.bill["language"],
        }
    session = None
    if charge.session_id is not None and charge.state in _RUNNING:
        session = await sessions.find(conn, Party.of_key(charge.party), charge.session_id)
    if session is None:
        return {"cost": None, "cost_is": None, "cost_language": None}
    try:
        plug = await places.plug(
            conn, charge.place["location"]["id"], charge.evse_uid, charge.connector_id
        )
    except places.UnknownPlace:
        plug = None
    price = await prices.running(
        conn, office, charge.driver_id, session.document, plug, language=language
    )
    return {"cost": price.document(), "cost_is": "estimate", "cost_language": language}
