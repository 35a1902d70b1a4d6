"""Never charged twice, never charged without a CDR: the process is killed between any two steps,
and what counts is what the payment server's books say.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from emsp_adapter import payments
from emsp_adapter.money import billing
from emsp_adapter.payments.holding import sweep
from tests.emsp_adapter import billed
from tests.emsp_adapter.paying import ROOT, Stripe, pays_with, stripe
from tests.emsp_adapter.running import Adapter, Driver, adapter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_PATIENCE = 60.0
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
_CLAIMED = "SELECT count(*) FROM payments WHERE sent_at IS NOT NULL"


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapter of the test bills nothing by itself; the process that is killed does."""
    monkeypatch.setattr(billing, "_PAUSE", 3600.0)


@pytest.fixture
async def server() -> AsyncIterator[Stripe]:
    """The payment server."""
    async with stripe() as running:
        yield running


@pytest.fixture
async def emsp(emsp_database_url: str, server: Stripe) -> AsyncIterator[Adapter]:
    """The adapter that goes on after the other was killed."""
    async with adapter(emsp_database_url, **server.settings) as running:
        yield running


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    """A driver with a card, for whose charge 50.00 are held."""
    driver = await emsp.driver()
    await pays_with(emsp, driver)
    held = await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    assert held.state == "held"
    return driver


async def test_killed_while_the_bill_is_made(emsp: Adapter, server: Stripe, driver: Driver) -> None:
    await emsp.rows("INSERT INTO bill_numbers (year) VALUES (%s) RETURNING year", _year(emsp))
    await billed.accepted(emsp, driver, charge_id="charge-1", gross="60.01")

    async with _locked(emsp, "SELECT FROM bill_numbers FOR UPDATE"), _killed(emsp, server):
        await _until(emsp, _WAITING)

    assert await emsp.rows("SELECT id FROM bills") == []
    await _goes_on(emsp)
    await _paid_once(emsp, server)


async def test_killed_before_the_server_is_asked(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await billed.accepted(emsp, driver, charge_id="charge-1", gross="60.01")

    lock = "LOCK TABLE payment_methods IN ACCESS EXCLUSIVE MODE"
    await billing.bill_cdrs(emsp.office)
    async with _locked(emsp, lock), _killed(emsp, server):
        await _until(emsp, _CLAIMED)

    assert await server.asked("/capture") == []
    await _goes_on(emsp)
    await _paid_once(emsp, server)


@pytest.mark.parametrize("path", ["/capture", "/payment_intents"])
async def test_killed_while_the_server_answers(
    emsp: Adapter, server: Stripe, driver: Driver, path: str
) -> None:
    asked_before = len(await server.asked(path))
    await server.trouble(path, "stall")
    await billed.accepted(emsp, driver, charge_id="charge-1", gross="60.01")

    async with _killed(emsp, server):
        await server.until_asked(path, more_than=asked_before)

    await _goes_on(emsp)
    await _paid_once(emsp, server)


async def test_killed_before_the_answer_is_written(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await billed.accepted(emsp, driver, charge_id="charge-1", gross="60.01")
    await billing.bill_cdrs(emsp.office)

    async with _locked(emsp, "SELECT FROM bills FOR UPDATE"), _killed(emsp, server):
        await server.until_asked("/capture")
        await _until(emsp, _WAITING)

    assert ("done",) not in await emsp.rows("SELECT state FROM payments")
    await _goes_on(emsp)
    await _paid_once(emsp, server)


async def test_killed_while_a_refund_is_made(emsp: Adapter, server: Stripe, driver: Driver) -> None:
    bill = await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="7.26")
    await emsp.parts.billing.settling.step()
    await server.trouble("/refunds", "stall")
    await billed.credit_of(emsp, bill)

    async with _killed(emsp, server):
        await server.until_asked("/refunds")

    await _goes_on(emsp)
    assert (await server.moved())["refunded", 726, "eur"] == 1
    assert await emsp.rows("SELECT DISTINCT state FROM bills") == [("refunded",)]


async def test_killed_while_a_hold_is_made(emsp: Adapter, server: Stripe) -> None:
    """Nobody charges after it, so that it is given back."""
    driver = await emsp.driver()
    await pays_with(emsp, driver)
    await server.trouble("/payment_intents", "lose")
    await payments.hold(emsp.office, driver.id, "charge-2", "EUR")
    await emsp.rows("UPDATE holds SET state = 'asked', updated_at = '2026-01-01' RETURNING state")

    await sweep(emsp.office)

    assert await server.moved() == {("held", 5000, "eur"): 1, ("released", 5000, "eur"): 1}


async def test_two_processes_pay_once(emsp: Adapter, server: Stripe, driver: Driver) -> None:
    for count in range(4):
        await billed.accepted(emsp, driver, cdr_id=f"CDR{count}", gross="60.01")

    await asyncio.gather(*(emsp.parts.billing.step() for _ in range(4)))

    assert (await server.moved())["captured", 6001, "eur"] == 4
    numbers = await emsp.rows("SELECT number FROM bills ORDER BY number")
    assert [number[-1] for (number,) in numbers] == ["1", "2", "3", "4"]


async def test_nothing_is_taken_without_a_cdr(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await emsp.parts.billing.step()

    assert await server.moved() == {("held", 5000, "eur"): 1}


@asynccontextmanager
async def _killed(emsp: Adapter, server: Stripe) -> AsyncIterator[None]:
    """A process that bills and pays, killed at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.emsp_adapter.billing_process",
        emsp.database_url,
        server.url,
        cwd=ROOT,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def _locked(emsp: Adapter, statement: str) -> AsyncIterator[None]:
    """A lock that the process comes to wait for; it is gone at the end of the block."""
    conn = await emsp.db.connect()
    try:
        await conn.execute(b"SET idle_in_transaction_session_timeout = 0")
        async with conn.transaction():
            await conn.execute(statement.encode())
            yield
    finally:
        await conn.close()


async def _until(emsp: Adapter, question: str) -> None:
    """Until the answer is not 0."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            if await emsp.row(question) != (0,):
                return
            await asyncio.sleep(0.02)


async def _goes_on(emsp: Adapter) -> None:
    """Another process, after a while: no claim of the one that died holds any more."""
    await emsp.rows("UPDATE payments SET due_at = now() WHERE state = 'due' RETURNING id")
    await emsp.parts.billing.step()
    await emsp.parts.billing.step()


async def _paid_once(emsp: Adapter, server: Stripe) -> None:
    """60.01: what was held, and the rest."""
    moved = await server.moved()
    taken = {what: times for what, times in moved.items() if what[0] == "captured"}
    assert taken == {("captured", 5000, "eur"): 1, ("captured", 1001, "eur"): 1}
    assert await emsp.rows("SELECT state, gross::text FROM bills") == [("paid", "60.01")]


def _year(emsp: Adapter) -> int:
    return emsp.office.now().year
