"""What the OAuth2 server refuses, and what it takes back because of it (T32)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.emsp_adapter.identity.browsing import (
    CALLBACK,
    PASSWORD,
    SECRET,
    Account,
    Browser,
    Shared,
    browser,
    challenge,
    told,
)

VERIFIER = "v" * 43


def asked(at: Shared, **changed: str | None) -> dict[str, str]:
    """An authorization request of the web app, with changes; None leaves one out."""
    usual: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "web",
        "redirect_uri": f"{at.url}/",
        "scope": "openid locations",
        "state": "a state",
        "code_challenge": challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (usual | changed).items() if value is not None}


async def authorize(ada: Browser, given: Any) -> httpx.Response:
    """The answer of the authorization endpoint."""
    return await ada.http.get("/oauth/authorize", params=given)


async def code_of(at: Shared, ada: Browser, **changed: str | None) -> str:
    """A code, by a driver who is signed in."""
    return told(await authorize(ada, asked(at, **changed)))["code"]


async def exchange(at: Shared, **changed: str | None) -> httpx.Response:
    """What the token endpoint answers to the web app."""
    usual: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "client_id": "web",
        "redirect_uri": f"{at.url}/",
        "code_verifier": VERIFIER,
    }
    given = {name: value for name, value in (usual | changed).items() if value is not None}
    async with httpx.AsyncClient() as http:
        return await http.post(f"{at.url}/oauth/token", data=given)


async def works(at: Shared, access_token: str) -> bool:
    """Whether an access token is good."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(
            f"{at.url}/oauth/userinfo", headers={"Authorization": f"Bearer {access_token}"}
        )
    return answer.status_code == 200


# --- the authorization endpoint ------------------------------------------------------------------

# What cannot be told to the client, since it is not sure who that is.
NOT_SENT_BACK = {
    "unknown client": {"client_id": "nobody"},
    "no client": {"client_id": None},
    "another site": {"redirect_uri": "https://evil.example/"},
    "a longer path": {"redirect_uri": "{url}/x"},
    "a query of its own": {"redirect_uri": "{url}/?x=1"},
    "two slashes": {"redirect_uri": "//evil.example/"},
    "a user before the host": {"redirect_uri": "{url}@evil.example/"},
    "upper case": {"redirect_uri": "HTTP://127.0.0.1/"},
    "a dot behind": {"redirect_uri": "{url}/."},
    "a backslash": {"redirect_uri": "{url}\\@evil.example/"},
    "a script": {"redirect_uri": "javascript:alert(1)//{url}/"},
    "a line break": {"redirect_uri": "{url}/\r\nSet-Cookie: a=b"},
    "a NUL": {"client_id": "web\x00"},
    "quotes in the type": {"response_type": 'code"<script>'},
}


@pytest.mark.parametrize("changed", NOT_SENT_BACK.values(), ids=NOT_SENT_BACK)
async def test_nobody_is_sent_to_where_the_client_did_not_register(
    shared: Shared, changed: dict[str, str | None]
) -> None:
    filled = {
        name: None if value is None else value.replace("{url}", shared.url)
        for name, value in changed.items()
    }

    async with browser(shared) as ada:
        answer = await authorize(ada, asked(shared, **filled))

    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil" not in answer.text
    assert "<script" not in answer.text


