"""The OAuth2 server and its pages as an ASGI application, with what holds for every answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emsp_adapter.identity import addresses, authorize, endpoints, links, opening, sign_in
from emsp_adapter.identity.desk import Desk
from emsp_adapter.identity.pages import Refused, policy, show
from emsp_adapter.office import Office
from emsp_adapter.origins import for_every_origin
from ocpi_hub.node.asgi import Asgi
from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.node.rest.bodies import Json
from ocpi_hub.node.rest.headers import too_large
from ocpi_hub.protocol.errors import TooManyRequests

log = logging.getLogger(__name__)

PATHS = ("/oauth/", "/account/", "/.well-known/")

_SHOWN = ("/account/", "/oauth/authorize")
_ALWAYS = {
    "Content-Security-Policy": policy(),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # The URL of a page may have a one-time token in it.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Page = Callable[[Request], Awaitable[Response]]


def is_identity(scope: Scope) -> bool:
    """Whether a request is for this application."""
    path: str = scope.get("path", "")
    return scope["type"] == "http" and path.startswith(PATHS)


def application(office: Office) -> Asgi:
    """The application; it answers what `is_identity` says is for it, and refuses with a page what
    is too large for the other pages."""
    app = Starlette(
        routes=[
            _called("/.well-known/openid-configuration", endpoints.metadata, "GET"),
            _called("/.well-known/oauth-authorization-server", endpoints.metadata, "GET"),
            _called("/oauth/jwks.json", endpoints.jwks, "GET"),
            _called("/oauth/userinfo", endpoints.userinfo, "GET", "POST"),
            _called("/oauth/token", endpoints.token, "POST"),
            _called("/oauth/revoke", endpoints.revoke, "POST"),
            _called("/oauth/introspect", endpoints.introspect, "POST"),
            _called("/oauth/authorize", authorize.authorize, "GET", "POST"),
            _called("/account/sign-in", sign_in.sign_in, "GET", "POST"),
            _called("/account/sign-out", sign_in.sign_out, "GET", "POST"),
            _called("/account/sign-up", links.sign_up, "GET", "POST"),
            _called("/account/forgot", links.forgot, "GET", "POST"),
            _called("/account/confirm", opening.confirm, "GET", "POST"),
            _called("/account/reset", opening.reset, "GET", "POST"),
            _called("/account/email", addresses.confirm, "GET", "POST"),
        ],
        exception_handlers={
            Refused: _refused,
            HTTPException: _no_such,
            TooManyRequests: _too_many,
            **dict.fromkeys(UNAVAILABLE, _unavailable),
        },
    )
    app.state.desk = Desk(office)
    app.router.redirect_slashes = False
    return _guarded(app)


def _called(path: str, page: Page, *methods: str) -> Route:
    return Route(path, page, methods=list(methods))


def _guarded(app: ASGIApp) -> ASGIApp:
    """The application behind the limits on what comes in, each answer with its headers."""
    open_to_all = for_every_origin(app)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_headers(message["headers"])}
            await send(message)

        refusal = _too_large(scope, app)
        answering = app if scope["path"].startswith(_SHOWN) else open_to_all
        await (refusal or answering)(scope, receive, send_with_headers)

    return guarded


def _with_headers(given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in given}
    missing = [
        (name, value) for name, value in _ALWAYS.items() if name.lower().encode() not in names
    ]
    return [*given, *((name.lower().encode(), value.encode()) for name, value in missing)]


def _too_large(scope: Scope, app: ASGIApp) -> Response | None:
    """The refusal of what is too large: a page wherever a page would have been."""
    found = too_large(scope)
    if found is None:
        return None
    if is_identity(scope) and not scope["path"].startswith(_SHOWN):
        return _error(found.status, found.detail)
    return show(Request({**scope, "app": app}), "message", status=found.status, message="too_large")


def _error(status: int, description: str, *, headers: dict[str, str] | None = None) -> Response:
    return Json(
        {"error": "invalid_request", "error_description": description}, status, headers=headers
    )


def _said(request: Request, status: int, key: str, headers: dict[str, str] | None) -> Response:
    """A refusal as a page for people, as a document for programs."""
    if not request.url.path.startswith(_SHOWN):
        return _error(status, HTTPStatus(status).phrase, headers=headers)
    response = show(request, "message", status=status, message=key)
    response.headers.update(headers or {})
    return response


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return _said(request, error.status, error.key, None)


async def _no_such(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    headers = getattr(error, "headers", None)
    return _said(request, status, "page_unknown", None if headers is None else dict(headers))


async def _too_many(request: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, TooManyRequests) else {}
    return _said(request, HTTPStatus.TOO_MANY_REQUESTS, "too_many", dict(headers))


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("the identity pages wait for the database", extra={"reason": str(error)})
    return _said(request, HTTPStatus.SERVICE_UNAVAILABLE, "database_away", {"Retry-After": "5"})
