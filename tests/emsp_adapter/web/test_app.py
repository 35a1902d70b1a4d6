"""The web app in a real Chromium, before a provider that says what no provider should."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.emsp.browser import Person, browsing, person
from tests.emsp_adapter.web.provider import EVIL, KEY, Provider, details, provider

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

_STORED = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])"
# A module of the app, called in the page of the app.
_CALL = """
async ([module, name, given]) => (await import(`/static/js/${module}`))[name](...given)
"""
_PIECES = """
async (pieces) => {
  const {parser} = await import("/static/js/stream.js");
  const told = [];
  const parse = parser((event) => told.push(event));
  pieces.forEach(parse);
  return told;
}
"""
_DECODED = """
async (topology) => {
  const {decode} = await import("/static/js/map/world.js");
  return decode(topology).map((ring) => [...ring.points]);
}
"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of the test's own."""
    async with browsing() as opened:
        yield opened


@pytest.fixture
async def emsp() -> AsyncIterator[Provider]:
    """A provider whose one charger is free."""
    async with provider() as running:
        yield running


@pytest.fixture
async def me(browser: Browser, emsp: Provider, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody before the app."""
    async with person(browser, emsp.url, tmp_path) as somebody:
        await somebody.page.goto("/")
        yield somebody


async def signed_in(page: Page) -> None:
    """Signs in."""
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()


async def at_the_charger(page: Page) -> None:
    """Signs in and opens the charger's page, its plug chosen."""
    await signed_in(page)
    await page.goto(f"/#/station/{KEY}")
    await expect(page.get_by_test_id("price-total")).to_have_text("€9.44")


async def test_markup_in_what_partners_write_is_shown_and_not_run(me: Person) -> None:
    await at_the_charger(me.page)

    await expect(me.page.get_by_role("heading", level=1)).to_have_text(EVIL)
    assert await me.page.locator("main img").count() == 0
    assert await me.page.evaluate("globalThis.broken") is None


async def test_a_script_is_no_address_of_a_picture(browser: Browser, tmp_path: Path) -> None:
    images = [
        {"url": "javascript:alert(1)", "category": "OTHER"},
        {"url": "https://photos.example/1.jpg", "category": "ENTRANCE"},
    ]
    async with (
        provider(place=details(images=images)) as emsp,
        person(browser, emsp.url, tmp_path) as me,
    ):
        await me.page.goto("/")
        await at_the_charger(me.page)

        links = await me.page.get_by_role("link", name=re.compile("Photo")).all()
        assert [await link.get_attribute("href") for link in links] == [
            "https://photos.example/1.jpg"
        ]


async def test_no_token_is_kept_where_another_script_could_read_it(me: Person) -> None:
    await signed_in(me.page)

    stored = await me.page.evaluate(_STORED)

    assert "ACCESS" not in stored
    assert "REFRESH" not in stored


async def test_a_reload_stays_signed_in_and_where_it_was(me: Person) -> None:
    await at_the_charger(me.page)

    await me.page.reload()

    await expect(me.page.get_by_role("heading", level=1)).to_have_text(EVIL)


async def test_the_code_of_somebody_elses_sign_in_is_not_taken(me: Person) -> None:
    await me.page.goto("/?code=THEIRS&state=THEIRS")

    await expect(me.page.get_by_role("alert")).to_contain_text("not for this browser")
    await expect(me.page).to_have_url(re.compile(r"/$"))


_LIE = "error_description=Call+0900+123456"


async def test_a_link_puts_no_words_of_its_own_on_the_page(me: Person) -> None:
    await me.page.goto(f"/?error=access_denied&{_LIE}&state=THEIRS")

    await expect(me.page.get_by_role("alert")).to_contain_text("not for this browser")
    await expect(me.page.get_by_role("alert")).not_to_contain_text("0900")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("access_denied", "you did not allow it"),
        ("temporarily_unavailable", "busy"),
        ("invalid_scope", "did not accept it"),
    ],
)
async def test_a_sign_in_that_was_refused_is_told_in_our_words(
    me: Person, code: str, words: str
) -> None:
    await me.page.evaluate(
        "sessionStorage.setItem('emsp.sign-in', JSON.stringify({state: 'OURS', hash: ''}))"
    )

    await me.page.goto(f"/?error={code}&{_LIE}&state=OURS")

    await expect(me.page.get_by_role("alert")).to_contain_text(words)
    await expect(me.page.get_by_role("alert")).not_to_contain_text("0900")


async def test_a_start_without_an_answer_is_sent_again_with_its_key(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        provider(lost=1) as emsp,
        person(browser, emsp.url, tmp_path) as me,
    ):
        me.complaints.expected |= {409, 502}
        await me.page.goto("/")
        await at_the_charger(me.page)
        start = me.page.get_by_role("button", name="Start charging")
        await start.click()
        await expect(me.page.get_by_role("alert")).to_contain_text("502")
        await start.click()
        await expect(me.page.get_by_role("alert")).to_have_text("The station went away.")
        await start.click()
        await expect(start).to_be_enabled()

    first, again, anew = emsp.starts
    assert first == again
    assert anew != again


async def test_offline_no_status_stays_on_the_screen(me: Person) -> None:
    await at_the_charger(me.page)
    await expect(me.page.get_by_text("1 of 1 free")).to_be_visible()

    await me.page.context.set_offline(True)

    await expect(me.page.get_by_text("You are offline.")).to_be_visible()
    await expect(me.page.get_by_text("1 of 1 free")).to_have_count(0)
    await me.page.context.set_offline(False)
    await expect(me.page.get_by_text("1 of 1 free")).to_be_visible()


@pytest.mark.parametrize(
    ("pieces", "events"),
    [
        pytest.param(['event: charge\ndata: {"n":1}\n\n'], [{"n": 1}], id="whole"),
        pytest.param(['data: {"n"', ":1}\n", "\n"], [{"n": 1}], id="in pieces"),
        pytest.param(
            ['data: {"n":1}\r\n\r\ndata: {"n":2}\r\n\r\n'], [{"n": 1}, {"n": 2}], id="two"
        ),
        pytest.param([": beat\n\n", 'data: {"n":\ndata: 1}\n\n'], [{"n": 1}], id="lines"),
        pytest.param(['data: {"n":1}\n'], [], id="unfinished"),
    ],
)
async def test_events_are_read_however_they_are_cut(
    me: Person, pieces: list[str], events: list[Any]
) -> None:
    assert await me.page.evaluate(_PIECES, pieces) == events


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("https://photos.example/1.jpg", "https://photos.example/1.jpg"),
        ("tel:+31201234567", "tel:+31201234567"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("data:text/html,<script>", None),
        ("http://photos.example/1.jpg", None),
        ("//photos.example", None),
    ],
)
async def test_an_address_leads_out_only_by_a_known_scheme(
    me: Person, url: str, leads_to: str | None
) -> None:
    assert await me.page.evaluate(_CALL, ["dom.js", "safeUrl", [url]]) == leads_to


async def test_outlines_are_put_together_from_arcs_in_both_directions(me: Person) -> None:
    topology = {
        "transform": {"scale": [90, 45], "translate": [-180, 0]},
        "arcs": [[[0, 0], [1, 0]], [[1, 1], [0, -1]], [[1, 1], [-1, -1]]],
        "objects": {
            "countries": {"geometries": [{"type": "Polygon", "arcs": [[0, -2, 2]]}]},
        },
    }

    (ring,) = await me.page.evaluate(_DECODED, topology)

    assert ring[0::2] == [0, 0.25, 0.25, 0]
    assert ring[1] == ring[3] == ring[7] == 0.5
    assert ring[5] < 0.5
