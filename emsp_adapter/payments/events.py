"""What Stripe tells by itself: a payment that is disputed with the bank, a hold that expired.

Nothing is paid or billed on the word of an event; bills follow the adapter's own requests.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from emsp_adapter.office import Office
from emsp_adapter.payments.stripe import signed
from emsp_adapter.store import bills, holds, notices, payments
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.problems import problem
from ocpi_hub.node.rest.requests import exact
from ocpi_hub.protocol.errors import NotJson, OcpiError
from ocpi_hub.protocol.jsontext import load_object

log = logging.getLogger(__name__)

_MOST_BYTES = 256_000

PATH = "/payments/stripe/events"


def routes(office: Office) -> APIRouter:
    """The URL that Stripe is given, of the whole service."""
    router = APIRouter()

    async def take(request: Request) -> Response:
        """Take an event that is signed; one that says nothing new is fine."""
        secret = office.settings.stripe_webhook_secret
        body = await exact(request, most=_MOST_BYTES).body()
        header = request.headers.get("stripe-signature", "")
        now = office.now().timestamp()
        if secret is None or not signed(body, header, secret=secret, now=now):
            return problem(400, "Stripe-Signature: expected a signature of this body, made now")
        try:
            event = load_object(body)
        except (NotJson, OcpiError) as error:
            return problem(400, error.message)
        async with office.db.hot_transaction() as conn:
            await _taken(conn, office, event)
        return Response(status_code=204)

    router.add_api_route(PATH, take, methods=["POST"], include_in_schema=False)
    return router


async def _taken(conn: Hot, office: Office, event: Mapping[str, Any]) -> None:
    found = (event.get("data") or {}).get("object") or {}
    match event.get("type"):
        case "charge.dispute.created":
            await _disputed(conn, str(found.get("payment_intent")), "paid", "disputed")
        case "charge.dispute.closed" if found.get("status") == "won":
            await _disputed(conn, str(found.get("payment_intent")), "disputed", "paid")
        case "payment_intent.canceled":
            await holds.expired(conn, str(found.get("id")), now=office.now())
        case other:
            log.debug("an event says nothing to us", extra={"event": str(other)[:60]})


async def _disputed(conn: Hot, reference: str, before: str, after: str) -> None:
    for payment in await payments.by_reference(conn, reference):
        bill = await bills.find(conn, payment.bill_id, locked=True)
        if bill is not None and bill.state == before:
            await bills.become(conn, bill.id, after)
            await notices.tell(conn, bill.driver_id)
