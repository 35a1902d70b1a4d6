"""Examples of what the driver API answers, for its description: one driver's charge at an invented
operator, from the map to the receipt. Tests hold each to its shape.
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_LOCATION, _EVSE = "NL*CPO*LOC1", "EVSE1"
_CHARGE_ID = "4f6c2b1e-7a55-4a3c-9d0f-0c1d2e3f4a5b"
_RECEIPT_ID = "b1d0c3a2-5e1f-4c77-8f0a-9b8c7d6e5f40"
_DRIVER_ID = "0d5c9a14-2f7e-4f0b-8a76-1c2d3e4f5a6b"
_CURSOR = "WyI1ZDQx4oCmIl0"

# --- places --------------------------------------------------------------------------------------

SUMMARY: Document = {
    "id": _LOCATION,
    "name": "Station Square",
    "address": "Stationsplein 1",
    "city": "Utrecht",
    "postal_code": "3511 ED",
    "country": "NLD",
    "lat": 52.089444,
    "lon": 5.110278,
    "distance_m": 68,
    "operator": "Example Charging",
    "evses": 1,
    "free": 1,
    "max_kw": "22",
    "plugs": ["IEC_62196_T2"],
    "open_now": True,
    "favourite": False,
    "status_age_s": 41,
    "price_from": {"kwh": "0.363", "currency": "EUR"},
}
LOCATION_PAGE: Document = {"locations": [SUMMARY], "next": _CURSOR}
FAVOURITES: Document = {"favourites": [{**SUMMARY, "distance_m": None, "favourite": True}]}
MAP: Document = {
    "clusters": [
        {
            "lat": 52.09,
            "lon": 5.12,
            "locations": 12,
            "evses": 40,
            "free": 9,
            "bbox": [5.11, 52.08, 5.13, 52.1],
        }
    ],
    "locations": [{**SUMMARY, "distance_m": None}],
}
_CONNECTOR: Document = {
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_kw": "22",
}
LOCATION: Document = {
    **SUMMARY,
    "distance_m": None,
    "opening_times": {"twentyfourseven": True},
    "directions": ["Behind the station, level 2."],
    "facilities": ["TRAIN_STATION"],
    "images": [{"url": "https://cpo.example/loc1.jpg", "category": "LOCATION"}],
    "help_phone": "+31 30 555 0100",
    "time_zone": "Europe/Amsterdam",
    "evses": [
        {
            "uid": _EVSE,
            "evse_id": "NL*CPO*E1",
            "physical_reference": "A1",
            "floor_level": "2",
            "status": "AVAILABLE",
            "status_at": "2026-03-01T17:59:19.000Z",
            "status_age_s": 41,
            "status_note": None,
            "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE"],
            "reservable": True,
            "startable": True,
            "start_refusal": None,
            "connectors": [{"id": "1", **_CONNECTOR, "tariff_ids": ["TARIFF1"]}],
        }
    ],
}

# --- prices --------------------------------------------------------------------------------------

_SUM: Document = {"net": "6.00", "vat": "1.26", "gross": "7.26"}
_LINE: Document = {
    "kind": "energy",
    "text": "Energy",
    "quantity": "20",
    "unit": "kWh",
    "unit_price": "0.30",
    "vat_rate": "21",
    **_SUM,
}
PRICE: Document = {
    "currency": "EUR",
    "computable": True,
    "total": _SUM,
    "lines": [_LINE],
    "tariff": {"elements_text": ["0.30 EUR plus 21 % VAT per kWh."], "valid_until": None},
    "plan": {"id": "payg", "name": "Pay as you go"},
    "remarks": ["For 20 kWh at 22 kW, starting now; your car may charge more slowly."],
}

# --- charging ------------------------------------------------------------------------------------

_PLACE: Document = {name: SUMMARY[name] for name in ("id", "name", "address", "city")}
_PREFERENCES: Document = {
    "profile_type": "GREEN",
    "departure_time": "2026-03-02T07:00:00.000Z",
    "energy_need_kwh": "20",
    "answer": "ACCEPTED",
}
CHARGE: Document = {
    "id": _CHARGE_ID,
    "state": "charging",
    "source": "app",
    "location": _PLACE,
    "evse_uid": _EVSE,
    "connector_id": "1",
    "physical_reference": "A1",
    "requested_at": "2026-03-01T18:00:00.000Z",
    "start_at": None,
    "started_at": "2026-03-01T18:00:09.000Z",
    "ended_at": None,
    "reason": None,
    "energy_kwh": "20",
    "power_kw": "11",
    "state_of_charge": "61",
    "minutes": 109,
    "preferences": _PREFERENCES,
    "cost": {**PRICE, "remarks": []},
    "cost_is": "estimate",
    "cost_language": "en",
    "updated_at": "2026-03-01T19:49:30.000Z",
    "receipt_id": None,
    "payment": {"state": "held", "amount": "50.00", "currency": "EUR", "provider_note": None},
}
CHARGE_PAGE: Document = {"charges": [CHARGE], "next": _CURSOR}
CHARGE_EVENT = 'event: charge\ndata: {"id": "4f6c2b1e-…", "state": "charging", …}\n\n: no news\n\n'
RESERVATION: Document = {
    "id": "7a1b2c3d-0e4f-4a5b-8c6d-7e8f9a0b1c2d",
    "state": "confirmed",
    "location": _PLACE,
    "evse_uid": _EVSE,
    "until": "2026-03-01T18:30:00.000Z",
    "reason": None,
}
RESERVATION_PAGE: Document = {"reservations": [RESERVATION], "next": None}
ACTIVE_PROFILE: Document = {
    "preferences": _PREFERENCES,
    "profile": {
        "start_date_time": "2026-03-01T18:00:00.000Z",
        "charging_profile": {
            "charging_rate_unit": "W",
            "charging_profile_period": [{"start_period": 0, "limit": 11000.0}],
        },
    },
}
GUEST_PLUG: Document = {
    "location": _PLACE,
    "physical_reference": "A1",
    "evse_uid": _EVSE,
    "evse_id": "NL*CPO*E1",
    "floor_level": "2",
    "connector_id": "1",
    **_CONNECTOR,
    "status": "AVAILABLE",
    "status_age_s": 41,
    "status_note": None,
    "price": {**PRICE, "plan": None},
}
GUEST_CHARGE: Document = {
    "charge": {
        **CHARGE,
        "state": "starting",
        "source": "guest",
        **dict.fromkeys(
            ("started_at", "energy_kwh", "power_kw", "state_of_charge", "preferences", "cost")
        ),
        "minutes": 0,
        "cost_is": None,
        "cost_language": None,
    },
    "access_token": "jQ7f3mX0b1Zk",
}
UNLOCK: Document = {
    "id": "c0ffee00-1d2e-4f3a-9b4c-5d6e7f8a9b0c",
    "state": "done",
    "result": "UNLOCKED",
    "reason": None,
}
STATISTICS: Document = {
    "charges": 1,
    "energy_kwh": "20",
    "cost": [{"currency": "EUR", "gross": "7.26"}],
    "by_month": [
        {
            "month": "2026-03",
            "charges": 1,
            "energy_kwh": "20",
            "gross": "7.26",
            "currency": "EUR",
        }
    ],
}

# --- the driver's own ----------------------------------------------------------------------------

CARD: Document = {
    "id": "04A2B3C4D5E6F7",
    "uid": "04A2B3C4D5E6F7",
    "label": "Key ring",
    "contract_id": "NL-EMS-C00000001-1",
    "state": "active",
    "suspicion": None,
}
CARDS: Document = {"cards": [CARD]}
WISHES: Document = {
    "email": {"charge_finished": True, "charge_started": False},
    "webhook": {"url": "https://app.example/events"},
}
PROBLEM: Document = {
    "id": "e5d4c3b2-a190-4f8e-8d7c-6b5a49382716",
    "state": "answered",
    "kind": "broken",
    "text": "The cable does not come out.",
    "location": _LOCATION,
    "evse_uid": _EVSE,
    "charge_id": _CHARGE_ID,
    "created_at": "2026-03-01T19:52:00.000Z",
    "answers": [
        {
            "at": "2026-03-01T19:58:00.000Z",
            "from": "operator",
            "text": "We have unlocked it.",
        }
    ],
}
PROBLEM_PAGE: Document = {"problems": [PROBLEM], "next": None}
QUEUED_PROBLEM: Document = {
    **PROBLEM,
    "driver_id": _DRIVER_ID,
    "operator": "NL-CPO",
    "refusal": None,
}
PROBLEM_QUEUE: Document = {"problems": [QUEUED_PROBLEM], "next": None}
SUPPORT_CHARGE: Document = {**CHARGE, "driver_id": _DRIVER_ID, "session_id": "SESSION1"}
SUPPORT_CHARGE_PAGE: Document = {"charges": [SUPPORT_CHARGE], "next": _CURSOR}
ME: Document = {
    "id": _DRIVER_ID,
    "email": "ada@drivers.example",
    "pending_email": None,
    "name": "Ada",
    "locale": "en",
    "plan": "payg",
    "payment_ready": True,
    "created_at": "2026-01-15T09:30:00.000Z",
}
DRIVERS: Document = {
    "drivers": [
        {**{name: ME[name] for name in ("id", "email", "name", "created_at")}, "status": "active"}
    ]
}
EXPORT: Document = {
    "exported_at": "2026-03-01T20:00:00.000Z",
    "profile": {
        **{name: ME[name] for name in ("id", "email", "name", "locale", "created_at")},
        "email_confirmed_at": ME["created_at"],
        "status": "active",
    },
    "favourites": [
        {
            "driver_id": _DRIVER_ID,
            "location": _LOCATION,
            "added_at": "2026-02-01T08:00:00.000Z",
        }
    ],
}

# --- money ---------------------------------------------------------------------------------------

_SELLER: Document = {
    "name": "Example Mobility",
    "address": ["Kanaalweg 1", "3526 KL Utrecht"],
    "vat_id": "NL000099998B57",
}
_VAT_ROW: Document = {"vat_rate": "21", **_SUM}
RECEIPT: Document = {
    "id": _RECEIPT_ID,
    "number": "2026-000012",
    "kind": "charge",
    "state": "paid",
    "issued_at": "2026-03-01T20:01:00.000Z",
    "charge_id": _CHARGE_ID,
    "currency": "EUR",
    **_SUM,
    "pdf": f"/app/v1/receipts/{_RECEIPT_ID}/pdf",
}
RECEIPT_PAGE: Document = {"receipts": [RECEIPT], "next": None}
RECEIPT_DETAILS: Document = {
    **RECEIPT,
    "language": "en",
    "lines": [_LINE],
    "vat_rows": [_VAT_ROW],
    "seller": _SELLER,
    "about": {"station": "Station Square", "evse": "A1", "energy_kwh": "20"},
    "remarks": [],
    "corrects": None,
    "note": None,
}
_STATEMENT: Document = {
    "month": "2026-03",
    "totals": [{"currency": "EUR", **_SUM}],
    "pdf": "/app/v1/statements/2026-03/pdf",
}
STATEMENTS: Document = {"statements": [{**_STATEMENT, "receipts": 1}]}
STATEMENT_DETAILS: Document = {
    **_STATEMENT,
    "receipts": [RECEIPT],
    "vat_rows": [{"currency": "EUR", **_VAT_ROW}],
    "seller": _SELLER,
    "note": None,
    "remarks": [],
}
_PLAN: Document = {
    "id": "payg",
    "name": "Pay as you go",
    "monthly_fee": "0.00",
    "margin_percent": "0",
    "margin_per_kwh": "0.00",
    "session_fee": "0.00",
    "currency": "EUR",
    "monthly_gross": "0.00",
    "begins": None,
}
PLANS: Document = {
    "plans": [
        _PLAN,
        {
            **_PLAN,
            "id": "gold",
            "name": "Gold",
            "monthly_fee": "4.99",
            "monthly_gross": "6.04",
        },
    ],
    "current": "payg",
    "next_plan": None,
    "remarks": ["Fees are without VAT of 21 %."],
}
PAYMENT_METHOD: Document = {
    "id": "3c2b1a09-8f7e-4d6c-9b5a-40392817f6e5",
    "provider": "stripe",
    "label": "Visa ending in 4242",
    "default": True,
    "note": None,
}
PAYMENT_METHODS: Document = {"payment_methods": [PAYMENT_METHOD]}
PAYMENT_SETUP: Document = {
    "setup": "cs_test_a1b2c3",
    "url": "https://payments.example/setup/cs_test_a1b2c3",
}
