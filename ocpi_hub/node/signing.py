"""Calls that a receiver can trust: signed as Standard Webhooks says, with a shared secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime

_PREFIX = "whsec_"
_SECRET_BYTES = 32
_SHORTEST_SECRET = 16


class BadSecret(ValueError):
    """A secret that cannot sign, in one sentence."""


def new_secret() -> str:
    """A random secret as Standard Webhooks writes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def secret_bytes(secret: str) -> bytes:
    """What a secret signs with, or BadSecret."""
    try:
        found = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not secret.startswith(_PREFIX) or len(found) < _SHORTEST_SECRET:
        raise BadSecret(
            f"secret: expected {_PREFIX} and at least {_SHORTEST_SECRET} bytes as base64"
        )
    return found


def signed_headers(
    secret: str, body: bytes, *, message_id: str, at: datetime
) -> tuple[tuple[str, str], ...]:
    """The three headers by which a receiver knows that it was us, and that it is not old."""
    seconds = str(int(at.timestamp()))
    content = f"{message_id}.{seconds}.".encode() + body
    signature = hmac.digest(secret_bytes(secret), content, hashlib.sha256)
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", seconds),
        ("webhook-signature", f"v1,{base64.b64encode(signature).decode()}"),
    )
