"""The ASGI application of a service: some paths go past FastAPI, everything else through it.

A background task that dies takes the service with it: half a service would be worse than a restart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, TypeVar

from fastapi import FastAPI

PartsT = TypeVar("PartsT")
Asgi = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]


class Shell(ABC, Generic[PartsT]):
    """Serves the parts of a service while they are open.

    `running` are the parts, None before and after. `failure` is the error of a background task that
    died: the server ends with it.
    """

    def __init__(self, title: str) -> None:
        self.failure: BaseException | None = None
        self.running: PartsT | None = None
        self.rest = FastAPI(
            title=title,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,
            lifespan=self._lifespan,
        )

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[PartsT]:
        """Everything of the service, started, with its routes in `rest`; stopped with the block."""

    @abstractmethod
    def past(self, parts: PartsT, scope: dict[str, Any]) -> Asgi | None:
        """What answers without FastAPI, whose middleware costs a third of a small request."""

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Serve one request, one socket, or the lifespan."""
        direct = None if self.running is None else self.past(self.running, scope)
        await (direct or self.rest)(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _rest: FastAPI) -> AsyncIterator[None]:
        try:
            async with self.open() as parts:
                self.running = parts
                try:
                    yield
                finally:
                    self.running = None
        except BaseException as error:
            self.failure = error
            raise


def is_ocpi(scope: dict[str, Any]) -> bool:
    """Whether a request is OCPI."""
    path: str = scope.get("path", "")
    return scope["type"] == "http" and (path == "/ocpi" or path.startswith("/ocpi/"))
