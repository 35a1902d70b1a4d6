"""Another e-mail address for an account: asked for by an app, confirmed where the mail leads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from emsp_adapter.identity.links import new_link
from emsp_adapter.store import access_tokens
from emsp_adapter.store.mail_tokens import MailToken, Purpose
from ocpi_hub.node.secrets import hash_token, new_token
from tests.emsp_adapter.identity.browsing import PASSWORD, Account, Shared, browser
from tests.emsp_adapter.running import Adapter

ASKED = "Your new e-mail address"
NOTICE = "Another e-mail address"
OTHER_PASSWORD = "another lamp, further out"


async def _token(adapter: Adapter, account: Account) -> str:
    token = new_token()
    async with adapter.db.hot_transaction() as conn:
        await access_tokens.add(
            conn,
            hash_token(token),
            client_id="test-app",
            driver_id=account.id,
            scope="account",
            expires_at=adapter.office.now() + timedelta(hours=1),
        )
    return token


@asynccontextmanager
async def app_of(shared: Shared, account: Account) -> AsyncIterator[httpx.AsyncClient]:
    """A driver's app."""
    headers = {"Authorization": f"Bearer {shared.portal.call(_token, shared.adapter, account)}"}
    async with httpx.AsyncClient(base_url=f"{shared.url}/app/v1", headers=headers) as api:
        yield api


async def ask(shared: Shared, account: Account, email: str) -> dict[str, Any]:
    """The driver asks for another address; the profile afterwards."""
    async with app_of(shared, account) as api:
        answer = await api.patch("/me", json={"email": email})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def profile(shared: Shared, account: Account) -> dict[str, Any]:
    async with app_of(shared, account) as api:
        return dict((await api.get("/me")).json())


async def can_sign_in(shared: Shared, email: str) -> bool:
    async with browser(shared) as ada:
        return (await ada.sign_in(email=email)).status_code == 303


async def open_link(shared: Shared, link: str, *, password: str = PASSWORD) -> httpx.Response:
    """What comes of the page of a link, once the password is given."""
    async with browser(shared) as ada:
        page = await ada.open(link)
        return page if page.status_code != 200 else await ada.send(page, password=password)


def mail_text(shared: Shared, to: str, subject: str) -> str:
    """The newest mail."""
    mail = shared.portal.call(lambda: shared.adapter.mail_to(to, subject=subject))
    return str(mail.get_content())


async def test_the_address_changes_once_the_link_was_opened(shared: Shared) -> None:
    ada, new = shared.account(), "moved@drivers.example"

    asked = await ask(shared, ada, f" {new.upper()} ")
    link = shared.mailed(new, subject=ASKED)
    before = (await can_sign_in(shared, ada.email), await can_sign_in(shared, new))
    opened = await open_link(shared, link)

    shown = await profile(shared, ada)
    after = (await can_sign_in(shared, ada.email), await can_sign_in(shared, new))
    assert (asked["email"], asked["pending_email"]) == (ada.email, new)
    assert before == (True, False)
    assert opened.status_code == 303
    assert (shown["email"], shown["pending_email"]) == (new, None)
    assert after == (False, True)


async def test_the_old_address_is_told_at_once_and_gets_no_link(shared: Shared) -> None:
    ada, new = shared.account(), "noticed@drivers.example"

    await ask(shared, ada, new)

    said = mail_text(shared, ada.email, NOTICE)
    assert "Somebody asked" in said
    assert new not in said
    assert "token=" not in said


async def test_mails_are_in_the_language_of_the_driver(shared: Shared) -> None:
    ada = shared.account()
    shared.rows("UPDATE drivers SET locale = 'de' WHERE id = %s RETURNING 1", ada.id)

    await ask(shared, ada, "deutsch@drivers.example")

    assert shared.mailed("deutsch@drivers.example", subject="Ihre neue E-Mail-Adresse")
    assert mail_text(shared, ada.email, "Eine andere E-Mail-Adresse")


async def test_looking_at_a_link_changes_nothing(shared: Shared) -> None:
    ada, new = shared.account(), "looked@drivers.example"
    await ask(shared, ada, new)

    async with browser(shared) as scanner:
        page = await scanner.open(shared.mailed(new, subject=ASKED))

    assert page.status_code == 200
    assert new in page.text
    assert (await profile(shared, ada))["email"] == ada.email


