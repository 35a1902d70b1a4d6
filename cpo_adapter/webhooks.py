"""Alerts on their way to webhooks: signed as Standard Webhooks says, tried again with patience."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cpo_adapter.alerts import Kind
from cpo_adapter.store import alerts
from cpo_adapter.store.alerts import AlertCall
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.secrets import Vault, WrongKey, new_reference
from ocpi_hub.node.signing import BadSecret, new_secret, secret_bytes, signed_headers
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.service.transport import Request, Transport, TransportError

_LONGEST_FAILURE = 300

_AT_ONCE = 16
_CLAIMED_FOR = timedelta(minutes=2)
_TIMEOUT = 10.0
_PAUSE = 0.5
_GONE = 410
_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in _SECONDS)


class BadWebhook(ValueError):
    """A webhook that cannot be, in one sentence."""


@dataclass(frozen=True, slots=True)
class Added:
    """A new webhook, and its secret, to be shown this once."""

    id: str
    secret: str


async def add(
    conn: Hot, url: str, *, secret: str | None = None, kinds: Sequence[str] = (), vault: Vault
) -> Added:
    """Has alerts sent to a URL, of some kinds or of all; without a secret one is made."""
    try:
        check_url(url, name="url")
    except InvalidParameters as error:
        raise BadWebhook(error.message) from None
    for kind in kinds:
        if kind not in set(Kind):
            raise BadWebhook(f"events: {kind!r} is not one of {', '.join(Kind)}")
    made = secret if secret is not None else new_secret()
    _check_secret(made)
    webhook_id = new_reference()
    await alerts.add_webhook(conn, webhook_id, url=url, secret=vault.encrypt(made), events=kinds)
    return Added(webhook_id, made)


def _check_secret(secret: str) -> None:
    try:
        secret_bytes(secret)
    except BadSecret as error:
        raise BadWebhook(str(error)) from error


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """Sends what is owed; one that does not answer keeps no other waiting for long."""

    db: Database
    transport: Transport
    vault: Vault
    now: Callable[[], datetime]
    backoff: Sequence[timedelta] = BACKOFF

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("webhooks", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Sends what is due now."""
        while await self._some() == _AT_ONCE:
            pass

    async def _some(self) -> int:
        now = self.now()
        async with self.db.hot() as conn:
            calls = await alerts.claim(conn, now=now, until=now + _CLAIMED_FOR, limit=_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for call in calls:
                group.create_task(self._send(call))
        return len(calls)

    async def _send(self, call: AlertCall) -> None:
        try:
            response = await self.transport.send(self._request(call), timeout=_TIMEOUT)
        except (TransportError, WrongKey) as error:
            await self._failed(call, str(error), final=False)
            return
        if 200 <= response.status < 300:
            async with self.db.hot() as conn:
                await alerts.delivered(conn, call.id)
            return
        final = response.status == _GONE
        await self._failed(call, f"answered HTTP {response.status}", final=final)

    def _request(self, call: AlertCall) -> Request:
        body = dumps(call.document)
        secret = self.vault.decrypt(call.secret)
        signed = signed_headers(secret, body, message_id=f"msg_{call.id}", at=self.now())
        headers = (("Content-Type", "application/json"), *signed)
        return Request("POST", call.url, headers=headers, body=body)

    async def _failed(self, call: AlertCall, failure: str, *, final: bool) -> None:
        given_up = final or call.attempts > len(self.backoff)
        next_at = None if given_up else self.now() + self.backoff[call.attempts - 1]
        async with self.db.hot() as conn:
            await alerts.failed(conn, call.id, failure=failure[:_LONGEST_FAILURE], next_at=next_at)
