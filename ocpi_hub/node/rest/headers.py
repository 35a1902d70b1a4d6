"""What holds for the headers of every request and every answer, whatever the route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER_BYTES = 8_192
TARGET_BYTES = 8_192


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Why a request is refused before it is read."""

    status: HTTPStatus
    detail: str


def too_large(scope: Mapping[str, Any]) -> TooLarge | None:
    """The refusal of headers or of a URL that nobody needs (T32)."""
    headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    if headers > HEADER_BYTES:
        return TooLarge(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"the headers are larger than {HEADER_BYTES} bytes",
        )
    if len(scope.get("raw_path", b"")) + len(scope.get("query_string", b"")) > TARGET_BYTES:
        return TooLarge(
            HTTPStatus.REQUEST_URI_TOO_LONG, f"the URL is longer than {TARGET_BYTES} bytes"
        )
    return None


def wants_page(scope: Mapping[str, Any]) -> bool:
    """Whether a person looks at the answer, not a program."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


class WithHeaders:
    """The application, each answer with these headers unless it has its own."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", [])
                names = {name.lower() for name, _ in given}
                missing = [each for each in self.headers if each[0] not in names]
                message = {**message, "headers": [*given, *missing]}
            await send(message)

        await self.app(scope, receive, send_with_headers)
