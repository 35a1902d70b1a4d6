"""Group commit: concurrent writes share one statement and one wait for the disk.

A batch takes what has gathered while the one before it was written; nothing waits for a batch to
fill, so a lone write goes at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import psycopg

from ocpi_hub.node.engine import Database, Hot

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_BATCH = 128
# While one batch waits for the disk another is prepared; more only makes them smaller.
_LANES = 2


@dataclass(frozen=True, slots=True)
class _Write(Generic[ItemT, ResultT]):
    item: ItemT
    key: Hashable
    done: asyncio.Future[ResultT] = field(default_factory=asyncio.Future)

    def answer(self, result: ResultT) -> None:
        if not self.done.done():
            self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class GroupCommit(Generic[ItemT, ResultT]):
    """Writes items in batches; `write` is one statement and answers for each item, in order.

    Two items of one key never share a batch nor travel at the same time, so they are written in
    the order they came.
    """

    def __init__(
        self,
        database: Database,
        *,
        write: Callable[[Hot, Sequence[ItemT]], Awaitable[Sequence[ResultT]]],
        key: Callable[[ItemT], Hashable],
    ) -> None:
        self._database = database
        self._write = write
        self._key = key
        self._waiting: deque[_Write[ItemT, ResultT]] = deque()
        self._travelling: set[Hashable] = set()
        self._wake = asyncio.Event()

    async def submit(self, item: ItemT) -> ResultT:
        """What `write` answered for the item, once it is committed."""
        write: _Write[ItemT, ResultT] = _Write(item, self._key(item))
        self._waiting.append(write)
        self._wake.set()
        return await write.done

    async def run(self) -> None:
        """Writes until cancelled; whoever still waits then is cancelled too."""
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(_LANES):
                    lanes.create_task(self._lane())
        finally:
            while self._waiting:
                self._waiting.popleft().done.cancel()

    async def _lane(self) -> None:
        while True:
            await self._wake.wait()
            batch = self._take()
            if not batch:
                self._wake.clear()
                continue
            try:
                await self._flush(batch)
            finally:
                self._travelling.difference_update(write.key for write in batch)
                for write in batch:
                    # Answered already, unless this lane was cancelled.
                    write.done.cancel()
                if self._waiting:
                    self._wake.set()

    def _take(self) -> list[_Write[ItemT, ResultT]]:
        """The next batch. What has to wait for its key stays in line, in order."""
        batch: list[_Write[ItemT, ResultT]] = []
        held: list[_Write[ItemT, ResultT]] = []
        while self._waiting and len(batch) < _BATCH:
            write = self._waiting.popleft()
            if write.key in self._travelling:
                held.append(write)
                continue
            self._travelling.add(write.key)
            batch.append(write)
        self._waiting.extendleft(reversed(held))
        return batch

    async def _flush(self, batch: list[_Write[ItemT, ResultT]]) -> None:
        try:
            async with self._database.hot() as conn:
                await self._flush_on(conn, batch)
                # Whoever was answered goes first; giving the connection back can wait.
                await asyncio.sleep(0)
        except (psycopg.Error, OSError) as error:
            # No database: trying them one by one would only fail more slowly.
            for write in batch:
                write.fail(error)

    async def _flush_on(self, conn: Hot, batch: list[_Write[ItemT, ResultT]]) -> None:
        try:
            results = await self._write(conn, [write.item for write in batch])
        except psycopg.Error:
            if conn.broken:
                raise
            await self._one_by_one(conn, batch)
            return
        for write, result in zip(batch, results, strict=True):
            write.answer(result)

    async def _one_by_one(self, conn: Hot, batch: list[_Write[ItemT, ResultT]]) -> None:
        """One bad item never fails its neighbours."""
        for write in batch:
            try:
                (result,) = await self._write(conn, [write.item])
            except psycopg.Error as error:
                if conn.broken:
                    raise
                write.fail(error)
            else:
                write.answer(result)
