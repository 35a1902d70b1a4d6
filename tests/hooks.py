"""Somebody's webhook on a real socket, which knows whether a call was signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Hook:
    """Keeps what came, answers with `statuses` in turn, else with 204."""

    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        self.received.append((dict(request.headers), await request.body()))
        status = self.statuses.pop(0) if self.statuses else 204
        return Response(status_code=status, headers=self.headers)

    @property
    def app(self) -> Starlette:
        """The webhook, at every path."""
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=["POST"])])

    @property
    def documents(self) -> list[Any]:
        """What it was told."""
        return [json.loads(body) for _, body in self.received]

    def signed(self, secret: str) -> bool:
        """Whether each call was signed with a secret, as Standard Webhooks says."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        return all(
            headers["webhook-signature"] == f"v1,{_signature(key, headers, body)}"
            for headers, body in self.received
        )


def _signature(key: bytes, headers: dict[str, str], body: bytes) -> str:
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
