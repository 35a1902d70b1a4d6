"""A POST that is sent twice with the same Idempotency-Key is done once: the second gets the answer
of the first. See docs/driver-api.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import Field

from emsp_adapter.driver_api.door import office_of
from emsp_adapter.office import Office
from emsp_adapter.store import idempotency as rows
from ocpi_hub.node.rest.bodies import PLAIN
from ocpi_hub.node.rest.problems import Problem

# A process that died does not hold a key for longer.
_CLAIMED_FOR = timedelta(minutes=2)

_Key = Annotated[
    Annotated[str, Field(min_length=1, max_length=200), PLAIN] | None,
    Header(
        alias="Idempotency-Key",
        description="Chosen by the app, one for each thing it wants done; good for a day.",
    ),
]


@dataclass(frozen=True, slots=True)
class OnceOnly:
    """A request and its key; without a key it is done each time it comes."""

    office: Office
    request: Request
    key: str | None

    async def answer(self, owner: str, work: Callable[[], Awaitable[Response]]) -> Response:
        """The answer of `work`, or the one it gave when the same `owner` sent the same request.

        422 when the key came with another request, 409 while the first is still at work. What was
        refused may be sent again. `work` commits what it does itself.
        """
        if self.key is None:
            return await work()
        earlier = await self._claim(owner, self.key)
        if earlier is not None:
            return earlier
        try:
            answer = await work()
        except Exception:
            await self._forget(owner, self.key)
            raise
        await self._keep(owner, self.key, answer)
        return answer

    async def _claim(self, owner: str, key: str) -> Response | None:
        now = self.office.now()
        fingerprint = await self._fingerprint()
        async with self.office.db.hot() as conn:
            kept = await rows.claim(
                conn, owner, key, fingerprint=fingerprint, now=now, stale=now - _CLAIMED_FOR
            )
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:
            raise Problem(
                422,
                "Idempotency-Key: it came with another request before, expected a new one",
                field="Idempotency-Key",
            )
        if kept.status is None or kept.answer is None:
            raise Problem(
                409,
                "the same request is still being worked on",
                headers={"Retry-After": "1"},
            )
        body = self.office.vault.decrypt(kept.answer).encode()
        return Response(body, kept.status, media_type="application/json")

    async def _fingerprint(self) -> bytes:
        url = self.request.url
        said = f"{self.request.method} {url.path}?{url.query}\n".encode()
        return hashlib.sha256(said + await self.request.body()).digest()

    async def _keep(self, owner: str, key: str, answer: Response) -> None:
        # An answer may hold an access token.
        sealed = self.office.vault.encrypt(bytes(answer.body).decode())
        async with self.office.db.hot() as conn:
            await rows.keep(conn, owner, key, status=answer.status_code, answer=sealed)

    async def _forget(self, owner: str, key: str) -> None:
        async with self.office.db.hot() as conn:
            await rows.forget(conn, owner, key)


def _once(request: Request, key: _Key = None) -> OnceOnly:
    return OnceOnly(office_of(request), request, key)


# What a route asks for; then `return await once.answer(driver_id, work)`.
Once = Annotated[OnceOnly, Depends(_once)]
