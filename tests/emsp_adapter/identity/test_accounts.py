"""Opening an account, getting in, and getting in again without the password."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from importlib.resources import files
from statistics import median
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from emsp_adapter.identity.words import LOCALES, preferred
from tests.emsp_adapter.identity.browsing import PASSWORD, Shared, app, browser, hidden, told
from tests.emsp_adapter.running import mail_files

OTHER_PASSWORD = "another lamp, further out"
PAGES = ["sign-in", "sign-up", "forgot", "sign-out"]


async def _ask(shared: Shared, page: str, email: str) -> httpx.Response:
    """What a form that asks for a link answers."""
    async with browser(shared) as ada:
        return await ada.send(await ada.open(f"/account/{page}"), email=email)


# --- signing up ----------------------------------------------------------------------------------


async def test_a_newcomer_confirms_the_address_and_the_app_goes_on(shared: Shared) -> None:
    email = "newcomer@drivers.example"
    async with browser(shared) as ada, app(shared) as web:
        asked = await ada.follow(await ada.open(web.url(shared.url, prompt="create")))
        sent = await ada.send(asked, email=f" {email.upper()} ")
        page = await ada.open(shared.mailed(email))
        back = await ada.follow(await ada.send(page, name="Grace", password=PASSWORD))
        await web.token(code=told(back)["code"])
        known = (await web.client.get(f"{shared.url}/oauth/userinfo")).json()

    assert sent.status_code == 200
    assert (known["email"], known["email_verified"], known["name"]) == (email, True, "Grace")


async def test_a_newcomers_name_is_what_can_be_seen_of_it(shared: Shared) -> None:
    email = "unseen@drivers.example"
    await _ask(shared, "sign-up", email)
    async with browser(shared) as ada:
        page = await ada.open(shared.mailed(email))
        await ada.send(page, name="\ufeffGra\u202ece\u2028 ", password=PASSWORD)

    named = shared.rows("SELECT name FROM drivers WHERE email = 'unseen@drivers.example'")
    assert named == [("Grace",)]


async def test_there_is_no_account_before_the_address_is_confirmed(shared: Shared) -> None:
    await _ask(shared, "sign-up", "early@drivers.example")
    shared.mailed("early@drivers.example")

    assert shared.rows("SELECT 1 FROM drivers WHERE email = 'early@drivers.example'") == []


async def test_a_link_is_good_once(shared: Shared) -> None:
    await _ask(shared, "sign-up", "once@drivers.example")
    link = shared.mailed("once@drivers.example")
    async with browser(shared) as ada, browser(shared) as eve:
        looked = await eve.open(link)
        done = await ada.send(await ada.open(link), password=PASSWORD)
        again = await eve.send(looked, password=OTHER_PASSWORD)
        opened = await eve.open(link)

    assert done.status_code == 303
    assert (again.status_code, opened.status_code) == (410, 410)


async def test_a_newer_link_takes_the_place_of_an_older(shared: Shared) -> None:
    email = "twice@drivers.example"
    await _ask(shared, "sign-up", email)
    first = shared.mailed(email)
    shared.rows("SELECT pg_sleep(0.01)")
    await _ask(shared, "sign-up", email)
    async with browser(shared) as ada:
        answer = await ada.open(first)

    assert answer.status_code == 410


async def test_a_link_is_over_after_a_while(shared: Shared) -> None:
    await _ask(shared, "sign-up", "late@drivers.example")
    link = shared.mailed("late@drivers.example")
    shared.rows("UPDATE mail_tokens SET expires_at = now() WHERE email LIKE 'late%%' RETURNING 1")
    async with browser(shared) as ada:
        answer = await ada.open(link)

    assert answer.status_code == 410


async def test_links_are_kept_as_hashes(shared: Shared) -> None:
    await _ask(shared, "sign-up", "hashed@drivers.example")
    token = parse_qs(urlsplit(shared.mailed("hashed@drivers.example")).query)["token"][0]

    kept = shared.rows("SELECT t::text FROM mail_tokens t")
    assert token not in str(kept)


WEAK = {
    "short": "short",
    "one character": "aaaaaaaaaaaa",
    "the address": "{email}",
    "very long": "abcdefghij" * 21,
}


@pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK)
async def test_a_weak_password_is_refused_and_the_link_stays_good(
    shared: Shared, weak: str
) -> None:
    email = f"weak{len(weak)}@drivers.example"
    await _ask(shared, "sign-up", email)
    async with browser(shared) as ada:
        page = await ada.open(shared.mailed(email))
        answer = await ada.send(page, password=weak.format(email=email))
        again = await ada.open(str(page.url))

    assert (answer.status_code, again.status_code) == (400, 200)
    assert 'role="alert"' in answer.text
    assert f'value="{weak}"' not in answer.text


BAD_ADDRESSES = [
    "",
    "ada",
    "ada@",
    "@b.example",
    "a b@c.example",
    "a@b",
    "a@b.example\r\nBcc: c@d.example",
]


@pytest.mark.parametrize("email", BAD_ADDRESSES)
@pytest.mark.parametrize("page", ["sign-up", "forgot"])
async def test_what_is_no_address_gets_no_mail(shared: Shared, page: str, email: str) -> None:
    answer = await _ask(shared, page, email)

    assert answer.status_code == 400


@pytest.mark.parametrize("page", ["sign-up", "forgot"])
async def test_a_known_and_an_unknown_address_are_told_the_same(shared: Shared, page: str) -> None:
    known, unknown = shared.account().email, f"unknown-{page}@drivers.example"

    answers = [await _ask(shared, page, email) for email in (known, unknown)]

    shown = [answer.text.replace(known, "X").replace(unknown, "X") for answer in answers]
    assert shown[0] == shown[1]
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_an_address_gets_five_mails_an_hour_and_nobody_hears_of_it(shared: Shared) -> None:
    answers = [await _ask(shared, "sign-up", "bombed@drivers.example") for _ in range(7)]
    shared.mailed("bombed@drivers.example")

    files = mail_files(shared.adapter.settings.data_dir)
    mails = [each for each in files if b"bombed@" in each.read_bytes()]
    assert {answer.status_code for answer in answers} == {200}
    assert len(mails) <= 5


# --- another password ----------------------------------------------------------------------------


async def test_another_password_ends_what_was_open_with_the_old(shared: Shared) -> None:
    account = shared.account()
    async with browser(shared, account) as ada, browser(shared) as later, app(shared) as web:
        tokens = await web.token(code=told(await ada.open(web.url(shared.url)))["code"])
        await _ask(shared, "forgot", account.email)
        page = await later.open(shared.mailed(account.email))
        done = await later.send(page, password=OTHER_PASSWORD)
        silent = await ada.open(web.url(shared.url, prompt="none"))
        known = await web.client.get(f"{shared.url}/oauth/userinfo")
        old = await later.sign_in(email=account.email)
        new = await later.sign_in(email=account.email, password=OTHER_PASSWORD)

    assert tokens["access_token"]
    assert done.status_code == 303
    assert told(silent)["error"] == "login_required"
    assert known.status_code == 401
    assert (old.status_code, new.status_code) == (400, 303)


async def test_who_signs_up_again_is_mailed_a_way_to_the_account_there_is(shared: Shared) -> None:
    account = shared.account()
    await _ask(shared, "sign-up", account.email)

    assert "/account/reset?" in shared.mailed(account.email)


# --- signing in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "password"),
    [(True, "not the password"), (False, PASSWORD)],
    ids=["wrong password", "unknown address"],
)
async def test_a_wrong_password_and_an_unknown_address_are_told_the_same(
    shared: Shared, known: bool, password: str
) -> None:
    email = shared.account().email if known else "nobody@drivers.example"
    async with browser(shared) as ada:
        answer = await ada.sign_in(email=email, password=password)

    assert answer.status_code == 400
    assert "The e-mail address or the password is not right." in answer.text
    assert password not in answer.text


async def _seconds(shared: Shared, email: str) -> float:
    async with browser(shared) as ada:
        page = await ada.open("/account/sign-in")
        begun = perf_counter()
        await ada.send(page, email=email, password="not the password")
        return perf_counter() - begun


async def test_an_unknown_address_takes_as_long_as_a_known_one(shared: Shared) -> None:
    account = shared.account()
    known = [await _seconds(shared, account.email) for _ in range(5)]
    unknown = [await _seconds(shared, f"nobody{n}@drivers.example") for n in range(5)]

    # Without the work of a comparison it would be a tenth.
    assert median(unknown) > median(known) / 3


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_ten_wrong_passwords_lock_an_address_known_or_not(
    shared: Shared, known: bool
) -> None:
    email = shared.account().email if known else "locked@drivers.example"
    async with browser(shared) as ada:
        answers = [await ada.sign_in(email=email, password="wrong") for _ in range(10)]
        locked = await ada.sign_in(email=email)

    assert {answer.status_code for answer in answers} == {400}
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")


async def test_many_guesses_at_once_are_counted_before_they_are_looked_at(shared: Shared) -> None:
    email = shared.account().email

    async def guess(number: int) -> httpx.Response:
        async with browser(shared) as somebody:
            somebody.http.headers["X-Forwarded-For"] = f"192.0.2.{number}"
            return await somebody.sign_in(email=email, password=f"wrong-{number}")

    answers = await asyncio.gather(*(guess(number) for number in range(15)))

    assert sorted(answer.status_code for answer in answers) == [400] * 10 + [429] * 5


async def test_a_lock_ends_by_itself(shared: Shared) -> None:
    account = shared.account()
    async with browser(shared) as ada:
        for _ in range(10):
            await ada.sign_in(email=account.email, password="wrong")
        shared.rows(
            "UPDATE sign_in_failures SET since = since - %s RETURNING 1", timedelta(minutes=16)
        )
        answer = await ada.sign_in(email=account.email)

    assert answer.status_code == 303


async def test_a_blocked_driver_hears_of_it_with_the_right_password_only(shared: Shared) -> None:
    account = shared.account()
    shared.rows("UPDATE drivers SET status = 'blocked' WHERE id = %s RETURNING 1", account.id)
    async with browser(shared) as ada:
        wrong = await ada.sign_in(email=account.email, password="wrong")
        right = await ada.sign_in(email=account.email)

    assert "blocked" not in wrong.text
    assert "This account is blocked" in right.text
    assert "emsp_session" not in right.cookies


async def test_who_signs_in_gets_a_new_session(shared: Shared) -> None:
    """A session that somebody else has put into the browser is not the one that is signed in."""
    account = shared.account()
    async with browser(shared) as ada:
        ada.http.cookies.set("emsp_session", "planted" * 6)
        answer = await ada.sign_in(email=account.email)

    token = answer.cookies["emsp_session"]
    assert token != "planted" * 6
    assert "httponly" in str(answer.headers.get_list("set-cookie")).lower()
    assert "samesite=lax" in str(answer.headers.get_list("set-cookie")).lower()


async def test_the_session_of_before_ends_with_signing_in_again(shared: Shared) -> None:
    account = shared.account()
    async with browser(shared, account) as ada, browser(shared) as eve, app(shared) as web:
        old = ada.http.cookies["emsp_session"]
        await ada.sign_in(email=account.email)
        eve.http.cookies.set("emsp_session", old)
        answer = await eve.open(web.url(shared.url, prompt="none"))

    assert told(answer)["error"] == "login_required"


async def test_a_driver_signs_out(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada, app(shared) as web:
        token = ada.http.cookies["emsp_session"]
        done = await ada.send(await ada.open("/account/sign-out"))
        ada.http.cookies.set("emsp_session", token)
        silent = await ada.open(web.url(shared.url, prompt="none"))

    assert done.headers["location"] == "/"
    assert told(silent)["error"] == "login_required"


# --- forms of other sites, and open doors --------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
async def test_a_form_without_the_token_of_the_visit_is_refused(shared: Shared, page: str) -> None:
    async with browser(shared) as ada:
        await ada.open(f"/account/{page}")
        none = await ada.http.post(f"/account/{page}", data={"email": "a@b.example"})
        wrong = await ada.http.post(f"/account/{page}", data={"csrf": "x" * 43})

    assert (none.status_code, wrong.status_code) == (403, 403)


async def test_a_token_of_another_visit_is_refused(shared: Shared) -> None:
    async with browser(shared) as ada, browser(shared) as eve:
        token = hidden(await eve.open("/account/sign-in"))["csrf"]
        await ada.open("/account/sign-in")
        answer = await ada.http.post("/account/sign-in", data={"csrf": token})

    assert answer.status_code == 403


DOORS = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\r\nLocation: https://evil.example",
    "#https://evil.example",
    "@evil.example",
    "x" * 5000,
]


@pytest.mark.parametrize("given", DOORS, ids=range(len(DOORS)))
async def test_nobody_is_sent_elsewhere_after_signing_in(shared: Shared, given: str) -> None:
    account = shared.account()
    async with browser(shared) as ada:
        page = await ada.open("/account/sign-in")
        answer = await ada.send(page, email=account.email, password=PASSWORD, **{"continue": given})

    location = answer.headers.get("location", "/")
    assert answer.status_code in (303, 400)
    assert location == "/" or location.startswith("/oauth/authorize?")


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_runs_nothing_and_is_framed_by_nobody(shared: Shared, page: str) -> None:
    async with browser(shared) as ada:
        answer = await ada.open(f"/account/{page}")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize("page", PAGES)
async def test_every_field_has_a_label(shared: Shared, page: str) -> None:
    async with browser(shared) as ada:
        text = (await ada.open(f"/account/{page}")).text

    fields = re.findall(r'<input id="(\w+)"', text)
    assert fields == [each for each in fields if f'<label for="{each}">' in text]


async def test_what_was_typed_comes_back_as_text(shared: Shared) -> None:
    async with browser(shared) as ada:
        page = await ada.open("/account/sign-in")
        answer = await ada.send(page, email='"><script>alert(1)</script>', password="x")

    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


LANGUAGES = {
    "de-AT,de;q=0.9,en;q=0.5": "de",
    "en;q=0.4, de;q=0.8": "de",
    "fr, *;q=0.1": "en",
    "": "en",
    "de;q=0, en": "en",
    ";;;,q=x": "en",
}


@pytest.mark.parametrize(("header", "locale"), LANGUAGES.items())
async def test_a_page_is_in_the_language_of_the_browser(
    shared: Shared, header: str, locale: str
) -> None:
    async with browser(shared, language=header) as ada:
        answer = await ada.open("/account/sign-in")

    assert preferred(header) == locale
    assert f'<html lang="{locale}">' in answer.text


@pytest.mark.parametrize("locale", LOCALES)
def test_every_catalogue_has_every_text_with_the_same_values(locale: str) -> None:
    folder = files("emsp_adapter.identity") / "catalogues"
    english = json.loads((folder / "en.json").read_text("utf-8"))
    found = json.loads((folder / f"{locale}.json").read_text("utf-8"))

    values = re.compile(r"\{\w+\}")
    assert found.keys() == english.keys()
    assert {key: set(values.findall(text)) for key, text in found.items()} == {
        key: set(values.findall(text)) for key, text in english.items()
    }


async def test_an_unknown_page_is_a_page_that_says_so(shared: Shared) -> None:
    async with browser(shared) as ada:
        answer = await ada.open("/account/nothing")

    assert answer.status_code == 404
    assert "There is no such page." in answer.text
