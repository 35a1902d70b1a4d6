"""`emsp-adapter driver` and `client`: what an operator gives out."""

from __future__ import annotations

import asyncio
from functools import partial

import httpx
import pytest

from tests.emsp_adapter.commands import EmspCommands
from tests.emsp_adapter.identity.browsing import PASSWORD, Shared, app, browser, told
from tests.hub.commands import KEY


@pytest.fixture(scope="module")
def adapter(shared: Shared) -> EmspCommands:
    """Commands on the database of a running adapter."""
    return EmspCommands(
        {
            "DATABASE_URL": shared.adapter.database_url,
            "SECRET_KEY": KEY,
            "PUBLIC_URL": shared.url,
        }
    )


async def test_the_link_of_a_new_driver_opens_the_account(
    shared: Shared, adapter: EmspCommands
) -> None:
    made = await adapter.aside("driver", "add", "linked@drivers.example", "--json")
    async with browser(shared) as ada:
        page = await ada.open(made.json["link"])
        done = await ada.send(page, password=PASSWORD)
        again = await ada.sign_in(email="linked@drivers.example")

    assert (done.status_code, again.status_code) == (303, 303)


_PIPED = ("driver", "add", "piped@drivers.example")


async def test_a_password_comes_by_stdin(shared: Shared, adapter: EmspCommands) -> None:
    made = await asyncio.to_thread(
        partial(adapter, *_PIPED, "--password", "-", "--json", stdin=f"{PASSWORD}\n")
    )
    async with browser(shared) as ada:
        done = await ada.sign_in(email="piped@drivers.example")

    assert made.json["link"] is None
    assert done.status_code == 303


BAD_DRIVERS = {
    "no address": ["nobody"],
    "a password on the command line": ["a@drivers.example", "--password", PASSWORD],
    "a weak password": ["a@drivers.example", "--password", "-"],
    "a language that is none": ["a@drivers.example", "--locale", "xx"],
}


@pytest.mark.parametrize("words", BAD_DRIVERS.values(), ids=BAD_DRIVERS)
def test_a_driver_that_cannot_be_is_refused(adapter: EmspCommands, words: list[str]) -> None:
    ran = adapter("driver", "add", *words, "--json", stdin="weak\n")

    assert ran.code == 64


def test_an_address_has_one_account(adapter: EmspCommands) -> None:
    adapter("driver", "add", "once@drivers.example", "--json")
    again = adapter("driver", "add", "Once@Drivers.example", "--json")

    assert again.code == 1
    assert "has an account already" in again.json["error"]["message"]


async def test_a_blocked_driver_is_kept_out_until_unblocked(
    shared: Shared, adapter: EmspCommands
) -> None:
    account = shared.account()
    ran = await adapter.aside("driver", "block", account.email, "--json")
    async with browser(shared) as ada:
        blocked = await ada.sign_in(email=account.email)
        await adapter.aside("driver", "unblock", account.email, "--json")
        again = await ada.sign_in(email=account.email)

    listed = (await adapter.aside("driver", "list", "--json")).json
    assert ran.code == 0
    assert (blocked.status_code, again.status_code) == (400, 303)
    assert {each["email"]: each["status"] for each in listed}[account.email] == "active"


async def _reports(shared: Shared, access_token: str) -> int:
    """How the queue of support answers."""
    headers = {"Authorization": f"Bearer {access_token}"}
    async with httpx.AsyncClient(headers=headers) as client:
        return (await client.get(f"{shared.url}/app/v1/support/problems")).status_code


async def test_support_is_taken_from_a_person_at_once(
    shared: Shared, adapter: EmspCommands
) -> None:
    account = shared.account(staff=True)
    async with browser(shared, account) as bo, app(shared, scope="locations support") as web:
        given = await web.token(code=told(await bo.open(web.url(shared.url)))["code"])
        before = await _reports(shared, given["access_token"])
        ran = await adapter.aside("driver", "support", account.email, "--off", "--json")
        after = await _reports(shared, given["access_token"])
        refreshed = dict(await web.client.refresh_token(web.token_url))

    audited = shared.rows("SELECT detail FROM audit WHERE action = 'driver support'")
    assert ran.json == {"id": account.id, "email": account.email, "support": False}
    assert (before, after, await _reports(shared, refreshed["access_token"])) == (200, 403, 403)
    assert refreshed["scope"] == "locations"
    assert audited == [({"support": False},)]


