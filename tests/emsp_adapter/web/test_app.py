"""The web app in a real Chromium, before a provider that says what no provider should."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.emsp.browser import Device, Person, person
from tests.emsp_adapter.web.provider import EVIL, KEY, PRICE, Provider, charge, details, provider

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
# Of each outline its west, its east and its widest step, but for the map's lower edge.
_STEPS = """
async (name) => {
  const {decode} = await import("/static/js/map/world.js");
  const topology = await (await fetch(`/static/vendor/world-atlas/${name}.json`)).json();
  const step = (at, points) => points[at + 1] === 1 ? 0 : Math.abs(points[at] - points[at - 2]);
  const widest = (points) => points.reduce(
    (most, _, at) => at % 2 || !at ? most : Math.max(most, step(at, points)), 0);
  return decode(topology).map(({points, box}) => [box[0], box[2], widest(points)]);
}
"""
_PART = """
async ([amounts, currency]) => {
  const {partsFormat} = await import("/static/js/format.js");
  return partsFormat(amounts, currency)(amounts[0], currency);
}
"""


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


async def test_the_sum_names_the_energy_and_the_minutes_that_it_is_for(
    me: Person, emsp: Provider
) -> None:
    await at_the_charger(me.page)
    await expect(me.page.get_by_text("€9.44 for 11 kWh", exact=True)).to_be_visible()

    await me.page.get_by_label("Minutes plugged in").fill("60")

    await expect(me.page.get_by_text("€9.44 for 11 kWh in 60 minutes")).to_be_visible()
    assert [asked.get("minutes") for asked in emsp.prices] == [None, "60"]


async def test_a_guest_sees_the_plug_as_it_stands_there_and_the_price_of_what_he_thinks_of(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        provider(sticker="ABCDEFG") as emsp,
        person(browser, emsp.url, tmp_path) as me,
    ):
        page = me.page
        await page.goto("/g/ABCDEFG")

        await expect(page.get_by_role("heading", level=1)).to_have_text("Station Square")
        await expect(page.get_by_text("Stationsplein 1, Utrecht")).to_be_visible()
        point = page.get_by_role("region", name="Charging points")
        await expect(point).to_contain_text("Charging point A1")
        await expect(point).to_contain_text("Floor -1")
        await expect(point).to_contain_text("Type 2 · 22 kW")
        await expect(point).to_contain_text("cable attached")
        await expect(page.get_by_text("7f3c0a")).to_have_count(0)
        await page.get_by_label("Minutes plugged in").fill("60")
        await expect(page.get_by_text("€9.44 for 11 kWh in 60 minutes")).to_be_visible()
        await expect(page.get_by_role("table")).to_contain_text("€7.85")

    assert emsp.prices[-1] == {"energy_kwh": "20", "minutes": "60"}


async def test_a_part_of_a_price_says_that_its_unit_comes_without_vat(me: Person) -> None:
    await at_the_charger(me.page)

    rows = me.page.get_by_role("table").locator("tbody tr")
    await expect(rows.nth(0)).to_contain_text(re.compile("11 kWh. €0.59 [+] VAT€7.85"))
    await expect(rows.nth(1)).to_contain_text(re.compile("36 min. €2.19/h [+] VAT€1.59"))


async def test_a_rounding_of_less_than_a_coin_is_no_part_of_a_price(me: Person) -> None:
    await at_the_charger(me.page)

    await expect(me.page.get_by_role("table").locator("tbody tr")).to_have_count(2)


@pytest.mark.parametrize(
    ("amounts", "currency", "shown"),
    [
        pytest.param(["7.8529", "1.5899"], "EUR", "€7.85", id="cents add up"),
        pytest.param(["7.8540", "1.5840"], "EUR", "€7.854", id="a cent would be missing"),
        pytest.param(["7.8540", "-7.8540"], "EUR", "€7.85", id="taken back"),
        pytest.param(["7.5", "1.5"], "JPY", "¥7.5", id="a coin would be too many"),
    ],
)
async def test_parts_are_as_short_as_their_sum_lets_them_be(
    me: Person, amounts: list[str], currency: str, shown: str
) -> None:
    written = await me.page.evaluate(_PART, [amounts, currency])

    assert written.replace("JP", "") == shown


async def test_what_is_filled_in_stays_when_the_status_of_the_plug_changes(
    me: Person, emsp: Provider
) -> None:
    await me.page.clock.install()
    await at_the_charger(me.page)
    await me.page.get_by_text("Start later").click()
    await me.page.get_by_label("Start at").fill("2031-03-01T10:15")

    emsp.place["evses"][0]["status"] = "RESERVED"
    await me.page.clock.run_for(31_000)

    await expect(me.page.get_by_text("only for the driver who reserved it")).to_be_visible()
    await expect(me.page.get_by_label("Start at")).to_have_value("2031-03-01T10:15")


async def test_what_was_held_for_a_start_that_failed_is_told_as_given_back(
    browser: Browser, tmp_path: Path
) -> None:
    note = "Demonstration: no money is moved."
    held = {"state": "held", "amount": "30.00", "currency": "EUR", "provider_note": note}
    async with (
        provider(charges=[charge(payment=held), charge()]) as emsp,
        person(browser, emsp.url, tmp_path) as me,
    ):
        await me.page.goto("/")
        await signed_in(me.page)
        await me.page.goto("/#/charge/CHARGE")

        await expect(me.page.get_by_text("Reserved on your payment method")).to_be_visible()
        await expect(me.page.get_by_text("Reserved on your payment method")).to_have_count(0)


@pytest.mark.parametrize(
    ("state", "capabilities", "offered"),
    [
        pytest.param("charging", ["CHARGING_PREFERENCES_CAPABLE"], 1, id="able"),
        pytest.param("charging", ["RESERVABLE"], 0, id="not able"),
        pytest.param("starting", ["CHARGING_PREFERENCES_CAPABLE"], 0, id="not yet"),
    ],
)
async def test_a_preference_is_asked_for_where_the_charger_follows_it(
    browser: Browser, tmp_path: Path, state: str, capabilities: list[str], offered: int
) -> None:
    place = details()
    place["evses"][0]["capabilities"] = capabilities
    async with (
        provider(place=place, charges=[charge(state=state)]) as emsp,
        person(browser, emsp.url, tmp_path) as me,
    ):
        await me.page.goto("/")
        await signed_in(me.page)
        await me.page.goto("/#/charge/CHARGE")
        await me.page.wait_for_load_state("networkidle")

        shown = me.page.locator("summary", has_text="Charging preference")
        await expect(shown).to_have_count(offered)


@pytest.mark.parametrize(
    ("ended_at", "shown"),
    [
        ("2026-03-01T10:00:01Z", "1 second"),
        ("2026-03-01T10:00:59Z", "59 seconds"),
        ("2026-03-01T10:01:59Z", "1 minute"),
        ("2026-03-01T11:05:00Z", "1 h 5 min"),
    ],
)
async def test_a_charge_of_less_than_a_minute_is_told_in_seconds(
    me: Person, ended_at: str, shown: str
) -> None:
    given = ["2026-03-01T10:00:00Z", ended_at]
    await expect(me.page.get_by_role("heading", level=1)).to_be_visible()

    assert await me.page.evaluate(_CALL, ["format.js", "duration", given]) == shown


@pytest.mark.parametrize(
    ("path", "title", "leads_to"),
    [
        ("/#/station/GONE", "This charger is not here any more", "#/map"),
        ("/#/nowhere", "There is no such page.", "#/map"),
        ("/g/ABCDEFG", "This code leads to no charger", "/"),
    ],
)
async def test_what_is_not_there_is_told_in_our_words(
    me: Person, path: str, title: str, leads_to: str
) -> None:
    me.complaints.expected |= {404}
    await signed_in(me.page)

    await me.page.goto(path)

    await expect(me.page.get_by_role("heading", level=1)).to_have_text(title)
    map_link = me.page.get_by_role("link", name="Go to the map")
    await expect(map_link).to_have_attribute("href", leads_to)


async def test_offline_no_status_stays_on_the_screen(me: Person) -> None:
    await at_the_charger(me.page)
    await expect(me.page.get_by_text("1 of 1 free")).to_be_visible()

    await me.page.context.set_offline(True)

    await expect(me.page.get_by_text("You are offline.")).to_be_visible()
    await expect(me.page.get_by_text("1 of 1 free")).to_have_count(0)
    await me.page.context.set_offline(False)
    await expect(me.page.get_by_text("1 of 1 free")).to_be_visible()


GERMAN = Device(locale="de-DE")


async def test_a_paper_is_shown_in_the_language_it_was_made_out_in(
    browser: Browser, emsp: Provider, tmp_path: Path
) -> None:
    async with person(browser, emsp.url, tmp_path, device=GERMAN) as me:
        await me.page.goto("/")
        await me.page.get_by_role("button", name="Anmelden").click()
        await expect(me.page.get_by_role("navigation", name="Haupt")).to_be_visible()
        await me.page.goto("/#/receipt/RECEIPT")

        paper = me.page.locator("[lang=en]")
        await expect(me.page.get_by_role("button", name="PDF herunterladen")).to_be_visible()
        await expect(paper).to_contain_text("VAT 21 %")
        await expect(paper).to_contain_text("€9.44")
        await expect(me.page.get_by_role("main")).not_to_contain_text("MwSt.")


async def test_the_parts_of_a_bill_are_shown_in_the_language_of_the_bill(
    browser: Browser, tmp_path: Path
) -> None:
    billed = charge(
        state="finished",
        reason=None,
        started_at="2026-03-01T10:00:00Z",
        ended_at="2026-03-01T11:00:00Z",
        cost=PRICE,
        cost_is="final",
        cost_language="en",
        receipt_id="RECEIPT",
    )
    async with (
        provider(charges=[billed]) as emsp,
        person(browser, emsp.url, tmp_path, device=GERMAN) as me,
    ):
        await me.page.goto("/")
        await me.page.get_by_role("button", name="Anmelden").click()
        await expect(me.page.get_by_role("navigation", name="Haupt")).to_be_visible()
        await me.page.goto("/#/charge/CHARGE")
        await me.page.locator("main summary").click()

        await expect(me.page.locator("[lang=en]")).to_contain_text("VAT 21 %")
        await expect(me.page.get_by_role("main")).not_to_contain_text("MwSt.")


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


def topology(*steps: tuple[int, int]) -> dict[str, Any]:
    """A country whose outline takes these steps, in degrees."""
    return {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [steps],
        "objects": {"countries": {"geometries": [{"type": "Polygon", "arcs": [[0]]}]}},
    }


ACROSS_180 = {
    "eastward": topology((170, 10), (-340, 0), (0, -10), (340, 0), (0, 10)),
    "westward": topology((-170, 10), (340, 0), (0, -10), (-340, 0), (0, 10)),
}


@pytest.mark.parametrize("country", ACROSS_180.values(), ids=ACROSS_180)
async def test_a_country_across_the_180th_meridian_lies_at_both_edges_of_the_map(
    me: Person, country: dict[str, Any]
) -> None:
    found = await me.page.evaluate(_DECODED, country)

    sides = sorted((min(ring[::2]), max(ring[::2])) for ring in found)
    assert sides == [(0, pytest.approx(10 / 360)), (pytest.approx(350 / 360), 1)]
    assert [ring[:2] for ring in found] == [ring[-2:] for ring in found]


async def test_a_country_round_the_pole_reaches_the_edge_of_the_map(me: Person) -> None:
    country = topology((-180, -70), (90, 0), (90, -5), (90, 5), (89, 0), (-359, 0))

    found = await me.page.evaluate(_DECODED, country)

    corners = {(x, y) for ring in found for x, y in zip(ring[::2], ring[1::2], strict=True)}
    assert {(0, 1), (1, 1)} <= corners
    assert [ring[:2] for ring in found] == [ring[-2:] for ring in found]


@pytest.mark.parametrize("name", ["countries-50m", "countries-10m"])
async def test_no_outline_of_the_world_runs_across_the_map(me: Person, name: str) -> None:
    outlines = await me.page.evaluate(_STEPS, name)

    assert min(west for west, _, _ in outlines) >= 0
    assert max(east for _, east, _ in outlines) <= 1
    assert [each for each in outlines if each[2] > 0.5] == []
