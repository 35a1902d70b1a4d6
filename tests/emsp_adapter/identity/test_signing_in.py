"""A driver signs in and an app gets tokens: what each of them sees, by authlib's own client."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.emsp_adapter.identity.browsing import (
    CALLBACK,
    PASSWORD,
    SECRET,
    Account,
    App,
    Browser,
    Shared,
    app,
    browser,
    told,
)


async def test_a_driver_signs_in_and_the_web_app_gets_tokens_that_work(shared: Shared) -> None:
    account = shared.account()
    async with browser(shared) as ada, app(shared) as web:
        page = await ada.follow(await ada.open(web.url(shared.url, nonce="n-1")))
        back = await ada.follow(await ada.send(page, email=account.email, password=PASSWORD))
        tokens = await web.token(code=told(back)["code"])
        keys = KeySet.import_key_set((await ada.open("/oauth/jwks.json")).json())
        known = await web.client.get(f"{shared.url}/oauth/userinfo")

    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    assert back.headers["location"].startswith(f"{shared.url}/?")
    assert (told(back)["state"], told(back)["iss"]) == ("a state", shared.url)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)
    assert (claims["iss"], claims["aud"], claims["sub"]) == (shared.url, "web", account.id)
    assert claims["nonce"] == "n-1"
    assert {"auth_time", "at_hash", "exp", "iat"} <= claims.keys()
    assert known.json() == {
        "sub": account.id,
        "locale": "en",
        "email": account.email,
        "email_verified": True,
    }


async def test_the_tokens_open_the_driver_api(shared: Shared) -> None:
    account = shared.account()
    async with browser(shared, account) as ada, app(shared, scope="account locations") as web:
        await web.token(code=told(await ada.open(web.url(shared.url)))["code"])
        answer = await web.client.get(f"{shared.url}/app/v1/me")

    assert (answer.status_code, answer.json()["email"]) == (200, account.email)


async def test_a_refreshed_token_works_and_the_old_refresh_token_is_replaced(
    shared: Shared,
) -> None:
    async with browser(shared, shared.account()) as ada, app(shared) as web:
        first = await web.token(code=told(await ada.open(web.url(shared.url)))["code"])
        second = await web.client.refresh_token(web.token_url)
        known = await web.client.get(f"{shared.url}/oauth/userinfo")

    assert second["refresh_token"] != first["refresh_token"]
    assert known.status_code == 200


async def test_no_token_stands_in_the_database(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada, app(shared) as web:
        code = told(await ada.open(web.url(shared.url)))["code"]
        tokens = await web.token(code=code)

    secrets = [code, tokens["access_token"], tokens["refresh_token"]]
    dumped = [
        shared.rows(f"SELECT t::text FROM {table} t")  # noqa: S608 - names of tables
        for table in ("authorization_codes", "access_tokens", "refresh_tokens", "signing_keys")
    ]
    assert not [secret for secret in secrets if secret in str(dumped)]


# --- prompts -------------------------------------------------------------------------------------


async def _asked(at: Shared, ada: Browser, **more: str) -> httpx.Response:
    async with app(at) as web:
        return await ada.open(web.url(at.url, **more))


async def test_silently_without_a_session_it_is_login_required(shared: Shared) -> None:
    async with browser(shared) as ada:
        answer = await _asked(shared, ada, prompt="none")

    assert told(answer)["error"] == "login_required"


async def test_silently_with_a_session_there_is_a_code(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada:
        answer = await _asked(shared, ada, prompt="none")

    assert "code" in told(answer)


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
async def test_a_driver_who_has_signed_in_is_asked_once_more(
    shared: Shared, more: dict[str, str]
) -> None:
    account = shared.account()
    async with browser(shared, account) as ada:
        shared.rows(
            "UPDATE browser_sessions SET signed_in_at = signed_in_at - %s RETURNING 1",
            timedelta(seconds=90),
        )
        page = await ada.follow(await _asked(shared, ada, **more))
        back = await ada.follow(await ada.send(page, email=account.email, password=PASSWORD))

    assert page.url.path == "/account/sign-in"
    assert "code" in told(back)


async def test_a_newcomer_is_sent_to_the_page_for_signing_up(shared: Shared) -> None:
    async with browser(shared) as ada:
        page = await ada.follow(await _asked(shared, ada, prompt="create"))

    assert page.url.path == "/account/sign-up"


async def test_the_app_may_choose_the_language_of_the_pages(shared: Shared) -> None:
    async with browser(shared, language="en") as ada:
        page = await ada.follow(await _asked(shared, ada, ui_locales="fr de-AT en"))

    assert page.headers["content-language"] == "de"


# --- apps of others ------------------------------------------------------------------------------


async def _consented(ada: Browser, other: App, at: Shared, decision: str) -> httpx.Response:
    page = await ada.open(other.url(at.url))
    return await ada.send(page, decision=decision)


async def test_an_app_of_others_asks_once_and_gets_what_was_agreed(shared: Shared) -> None:
    client_id = shared.registered()
    scope = "openid locations"
    async with (
        browser(shared, shared.account()) as ada,
        app(
            shared, client_id=client_id, secret=SECRET, redirect_uri=CALLBACK, scope=scope
        ) as other,
    ):
        page = await ada.open(other.url(shared.url))
        back = await ada.send(page, decision="allow")
        tokens = await other.token(code=told(back)["code"])
        again = await ada.open(other.url(shared.url))

    assert "find chargers and prices" in page.text
    assert "form-action 'self' https://app.example" in page.headers["content-security-policy"]
    assert back.headers["location"].startswith(f"{CALLBACK}?")
    assert tokens["scope"] == scope
    assert "code" in told(again)


async def test_an_app_that_asks_for_more_asks_again(shared: Shared) -> None:
    client_id, account = shared.registered(), shared.account()
    async with (
        browser(shared, account) as ada,
        app(shared, client_id=client_id, redirect_uri=CALLBACK, scope="locations") as less,
        app(shared, client_id=client_id, redirect_uri=CALLBACK, scope="charging") as more,
    ):
        await _consented(ada, less, shared, "allow")
        page = await ada.open(more.url(shared.url))

    assert page.status_code == 200
    assert "start, stop and reserve" in page.text


async def test_a_driver_may_say_no(shared: Shared) -> None:
    client_id = shared.registered()
    async with (
        browser(shared, shared.account()) as ada,
        app(shared, client_id=client_id, redirect_uri=CALLBACK, scope="locations") as other,
    ):
        answer = await _consented(ada, other, shared, "deny")

    assert told(answer)["error"] == "access_denied"
    assert told(answer)["state"] == "a state"


async def test_nobody_agrees_by_a_form_of_another_site(shared: Shared) -> None:
    client_id = shared.registered()
    async with (
        browser(shared, shared.account()) as ada,
        app(shared, client_id=client_id, redirect_uri=CALLBACK, scope="locations") as other,
    ):
        url = other.url(shared.url)
        await ada.open(url)
        answer = await ada.http.post(url, data={"decision": "allow"})

    assert answer.status_code == 403


async def test_a_name_of_an_app_is_text_on_the_page(shared: Shared) -> None:
    client_id = shared.registered(name="<script>alert(1)</script>")
    async with (
        browser(shared, shared.account()) as ada,
        app(shared, client_id=client_id, redirect_uri=CALLBACK, scope="locations") as other,
    ):
        page = await ada.open(other.url(shared.url))

    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text


async def test_silently_without_consent_it_is_consent_required(shared: Shared) -> None:
    client_id = shared.registered()
    async with (
        browser(shared, shared.account()) as ada,
        app(shared, client_id=client_id, redirect_uri=CALLBACK, scope="openid") as other,
    ):
        answer = await ada.open(other.url(shared.url, prompt="none"))

    assert told(answer)["error"] == "consent_required"


# --- support -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("staff", "scope"), [(True, "locations support"), (False, "locations")], ids=["staff", "driver"]
)
async def test_only_staff_get_the_scope_support(shared: Shared, staff: bool, scope: str) -> None:
    account: Account = shared.account(staff=staff)
    async with browser(shared, account) as ada, app(shared, scope="locations support") as web:
        tokens = await web.token(code=told(await ada.open(web.url(shared.url)))["code"])

    assert tokens["scope"] == scope


async def test_who_may_give_nothing_of_what_is_asked_gives_nothing(shared: Shared) -> None:
    """An empty scope would count as one that was left out, and that is everything."""
    async with browser(shared, shared.account()) as ada, app(shared, scope="support") as web:
        answer = await ada.open(web.url(shared.url))

    assert told(answer)["error"] == "invalid_scope"


async def test_a_request_that_is_too_long_to_wait_is_refused_with_a_page(shared: Shared) -> None:
    async with browser(shared) as ada:
        answer = await _asked(shared, ada, state="s" * 4_500)

    assert answer.status_code == 414
    assert "Go back to it and try again" in answer.text