async def test_who_has_the_link_and_not_the_password_changes_nothing(shared: Shared) -> None:
    ada, new = shared.account(), "guessed@drivers.example"
    await ask(shared, ada, new)
    link = shared.mailed(new, subject=ASKED)

    wrong = await open_link(shared, link, password="not the password")
    unchanged = await profile(shared, ada)
    right = await open_link(shared, link)

    assert wrong.status_code == 400
    assert "is not right" in wrong.text
    assert unchanged["email"] == ada.email
    assert right.status_code == 303


async def test_a_link_is_good_once(shared: Shared) -> None:
    ada = shared.account()
    await ask(shared, ada, "once@drivers.example")
    link = shared.mailed("once@drivers.example", subject=ASKED)

    done, again = await open_link(shared, link), await open_link(shared, link)

    assert (done.status_code, again.status_code) == (303, 410)


async def _replaced(shared: Shared, ada: Account) -> None:
    await ask(shared, ada, f"newer-{ada.email}")


async def _taken_back(shared: Shared, ada: Account) -> None:
    assert (await ask(shared, ada, ada.email))["pending_email"] is None


async def _expired(shared: Shared, ada: Account) -> None:
    statement = "UPDATE mail_tokens SET expires_at = now() WHERE driver_id = %s RETURNING 1"
    assert shared.rows(statement, ada.id)


async def _reset(shared: Shared, ada: Account) -> None:
    async with browser(shared) as somebody:
        await somebody.send(await somebody.open("/account/forgot"), email=ada.email)
    link = shared.mailed(ada.email, subject="Your password")
    assert (await open_link(shared, link, password=OTHER_PASSWORD)).status_code == 303


async def _closed(shared: Shared, ada: Account) -> None:
    async with app_of(shared, ada) as api:
        assert (await api.delete("/me")).status_code == 204


