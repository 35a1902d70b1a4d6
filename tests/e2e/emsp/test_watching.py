"""What the browser tests rest on: nothing wrong on a page stays unseen."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.e2e.emsp.browser import person
from tests.serving import free_port, serving

_AXE = Path(__file__).parents[2] / "assets" / "axe-core"
_PAGE = '<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>{}</main></html>'
_GOOD = {"Content-Security-Policy": "img-src 'self' data: https:"}
_STRICT = {"Content-Security-Policy": "script-src 'none'"}


def page_of(inside: str, headers: Mapping[str, str]) -> Callable[..., Any]:
    async def show(_: object) -> HTMLResponse:
        return HTMLResponse(_PAGE.format(inside), headers=dict(headers))

    return show


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """A page with nothing wrong, and some with one thing wrong each."""
    port = free_port()
    pages = {
        "/": page_of("<p>Nothing wrong.</p>", _GOOD),
        "/outside": page_of('<img alt="" src="https://tiles.example/0/0/0.png">', _GOOD),
        "/console": page_of("<script>console.error('it broke')</script>", {}),
        "/raised": page_of("<script>throw new Error('it broke')</script>", {}),
        "/inline": page_of("<script>1</script>", _STRICT),
        "/unlabelled": page_of("<button></button>", _GOOD),
        "/favicon.ico": page_of("", _GOOD),
    }
    app = Starlette(routes=[Route(path, page) for path, page in pages.items()])
    async with serving(app, port):
        yield f"http://127.0.0.1:{port}"


async def visited(site: str, browser: Browser, pictures: Path, path: str) -> None:
    """Look at one page."""
    async with person(browser, site, pictures) as somebody:
        await somebody.page.goto(path)
        await somebody.page.wait_for_load_state("networkidle")


async def test_a_page_with_nothing_wrong_passes(
    site: str, browser: Browser, pictures: Path
) -> None:
    async with person(browser, site, pictures) as somebody:
        await somebody.page.goto("/")
        await somebody.accessible()


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/outside", r"a request to https://tiles\.example/0/0/0\.png"),
        ("/console", "console: it broke"),
        ("/raised", "page: .*it broke"),
        ("/inline", "content security policy: script-src"),
    ],
)
async def test_what_is_wrong_on_a_page_fails_the_test(
    site: str, browser: Browser, pictures: Path, path: str, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        await visited(site, browser, pictures, path)


async def test_a_button_without_a_name_is_found(
    site: str, browser: Browser, pictures: Path
) -> None:
    async with person(browser, site, pictures) as somebody:
        await somebody.page.goto("/unlabelled")
        with pytest.raises(AssertionError, match="button-name"):
            await somebody.accessible()


def test_the_rules_are_those_that_were_published() -> None:
    lines = (_AXE / "SHA256SUMS").read_text().splitlines()
    listed = {name: checksum for checksum, name in (line.split() for line in lines)}

    assert listed
    assert {
        name: hashlib.sha256((_AXE / name).read_bytes()).hexdigest() for name in listed
    } == listed
