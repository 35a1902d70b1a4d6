"""Which redirect URIs a client may register."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PLAIN = re.compile(r"[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]{1,512}")
# RFC 8252 7.1: a scheme of one's own is a domain name turned round; javascript: is none.
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+", re.ASCII)
# What a page names in its policy, where a semicolon would begin another rule.
_NETLOC = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def redirect_problem(uri: str) -> str | None:
    """Why a URI cannot be one that browsers are sent to, in one sentence."""
    if _PLAIN.fullmatch(uri) is None or "*" in uri:
        return "expected a URL without a fragment, wildcards, spaces or quotes"
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "expected a URL"
    if parts.scheme in ("http", "https") and _NETLOC.fullmatch(parts.netloc) is None:
        return "expected a host name or address, and nobody's name before it"
    if parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK):
        return None
    if _OWN_SCHEME.fullmatch(parts.scheme):
        return None
    return (
        "expected https, http on this device, or a scheme of the app's own such as com.example.app"
    )