ENDS = {
    "another address was asked for": _replaced,
    "the change was taken back": _taken_back,
    "a day has passed": _expired,
    "another password was set": _reset,
    "the account was closed": _closed,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_a_link_is_over_when(shared: Shared, end: Any) -> None:
    ada = shared.account()
    new = f"over-{ada.email}"
    await ask(shared, ada, new)
    link = shared.mailed(new, subject=ASKED)

    await end(shared, ada)
    answer = await open_link(shared, link)

    assert answer.status_code == 410
    assert not await can_sign_in(shared, new)


@pytest.mark.parametrize("token", ["", "?token=", "?token=nobody-made-this"])
async def test_an_invented_link_is_over(shared: Shared, token: str) -> None:
    assert (await open_link(shared, f"/account/email{token}")).status_code == 410


@pytest.mark.parametrize("page", ["confirm", "reset"])
async def test_the_link_is_good_for_nothing_else(shared: Shared, page: str) -> None:
    ada = shared.account()
    await ask(shared, ada, f"{page}-{ada.email}")
    link = shared.mailed(f"{page}-{ada.email}", subject=ASKED)

    answer = await open_link(shared, link.replace("/account/email", f"/account/{page}"))

    assert answer.status_code == 410


async def test_asking_for_the_address_of_somebody_else_looks_the_same(shared: Shared) -> None:
    ada, bob = shared.account(), shared.account()

    free = await ask(shared, ada, f"free-{ada.email}")
    taken = await ask(shared, ada, bob.email)

    assert taken == free | {"pending_email": bob.email}
    said = mail_text(shared, bob.email, ASKED)
    assert "nothing changes" in said
    assert "token=" not in said
    assert await can_sign_in(shared, bob.email)


async def test_an_address_that_was_taken_meanwhile_stays_with_who_has_it(shared: Shared) -> None:
    ada, bob = shared.account(), shared.account()
    new = f"wanted-{ada.email}"
    await ask(shared, ada, new)
    link = shared.mailed(new, subject=ASKED)
    shared.rows("UPDATE drivers SET email = %s WHERE id = %s RETURNING 1", new, bob.id)

    answer = await open_link(shared, link)

    assert answer.status_code == 409
    assert "another account with this e-mail address" in answer.text
    assert (await profile(shared, ada))["email"] == ada.email


async def test_nobody_ends_the_link_of_another_by_asking_for_the_same(shared: Shared) -> None:
    ada, bob = shared.account(), shared.account()
    new = f"both-{ada.email}"
    await ask(shared, ada, new)
    link = shared.mailed(new, subject=ASKED)
    await ask(shared, bob, new)

    answer = await open_link(shared, link)

    assert answer.status_code == 303
    assert (await profile(shared, ada))["email"] == new


async def test_no_other_driver_opens_the_link_with_its_own_password(shared: Shared) -> None:
    ada, eve = shared.account(), shared.account()
    await ask(shared, ada, f"mine-{ada.email}")
    link = shared.mailed(f"mine-{ada.email}", subject=ASKED)
    shared.rows("UPDATE drivers SET password_hash = NULL WHERE id = %s RETURNING 1", ada.id)

    async with browser(shared, eve) as other:
        answer = await other.send(await other.open(link), password=PASSWORD)

    assert answer.status_code == 400
    assert (await profile(shared, eve))["email"] == eve.email
    assert (await profile(shared, ada))["email"] == ada.email


async def test_links_to_the_old_address_end_with_the_change(shared: Shared) -> None:
    ada = shared.account()
    async with browser(shared) as somebody:
        await somebody.send(await somebody.open("/account/forgot"), email=ada.email)
    reset = shared.mailed(ada.email, subject="Your password")
    await ask(shared, ada, f"left-{ada.email}")
    await open_link(shared, shared.mailed(f"left-{ada.email}", subject=ASKED))

    answer = await open_link(shared, reset, password=OTHER_PASSWORD)

    assert answer.status_code == 410


async def test_the_export_has_the_change_and_not_its_secret(shared: Shared) -> None:
    ada = shared.account()
    await ask(shared, ada, f"export-{ada.email}")

    async with app_of(shared, ada) as api:
        found = (await api.get("/me/export")).json()

    (pending,) = found["mail_tokens"]
    assert (pending["purpose"], pending["email"]) == ("email", f"export-{ada.email}")
    assert "hash" not in pending


async def test_a_closed_account_takes_only_its_own_links_along(shared: Shared) -> None:
    ada, bob = shared.account(), shared.account()
    async with browser(shared) as somebody:
        await somebody.send(await somebody.open("/account/forgot"), email=bob.email)
    await ask(shared, ada, bob.email)

    await _closed(shared, ada)

    links = shared.rows("SELECT driver_id, purpose FROM mail_tokens WHERE email = %s", bob.email)
    assert links == [(bob.id, "password")]


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 250 + "@b.example"])
async def test_what_is_no_address_is_refused(shared: Shared, email: str) -> None:
    ada = shared.account()

    async with app_of(shared, ada) as api:
        answer = await api.patch("/me", json={"email": email})

    assert (answer.status_code, answer.json()["field"]) == (422, "email")


async def test_a_driver_asks_so_often_in_an_hour(shared: Shared) -> None:
    ada = shared.account()

    async with app_of(shared, ada) as api:
        answers = [
            (await api.patch("/me", json={"email": f"{count}-{ada.email}"})).status_code
            for count in range(6)
        ]

    assert answers == [200] * 5 + [429]


async def _late_link(shared: Shared, account: Account) -> str:
    """A link to another password, kept for the address that the account had when it was made."""
    adapter = shared.adapter
    opens = MailToken(Purpose.PASSWORD.value, account.email, account.id, None)
    async with adapter.db.hot_transaction() as conn:
        return await new_link(
            conn, shared.url, opens, expires_at=adapter.office.now() + timedelta(hours=1)
        )


async def test_a_link_to_the_old_address_sets_no_password_of_the_new_one(shared: Shared) -> None:
    """One that was asked for at once with the change is kept after it."""
    ada, new = shared.account(), "moved-on@drivers.example"
    early = shared.portal.call(_late_link, shared, ada)
    async with browser(shared) as thief:
        page = await thief.open(early)
        await ask(shared, ada, new)
        await open_link(shared, shared.mailed(new, subject=ASKED))
        late = shared.portal.call(_late_link, shared, ada)
        opened = await thief.open(late)
        sent = await thief.send(page, token=late.partition("token=")[2], password=OTHER_PASSWORD)

    assert (opened.status_code, sent.status_code) == (410, 410)
    assert await can_sign_in(shared, new)
