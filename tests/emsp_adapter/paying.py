"""The local payment server as a test sees it, and drivers with cards at it."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from emsp_adapter.store import payment_methods
from emsp_adapter.store.payment_methods import Method
from tests.emsp_adapter.running import Adapter, Driver
from tests.serving import free_port

ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0


@dataclass
class Stripe:
    """A server process that keeps the books."""

    url: str
    client: httpx.AsyncClient

    @property
    def settings(self) -> dict[str, str]:
        """What an adapter needs to pay there."""
        return {
            "payment": "stripe",
            "stripe_key": "sk_test",
            "stripe_url": self.url,
            "stripe_webhook_secret": "whsec_test",
        }

    async def moved(self) -> Counter[tuple[str, int, str]]:
        """How often each amount was held, captured, released or refunded."""
        books = (await self.client.get(f"{self.url}/books")).json()
        return Counter((what, amount, currency) for what, _, amount, currency in books["ledger"])

    async def asked(self, path: str) -> list[str | None]:
        """The keys of the requests to paths that end so."""
        books = (await self.client.get(f"{self.url}/books")).json()
        return [key for _, at, key in books["requests"] if at.endswith(path)]

    async def trouble(self, path: str, then: str) -> None:
        """The next request to such a path goes wrong: lose | stall | 500 | refuse."""
        await self.client.post(f"{self.url}/control", json={"path": path, "then": then})

    async def fill_in(self, setup: str, method: str = "pm_visa") -> None:
        """The driver gives a card on the server's page."""
        await self.client.post(f"{self.url}/fill-in", json={"session": setup, "method": method})

    async def forget_keys(self) -> None:
        """A day has passed."""
        await self.client.post(f"{self.url}/forget")

    async def until_asked(self, path: str, *, more_than: int = 0) -> None:
        """Until more than so many requests to such a path have come."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                if len(await self.asked(path)) > more_than:
                    return
                await asyncio.sleep(0.05)


@asynccontextmanager
async def stripe() -> AsyncIterator[Stripe]:
    """The server as a process of its own, ended at the end of the block."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.emsp_adapter.stripe_server", str(port), cwd=ROOT
    )
    try:
        async with httpx.AsyncClient() as client:
            server = Stripe(f"http://127.0.0.1:{port}", client)
            await _answering(server)
            yield server
    finally:
        process.kill()
        await process.wait()


async def _answering(server: Stripe) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                await server.moved()
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


async def pays_with(emsp: Adapter, driver: Driver, reference: str = "pm_visa") -> str:
    """The driver has this card at the server; the id of the payment method."""
    method = Method(
        id=str(uuid4()),
        driver_id=driver.id,
        provider="stripe",
        customer="cus_1",
        reference=reference,
        label="Visa •••• 4242",
        is_default=True,
    )
    async with emsp.db.hot_transaction() as conn:
        assert await payment_methods.add(conn, method)
    return method.id
