"""Signing in at the pages of the identity server, as a person with a browser does."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.e2e.emsp.process import PASSWORD

_MAIN = re.compile("Main|Haupt")


async def sign_in(page: Page, email: str) -> None:
    """Fills in the page for signing in."""
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await signed_in(page)


async def signed_in(page: Page) -> None:
    """Waits for the app."""
    await expect(page.get_by_role("navigation", name=_MAIN)).to_be_visible()
