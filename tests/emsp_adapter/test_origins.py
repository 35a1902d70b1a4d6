"""Apps in browsers call the API from their own origin; the pages for signing in stay closed."""

from __future__ import annotations

import httpx
import pytest

from tests.emsp_adapter.running import Adapter

ORIGIN = {"Origin": "https://app.example"}
ASKS = ORIGIN | {"Access-Control-Request-Method": "POST"}
ALLOWED = "access-control-allow-origin"


async def test_a_browser_may_ask_from_another_origin(emsp: Adapter) -> None:
    driver = await emsp.driver()

    answer = await driver.api.get("/me", headers=ORIGIN)
    refused = await driver.api.get("/nothing", headers=ORIGIN)

    assert (answer.status_code, answer.headers[ALLOWED]) == (200, "*")
    assert (refused.status_code, refused.headers[ALLOWED]) == (404, "*")
    assert "access-control-allow-credentials" not in answer.headers


OPEN = ["/app/v1/charges", "/oauth/token", "/oauth/revoke", "/.well-known/openid-configuration"]


@pytest.mark.parametrize("path", OPEN)
async def test_a_browser_hears_beforehand_what_it_may_send(emsp: Adapter, path: str) -> None:
    headers = ASKS | {"Access-Control-Request-Headers": "authorization, idempotency-key"}
    async with httpx.AsyncClient() as client:
        answer = await client.options(emsp.url + path, headers=headers)

    assert (answer.status_code, answer.headers[ALLOWED]) == (200, "*")
    assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("path", ["/account/sign-in", "/oauth/authorize", "/"])
async def test_pages_are_for_their_own_origin(emsp: Adapter, path: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(emsp.url + path, headers=ORIGIN)

    assert ALLOWED not in answer.headers
