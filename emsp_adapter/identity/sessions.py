"""Who is signed in with a browser: a cookie with a token, kept here as a hash."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from emsp_adapter.identity.desk import desk_of
from emsp_adapter.identity.limits import BROWSER_SESSION
from emsp_adapter.identity.pages import cookie_name, drop_cookie, keep_cookie
from emsp_adapter.store import browser_sessions
from emsp_adapter.store.browser_sessions import BrowserSession
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.secrets import hash_token, new_token

_NAME = "session"
_LONGEST = 100


async def current(conn: Hot, request: Request) -> BrowserSession | None:
    """Who is signed in with the browser that asks."""
    token = _token(request)
    if token is None:
        return None
    now = desk_of(request).office.now()
    return await browser_sessions.find(conn, hash_token(token), now=now)


async def begin(conn: Hot, request: Request, driver_id: str) -> str:
    """The driver is signed in, under a token that nobody could know before; the old one ends."""
    await end(conn, request)
    now, token = desk_of(request).office.now(), new_token()
    await browser_sessions.add(
        conn, hash_token(token), driver_id=driver_id, now=now, expires_at=now + BROWSER_SESSION
    )
    return token


async def end(conn: Hot, request: Request) -> None:
    """Nobody is signed in with that browser any more."""
    token = _token(request)
    if token is not None:
        await browser_sessions.end(conn, hash_token(token))


def remember(response: Response, request: Request, token: str) -> Response:
    """The answer with the cookie, and with another token for the forms of this visit."""
    desk = desk_of(request)
    keep_cookie(response, desk, _NAME, token, seconds=int(BROWSER_SESSION.total_seconds()))
    keep_cookie(response, desk, "visit", new_token())
    return response


def forget(response: Response, request: Request) -> Response:
    """The answer that takes the cookies away."""
    for name in (_NAME, "visit"):
        drop_cookie(response, desk_of(request), name)
    return response


def _token(request: Request) -> str | None:
    found = request.cookies.get(cookie_name(desk_of(request), _NAME), "")
    return found if 0 < len(found) <= _LONGEST else None