async def test_a_grant_of_support_alone_gives_nothing_when_it_is_taken(
    shared: Shared, adapter: EmspCommands
) -> None:
    account = shared.account(staff=True)
    async with browser(shared, account) as bo, app(shared, scope="support") as web:
        given = await web.token(code=told(await bo.open(web.url(shared.url)))["code"])
        await adapter.aside("driver", "support", account.email, "--off")
        refused = await bo.http.post(
            "/oauth/token",
            data={
                "grant_type": "refresh_token",
                "client_id": "web",
                "refresh_token": given["refresh_token"],
            },
        )

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


async def test_a_driver_becomes_staff(shared: Shared, adapter: EmspCommands) -> None:
    account = shared.account()
    ran = await adapter.aside("driver", "support", account.email, "--on", "--json")
    async with browser(shared, account) as bo, app(shared, scope="locations support") as web:
        given = await web.token(code=told(await bo.open(web.url(shared.url)))["code"])

    assert ran.json["support"] is True
    assert given["scope"] == "locations support"


BAD_STAFF = {
    "neither on nor off": (["ada@drivers.example"], 2),
    "nobody": (["nobody@drivers.example", "--on"], 1),
}


@pytest.mark.parametrize(("words", "code"), BAD_STAFF.values(), ids=BAD_STAFF)
def test_a_change_of_support_that_cannot_be_is_refused(
    adapter: EmspCommands, words: list[str], code: int
) -> None:
    assert adapter("driver", "support", *words, "--json").code == code


@pytest.mark.parametrize("words", [[], ["--credentials"]], ids=["no redirect URI", "said so"])
async def test_a_client_by_itself_gets_a_secret_once(
    shared: Shared, adapter: EmspCommands, words: list[str]
) -> None:
    made = (await adapter.aside("client", "add", "Maps", *words, "--json")).json
    async with browser(shared) as app:
        answer = await app.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(made["client_id"], made["client_secret"]),
        )
        listed = (await adapter.aside("client", "list", "--json")).json
        await adapter.aside("client", "remove", made["client_id"], "--json")
        gone = await app.http.get(
            "/app/v1/locations",
            params={"near": "52.1,4.3"},
            headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
        )

    assert answer.json()["scope"] == "locations"
    assert made["client_secret"] not in str(listed)
    assert gone.status_code == 401


def test_an_app_on_a_device_has_no_secret(adapter: EmspCommands) -> None:
    made = adapter(
        "client", "add", "Phone", "--public", "--redirect-uri", "com.example.app:/back", "--json"
    )

    assert made.json["client_secret"] is None


BAD_CLIENTS = {
    "on a device by itself": ["App", "--public"],
    "both kinds": ["App", "--credentials", "--redirect-uri", "https://a.example/"],
    "http elsewhere": ["App", "--redirect-uri", "http://a.example/"],
    "a fragment": ["App", "--redirect-uri", "https://a.example/#x"],
    "a wildcard": ["App", "--redirect-uri", "https://*.a.example/"],
    "a rule for a page": ["App", "--redirect-uri", "https://a.example;default-src/"],
    "a user": ["App", "--redirect-uri", "https://a@b.example/"],
    "a script": ["App", "--redirect-uri", "javascript:alert(1)"],
    "data": ["App", "--redirect-uri", "data:text/html,x"],
    "no host": ["App", "--redirect-uri", "https:///x"],
    "charging by itself": ["App", "--scope", "charging"],
    "a scope that is none": ["App", "--credentials", "--scope", "everything"],
    "no name": [" ", "--credentials"],
}


@pytest.mark.parametrize("words", BAD_CLIENTS.values(), ids=BAD_CLIENTS)
def test_a_client_that_cannot_be_is_refused(adapter: EmspCommands, words: list[str]) -> None:
    assert adapter("client", "add", *words, "--json").code == 64


async def test_a_new_signing_key_takes_the_place_of_the_old(
    shared: Shared, adapter: EmspCommands
) -> None:
    async with browser(shared) as anybody:
        before = (await anybody.open("/oauth/jwks.json")).json()["keys"]
        made = (await adapter.aside("client", "new-signing-key", "--json")).json
        after = (await anybody.open("/oauth/jwks.json")).json()["keys"]

    assert [key["kid"] for key in after] == [made["kid"]]
    assert before[0]["kid"] != made["kid"]
