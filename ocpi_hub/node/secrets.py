"""Secrets at rest: tokens we issue are kept as hashes, tokens we use are kept encrypted."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_TOKEN_BYTES = 32
_REFERENCE_BYTES = 18
_MISFIT = "a stored secret fits none of the keys in SECRET_KEY"


class WrongKey(Exception):
    """A stored secret cannot be read with any of the keys in SECRET_KEY."""


def new_token() -> str:
    """A fresh credentials token: 256 random bits in 43 URL-safe characters (SEC-02, AUTH-06)."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_reference() -> str:
    """The unguessable part of a URL of ours: 144 random bits in 24 characters (SEC-08)."""
    return secrets.token_urlsafe(_REFERENCE_BYTES)


def hash_token(token: str) -> bytes:
    """What is stored of a token we issue, and what it is looked up by (AUTH-20)."""
    return hashlib.sha256(token.encode()).digest()


class Vault:
    """Encrypts with the first of the comma-separated Fernet keys, decrypts with any.

    Where `reread` is given, it is asked for the keys again when a secret fits none of them: another
    process may have rotated them.
    """

    def __init__(self, keys: str, *, reread: Callable[[], str] | None = None) -> None:
        self._fernet = _fernet(keys)
        self._reread = reread

    def encrypt(self, secret: str) -> bytes:
        """The secret, readable with these keys only."""
        return self._fernet.encrypt(secret.encode())

    def decrypt(self, sealed: bytes) -> str:
        """The secret, or WrongKey."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return self._read_anew(sealed)

    def rotate(self, sealed: bytes) -> bytes:
        """The same secret under the first key, or WrongKey."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise WrongKey(_MISFIT) from error

    def _read_anew(self, sealed: bytes) -> str:
        if self._reread is not None:
            self._fernet = _fernet(self._reread())
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise WrongKey(_MISFIT) from error


def _fernet(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
