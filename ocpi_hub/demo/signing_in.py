"""Signing in as a browser does: OAuth2's authorization code with PKCE, by the provider's pages."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Final
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from ocpi_hub.demo.processes import DemoError

_CLIENT: Final = "web"
_SCOPE: Final = "openid email profile locations charging history account problems"
_SECONDS: Final = 30.0


def access_token(url: str, *, email: str, password: str) -> str:
    """A driver's access token of the provider at `url`; DemoError when it is not given.

    It blocks: meant for a thread.
    """
    try:
        return _sign_in(url, email=email, password=password)
    except HTTPError as error:
        with error:
            raise DemoError(f"signing in: {error.url} is HTTP {error.code}") from error


def _sign_in(url: str, *, email: str, password: str) -> str:
    # Redirects and cookies are followed as a browser follows them.
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    verifier = secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": _CLIENT,
        "redirect_uri": f"{url}/",
        "scope": _SCOPE,
        "state": secrets.token_urlsafe(16),
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    where, page = _open(opener, f"{url}/oauth/authorize?{urlencode(asked)}")
    form = _Form.of(page)
    filled = form.hidden | {"email": email, "password": password}
    where, page = _open(opener, urljoin(where, form.action), filled)
    code = parse_qs(urlsplit(where).query).get("code")
    if code is None:
        raise DemoError(f"signing in ended at {where} without a code")
    exchanged = {
        "grant_type": "authorization_code",
        "client_id": _CLIENT,
        "redirect_uri": f"{url}/",
        "code": code[0],
        "code_verifier": verifier,
    }
    _, answer = _open(opener, f"{url}/oauth/token", exchanged)
    return str(json.loads(answer)["access_token"])


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _open(
    opener: OpenerDirector, url: str, form: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Where a request ends, and what is there."""
    request = Request(url, data=None if form is None else urlencode(form).encode())  # noqa: S310 - our own process
    with opener.open(request, timeout=_SECONDS) as answer:
        return answer.url, answer.read().decode()


class _Form(HTMLParser):
    """The first form of a page: where it goes, and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self._forms = 0

    @classmethod
    def of(cls, page: str) -> _Form:
        """The form of a page."""
        found = cls()
        found.feed(page)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps what belongs to the first form."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._forms += 1
            if self._forms == 1:
                self.action = given.get("action", "")
        elif tag == "input" and self._forms == 1 and given.get("type") == "hidden":
            self.hidden[given.get("name", "")] = given.get("value", "")
