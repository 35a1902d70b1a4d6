"""What drivers do with their account in a browser: another e-mail address."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.emsp.browser import PHONE, person
from tests.e2e.emsp.process import PASSWORD, EmspProcess
from tests.e2e.emsp.signing import sign_in, signed_in
from tests.emsp_adapter.running import mail_files
from tests.partners import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_LINK = re.compile(r"https?://\S+/account/email\S*")


async def mailed(emsp: EmspProcess, to: str) -> str:
    """The link of the mail to a new address."""
    data_dir = Path(emsp.commands.settings["DATA_DIR"])
    found: list[str] = []

    def arrived() -> bool:
        mails = (
            message_from_bytes(each.read_bytes(), policy=default) for each in mail_files(data_dir)
        )
        texts = [each.get_content() for each in mails if each["To"] == to]
        found[:] = [link for text in texts for link in _LINK.findall(text)]
        return bool(found)

    await eventually(arrived)
    return found[-1]


async def test_a_driver_moves_to_another_address(
    emsp: EmspProcess, browser: Browser, pictures: Path
) -> None:
    old, new = "ada@drivers.example", "moved@drivers.example"
    await emsp.add_driver(old)
    async with person(browser, emsp.url, pictures, device=PHONE) as me:
        page = me.page
        await page.goto("/")
        await page.get_by_role("button", name="Sign in").click()
        await sign_in(page, old)
        await page.goto("/#/account")
        await expect(page.get_by_label("E-mail", exact=True)).to_have_value(old)
        await page.get_by_label("E-mail", exact=True).fill(new)
        await page.get_by_role("button", name="Save", exact=True).first.click()
        await expect(
            page.get_by_text(f"Waiting for the link that we sent to {new}.")
        ).to_be_visible()
        await expect(page.get_by_label("E-mail", exact=True)).to_have_value(old)
        await me.accessible("account-waiting")

        await page.goto(await mailed(emsp, new))
        await expect(page.get_by_text(new)).to_be_visible()
        await me.accessible("email")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Change the address").click()

        await signed_in(page)
        await page.goto("/#/account")
        await expect(page.get_by_label("E-mail", exact=True)).to_have_value(new)


async def test_a_plan_is_bought_only_after_its_price_and_its_beginning_were_told(
    emsp: EmspProcess, browser: Browser, pictures: Path
) -> None:
    email = "ada@drivers.example"
    app = await emsp.driver(email)
    await emsp.run("plan", "add", "gold", "--name", "Gold", "--monthly-fee", "4.99")
    await emsp.run("plan", "add", "kwh", "--name", "Per kWh", "--margin-per-kwh", "0.02")
    async with person(browser, emsp.url, pictures, device=PHONE.given(width=320)) as me:
        page = me.page
        await page.goto("/")
        await page.get_by_role("button", name="Sign in").click()
        await sign_in(page, email)
        await page.goto("/#/account")
        plans = page.get_by_role("region", name="Plan")
        dialog = page.get_by_role("dialog")
        change = plans.get_by_role("button", name="Change the plan")
        await expect(plans.get_by_role("radio", name="Per kWh")).to_have_accessible_name(
            re.compile(r"operator's price plus €0\.02 per kWh$")
        )

        await plans.get_by_role("radio", name="Pay as you go").focus()
        await page.keyboard.press("ArrowDown")
        await expect(plans.get_by_role("radio", name="Gold")).to_be_checked()
        await change.click()
        await expect(dialog).to_contain_text("€4.99 now, then again on the 1st of each month.")
        await me.accessible("plan-sure")
        before = (await app.get("/plans"))["current"]
        await dialog.get_by_role("button", name="Take Gold").click()
        await expect(plans.get_by_role("radio", name="Gold (your plan)")).to_be_checked()

        await plans.get_by_role("radio", name="Pay as you go").check()
        await change.click()
        await expect(dialog).to_contain_text("Until then you have Gold")
        await dialog.get_by_role("button", name="Take Pay as you go").click()
        await expect(page.get_by_text("You have Pay as you go from 1 ")).to_be_visible()
        left = plans.get_by_text(re.compile("You have Gold until 1 .*, and Pay as you go"))
        await expect(left).to_be_visible()
        await me.accessible("plan-left")
        await plans.get_by_role("button", name="Keep Gold").click()
        await expect(left).to_have_count(0)

    assert before == "payg"
    after = await app.get("/plans")
    assert (after["current"], after["next_plan"]) == ("gold", None)
