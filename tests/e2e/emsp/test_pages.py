"""The pages that anybody sees before signing in, on a phone, by the rules for accessibility."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.emsp.browser import PHONE, person
from tests.e2e.emsp.process import EmspProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
async def test_pages_for_visitors_are_accessible(
    emsp: EmspProcess, browser: Browser, pictures: Path, locale: str
) -> None:
    device = PHONE.given(locale=locale)
    async with person(browser, emsp.url, pictures, device=device) as me:
        for path in ("/", "/account/sign-in", "/account/sign-up", "/account/forgot"):
            await me.page.goto(path)
            await expect(me.page.get_by_role("heading", level=1)).to_be_visible()
            await expect(me.page.locator("html")).to_have_attribute("lang", locale[:2])
            await me.accessible(f"{path.strip('/').replace('/', '-') or 'welcome'}-{locale[:2]}")
