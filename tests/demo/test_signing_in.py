"""The driver of the demo signs in by the pages: forms are read, and a wrong password is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ocpi_hub.demo.processes import DemoError
from ocpi_hub.demo.signing_in import access_token
from tests.serving import free_port, serving

PAGE = """
<form method="post" action="/account/sign-in">
<input type="hidden" name="csrf" value="a&amp;b">
<input name="email"><input name="password" type="password"><button>Sign in</button>
</form>
<form action="/elsewhere"><input type="hidden" name="csrf" value="of another form"></form>
"""


async def _authorize(request: Request) -> Response:
    assert request.query_params["code_challenge_method"] == "S256"
    return RedirectResponse("/account/sign-in", 303)


async def _sign_in(request: Request) -> Response:
    if request.method == "GET":
        return HTMLResponse(PAGE)
    form = parse_qs((await request.body()).decode())
    assert form["csrf"] == ["a&b"]
    if form["password"] != ["right"]:
        return HTMLResponse(PAGE, 401)
    return RedirectResponse("/?code=CODE1&state=s", 303)


async def _token(request: Request) -> Response:
    form = parse_qs((await request.body()).decode())
    return JSONResponse({"access_token": f"for {form['code'][0]}"})


async def _app(request: Request) -> Response:
    return HTMLResponse("the app")


@pytest.fixture
async def provider() -> AsyncIterator[str]:
    """A provider with one page to sign in."""
    port = free_port()
    app = Starlette(
        routes=[
            Route("/", _app),
            Route("/oauth/authorize", _authorize),
            Route("/account/sign-in", _sign_in, methods=["GET", "POST"]),
            Route("/oauth/token", _token, methods=["POST"]),
        ]
    )
    async with serving(app, port):
        yield f"http://127.0.0.1:{port}"


async def test_a_driver_who_fills_in_the_form_gets_a_token(provider: str) -> None:
    token = await asyncio.to_thread(access_token, provider, email="a@b.example", password="right")

    assert token == "for CODE1"


async def test_a_wrong_password_ends_the_demo_with_a_sentence(provider: str) -> None:
    with pytest.raises(DemoError, match="sign-in is HTTP 401"):
        await asyncio.to_thread(access_token, provider, email="a@b.example", password="wrong")
