"""The process that prices CDRs: a bill of ten thousand lines must not hold up a message.

It is started when first asked, and anew after it died or took too long.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ocpi_hub import pricing_worker
from ocpi_hub.pricing_worker import READY, SIZE, framed
from ocpi_hub.repricing import Answer, Question

log = logging.getLogger(__name__)

_COMMAND = (sys.executable, "-m", pricing_worker.__name__)
# What reading an answer raises that was not written by this version of the program.
_NO_ANSWER = (pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError)

T = TypeVar("T")


class PricingFailed(Exception):
    """There is no answer: the process died or took too long."""


@dataclass(slots=True)
class PricingProcess:
    """One process, asked one question at a time; `timeout` is in seconds, for one answer."""

    command: tuple[str, ...] = _COMMAND
    timeout: float = 10.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _process: asyncio.subprocess.Process | None = None

    async def ask(self, question: Question) -> Answer:
        """What it says; PricingFailed says why it says nothing."""
        async with self._turn:
            return await self._in_time(self._exchange(framed(question)))

    async def warm(self) -> None:
        """Start it, so that the first CDR does not wait for that."""
        async with self._turn:
            try:
                await self._in_time(self._running())
            except PricingFailed as failed:
                log.warning("the pricing process does not start", extra={"reason": str(failed)})

    async def stop(self) -> None:
        """End it; it is started again by the next question."""
        async with self._turn:
            await self._end()

    async def _in_time(self, step: Coroutine[Any, Any, T]) -> T:
        """A step that leaves no process behind which could answer the wrong question."""
        try:
            async with asyncio.timeout(self.timeout):
                return await step
        except TimeoutError:
            await self._end()
            raise PricingFailed(f"it took more than {self.timeout:g} seconds") from None
        # A RuntimeError is what uvloop raises where it knows that the pipe is closed.
        except (OSError, RuntimeError, asyncio.IncompleteReadError) as error:
            await self._end()
            raise PricingFailed(f"the pricing process died: {error}") from error
        except _NO_ANSWER as error:
            await self._end()
            raise PricingFailed(f"the pricing process gave no answer: {error}") from error
        except asyncio.CancelledError:
            await self._end()
            raise

    async def _exchange(self, content: bytes) -> Answer:
        process = await self._running()
        _input(process).write(content)
        await _input(process).drain()
        size = await _output(process).readexactly(SIZE)
        content = await _output(process).readexactly(int.from_bytes(size))
        answer: Answer = pickle.loads(content)  # noqa: S301 - from a process of this program
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and _gone(self._process):
            # It died between two questions, and of neither of them.
            await self._end()
        if self._process is None:
            # In a session of its own: Ctrl-C is for the hub, and the end of its input ends it.
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            await _output(self._process).readexactly(len(READY))
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        # Reads what is left of its output, so that the pipe is closed.
        await process.communicate()


def _gone(process: asyncio.subprocess.Process) -> bool:
    return process.returncode is not None or _input(process).is_closing()


def _input(process: asyncio.subprocess.Process) -> asyncio.StreamWriter:
    if process.stdin is None:
        raise PricingFailed("the pricing process has no input")
    return process.stdin


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise PricingFailed("the pricing process has no output")
    return process.stdout
