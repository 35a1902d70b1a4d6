"""A Transport that answers from a script and keeps what it was asked to carry."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ocpi_hub.service.transport import Request, Response, TransportError

Scripted = Response | TransportError | Callable[[Request], Response]


@dataclass
class Wire:
    """`answers` by "METHOD url"; what is not there is an answer of 404."""

    answers: dict[str, Scripted] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    async def send(self, request: Request, *, timeout: float) -> Response:
        """The scripted answer, raised where it is an error."""
        self.sent.append(request)
        self.timeouts.append(timeout)
        said = self.answers.get(f"{request.method} {request.url}", response(None, 2000, status=404))
        if isinstance(said, TransportError):
            raise said
        return said(request) if callable(said) else said


def response(
    data: object, code: object = 1000, *, status: int = 200, message: object = None, **headers: str
) -> Response:
    """An OCPI response."""
    body: dict[str, Any] = {"status_code": code, "timestamp": "2026-01-15T10:00:00Z"}
    if data is not None:
        body["data"] = data
    if message is not None:
        body["status_message"] = message
    lowered = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, lowered, json.dumps(body).encode())


def headers_of(request: Request) -> dict[str, str]:
    """The headers of a request by their lower-cased names."""
    found = {name.lower(): value for name, value in request.headers}
    assert len(found) == len(request.headers)
    return found
