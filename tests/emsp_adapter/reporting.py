"""Reports of problems: an operator that takes them, and support staff with a token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from tests import samples
from tests.emsp_adapter.running import Adapter, Cpo, Driver, cpo

LOCATION = "NL*CPO*LOC1"
BROKEN = {"kind": "broken", "text": "The plug is stuck.", "location": LOCATION}

T = TypeVar("T")


@asynccontextmanager
async def operator(emsp: Adapter, *, takes_reports: bool = True) -> AsyncIterator[Cpo]:
    """NL/CPO with LOC1, which may take reports."""
    more = ("charging-problems",) if takes_reports else ()
    async with cpo(emsp, more=more) as registered:
        await registered.put("locations", "LOC1", samples.location())
        yield registered


async def reported(driver: Driver, **given: Any) -> dict[str, Any]:
    """A report as its driver is shown it."""
    answer = await driver.api.post("/problems", json={**BROKEN, **given})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def staff(emsp: Adapter) -> httpx.AsyncClient:
    """A member of support."""
    return await emsp.api(None, scope="support")


async def until(look: Callable[[], Awaitable[T]]) -> T:
    """The first answer that is something; waited for."""
    async with asyncio.timeout(10):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.05)
