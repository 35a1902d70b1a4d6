"""What Stripe tells by itself: believed only when signed, and never the cause of a payment."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from emsp_adapter.money import billing
from emsp_adapter.payments.events import PATH
from tests.emsp_adapter import billed
from tests.emsp_adapter.running import Adapter, adapter

_SECRET = "whsec_test"
_DISPUTE = "charge.dispute.created"


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is billed but by the steps of the test."""
    monkeypatch.setattr(billing, "_PAUSE", 3600.0)


@pytest.fixture
async def emsp(emsp_database_url: str) -> AsyncIterator[Adapter]:
    """An adapter that knows what Stripe signs with; its payments are the demo's."""
    async with adapter(emsp_database_url, stripe_webhook_secret=_SECRET) as running:
        yield running


async def _told(emsp: Adapter, kind: str, *, secret: str = _SECRET, **about: Any) -> int:
    body = json.dumps({"type": kind, "data": {"object": about}}).encode()
    stamp = str(int(emsp.office.now().timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, "sha256").hexdigest()
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{emsp.url}{PATH}",
            content=body,
            headers={"Stripe-Signature": f"t={stamp},v1={digest}"},
        )
    return answer.status_code


async def _paid(emsp: Adapter) -> str:
    """The provider's name of the payment of a bill."""
    await billed.for_cdr(emsp, await emsp.driver())
    await emsp.parts.billing.settling.step()
    rows = await emsp.rows("SELECT reference FROM payments")
    return str(rows[0][0])


async def test_a_dispute_with_the_bank_is_seen_and_ends_when_it_is_won(emsp: Adapter) -> None:
    reference = await _paid(emsp)

    assert await _told(emsp, _DISPUTE, payment_intent=reference) == 204
    assert await emsp.rows("SELECT state FROM bills") == [("disputed",)]

    closed = "charge.dispute.closed"
    assert await _told(emsp, closed, payment_intent=reference, status="won") == 204
    assert await emsp.rows("SELECT state FROM bills") == [("paid",)]


async def test_an_event_with_a_wrong_signature_changes_nothing(emsp: Adapter) -> None:
    reference = await _paid(emsp)

    assert await _told(emsp, _DISPUTE, secret="other", payment_intent=reference) == 400

    assert await emsp.rows("SELECT state FROM bills") == [("paid",)]


@pytest.mark.parametrize("kind", ["payment_intent.succeeded", "x" * 500, "charge.refunded"])
async def test_an_event_of_another_kind_is_taken_and_does_nothing(emsp: Adapter, kind: str) -> None:
    assert await _told(emsp, kind, id="pi_1") == 204
    assert await emsp.rows("SELECT id FROM payments") == []


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "t=,v1=", "v1=é"])
async def test_an_event_without_a_signature_is_refused(emsp: Adapter, signature: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{emsp.url}{PATH}",
            content=b"{}",
            headers={b"Stripe-Signature": signature.encode()},
        )

    assert answer.status_code == 400
