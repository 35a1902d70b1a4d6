"""The two values all functional traffic is made of: a Message and its Reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ocpi_hub.protocol.arguments import NONE, Arguments
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.modules import Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime

SUCCESS = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """One request, as a server got it and as a client sends it.

    `tail` is the path after the endpoint URL, still percent-encoded, `query` the raw query string,
    `body` the bytes as they came. `params` are the decoded path segments by name, `document` the
    body as strict JSON. `peer` is the id of the platform whose credentials token it carried.
    """

    operation: Operation
    request_id: str
    correlation_id: str
    tail: str = ""
    query: str = ""
    arguments: Arguments = NONE
    params: Mapping[str, str] = field(default_factory=dict)
    sender: Party | None = None
    receiver: Party | None = None
    body: bytes = b""
    document: Any = None
    findings: tuple[str, ...] = ()
    peer: str = ""
    version: str = "2.2.1"

    @property
    def owner(self) -> Party | None:
        """The owner named in the URL of a client-owned object."""
        if "country_code" not in self.params:
            return None
        return Party(self.params["country_code"], self.params["party_id"])


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a Message.

    Either `raw`, a whole envelope passed on byte for byte, or `data` (JSON text) to be put into a
    fresh envelope. `sender` is the party that answered.
    """

    status_code: int = SUCCESS
    message: str | None = None
    data: bytes | None = None
    raw: bytes | None = None
    http_status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    sender: Party | None = None

    @property
    def ok(self) -> bool:
        """HTTP 2xx and an OCPI code of the 1000s (checklist STA-20)."""
        return 200 <= self.http_status < 300 and 1000 <= self.status_code < 2000

    def header(self, name: str) -> str | None:
        """The value of a header, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def envelope(self, now: datetime) -> bytes:
        """The response body. Source: 2.2.1 transport and format, Response format."""
        if self.raw is not None:
            return self.raw
        parts = [b"{"]
        if self.data is not None:
            parts += [b'"data":', self.data, b","]
        parts.append(b'"status_code":%d' % self.status_code)
        if self.message is not None:
            parts += [b',"status_message":', dumps(self.message)]
        parts += [b',"timestamp":"', format_datetime(now).encode(), b'"}']
        return b"".join(parts)
