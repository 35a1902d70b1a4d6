"""Calls of drivers' own webhooks: signed as Standard Webhooks says, held to the address guard."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from emsp_adapter.drivers.outbox import NotDelivered
from emsp_adapter.office import Office
from emsp_adapter.store.outbox import Owed
from ocpi_hub.node.secrets import WrongKey
from ocpi_hub.node.signing import signed_headers
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.transport import AddressRefused, Request, TransportError

_TIMEOUT = 10.0
_LONGEST_ANSWER = 64_000
_GONE = 410
_LOCALHOST, _LOOPBACK = "localhost", "127.0.0.1"


def check_webhook_url(url: str, *, guard: AddressGuard) -> None:
    """InvalidParameters for a URL that is never called, as far as it shows that itself."""
    check_url(url, name="webhook.url")
    if urlsplit(url).scheme != "https" and not guard.allow_private:
        raise InvalidParameters("webhook.url: expected an https URL")
    try:
        _check_host(guard.check_url(url).host, guard)
    except AddressRefused as error:
        raise InvalidParameters(f"webhook.url: {error}") from error


def _check_host(host: str, guard: AddressGuard) -> None:
    """AddressRefused for an address, or a name of this machine itself (RFC 6761 6.3), that is not
    called; where other names lead is seen when they are."""
    if host == _LOCALHOST or host.endswith(f".{_LOCALHOST}"):
        guard.check_address(host, _LOOPBACK)
    with suppress(ValueError):
        guard.check_address(host, str(ip_address(host)))


@dataclass(frozen=True, slots=True)
class WebhookCarrier:
    """Calls webhooks; where one points to elsewhere, nobody goes there."""

    office: Office

    async def carry(self, owed: Owed) -> None:
        """The webhook answered 2xx, or NotDelivered."""
        try:
            response = await self.office.transport.send(self._request(owed), timeout=_TIMEOUT)
        except AddressRefused as error:
            raise NotDelivered(str(error), final=True) from error
        except (TransportError, WrongKey) as error:
            raise NotDelivered(str(error)) from error
        if not 200 <= response.status < 300:
            raise NotDelivered(
                f"the webhook answered HTTP {response.status}", final=response.status == _GONE
            )

    def _request(self, owed: Owed) -> Request:
        body = dumps(owed.document)
        signed = signed_headers(
            self.office.vault.decrypt(owed.secret or b""),
            body,
            message_id=f"msg_{owed.id}",
            at=self.office.now(),
        )
        return Request(
            "POST",
            owed.address,
            headers=(("Content-Type", "application/json"), *signed),
            body=body,
            max_answer=_LONGEST_ANSWER,
        )
