"""Stripe, over its HTTP API: PaymentIntents with manual capture, refunds, cards by Checkout.

Every POST carries the order's key as Idempotency-Key. Stripe forgets keys after a day and repeats
a 500 for as long; an order that was sent long ago is therefore looked up by its metadata first.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from emsp_adapter.payments.port import Card, Order, Refused, Setup, TooSmall, Unclear
from ocpi_hub.pricing.money import minor_unit
from ocpi_hub.protocol.errors import NotJson, OcpiError
from ocpi_hub.protocol.jsontext import load_object
from ocpi_hub.service.transport import Request, Response, Transport, TransportError

_VERSION = "2025-03-31.basil"
_SECONDS = 20.0
_SIGNED_WITHIN = 300
_REFERENCE = re.compile(r"[A-Za-z0-9_]{1,255}")
# Where Stripe counts other coins than ISO 4217 does.
_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0, "CLF": 2, "UYW": 2}
_THREE_DECIMALS = 3
_DECLINED = 402
_UNCONFIRMED = "The bank wants the card to be confirmed again: add it once more."
# Codes and decline codes of errors with what drivers can do something about.
_OF_CARD = {
    "authentication_required": _UNCONFIRMED,
    "expired_card": "The card has expired.",
    "insufficient_funds": "The card has not enough money for it.",
}
_BUSY = (409, 429)

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class StripeProvider:
    """Asks Stripe through the adapter's own way out, with a deadline for each question."""

    transport: Transport
    url: str
    key: str = field(repr=False)
    name: str = "stripe"
    note: str | None = None
    needs_card: bool = True

    async def hold(self, order: Order) -> str:
        """A PaymentIntent that waits to be captured."""
        found = await self._intent(order, capture="manual")
        return _settled(found, "requires_capture", "succeeded")

    async def charge(self, order: Order) -> str:
        """A PaymentIntent that is captured at once."""
        found = await self._intent(order, capture="automatic")
        return _settled(found, "succeeded")

    async def capture(self, reference: str, order: Order) -> str:
        """Capture the amount; what was captured before, is."""
        path = f"/v1/payment_intents/{_id(reference)}/capture"
        try:
            fields = [("amount_to_capture", _amount(order))]
            return _settled(await self._post(path, fields, key=order.key), "succeeded")
        except Refused as refused:
            return await self._captured_before(reference, order, refused)

    async def _captured_before(self, reference: str, order: Order, refused: Refused) -> str:
        """The reference where the amount was captured already; Refused where nothing was, and then
        nothing is held any more."""
        found = await self._get(f"/v1/payment_intents/{_id(reference)}")
        match found.get("status"):
            case "succeeded" if found.get("amount_received") == minor(order):
                return reference
            case "succeeded" | "processing":
                raise Unclear("something else of the hold was captured") from refused
        try:
            await self.release(reference)
        except Refused as held:
            raise Unclear("the hold can neither be captured nor given back") from held
        raise refused

    async def release(self, reference: str) -> None:
        """Cancel the PaymentIntent; one that is cancelled stays so."""
        path = f"/v1/payment_intents/{_id(reference)}"
        try:
            await self._post(f"{path}/cancel", [], key=f"release-{reference}")
        except Refused:
            found = await self._get(path)
            if found.get("status") != "canceled":
                raise

    async def refund(self, reference: str, order: Order) -> str:
        """A refund of a part of a PaymentIntent, or all of it."""
        found = await self._refund_made(reference, order) if order.repeated else None
        if found is None:
            fields = [
                ("payment_intent", reference),
                ("amount", _amount(order)),
                ("metadata[subject]", order.subject),
                ("metadata[key]", order.key),
            ]
            found = await self._post("/v1/refunds", fields, key=order.key)
        if found.get("status") in ("failed", "canceled"):
            raise Refused("The refund was not possible.")
        return _text(found, "id")

    async def open_setup(self, payer: str, *, return_url: str) -> Setup:
        """A page of Stripe's where the driver gives the card; it comes back to `return_url`."""
        fields = [
            ("mode", "setup"),
            ("payment_method_types[0]", "card"),
            ("customer_creation", "always"),
            ("client_reference_id", payer),
            ("success_url", f"{return_url}?setup={{CHECKOUT_SESSION_ID}}"),
            ("cancel_url", return_url),
        ]
        found = await self._post("/v1/checkout/sessions", fields, key=None)
        return Setup(_text(found, "id"), _text(found, "url"))

    async def finish_setup(self, setup: str, payer: str) -> Card:
        """The card of a page that was filled in by that payer."""
        path = f"/v1/checkout/sessions/{_id(setup)}"
        found = await self._get(path, [("expand[]", "setup_intent.payment_method")])
        intent = found.get("setup_intent")
        if found.get("client_reference_id") != payer:
            raise Refused("This page was opened by somebody else.")
        if not isinstance(intent, dict) or intent.get("status") != "succeeded":
            raise Refused("The page where a card is given was not filled in.")
        method = intent.get("payment_method") or {}
        return Card(_text(found, "customer"), _text(method, "id"), _label(method))

    async def forget(self, card: Card) -> None:
        """Detach the card from its customer."""
        await self._post(
            f"/v1/payment_methods/{_id(card.reference)}/detach", [], key=f"forget-{card.reference}"
        )

    async def _intent(self, order: Order, *, capture: str) -> dict[str, Any]:
        found = await self._intent_made(order) if order.repeated else None
        if found is not None:
            return found
        fields = [
            ("amount", _amount(order)),
            ("currency", order.currency.lower()),
            ("customer", order.card.customer or ""),
            ("payment_method", order.card.reference),
            ("payment_method_types[0]", "card"),
            ("confirm", "true"),
            ("off_session", "true"),
            ("capture_method", capture),
            ("description", order.text),
            ("metadata[subject]", order.subject),
            ("metadata[key]", order.key),
        ]
        return await self._post("/v1/payment_intents", fields, key=order.key)

    async def _intent_made(self, order: Order) -> dict[str, Any] | None:
        """What an order sent long ago has made."""
        query = f"metadata['key']:'{order.key}'"
        found = await self._get("/v1/payment_intents/search", [("query", query)])
        made = [each for each in _listed(found) if each.get("status") != "canceled"]
        return made[0] if made else None

    async def _refund_made(self, reference: str, order: Order) -> dict[str, Any] | None:
        found = await self._get("/v1/refunds", [("payment_intent", reference), ("limit", "100")])
        made = (each for each in _listed(found) if each.get("metadata", {}).get("key") == order.key)
        return next(made, None)

    async def _post(self, path: str, fields: Fields, *, key: str | None) -> dict[str, Any]:
        headers = (("Content-Type", "application/x-www-form-urlencoded"),)
        once = () if key is None else (("Idempotency-Key", key),)
        return await self._asked("POST", path, (*headers, *once), urlencode(fields).encode())

    async def _get(self, path: str, query: Fields = ()) -> dict[str, Any]:
        asked = f"{path}?{urlencode(query)}" if query else path
        return await self._asked("GET", asked, (), b"")

    async def _asked(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> dict[str, Any]:
        own = (("Authorization", f"Bearer {self.key}"), ("Stripe-Version", _VERSION))
        request = Request(method, f"{self.url}{path}", (*own, *headers), body)
        try:
            answer = await self.transport.send(request, timeout=_SECONDS)
        except TransportError as error:
            raise Unclear(f"Stripe cannot be asked: {error}") from error
        return _read(answer)


def minor(order: Order) -> int:
    """The amount as Stripe counts it; of three decimals it takes two, in the driver's favour."""
    decimals = _DECIMALS.get(order.currency, minor_unit(order.currency))
    count = int(order.amount.scaleb(decimals))
    return count - count % 10 if decimals == _THREE_DECIMALS else count


def _amount(order: Order) -> str:
    """The amount as Stripe takes it, which is at least 1."""
    count = minor(order)
    if count < 1:
        raise TooSmall("The amount is less than the least that can be moved.")
    return str(count)


def signed(body: bytes, header: str, *, secret: str, now: float) -> bool:
    """Whether an event was signed by Stripe within the last minutes (v1 signatures)."""
    stamps = [value for name, value in _pairs(header) if name == "t"]
    if len(stamps) != 1 or not stamps[0].isdecimal() or len(stamps[0]) > 12:
        return False
    if abs(now - int(stamps[0])) > _SIGNED_WITHIN:
        return False
    expected = hmac.new(secret.encode(), f"{stamps[0]}.".encode() + body, sha256).hexdigest()
    return any(
        hmac.compare_digest(expected, value) for name, value in _pairs(header) if name == "v1"
    )


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    for each in header[:2000].split(","):
        name, _, value = each.strip().partition("=")
        if value.isascii():
            yield name, value


def _read(answer: Response) -> dict[str, Any]:
    """What Stripe said: an object, a refusal, or nothing that can be relied on."""
    try:
        said = load_object(answer.body)
    except (NotJson, OcpiError) as error:
        raise Unclear(f"Stripe answered {answer.status} without JSON") from error
    if answer.status < 300:
        return said
    if answer.status in _BUSY or answer.status >= 500 or answer.status < 400:
        raise Unclear(f"Stripe answered {answer.status}")
    if answer.status in (401, 403):
        raise Unclear("Stripe does not accept EMSP_STRIPE_KEY")
    told = said.get("error")
    told = told if isinstance(told, dict) else {}
    if told.get("type") == "idempotency_error":
        # Under that key something else was asked before: it may have been done.
        raise Unclear("Stripe knows the key for another order")
    if told.get("code") == "amount_too_small":
        raise TooSmall(_why(told, answer.status))
    raise Refused(_why(told, answer.status))


def _why(error: Mapping[str, Any], status: int) -> str:
    """A sentence of ours: Stripe's own are in one language, and not all for drivers."""
    code = str(error.get("code") or status)[:100]
    of_card = _OF_CARD.get(code) or _OF_CARD.get(str(error.get("decline_code")))
    if of_card is not None:
        return of_card
    return "The card was declined." if status == _DECLINED else f"The payment was refused ({code})."


def _settled(intent: Mapping[str, Any], *wanted: str) -> str:
    """The reference of a PaymentIntent that has come to where it should be."""
    status = intent.get("status")
    if status in wanted:
        return _text(intent, "id")
    if status == "processing":
        raise Unclear("the payment is being processed")
    raise Refused(_UNCONFIRMED)


def _text(said: Mapping[str, Any], name: str) -> str:
    """A member of an answer that is always there."""
    if not isinstance(said.get(name), str):
        raise Unclear(f"Stripe's answer has no {name}")
    return str(said[name])


def _listed(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = said.get("data")
    if not isinstance(data, list):
        raise Unclear("Stripe's answer is no list")
    return data


def _label(method: Mapping[str, Any]) -> str:
    card = method.get("card") or {}
    return f"{str(card.get('brand') or 'card').capitalize()} •••• {card.get('last4') or '????'}"


def _id(reference: str) -> str:
    """A name of Stripe's as part of a path."""
    if not _REFERENCE.fullmatch(reference):
        raise Refused("setup: expected an id such as cs_test_a1")
    return quote(reference)
