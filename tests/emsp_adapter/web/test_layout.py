"""What lies where, and what a finger reaches, on screens of all sizes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.emsp.browser import PHONE, Device, person
from tests.emsp_adapter.web.provider import KEY, Provider, details, provider
from tests.partners import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

NARROW = PHONE.given(width=320, height=640)
SCREENS = {"320": NARROW, "390": PHONE, "1280": Device()}
# Where the corners of a box come to lie in a window, in pixels from its left and top.
_CORNERS = """
async ([box, width, height]) => {
  const {fitting, worldSize, xOf, yOf} = await import("/static/js/map/mercator.js");
  const {INSETS} = await import("/static/js/map/chart.js");
  const view = fitting(box, width, height, INSETS);
  const size = worldSize(view.zoom);
  const [west, south, east, north] = box;
  return [
    (xOf(west) - view.x) * size + width / 2, (yOf(north) - view.y) * size + height / 2,
    (xOf(east) - view.x) * size + width / 2, (yOf(south) - view.y) * size + height / 2];
}
"""


@pytest.fixture
async def emsp() -> AsyncIterator[Provider]:
    """A provider whose one charger is free."""
    async with provider() as running:
        yield running


async def signed_in(page: Page) -> None:
    """Opens the app and signs in."""
    await page.goto("/")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()


async def box_of(one: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an element."""
    found = await one.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    """Whether two boxes have something in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("device", SCREENS.values(), ids=SCREENS)
async def test_nothing_lies_over_the_scale_of_the_map(
    browser: Browser, emsp: Provider, tmp_path: Path, device: Device
) -> None:
    async with person(browser, emsp.url, tmp_path, device=device) as me:
        await signed_in(me.page)
        await expect(me.page.locator(".map-scale")).not_to_be_empty()
        scale = await box_of(me.page.locator(".map-scale"))

        over = {
            name: await box_of(me.page.locator(name))
            for name in (".map-controls", ".map-credit", ".switcher")
            if await me.page.locator(name).is_visible()
        }

    assert {name for name, box in over.items() if overlap(scale, box)} == set()


WIDE, HIGH = [5.0, 52.0, 6.0, 52.1], [5.0, 50.0, 5.1, 53.0]


@pytest.mark.parametrize("box", [WIDE, HIGH], ids=["wide", "high"])
@pytest.mark.parametrize("size", [(320, 300), (390, 560), (800, 700)], ids=str)
async def test_no_marker_of_a_part_that_is_fitted_lies_under_what_floats_over_the_map(
    browser: Browser, emsp: Provider, tmp_path: Path, box: list[float], size: tuple[int, int]
) -> None:
    width, height = size
    async with person(browser, emsp.url, tmp_path) as me:
        await me.page.goto("/")
        left, top, right, bottom = await me.page.evaluate(_CORNERS, [box, width, height])

    # Half a cluster of the largest size, and the buttons for zooming or for the list.
    assert left >= 33
    assert top >= 44
    assert right <= width - (12 + 44 + 33)
    assert bottom <= height - (14 + 54)


_PLACE = "localStorage.getItem('emsp.place')"


async def test_a_reload_shows_the_part_of_the_map_that_was_looked_at(
    browser: Browser, emsp: Provider, tmp_path: Path
) -> None:
    async with person(browser, emsp.url, tmp_path, device=PHONE) as me:
        await signed_in(me.page)
        before = json.loads(await _written(me.page, other_than=None))
        # Spaced otherwise than by the app, so that it shows when the app has written it again.
        await me.page.evaluate(f"localStorage.setItem('emsp.place', '{json.dumps(before)}')")

        await me.page.reload()
        await expect(me.page.locator(".map-markers a")).to_have_count(1)
        after = json.loads(await _written(me.page, other_than=json.dumps(before)))

    assert after == pytest.approx(before, abs=1e-6)


async def _written(page: Page, *, other_than: str | None) -> str:
    """The place that the app has written; not by `wait_for_function`, which the pages' policy on
    scripts forbids."""
    found: list[str] = []

    async def changed() -> bool:
        found[:] = [await page.evaluate(_PLACE)]
        return found != [other_than]

    await eventually(changed)
    return found[0]


def _two() -> dict[str, Any]:
    (one,) = details()["evses"]
    return details(evses=[one, one | {"uid": "EVSE2", "physical_reference": "B2"}])


async def test_a_tap_on_the_name_of_a_point_chooses_its_plug(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        provider(place=_two()) as emsp,
        person(browser, emsp.url, tmp_path, device=PHONE) as me,
    ):
        await signed_in(me.page)
        await me.page.goto(f"/#/station/{KEY}")

        name = await box_of(me.page.get_by_text("Charging point B2"))
        await me.page.touchscreen.tap(name[0] + 5, name[1] + 5)

        await expect(me.page.get_by_role("radio", name="Charging point B2")).to_be_checked()


async def test_why_a_point_cannot_be_started_is_said_as_the_api_says_it(
    browser: Browser, tmp_path: Path
) -> None:
    (one,) = details()["evses"]
    reserved = one | {
        "status": "RESERVED",
        "startable": False,
        "start_refusal": "The charging point is reserved for somebody else.",
    }
    async with (
        provider(place=details(evses=[reserved])) as emsp,
        person(browser, emsp.url, tmp_path) as me,
    ):
        await signed_in(me.page)
        await me.page.goto(f"/#/station/{KEY}")

        why = me.page.get_by_text(reserved["start_refusal"])
        await expect(why).to_be_visible()
        await expect(me.page.get_by_role("button", name="Start charging")).to_have_count(0)


async def test_what_was_said_on_a_page_is_not_read_on_the_next(
    browser: Browser, emsp: Provider, tmp_path: Path
) -> None:
    async with person(browser, emsp.url, tmp_path) as me:
        await signed_in(me.page)
        await me.page.goto("/#/charge/CHARGE")
        await expect(me.page.get_by_role("heading", level=1)).to_have_text("Your charge")
        await me.page.evaluate(
            'import("/static/js/widgets.js").then(({say}) => say("0.92 kWh charged."))'
        )
        await expect(me.page.get_by_text("0.92 kWh charged.")).to_have_count(1)

        await me.page.goto(f"/#/station/{KEY}")

        await expect(me.page.get_by_test_id("price-total")).to_be_visible()
        await expect(me.page.get_by_text("0.92 kWh charged.")).to_have_count(0)
