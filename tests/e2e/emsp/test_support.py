"""What support staff do in a browser: look up, unlock, answer; and that drivers cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.cpo_adapter.running import plugged_in
from tests.e2e.emsp.browser import DESKTOP, PHONE, Device, Person, person
from tests.e2e.emsp.process import App
from tests.e2e.emsp.signing import sign_in
from tests.e2e.emsp.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.xdist_group("emsp")]

_WHY = "The cable is stuck."
_AUDIT = "SELECT actor, action, subject, detail ->> 'why' FROM audit WHERE action = 'unlock'"


async def at_the_desk(me: Person, world: World) -> str:
    """Signs somebody of support in, who opens the desk; the id of the account."""
    email = world.new_email()
    staff_id = await world.emsp.add_driver(email, staff=True)
    await me.page.goto("/")
    await me.page.get_by_role("button", name=re.compile("Sign in")).click()
    await sign_in(me.page, email)
    await me.page.get_by_role("link", name="Support").click()
    await expect(me.page.get_by_role("heading", level=1)).to_have_text("Support")
    return staff_id


async def look_up(page: Page, words: str) -> None:
    """Asks the desk."""
    await page.get_by_label("What is it about?").fill(words)
    await page.get_by_role("button", name="Find").click()


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_staff_find_the_charge_of_a_caller_and_unlock_the_connector(
    world: World, ada: App, browser: Browser, pictures: Path, device: Device
) -> None:
    size = "phone" if device.touch else "desktop"
    async with (
        world.station(ada) as station,
        person(browser, world.emsp.url, pictures, device=device) as me,
    ):
        page = me.page
        await ada.start()
        transaction = await plugged_in(station)
        staff_id = await at_the_desk(me, world)
        await look_up(page, ada.email)
        await page.get_by_role("link", name=ada.email).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Charges of this driver")
        await page.get_by_role("link", name="Station Square").click()
        await expect(page.get_by_test_id("charge-state")).to_have_text("Charging")
        await me.accessible(f"support-charge-{size}")
        await page.get_by_role("link", name="The charger").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Station Square")
        await me.accessible(f"support-station-{size}")

        unlock = page.get_by_role("button", name="Unlock Charging point A1")
        await unlock.first.click()
        assert station.asked("UnlockConnector") == []
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Why?").fill(_WHY)
        await me.accessible(f"support-unlock-{size}")
        await dialog.get_by_role("button", name="Unlock the connector").click()
        await station.expect("UnlockConnector")
        await expect(page.get_by_text("Unlocked: the cable can be taken.").first).to_be_visible()
        await station.stop(transaction, 1_000)

    async with world.emsp.db.hot() as conn:
        kept = await (await conn.execute(_AUDIT.encode())).fetchall()
    assert (f"driver:{staff_id}", "unlock", "NL*CPO*LOC1 EVSE1 1", _WHY) in kept


async def test_staff_find_a_charger_by_its_name(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    async with person(browser, world.emsp.url, pictures, device=PHONE) as me:
        await at_the_desk(me, world)
        await look_up(me.page, "station sq")
        await expect(me.page.get_by_role("link", name="Station Square")).to_be_visible()
        await me.accessible("support-desk")
        await me.page.get_by_role("link", name="Station Square").click()
        await expect(me.page.get_by_role("heading", level=2, name="Charges")).to_be_visible()


async def test_staff_answer_a_report_and_the_driver_reads_it(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    report = {"kind": "payment", "text": "I was <b>charged</b> twice."}
    made = await ada.send("POST", "/problems", report)
    async with person(browser, world.emsp.url, pictures, device=DESKTOP) as me:
        page = me.page
        await at_the_desk(me, world)
        reports = page.get_by_role("listitem").filter(has_text=report["text"])
        await reports.get_by_role("link").click()
        await expect(page.get_by_text(report["text"])).to_be_visible()
        await page.get_by_label("Your answer to the driver").fill("It was one charge.")
        await page.get_by_label("This is the last word").check()
        await me.accessible("support-report")
        await page.get_by_role("button", name="Send the answer").click()
        await expect(page.get_by_text("It was one charge.")).to_be_visible()
        await expect(page.get_by_role("button", name="Send the answer")).to_have_count(0)

    told = await ada.get(f"/problems/{made['id']}")
    assert told["state"] == "closed"
    assert [(each["from"], each["text"]) for each in told["answers"]] == [
        ("support", "It was one charge.")
    ]


async def test_the_desk_speaks_german(
    world: World, ada: App, browser: Browser, pictures: Path
) -> None:
    device = DESKTOP.given(scheme="dark")
    async with person(browser, world.emsp.url, pictures, device=device) as me:
        await at_the_desk(me, world)
        await me.page.goto("/#/account")
        await me.page.get_by_label("Language").select_option("de")
        await me.page.get_by_role("link", name="Support").click()

        await expect(me.page.get_by_label("Worum geht es?")).to_be_visible()
        await me.accessible("support-desk-de")


@pytest.mark.parametrize(
    "path", ["/#/support", "/#/support/charges?driver_id=A", "/#/support/station/NL*CPO*LOC1"]
)
async def test_a_driver_neither_sees_nor_reaches_the_desk(
    world: World, ada: App, browser: Browser, pictures: Path, path: str
) -> None:
    async with person(browser, world.emsp.url, pictures) as me:
        await me.page.goto("/")
        await me.page.get_by_role("button", name="Sign in").click()
        await sign_in(me.page, ada.email)
        asked: list[str] = []
        me.page.on("request", lambda request: asked.append(request.url))

        await me.page.goto(path)

        title = me.page.get_by_role("heading", level=1)
        await expect(title).to_have_text("There is no such page.")
        await expect(me.page.get_by_role("link", name="Support")).to_have_count(0)
        assert [url for url in asked if "/support" in url.partition("#")[0]] == []
