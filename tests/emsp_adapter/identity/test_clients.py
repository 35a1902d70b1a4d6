"""Apps that speak for themselves, what a token is good for, and the end of one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from tests.emsp_adapter.identity.browsing import (
    CALLBACK,
    SECRET,
    Shared,
    app,
    browser,
    told,
)


async def _post(at: Shared, path: str, by: str | None, **form: str) -> httpx.Response:
    """The answer to a client with its secret, or to one that only says its name."""
    auth = None if by is None else (by, SECRET)
    async with httpx.AsyncClient(auth=auth) as http:
        return await http.post(f"{at.url}/oauth/{path}", data=form)


def _by_itself(at: Shared, scope: str = "locations") -> str:
    return at.registered(redirect_uris=(), grant_types="client_credentials", scope=scope)


async def _own_token(at: Shared, client_id: str, **form: str) -> dict[str, Any]:
    answer = await _post(at, "token", client_id, grant_type="client_credentials", **form)
    found: dict[str, Any] = answer.json()
    return found


async def test_an_app_by_itself_finds_chargers_and_is_no_driver(shared: Shared) -> None:
    tokens = await _own_token(shared, _by_itself(shared))
    async with httpx.AsyncClient(
        base_url=shared.url, headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ) as http:
        found = await http.get("/app/v1/locations", params={"near": "52.1,4.3"})
        me = await http.get("/app/v1/me")
        known = await http.get("/oauth/userinfo")

    assert (tokens["scope"], tokens["expires_in"]) == ("locations", 600)
    assert "refresh_token" not in tokens
    assert (found.status_code, me.status_code, known.status_code) == (200, 403, 401)


async def test_an_app_by_itself_gets_no_more_than_it_was_given(shared: Shared) -> None:
    client_id = _by_itself(shared)

    answers = [
        await _own_token(shared, client_id, scope=scope)
        for scope in ("charging", "support", "locations support", "everything")
    ]

    assert {answer["error"] for answer in answers} == {"invalid_scope"}


async def test_an_app_of_staff_may_have_support(shared: Shared) -> None:
    tokens = await _own_token(shared, _by_itself(shared, "locations support"))

    assert tokens["scope"] == "locations support"


async def test_an_app_for_drivers_does_not_speak_for_itself(shared: Shared) -> None:
    assert (await _own_token(shared, shared.registered()))["error"] == "unauthorized_client"


async def test_an_app_by_itself_sends_no_driver(shared: Shared) -> None:
    client_id = shared.registered(grant_types="client_credentials", scope="locations")
    async with (
        browser(shared, shared.account()) as ada,
        app(shared, client_id=client_id, redirect_uri=CALLBACK, scope="locations") as other,
    ):
        answer = await ada.open(other.url(shared.url))

    assert told(answer)["error"] == "unauthorized_client"


async def test_a_wrong_secret_is_challenged(shared: Shared) -> None:
    client_id = _by_itself(shared)
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{shared.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client_id, "guess"),
        )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


# --- introspection and revocation ----------------------------------------------------------------


async def test_a_client_asks_what_its_tokens_are_good_for(shared: Shared) -> None:
    client_id, account = shared.registered(), shared.account()
    async with (
        browser(shared, account) as ada,
        app(
            shared, client_id=client_id, secret=SECRET, redirect_uri=CALLBACK, scope="locations"
        ) as other,
    ):
        page = await ada.open(other.url(shared.url))
        back = await ada.send(page, decision="allow")
        tokens = await other.token(code=told(back)["code"])
    said = [
        (await _post(shared, "introspect", client_id, token=tokens[name])).json()
        for name in ("access_token", "refresh_token")
    ]

    assert [each["active"] for each in said] == [True, True]
    assert {each["sub"] for each in said} == {account.id}
    assert {each["scope"] for each in said} == {"locations"}
    assert all(each["exp"] > 0 for each in said)


async def test_nobody_hears_of_tokens_of_others(shared: Shared) -> None:
    tokens = await _own_token(shared, _by_itself(shared))
    other = await _post(shared, "introspect", shared.registered(), token=tokens["access_token"])
    public = await _post(shared, "introspect", None, token=tokens["access_token"], client_id="web")

    assert other.json() == {"active": False}
    assert public.status_code == 401


async def test_a_revoked_access_token_is_good_for_nothing(shared: Shared) -> None:
    client_id = _by_itself(shared)
    tokens = await _own_token(shared, client_id)

    revoked = await _post(shared, "revoke", client_id, token=tokens["access_token"])
    said = await _post(shared, "introspect", client_id, token=tokens["access_token"])

    assert revoked.status_code == 200
    assert said.json() == {"active": False}


async def test_a_revoked_refresh_token_ends_its_family(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada, app(shared) as web:
        tokens = await web.token(code=told(await ada.open(web.url(shared.url)))["code"])
        revoked = await _post(
            shared,
            "revoke",
            None,
            client_id="web",
            token=tokens["refresh_token"],
            token_type_hint="access_token",
        )
        known = await web.client.get(f"{shared.url}/oauth/userinfo")

    assert (revoked.status_code, known.status_code) == (200, 401)


async def test_a_token_of_another_client_is_not_revoked(shared: Shared) -> None:
    client_id = _by_itself(shared)
    tokens = await _own_token(shared, client_id)

    refused = await _post(shared, "revoke", shared.registered(), token=tokens["access_token"])
    said = await _post(shared, "introspect", client_id, token=tokens["access_token"])

    assert (refused.status_code, said.json()["active"]) == (400, True)


async def test_revoking_what_is_no_token_is_no_error(shared: Shared) -> None:
    answer = await _post(shared, "revoke", _by_itself(shared), token="nothing")

    assert answer.status_code == 200


# --- what a client can find out ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
async def test_the_metadata_is_in_order_and_its_urls_are_there(shared: Shared, name: str) -> None:
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{shared.url}/.well-known/{name}")).json()
        urls = [found[each] for each in found if each.endswith(("_endpoint", "_uri"))]
        answers = [(await http.get(url)).status_code for url in urls]

    AuthorizationServerMetadata(found).validate()
    assert found["issuer"] == shared.url
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert not {404, 500} & set(answers)


async def test_the_key_set_has_public_keys_only(shared: Shared) -> None:
    async with httpx.AsyncClient() as http:
        keys = (await http.get(f"{shared.url}/oauth/jwks.json")).json()["keys"]

    assert [(key["alg"], key["use"], key["crv"]) for key in keys] == [("ES256", "sig", "P-256")]
    assert "d" not in keys[0]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("", 401),
        ("Bearer", 401),
        ("Basic YTpi", 401),
        ("Bearer nothing", 401),
        ("Bearer " + "x" * 600, 401),
    ],
)
async def test_userinfo_needs_a_token_of_a_driver(shared: Shared, header: str, status: int) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{shared.url}/oauth/userinfo", headers={"Authorization": header})

    assert answer.status_code == status
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_userinfo_needs_the_scope_openid(shared: Shared) -> None:
    async with browser(shared, shared.account()) as ada, app(shared, scope="locations") as web:
        await web.token(code=told(await ada.open(web.url(shared.url)))["code"])
        answer = await web.client.get(f"{shared.url}/oauth/userinfo")

    assert answer.status_code == 403
