"""Files that stations bring by HTTP: where each may put one, how large, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cpo_adapter.store import uploads as store
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.secrets import new_reference
from ocpi_hub.protocol.errors import InvalidParameters, NotFound, TooLarge

MOST_BYTES = 32 * 1024 * 1024

_LIFE = timedelta(days=1)
_SECONDS = 300.0
# So many files are in memory at once; who comes meanwhile waits.
_AT_ONCE = 4
_LONGEST_NAME = 255


class AlreadyThere(Exception):
    """The file has come before."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A file that is expected: the unguessable end of its URL, and its number for the station."""

    id: str
    request_id: int


async def expect(conn: Hot, station_id: str, *, kind: str, now: datetime) -> Expected:
    """Makes a place for one file of a station, good for a day."""
    made = new_reference()
    number = await store.add(
        conn, made, station_id=station_id, kind=kind, now=now, expires_at=now + _LIFE
    )
    return Expected(made, number)


@dataclass(frozen=True, slots=True)
class Drop:
    """Takes the files that are expected. Nobody asks who brings one: the URL is the secret."""

    db: Database
    now: Callable[[], datetime]
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def take(
        self, upload_id: str, chunks: AsyncIterator[bytes], *, file_name: str | None
    ) -> int:
        """Keeps a file; its size in bytes. NotFound, AlreadyThere, TooLarge or InvalidParameters
        say why not."""
        await self._check(upload_id)
        async with self._slots, asyncio.timeout(_SECONDS):
            body = await _read(chunks)
        if not body:
            raise InvalidParameters("the file is empty")
        name = None if file_name is None else file_name[:_LONGEST_NAME]
        async with self.db.hot() as conn:
            if not await store.keep(conn, upload_id, body=body, file_name=name, now=self.now()):
                raise AlreadyThere
        return len(body)

    async def _check(self, upload_id: str) -> None:
        async with self.db.hot() as conn:
            found = await store.find(conn, upload_id)
        if found is None or (found.expires_at is not None and found.expires_at <= self.now()):
            raise NotFound("no file is expected here, or not any more")
        if found.state == "uploaded":
            raise AlreadyThere


async def _read(chunks: AsyncIterator[bytes]) -> bytes:
    parts, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLarge(f"the file is larger than {MOST_BYTES} bytes")
        parts.append(chunk)
    return b"".join(parts)
