"""Apps in browsers, from whatever origin, may call what bearer tokens protect.

No cookie counts there, so another origin can do nothing that it has no token for. The pages where
drivers sign in are not opened so.
"""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HEADERS = ("Authorization", "Content-Type", "Accept-Language", "Idempotency-Key")
_SHOWN = ("Retry-After", "WWW-Authenticate", "Content-Disposition")
_SECONDS = 3600


def for_every_origin(app: ASGIApp) -> ASGIApp:
    """The application with the headers that browsers ask for."""
    return CORSMiddleware(
        app,
        allow_origins=("*",),
        allow_methods=_METHODS,
        allow_headers=_HEADERS,
        expose_headers=_SHOWN,
        max_age=_SECONDS,
    )
