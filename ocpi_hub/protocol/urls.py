"""Joining and checking URLs; an id is always one encoded path segment."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ocpi_hub.protocol.errors import InvalidParameters

MAX_URL = 255
# Everything that may stand in a path or a query as it is: printable, and no `"`, `#` or `\\`.
_PLAIN = re.compile(r"[!$-\[\]-~]*")


def join(endpoint: str, tail: str, query: str = "") -> str:
    """Exactly one slash between an endpoint and the rest, whatever the endpoint ends in."""
    url = f"{endpoint.rstrip('/')}/{tail}" if tail else endpoint
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def segment(value: str) -> str:
    """An id as one path segment (checklist TRN-18)."""
    return quote(value, safe="*:@!$'(),-._~")


def plain(text: str) -> bool:
    """Whether a raw path segment or query can be passed on as it is."""
    return _PLAIN.fullmatch(text) is not None


def check_url(url: str, *, name: str) -> None:
    """InvalidParameters naming the field when it is not an absolute http(s) URL of ≤ 255."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidParameters(f"{name}: {url[:60]!r} is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidParameters(f"{name}: {url[:60]!r} is not an absolute http(s) URL")
    if len(url) > MAX_URL:
        raise InvalidParameters(f"{name}: a URL has at most {MAX_URL} characters")
    if parts.username is not None:
        raise InvalidParameters(f"{name}: a user name in the URL, expected none")
    if not plain(url):
        raise InvalidParameters(
            f"{name}: a fragment or a character in the URL that has to be percent-encoded"
        )


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, to tell whether two URLs are of one server."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    port = parts.port or (443 if scheme == "https" else 80)
    return scheme, (parts.hostname or "").lower().rstrip("."), port
