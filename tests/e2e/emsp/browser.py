"""A person with a browser: a real Chromium that reaches this machine alone and notes complaints.

A request to anywhere else, a console error and a breach of the content security policy each fail
the test in which they happen.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Route,
    async_playwright,
    expect,
)

from tests import chromium

_AXE = Path(__file__).parents[2] / "assets" / "axe-core" / "axe.min.js"
_HERE = frozenset({"127.0.0.1"})
_LOCAL_SCHEMES = frozenset({"data", "blob", "about"})
# Also for what routes do not see, such as the requests of a service worker.
_NO_NAMES = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
_STEP_MS = 15_000
expect.set_options(timeout=_STEP_MS)
_TELL_BREACHES = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
_FIND = """
async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .map((found) => `${found.id}: ${found.help}: ` +
    found.nodes.map((node) => node.target.join(" ") + " " + node.html).join(" | "))
"""

Scheme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Device:
    """What a person holds, and how it is set."""

    width: int = 1280
    height: int = 800
    touch: bool = False
    locale: str = "en-GB"
    scheme: Scheme = "light"
    # Latitude and longitude, which pages may ask for.
    near: tuple[float, float] | None = None

    def given(self, **others: Any) -> Device:
        """The same, set otherwise."""
        return replace(self, **others)


DESKTOP = Device()
PHONE = Device(width=390, height=844, touch=True)


# Without slots: playwright puts attributes on whoever handles its events.
@dataclass
class Complaints:
    """What a browser found wrong; `expected` are statuses of answers that a test asks for."""

    found: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def console(self, message: ConsoleMessage) -> None:
        """Keeps an error of the console."""
        if message.type == "error" and not self._is_expected(message.text):
            self.found.append(f"console: {message.text} ({message.location.get('url', '')})")

    def error(self, error: Exception) -> None:
        """Keeps an exception that a script of the page did not catch."""
        self.found.append(f"page: {error}")

    async def guard(self, route: Route) -> None:
        """Lets nothing out of this machine."""
        target = urlsplit(route.request.url)
        if target.scheme in _LOCAL_SCHEMES or target.hostname in _HERE:
            await route.continue_()
            return
        self.found.append(f"a request to {route.request.url}")
        await route.abort()

    def _is_expected(self, text: str) -> bool:
        return any(f"status of {status} " in text for status in self.expected)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who looks at `page`."""

    page: Page
    complaints: Complaints
    pictures: Path

    async def picture(self, name: str) -> None:
        """A screenshot, for whoever looks at them."""
        await self.page.screenshot(path=self.pictures / f"{name}.png")

    async def accessible(self, name: str = "") -> None:
        """Fails on a serious finding of axe-core, in light and in dark."""
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme)
            await self.page.evaluate(_rules())
            found = await self.page.evaluate(_FIND)
            if name:
                await self.picture(f"{name}-{scheme}")
            assert not found, f"{self.page.url} in {scheme}: " + "\n".join(found)


@cache
def _rules() -> str:
    return _AXE.read_text()


def _position(device: Device) -> dict[str, Any]:
    if device.near is None:
        return {}
    latitude, longitude = device.near
    return {
        "geolocation": {"latitude": latitude, "longitude": longitude},
        "permissions": ["geolocation"],
    }


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A Chromium of its own."""
    # As root Chromium has no sandbox; what it opens here is ours.
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.executable(),
            args=[*as_root, _NO_NAMES, "--disable-dev-shm-usage"],
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def person(
    browser: Browser, url: str, pictures: Path, *, device: Device = DESKTOP
) -> AsyncIterator[Person]:
    """Somebody at `url` with cookies of their own, who ends without a complaint."""
    context = await browser.new_context(
        base_url=url,
        viewport={"width": device.width, "height": device.height},
        has_touch=device.touch,
        is_mobile=device.touch,
        locale=device.locale,
        timezone_id="Europe/Amsterdam",
        color_scheme=device.scheme,
        accept_downloads=True,
        **_position(device),
    )
    context.set_default_timeout(_STEP_MS)
    complaints = Complaints()
    await context.add_init_script(_TELL_BREACHES)
    await context.route("**/*", complaints.guard)
    page = await context.new_page()
    context.on("console", complaints.console)
    context.on("weberror", lambda raised: complaints.error(raised.error))
    try:
        yield Person(page, complaints, pictures)
    finally:
        await context.close()
    assert not complaints.found, "\n".join(complaints.found)
