"""What drivers do in a browser, from signing up to the receipt, in a real Chromium.

Every test also fails on a request to anywhere but this machine, on an error in the console and on
a breach of the content security policy.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from pypdf import PdfReader

from tests.chargers import Charger, Transaction
from tests.cpo_adapter.running import plugged_in
from tests.e2e.emsp.browser import DESKTOP, PHONE, Person, person
from tests.e2e.emsp.process import LOC1, PASSWORD, App, EmspProcess
from tests.e2e.emsp.signing import sign_in, signed_in
from tests.e2e.emsp.world import World
from tests.emsp_adapter.running import mail_files
from tests.partners import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.xdist_group("emsp")]

# A town away from the chargers.
NEARBY = (52.0907, 5.1214)
_LINK = re.compile(r"https?://\S+/account/confirm\S*")


# --- steps ---------------------------------------------------------------------------------------


async def sign_up(me: Person, world: World) -> None:
    """Makes an account and confirms its e-mail by the link that was sent."""
    page = me.page
    await page.goto("/")
    await me.accessible("welcome")
    await page.get_by_role("button", name="Create an account").click()
    email = world.new_email()
    await page.get_by_label("E-mail address").fill(email)
    await me.accessible("sign-up")
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    await page.goto(await mailed(world.emsp, email))
    await page.get_by_label("New password").fill(PASSWORD)
    await me.accessible("confirm")
    await page.get_by_role("button", name="Save and go on").click()
    await signed_in(page)


async def mailed(emsp: EmspProcess, to: str) -> str:
    """The link of the mail that was sent."""
    data_dir = Path(emsp.commands.settings["DATA_DIR"])
    found: list[str] = []

    def arrived() -> bool:
        mails = [
            message_from_bytes(each.read_bytes(), policy=default) for each in mail_files(data_dir)
        ]
        mine = [each for each in mails if each["To"] == to]
        texts = [each.get_content() for each in mine]
        found[:] = [link for text in texts for link in _LINK.findall(text)]
        return bool(found)

    await eventually(arrived)
    return found[-1]


async def shown(page: Page, name: str, text: str | re.Pattern[str]) -> None:
    """Waits until a figure of the charge is so."""
    await expect(page.get_by_test_id(name)).to_have_text(text)


async def charging_at(station: Charger, page: Page) -> Transaction:
    """Presses start, and plugs in."""
    await page.get_by_role("button", name="Start charging").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your charge")
    return await plugged_in(station)


async def stopped(page: Page) -> None:
    """Presses stop, and means it."""
    await page.get_by_role("button", name="Stop charging").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Stop charging").click()


# --- tests ---------------------------------------------------------------------------------------


async def test_a_newcomer_with_a_phone_signs_up_charges_pays_and_opens_the_receipt(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    device = PHONE.given(near=NEARBY)
    async with (
        world.station(ada) as station,
        person(browser, world.emsp.url, pictures, device=device) as me,
    ):
        page = me.page
        await sign_up(me, world)

        await page.get_by_role("button", name="Near me").click()
        spot = page.get_by_role("link", name=re.compile("^Station Square, . of 3 free"))
        await expect(spot).to_be_visible()
        await me.accessible("map")
        await spot.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Station Square")
        await page.get_by_role("radio", name=re.compile("Free")).first.check()
        await page.get_by_label("Energy in kWh").fill("10")
        await expect(page.get_by_test_id("price-total")).to_contain_text("3.00")
        await me.accessible("station")

        await page.goto("/#/account")
        await page.get_by_role("button", name="Add a demonstration method").click()
        await me.accessible("account")
        await page.goto(f"/#/station/{LOC1}")
        await page.get_by_role("radio", name=re.compile("Free")).first.check()
        transaction = await charging_at(station, page)
        await station.meter(transaction, 3_210)
        await shown(page, "charge-energy", "3.21 kWh")
        await station.meter(transaction, 6_000)
        await shown(page, "charge-energy", "6.00 kWh")
        await expect(page.get_by_test_id("charge-cost")).to_contain_text("1.80")
        await me.accessible("charge")
        await stopped(page)
        await station.expect("RemoteStopTransaction")
        await station.stop(transaction, 7_000, reason="Remote")

        await page.get_by_role("link", name="Show the receipt").click()
        await expect(page.get_by_test_id("receipt-gross")).to_contain_text("2.10")
        await me.accessible("receipt")
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download PDF").click()
        pdf = PdfReader(await (await downloading.value).path())
        text = "".join(each.extract_text() for each in pdf.pages)

    assert "7.000" in text or "7 kWh" in text, text
    assert "2.10" in text, text


async def test_a_driver_finds_starts_and_stops_by_keyboard_alone(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    async with (
        world.station(ada) as station,
        person(browser, world.emsp.url, pictures, device=DESKTOP) as me,
    ):
        page = me.page
        await page.goto("/")
        await press(page, "Sign in")
        await sign_in(page, ada.email)
        await press(page, "Search chargers", then="Station")
        await page.keyboard.press("Enter")
        # Until what was searched for is there, the list of before may have the same link.
        await page.wait_for_load_state("networkidle")
        await press(page, "Station Square")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Station Square")
        await focus(page, "Free")
        await page.keyboard.press("Space")
        await press(page, "Start charging")
        transaction = await plugged_in(station)
        await station.meter(transaction, 1_000)
        await shown(page, "charge-energy", "1.00 kWh")
        await press(page, "Stop charging")
        await press(page, "Stop charging")
        await station.expect("RemoteStopTransaction")
        await station.stop(transaction, 2_000, reason="Remote")
        await press(page, "Show the receipt")
        await expect(page.get_by_test_id("receipt-gross")).to_contain_text("0.60")


async def focus(page: Page, name: str) -> None:
    """Goes on with the tab key to what is named so."""
    for _ in range(120):
        await page.keyboard.press("Tab")
        if name in await page.evaluate(_FOCUSED):
            return
    raise AssertionError(f"the tab key never comes to {name!r}")


async def press(page: Page, name: str, *, then: str | None = None) -> None:
    """Goes there with the tab key and presses Enter, or types."""
    await expect(page.get_by_text(name).or_(page.get_by_label(name)).first).to_be_visible()
    await focus(page, name)
    await (page.keyboard.press("Enter") if then is None else page.keyboard.type(then))


_FOCUSED = """
() => {
  const at = document.activeElement;
  const labels = [...(at.labels ?? [])].map((label) => label.textContent);
  return [at.getAttribute("aria-label"), at.textContent, ...labels].join(" ");
}
"""


async def test_the_app_speaks_german_in_the_dark(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    device = DESKTOP.given(locale="de-DE", scheme="dark", near=NEARBY)
    async with world.station(ada), person(browser, world.emsp.url, pictures, device=device) as me:
        page = me.page
        await page.goto("/")
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await me.picture("welcome-de")
        await page.get_by_role("button", name="Anmelden").click()
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await me.accessible("sign-in-de")
        await sign_in_german(page, ada.email)
        await page.goto(f"/#/station/{LOC1}")
        await page.get_by_role("radio", name=re.compile("Frei")).first.check()
        await expect(page.get_by_test_id("price-total")).to_contain_text(",")
        await me.accessible("station-de")


async def sign_in_german(page: Page, email: str) -> None:
    """The same page in German."""
    await page.get_by_label("E-Mail-Adresse").fill(email)
    await page.get_by_label("Passwort").fill(PASSWORD)
    await page.get_by_role("button", name="Anmelden").click()
    await signed_in(page)


async def test_a_problem_is_reported_and_the_answer_read(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    async with person(browser, world.emsp.url, pictures, device=PHONE) as me:
        page = me.page
        await page.goto("/")
        await page.get_by_role("button", name="Sign in").click()
        await sign_in(page, ada.email)
        await page.goto(f"/#/station/{LOC1}")
        await page.get_by_role("link", name="Report a problem").click()
        await page.get_by_label("The charger is broken").check()
        await page.get_by_label("What happened?").fill("The socket <b>lid</b> is stuck.")
        await me.accessible("report")
        await page.get_by_role("button", name="Send the report").click()
        await expect(page.get_by_text("The socket <b>lid</b> is stuck.")).to_be_visible()
        problem = await ada.only("problems")
        await answered(world, problem["id"])
        await page.reload()
        await expect(page.get_by_text("Somebody is on the way.")).to_be_visible()
        await me.accessible("problem")


async def answered(world: World, problem_id: str) -> None:
    """Support answers."""
    staff_id = await world.emsp.add_driver(world.new_email(), staff=True)
    staff = await world.emsp.app(staff_id, scope="support")
    path = f"/support/problems/{problem_id}/answers"
    await staff.send("POST", path, {"text": "Somebody is on the way."})


async def test_the_shell_opens_without_a_network(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    async with person(browser, world.emsp.url, pictures, device=PHONE) as me:
        page = me.page
        await page.goto("/")
        await page.evaluate("navigator.serviceWorker.ready")
        await page.reload()
        await page.context.set_offline(True)
        await page.reload()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await me.picture("offline")


async def test_a_guest_scans_the_code_of_a_plug_and_charges_without_an_account(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    made = await world.emsp.run("qr", LOC1, "EVSE1")

    async with (
        world.station(ada) as station,
        person(browser, world.emsp.url, pictures, device=PHONE) as me,
    ):
        page = me.page
        await page.goto(made["url"])
        await expect(page.get_by_role("heading", level=1)).to_have_text("Station Square")
        await expect(page.get_by_text("Charging point A1")).to_be_visible()
        await expect(page.get_by_text("Type 2 · 22 kW")).to_be_visible()
        await page.get_by_label("Energy in kWh").fill("10")
        await expect(page.get_by_test_id("price-total")).to_contain_text("3.00")
        await me.accessible("guest")
        await page.get_by_label("E-mail for the receipt").fill(world.new_email())
        await page.get_by_role("button", name="Start charging").click()
        transaction = await plugged_in(station)
        await station.meter(transaction, 2_000)
        await shown(page, "charge-energy", "2.00 kWh")
        await me.accessible("guest-charge")
        await stopped(page)
        await station.expect("RemoteStopTransaction")
        await station.stop(transaction, 3_000, reason="Remote")
        await shown(page, "charge-energy", "3.00 kWh")
        await me.picture("guest-finished")
