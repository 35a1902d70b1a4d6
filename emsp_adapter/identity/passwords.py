"""Passwords: argon2 in worker threads, a few at once, and as slow for who has none."""

from __future__ import annotations

from functools import cache

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from emsp_adapter.identity.limits import PASSWORD_CHARACTERS

_HASHER = PasswordHasher()
# Each takes 64 MiB and all of a core.
_AT_ONCE = 4


class Passwords:
    """Hashes and compares."""

    def __init__(self) -> None:
        self._turns = CapacityLimiter(_AT_ONCE)
        # What a password is compared to where there is no account.
        self._nobody = _hash_of_nobody()

    async def hashed(self, password: str) -> str:
        """What is kept of a password."""
        return await to_thread.run_sync(_HASHER.hash, password, limiter=self._turns)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; it takes as long where there is none."""
        return await to_thread.run_sync(self._fits, password, password_hash, limiter=self._turns)

    def outdated(self, password_hash: str) -> bool:
        """Whether it was hashed with less effort than is usual now."""
        return _HASHER.check_needs_rehash(password_hash)

    def _fits(self, password: str, password_hash: str | None) -> bool:
        try:
            _HASHER.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash("nobody has this password")


def weakness(password: str, *, email: str) -> str | None:
    """Why a password cannot be used, as a key of the catalogue."""
    shortest, longest = PASSWORD_CHARACTERS
    if len(password) < shortest:
        return "password_short"
    if len(password) > longest:
        return "password_long"
    if len(set(password)) < shortest // 2 or password.lower() in (email, email.partition("@")[0]):
        return "password_easy"
    return None
