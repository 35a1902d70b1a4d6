"""Calls of drivers' own webhooks: signed as Standard Webhooks says, held to the address guard."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from emsp_adapter.drivers.outbox import NotDelivered
from emsp_adapter.office import Office
from emsp_adapter.store.outbox import Owed
from ocpi_hub.node.secrets import WrongKey
from ocpi_hub.node.signing import signed_headers
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.service.transport import AddressRefused, Request, TransportError

_TIMEOUT = 10.0
_LONGEST_ANSWER = 64_000
_GONE = 410


def check_webhook_url(url: str, *, private: bool) -> None:
    """InvalidParameters for a URL that is never called; `private` also allows http."""
    check_url(url, name="webhook.url")
    if urlsplit(url).scheme != "https" and not private:
        raise InvalidParameters("webhook.url: expected an https URL")


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
