"""An eMSP of a few answers behind the real web app, on a real socket: what tests want it to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from emsp_adapter.settings import EmspSettings
from emsp_adapter.web import routes
from tests.serving import free_port, serving

KEY = "NL*CPO*LOC1"
EVIL = '<img src=x onerror="globalThis.broken = true">'
PRICE = {
    "currency": "EUR",
    "computable": True,
    "total": {"net": "7.80", "vat": "1.64", "gross": "9.44"},
    "lines": [
        {
            "kind": "energy",
            "text": EVIL,
            "quantity": "11",
            "unit": "kWh",
            "unit_price": "0.59",
            "vat_rate": "21",
            "net": "6.4900",
            "vat": "1.3629",
            "gross": "7.8529",
        },
        {
            "kind": "parking",
            "text": EVIL,
            "quantity": "0.6",
            "unit": "h",
            "unit_price": "2.19",
            "vat_rate": "21",
            "net": "1.3140",
            "vat": "0.2759",
            "gross": "1.5899",
        },
        {
            "kind": "adjustment",
            "text": "Rounding",
            "quantity": None,
            "unit": None,
            "unit_price": None,
            "vat_rate": None,
            "net": "-0.0028",
            "vat": "0.0000",
            "gross": "-0.0028",
        },
    ],
    "tariff": {"elements_text": [EVIL], "valid_until": None},
    "plan": None,
    "remarks": [EVIL],
}


def charge(**overrides: Any) -> dict[str, Any]:
    """A charge that did not begin."""
    return {
        "id": "CHARGE",
        "state": "failed",
        "reason": "The station said no.",
        "location": {"id": KEY, "name": EVIL, "address": "Stationsplein 1", "city": "Utrecht"},
        "evse_uid": "EVSE1",
        "connector_id": "1",
        "physical_reference": None,
        "source": "app",
        "start_at": None,
        "requested_at": "2026-03-01T10:00:00Z",
        "started_at": None,
        "ended_at": None,
        "energy_kwh": None,
        "power_kw": None,
        "state_of_charge": None,
        "minutes": 0,
        "cost": None,
        "cost_is": None,
        "cost_language": None,
        "updated_at": "2026-03-01T10:00:00Z",
        "receipt_id": None,
        "payment": {"state": "none", "amount": None, "currency": None, "provider_note": None},
    } | overrides


def receipt(**overrides: Any) -> dict[str, Any]:
    """What was charged, made out in English."""
    return {
        "id": "RECEIPT",
        "number": "2026-000001",
        "kind": "charge",
        "state": "paid",
        "issued_at": "2026-03-01T10:00:00Z",
        "charge_id": "CHARGE",
        "currency": "EUR",
        "net": "7.80",
        "vat": "1.64",
        "gross": "9.44",
        "pdf": "/app/v1/receipts/RECEIPT/pdf",
        "language": "en",
        "lines": PRICE["lines"],
        "vat_rows": [{"vat_rate": "21", "net": "7.80", "vat": "1.64", "gross": "9.44"}],
        "seller": {"name": "Example Mobility", "address": [], "vat_id": None},
        "about": {"station": "Station Square", "energy_kwh": "11"},
        "remarks": [],
        "corrects": None,
        "note": "Demonstration: no money is moved.",
    } | overrides


def guest_plug(**overrides: Any) -> dict[str, Any]:
    """What a sticker names."""
    return {
        "location": {
            "id": KEY,
            "name": "Station Square",
            "address": "Stationsplein 1",
            "city": "Utrecht",
        },
        "physical_reference": "A1",
        "evse_uid": "7f3c0a",
        "evse_id": "NL*CPO*E1",
        "floor_level": "-1",
        "connector_id": "1",
        "standard": "IEC_62196_T2",
        "format": "CABLE",
        "power_type": "AC_3_PHASE",
        "max_kw": "22",
        "status": "AVAILABLE",
        "status_age_s": 41,
        "status_note": None,
        "price": PRICE,
    } | overrides


def summary(**overrides: Any) -> dict[str, Any]:
    """A Location in a list."""
    return {
        "id": KEY,
        "name": EVIL,
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": None,
        "country": "NLD",
        "lat": 52.09,
        "lon": 5.11,
        "distance_m": None,
        "operator": EVIL,
        "evses": 1,
        "free": 1,
        "max_kw": "22",
        "plugs": ["IEC_62196_T2"],
        "open_now": None,
        "favourite": False,
        "status_age_s": 30,
        "price_from": None,
    } | overrides


def details(**overrides: Any) -> dict[str, Any]:
    """The same with its one EVSE."""
    connector = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_kw": "22",
        "tariff_ids": [],
    }
    evse = {
        "uid": "EVSE1",
        "evse_id": None,
        "physical_reference": None,
        "floor_level": None,
        "status": "AVAILABLE",
        "status_at": "2026-03-01T10:00:00Z",
        "status_age_s": 30,
        "status_note": None,
        "capabilities": [],
        "reservable": False,
        "startable": True,
        "start_refusal": None,
        "connectors": [connector],
    }
    more = {
        "opening_times": None,
        "directions": [EVIL],
        "facilities": [],
        "images": [],
        "help_phone": None,
        "time_zone": "Europe/Amsterdam",
        "evses": [evse],
    }
    return summary() | more | overrides


@dataclass
class Provider:
    """What it answers; `starts` are the keys of starts, of which the first `lost` get no answer.

    `charges` are told one after the other, the last again and again; `prices` were asked for;
    `sticker` is the code of a plug.
    """

    url: str
    place: dict[str, Any] = field(default_factory=details)
    starts: list[str] = field(default_factory=list)
    lost: int = 0
    charges: list[dict[str, Any]] = field(default_factory=lambda: [charge()])
    prices: list[dict[str, str]] = field(default_factory=list)
    sticker: str | None = None

    def application(self) -> FastAPI:
        """The web app, the identity server's three answers, and a driver API."""
        app = FastAPI()
        app.include_router(routes(EmspSettings.from_env({})))
        app.add_api_route("/oauth/authorize", self._authorize)
        app.add_api_route("/oauth/token", self._token, methods=["POST"])
        app.add_api_route("/app/v1/map", self._map)
        app.add_api_route("/app/v1/locations", self._list)
        app.add_api_route("/app/v1/locations/{key}", self._details)
        app.add_api_route("/app/v1/prices", self._price)
        app.add_api_route("/app/v1/charges/{charge_id}", self._charge)
        app.add_api_route("/app/v1/charges/{charge_id}/events", self._events)
        app.add_api_route("/app/v1/receipts/RECEIPT", self._receipt)
        app.add_api_route("/app/v1/guest/{code}", self._guest)
        app.add_api_route("/app/v1/charges", self._start, methods=["POST"])
        return app

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        answer = f"{asked['redirect_uri']}?code=CODE&state={asked['state']}"
        return RedirectResponse(answer)

    async def _token(self) -> dict[str, Any]:
        return {"access_token": "ACCESS", "refresh_token": "REFRESH", "expires_in": 600}

    async def _map(self) -> dict[str, Any]:
        return {"clusters": [], "locations": [summary()]}

    async def _list(self) -> dict[str, Any]:
        return {"locations": [summary()], "next": None}

    async def _details(self, key: str) -> Response:
        if key != self.place["id"]:
            return _refused(404, f"there is no charger {key!r}")
        return JSONResponse(self.place)

    async def _price(self, request: Request) -> dict[str, Any]:
        self.prices.append(dict(request.query_params))
        return PRICE

    async def _charge(self) -> dict[str, Any]:
        return self.charges[0] if len(self.charges) == 1 else self.charges.pop(0)

    async def _events(self) -> Response:
        return Response(media_type="text/event-stream")

    async def _receipt(self) -> dict[str, Any]:
        return receipt()

    async def _guest(self, code: str, request: Request) -> Response:
        if code == self.sticker:
            self.prices.append(dict(request.query_params))
            return JSONResponse(guest_plug())
        return _refused(404, f"there is no plug {code!r}")

    async def _start(self, request: Request) -> Response:
        self.starts.append(request.headers["idempotency-key"])
        if len(self.starts) <= self.lost:
            return Response(status_code=502)
        return _refused(409, "The station went away.")


def _refused(status: int, detail: str) -> Response:
    refusal = {"title": "Refused", "status": status, "detail": detail}
    return JSONResponse(refusal, status, media_type="application/problem+json")


@asynccontextmanager
async def provider(**answers: Any) -> AsyncIterator[Provider]:
    """A provider that answers so, for the time of the block."""
    port = free_port()
    made = Provider(f"http://127.0.0.1:{port}", **answers)
    async with serving(made.application(), port):
        yield made
        # What a browser still asks for while it closes is answered.
        await asyncio.sleep(0)