SENT_BACK = {
    "no challenge": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "plain": ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
    "no method, so plain": ({"code_challenge_method": None}, "invalid_request"),
    "a method without challenge": ({"code_challenge": None}, "invalid_request"),
    "a challenge that is too short": ({"code_challenge": "abc"}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "no response type": ({"response_type": None}, "unsupported_response_type"),
    "a scope that is none": ({"scope": "openid everything"}, "invalid_scope"),
    "a request object": ({"request": "e30.e30."}, "request_not_supported"),
    "a request elsewhere": ({"request_uri": "https://a.example"}, "request_uri_not_supported"),
    "another way to answer": ({"response_mode": "form_post"}, "invalid_request"),
    "max_age in words": ({"max_age": "soon"}, "invalid_request"),
    "none and login": ({"prompt": "none login"}, "invalid_request"),
    "a hint that is no token": ({"id_token_hint": "x.y.z"}, "invalid_request"),
    "a hint that is huge": ({"id_token_hint": "e30." * 1500}, "invalid_request"),
}


@pytest.mark.parametrize(("changed", "error"), SENT_BACK.values(), ids=SENT_BACK)
async def test_the_client_hears_why_with_its_state(
    shared: Shared, changed: dict[str, str | None], error: str
) -> None:
    async with browser(shared, shared.account()) as ada:
        answer = await authorize(ada, asked(shared, **changed))

    said = told(answer)
    assert answer.headers["location"].startswith(f"{shared.url}/?")
    assert (said["error"], said["state"], said["iss"]) == (error, "a state", shared.url)
    assert "code" not in said


REPEATED = ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge"]


@pytest.mark.parametrize("name", REPEATED)
async def test_a_parameter_twice_is_refused(shared: Shared, name: str) -> None:
    given = asked(shared)

    async with browser(shared) as ada:
        answer = await authorize(ada, [*given.items(), (name, given[name])])

    assert (answer.status_code, answer.headers.get("location")) == (400, None)


STATES = ["plain", "a+b c&d=e%20", "ä€😀", "<script>alert('1')</script>", '"quoted"', "x" * 2000]


@pytest.mark.parametrize(
    "state", STATES, ids=["plain", "escapes", "unicode", "html", "quotes", "long"]
)
async def test_the_state_comes_back_as_it_was(shared: Shared, state: str) -> None:
    async with browser(shared, shared.account()) as ada:
        answer = await authorize(ada, asked(shared, state=state))

    assert told(answer)["state"] == state


async def test_a_state_survives_signing_in_on_the_way(shared: Shared) -> None:
    account = shared.account()
    async with browser(shared) as ada:
        page = await ada.follow(await authorize(ada, asked(shared, state="a+b c&d=e%20#f")))
        back = await ada.follow(await ada.send(page, email=account.email, password=PASSWORD))

    assert told(back)["state"] == "a+b c&d=e%20#f"


# --- hints ---------------------------------------------------------------------------------------


def _forged(at: Shared, subject: str) -> dict[str, str]:
    """ID tokens that others made, by how."""
    key = ECKey.generate_key("P-256", private=True)
    claims = {"iss": at.url, "sub": subject, "aud": "web"}
    own = jwt.encode({"alg": "ES256", "jwk": key.as_dict(private=False)}, claims, key)
    unsigned = jwt.encode({"alg": "ES256"}, claims, key).rsplit(".", 1)[0].split(".")[1]
    return {"jwk": own, "none": f"eyJhbGciOiJub25lIn0.{unsigned}."}


@pytest.mark.parametrize("how", ["jwk", "none"])
async def test_a_hint_that_brings_its_own_key_or_none_is_refused(shared: Shared, how: str) -> None:
    """CVE-2026-27962: the `jwk` header has no say."""
    account = shared.account()
    async with browser(shared, account) as ada:
        await ada.open("/oauth/jwks.json")
        hint = _forged(shared, account.id)[how]
        answer = await authorize(ada, asked(shared, id_token_hint=hint))

    assert told(answer)["error"] == "invalid_request"


async def test_a_hint_at_another_driver_asks_to_sign_in(shared: Shared) -> None:
    one, other = shared.account(), shared.account()
    async with browser(shared, one) as bob, browser(shared, other) as ada:
        tokens = (await exchange(shared, code=await code_of(shared, bob))).json()
        given = asked(shared, id_token_hint=tokens["id_token"])
        shown = await authorize(ada, given)
        silent = await authorize(ada, given | {"prompt": "none"})

    assert shown.headers["location"].startswith("/account/sign-in?continue=")
    assert told(silent)["error"] == "login_required"


# --- codes ---------------------------------------------------------------------------------------


async def test_a_code_that_comes_again_ends_what_it_gave(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada:
        code = await code_of(shared, ada)
    tokens = (await exchange(shared, code=code)).json()
    assert await works(shared, tokens["access_token"])

    again = await exchange(shared, code=code)
    refreshed = await exchange(
        shared, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not await works(shared, tokens["access_token"])
    assert refreshed.json()["error"] == "invalid_grant"


async def test_of_two_who_bring_a_code_at_once_one_gets_tokens(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada:
        code = await code_of(shared, ada)

    answers = await asyncio.gather(*(exchange(shared, code=code) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]


BAD_EXCHANGES = {
    "a wrong code": ({"code": "wrong"}, "invalid_grant"),
    "no code": ({"code": None}, "invalid_request"),
    "another redirect URI": ({"redirect_uri": CALLBACK}, "invalid_grant"),
    "no redirect URI": ({"redirect_uri": None}, "invalid_grant"),
    "another verifier": ({"code_verifier": "w" * 43}, "invalid_grant"),
    "a verifier that is too short": ({"code_verifier": "v"}, "invalid_request"),
    "no verifier": ({"code_verifier": None}, "invalid_request"),
    "an unknown client": ({"client_id": "nobody"}, "invalid_client"),
    "no client": ({"client_id": None}, "invalid_client"),
    "a secret it does not have": ({"client_secret": "guess"}, "invalid_client"),
    "a client assertion": ({"client_assertion": "eyJhbGciOiJub25lIn0.e30."}, "invalid_client"),
    "no grant type": ({"grant_type": None}, "unsupported_grant_type"),
    "a password": ({"grant_type": "password"}, "unsupported_grant_type"),
    "as an app by itself": ({"grant_type": "client_credentials"}, "invalid_client"),
    "a NUL": ({"client_id": "web\x00"}, "invalid_request"),
}


@pytest.mark.parametrize(("changed", "error"), BAD_EXCHANGES.values(), ids=BAD_EXCHANGES)
async def test_a_code_is_good_only_as_it_was_given(
    shared: Shared, changed: dict[str, str | None], error: str
) -> None:
    async with browser(shared, shared.account()) as ada:
        code = await code_of(shared, ada)

    answer = await exchange(shared, **({"code": code} | changed))

    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("verifier", ["w" * 43, "v", None], ids=["wrong", "too short", "none"])
async def test_a_code_is_used_up_by_a_wrong_verifier(shared: Shared, verifier: str | None) -> None:
    """RFC 9700 4.5: who has the code and not the verifier did not ask for it."""
    async with browser(shared, shared.account()) as ada:
        code = await code_of(shared, ada)
    await exchange(shared, code=code, code_verifier=verifier)

    again = await exchange(shared, code=code)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_a_code_of_another_client_is_refused(shared: Shared) -> None:
    other = shared.registered()
    async with browser(shared, shared.account()) as ada:
        code = await code_of(shared, ada)

    answer = await exchange(shared, code=code, client_id=other, client_secret=SECRET)

    assert answer.json()["error"] == "invalid_grant"


async def test_a_code_is_good_for_a_minute(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada:
        code = await code_of(shared, ada)
    shared.rows(
        "UPDATE authorization_codes SET expires_at = expires_at - %s RETURNING 1",
        timedelta(seconds=61),
    )

    answer = await exchange(shared, code=code)

    assert answer.json()["error"] == "invalid_grant"


# --- refresh tokens ------------------------------------------------------------------------------


async def _tokens(at: Shared, account: Account | None = None) -> dict[str, Any]:
    async with browser(at, account or at.account()) as ada:
        found: dict[str, Any] = (await exchange(at, code=await code_of(at, ada))).json()
    return found


async def _refreshed(at: Shared, token: str, **more: str) -> httpx.Response:
    return await exchange(
        at,
        grant_type="refresh_token",
        refresh_token=token,
        redirect_uri=None,
        code_verifier=None,
        **more,
    )


async def test_a_refresh_token_that_comes_again_ends_its_family(shared: Shared) -> None:
    first = await _tokens(shared)
    second = (await _refreshed(shared, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await works(shared, second["access_token"])

    replayed = await _refreshed(shared, first["refresh_token"])
    after = await _refreshed(shared, second["refresh_token"])

    assert replayed.json()["error"] == "invalid_grant"
    assert after.json()["error"] == "invalid_grant"
    assert not await works(shared, first["access_token"])
    assert not await works(shared, second["access_token"])


async def test_of_two_who_refresh_at_once_the_family_is_ended(shared: Shared) -> None:
    tokens = await _tokens(shared)

    answers = await asyncio.gather(*(_refreshed(shared, tokens["refresh_token"]) for _ in range(4)))
    last = next(answer.json() for answer in answers if answer.status_code == 200)

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert not await works(shared, last["access_token"])


CREDENTIALS = ("code", "refresh_token", "token")


@pytest.mark.parametrize("grant", ["refresh_token", "authorization_code"])
@pytest.mark.parametrize("stray", CREDENTIALS)
async def test_what_a_grant_does_not_use_says_nothing(
    shared: Shared, grant: str, stray: str
) -> None:
    """A credential of another driver beside one's own opens nothing of the other's."""
    ada, eve = shared.account(), shared.account()
    hers = await _credentials(shared, ada)
    own = await _credentials(shared, eve)
    used = {"refresh_token": "refresh_token", "authorization_code": "code"}[grant]
    given = {used: own[used]} | ({} if stray == used else {stray: hers[stray]})

    answer = await exchange(shared, grant_type=grant, **given)

    subject = await _subject(shared, answer.json()["access_token"])
    assert (answer.status_code, subject) == (200, eve.id)


async def test_a_token_that_is_not_asked_for_renews_nothing(shared: Shared) -> None:
    own = await _credentials(shared, shared.account())

    answer = await exchange(
        shared, grant_type="refresh_token", refresh_token="x" * 43, token=own["refresh_token"]
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def _credentials(at: Shared, account: Account) -> dict[str, str]:
    """A code not used yet, a refresh token, and an access token of a driver."""
    async with browser(at, account) as person:
        tokens = (await exchange(at, code=await code_of(at, person))).json()
        code = await code_of(at, person)
    refresh, access = tokens["refresh_token"], tokens["access_token"]
    return {"code": code, "refresh_token": refresh, "token": access}


async def _subject(at: Shared, access_token: str) -> str:
    headers = {"Authorization": f"Bearer {access_token}"}
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{at.url}/oauth/userinfo", headers=headers)
    return str(answer.json()["sub"])


async def test_two_ways_to_say_who_a_client_is_are_refused(shared: Shared) -> None:
    client_id = shared.registered(grant_types="client_credentials", scope="locations")
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": SECRET}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{shared.url}/oauth/token", data=form, auth=(client_id, SECRET))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_refresh_token_gives_no_more_than_was_agreed(shared: Shared) -> None:
    tokens = await _tokens(shared)

    less = await _refreshed(shared, tokens["refresh_token"], scope="locations")
    more = await _refreshed(shared, less.json()["refresh_token"], scope="locations charging")

    assert less.json()["scope"] == "locations"
    assert more.json()["error"] == "invalid_scope"


async def test_the_tokens_of_a_blocked_driver_stop_at_once(shared: Shared) -> None:
    account = shared.account()
    tokens = await _tokens(shared, account)
    assert await works(shared, tokens["access_token"])
    shared.rows("UPDATE drivers SET status = 'blocked' WHERE id = %s RETURNING 1", account.id)

    refreshed = await _refreshed(shared, tokens["refresh_token"])

    assert not await works(shared, tokens["access_token"])
    assert refreshed.json()["error"] == "invalid_grant"


async def test_a_refresh_token_of_another_client_is_refused(shared: Shared) -> None:
    other = shared.registered()
    tokens = await _tokens(shared)

    stolen = await _refreshed(
        shared, tokens["refresh_token"], client_id=other, client_secret=SECRET
    )
    own = await _refreshed(shared, tokens["refresh_token"])

    assert stolen.json()["error"] == "invalid_grant"
    assert own.status_code == 200


# --- sizes and forms -----------------------------------------------------------------------------


async def test_headers_over_8_kb_are_refused(shared: Shared) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{shared.url}/oauth/jwks.json", headers={"X-Long": "x" * 8200})

    assert answer.status_code == 431


async def test_a_huge_token_is_refused_without_being_read(shared: Shared) -> None:
    async with httpx.AsyncClient() as http:
        form = await http.post(
            f"{shared.url}/oauth/token",
            data={"grant_type": "refresh_token", "refresh_token": "x" * 20_000},
        )
        url = await http.get(f"{shared.url}/oauth/authorize", params={"id_token_hint": "x" * 9_000})

    assert (form.status_code, url.status_code) == (413, 414)


BAD_FORMS = {
    "JSON": ("application/json", b'{"grant_type": "refresh_token"}'),
    "no type": ("", b"grant_type=refresh_token"),
    "bytes that are no text": ("application/x-www-form-urlencoded", b"grant_type=\xff"),
    "escapes that are no text": ("application/x-www-form-urlencoded", b"grant_type=%ff"),
    "a field twice": ("application/x-www-form-urlencoded", b"grant_type=a&grant_type=a"),
    "a hundred fields": (
        "application/x-www-form-urlencoded",
        b"&".join(b"f%d=1" % number for number in range(100)),
    ),
}


@pytest.mark.parametrize(("kind", "body"), BAD_FORMS.values(), ids=BAD_FORMS)
async def test_a_form_that_is_none_is_refused(shared: Shared, kind: str, body: bytes) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{shared.url}/oauth/token", content=body, headers={"Content-Type": kind}
        )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


BASICS = ["Basic", "Basic ====", "Basic /////w==", "Basic " + "YQ" * 500, "Basic YSUwMDpi"]


@pytest.mark.parametrize("header", BASICS, ids=["empty", "padding", "bytes", "long", "a NUL"])
async def test_credentials_that_cannot_be_read_are_none(shared: Shared, header: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{shared.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": header},
        )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
