"""Pages as they leave: rendered in the driver's language, with nothing of their own to run.

Each form carries the token of the visit's cookie, so that no other site can send it (CSRF).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from emsp_adapter.identity.desk import Desk, desk_of
from emsp_adapter.identity.limits import PENDING_CHARACTERS
from emsp_adapter.identity.parameters import Parameters
from emsp_adapter.identity.words import LOCALES, Words, preferred, words
from ocpi_hub.node.secrets import new_token

_LANGUAGE = "language"
_TOKEN = re.compile(r"[\w-]{43}", re.ASCII)
_PENDING = re.compile(rf"[\x21\x24-\x7e]{{1,{PENDING_CHARACTERS}}}")

_templates = Environment(
    loader=PackageLoader("emsp_adapter.identity"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Refused(Exception):
    """A page that cannot be shown, and why, as a key of the catalogue."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status, self.key = status, key


def words_of(request: Request) -> Words:
    """The texts in the language that the app asked for on this visit, or in the browser's."""
    asked = request.cookies.get(cookie_name(desk_of(request), _LANGUAGE), "")
    return words(
        asked if asked in LOCALES else preferred(request.headers.get("accept-language", ""))
    )


def speak(response: Response, request: Request, ui_locales: str) -> None:
    """The answer after which the pages of this visit are in the first of these languages that there
    is (OpenID Connect Core 3.1.2.1)."""
    for tag in ui_locales.split():
        found = tag.partition("-")[0].lower()
        if found in LOCALES:
            keep_cookie(response, desk_of(request), _LANGUAGE, found)
            return


def show(
    request: Request,
    template: str,
    *,
    status: int = 200,
    targets: Sequence[str] = (),
    **values: object,
) -> Response:
    """A page; `targets` are the sites to which its form may lead in the end."""
    desk = desk_of(request)
    visit = visit_of(request) or new_token()
    text = words_of(request)
    body = _templates.get_template(f"{template}.html").render(
        t=text, base=desk.base, provider=desk.office.settings.name, csrf=visit, **values
    )
    response = HTMLResponse(body, status, headers={"Content-Language": text.locale})
    response.headers["Content-Security-Policy"] = policy(targets)
    keep_cookie(response, desk, "visit", visit)
    return response


def policy(targets: Sequence[str] = ()) -> str:
    """What a page may load, where its form may go, and who may frame it: nobody."""
    forms = " ".join(("'self'", *targets))
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {forms}"
    )


def origin(url: str) -> str:
    """A site as a policy names it; of an app's own scheme the scheme."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def check_form(request: Request, form: Parameters) -> None:
    """Refused unless the form is one that this visitor was shown."""
    visit = visit_of(request)
    if visit is None or not hmac.compare_digest(visit.encode(), form.get("csrf", "").encode()):
        raise Refused(HTTPStatus.FORBIDDEN, "form_stale")


def visit_of(request: Request) -> str | None:
    """The token of the visit, if it has one that we made."""
    kept = request.cookies.get(cookie_name(desk_of(request), "visit"), "")
    return kept if _TOKEN.fullmatch(kept) else None


def pending_of(given: Parameters) -> str:
    """The query of the authorization request that waits; empty when none does.

    It is never an address: whatever it says, it is put behind our own /oauth/authorize.
    """
    found = given.get("continue", "")
    return found if _PENDING.fullmatch(found) else ""


def go_on(request: Request, pending: str) -> Response:
    """Back to the authorization request, or to the web app."""
    desk = desk_of(request)
    return leave(f"{desk.base}/oauth/authorize?{pending}" if pending else f"{desk.base}/")


def leave(url: str) -> Response:
    """The browser goes there with a GET."""
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


def keep_cookie(
    response: Response, desk: Desk, name: str, value: str, *, seconds: int | None = None
) -> None:
    """A cookie that scripts do not see and other sites do not send with their forms."""
    response.set_cookie(
        cookie_name(desk, name),
        value,
        max_age=seconds,
        path="/",
        secure=desk.secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, desk: Desk, name: str) -> None:
    """The browser forgets it."""
    response.delete_cookie(
        cookie_name(desk, name), path="/", secure=desk.secure, httponly=True, samesite="lax"
    )


def cookie_name(desk: Desk, name: str) -> str:
    """With https a name that no other host of the domain can set (RFC 6265bis 4.1.3.2)."""
    return f"__Host-{name}" if desk.secure else f"emsp_{name}"
