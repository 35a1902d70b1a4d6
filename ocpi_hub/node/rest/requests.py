"""Requests to an API: their bodies bounded and read with exact decimals."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi import Request

from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.errors import InvalidParameters, NotJson
from ocpi_hub.protocol.jsontext import loads


class ExactRequest(Request):
    """A request whose body is bounded, and read with exact decimals."""

    most: int

    async def body(self) -> bytes:
        """The body, or 413."""
        if not hasattr(self, "_body"):
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > self.most:
                    raise Problem(413, f"the body is larger than {self.most} bytes")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        """The value of the body, or a problem that says what is wrong with it."""
        try:
            return loads(await self.body())
        except NotJson as error:
            raise Problem(400, error.message) from error
        except InvalidParameters as error:
            raise Problem(422, error.message) from error


def exact(request: Request, *, most: int) -> ExactRequest:
    """The same request, read as JSON with exact decimals whatever its body is called.

    While a body is read nobody else is served: `most` bytes are what the route needs.
    """
    read = ExactRequest(_as_json(request.scope), request.receive)
    read.most = most
    return read


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy the server has put the client's address there."""
    return "nobody" if request.client is None else request.client.host


def _as_json(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever a body is called, it is JSON: `curl -d` says it were a form."""
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*others, (b"content-type", b"application/json")]}
