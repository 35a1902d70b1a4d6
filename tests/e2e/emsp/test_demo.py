"""`make demo` as a person plays it: log in with what is printed, start a session, get a receipt."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.emsp.browser import DESKTOP, person
from tests.e2e.test_demo import demo, lines_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("demo")]

_WHERE = re.compile(r"Open (\S+) in a browser and log in as (\S+)\s+with the password (\S+)")
_YOURS = re.compile(r"(Elm \w+) is left to you")
_GUEST = re.compile(r"Without an account, open (\S+/g/\S+)")
_SOME = re.compile(r"^\d+\.(\d[1-9]|[1-9]\d) kWh$")
# Simulated drivers take a while to drive there, plug in and charge.
_PATIENCE_MS = 60_000


async def test_whoever_opens_the_printed_address_can_start_a_session_and_gets_the_receipt(
    browser: Browser, pictures: Path
) -> None:
    async with demo() as process:
        said = "".join(await lines_until(process, "Without an account"))
        (url, email, password), (yours,), (guest,) = (
            _printed(each, said) for each in (_WHERE, _YOURS, _GUEST)
        )
        async with person(browser, url, pictures, device=DESKTOP) as me:
            page = me.page
            await log_in(page, email, password)
            await charge_at(page, yours)
            energy = page.get_by_test_id("charge-energy")
            await expect(energy).to_have_text(_SOME, timeout=_PATIENCE_MS)
            await me.picture("demo-charging")
            await page.get_by_role("button", name="Stop charging").click()
            dialog = page.get_by_role("dialog")
            await dialog.get_by_role("button", name="Stop charging").click()
            receipt = page.get_by_role("link", name="Show the receipt")
            await expect(receipt).to_be_visible(timeout=_PATIENCE_MS)
            await receipt.click()
            await expect(page.get_by_test_id("receipt-gross")).to_contain_text("€")
            await me.picture("demo-receipt")
            await page.goto(guest)
            await expect(page.get_by_role("heading", level=1)).to_have_text(yours)
            await expect(page.get_by_role("button", name="Start charging")).to_be_visible()
            await me.picture("demo-guest")
        process.send_signal(signal.SIGINT)
        await lines_until(process, "the end of the output")
        assert await process.wait() == 0


async def log_in(page: Page, email: str, password: str) -> None:
    """By the page of the provider."""
    await page.goto("/")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()


async def charge_at(page: Page, name: str) -> None:
    """Starts at the place, where nobody else charges."""
    await page.goto("/#/list")
    await page.get_by_role("link", name=name).first.click()
    await page.get_by_role("radio", name=re.compile("Free")).first.check()
    await page.get_by_role("button", name="Start charging").click()
    begun = page.get_by_role("heading", level=1, name="Your charge")
    await expect(begun).to_be_visible(timeout=_PATIENCE_MS)


def _printed(what: re.Pattern[str], said: str) -> tuple[str, ...]:
    found = what.search(said)
    assert found is not None, said
    return found.groups()
