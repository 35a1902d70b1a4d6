"""How the web app is served: types, headers, what a browser keeps."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from emsp_adapter.settings import EmspSettings
from emsp_adapter.web import policy, routes
from emsp_adapter.web.assets import Asset, asset, service_worker, static_files
from ocpi_hub.service.refusals import SettingsError
from tests.emsp_adapter.running import Adapter
from tests.serving import free_port, serving

PAGES = ["/", "/g/ABC123"]
TYPES = {
    "/": "text/html; charset=utf-8",
    "/g/ABC123": "text/html; charset=utf-8",
    "/sw.js": "text/javascript; charset=utf-8",
    "/config.json": "application/json",
    "/manifest.webmanifest": "application/manifest+json",
    "/static/app.css": "text/css; charset=utf-8",
    "/static/js/app.js": "text/javascript; charset=utf-8",
    "/static/i18n/de.json": "application/json",
    "/static/icons/icon.svg": "image/svg+xml",
    "/static/icons/icon-192.png": "image/png",
    "/static/vendor/world-atlas/LICENSE": "text/plain; charset=utf-8",
}
TILES = "https://tiles.example:8443/{z}/{x}/{y}.png"


@asynccontextmanager
async def visitor(**settings: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is not signed in, before the web app alone."""
    app, port = FastAPI(), free_port()
    app.include_router(routes(EmspSettings.from_env(settings)))
    async with (
        serving(app, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """The same, with the settings that hold where none are given."""
    async with visitor() as client:
        yield client


async def test_the_adapter_has_the_web_app_at_its_root(emsp: Adapter) -> None:
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        answers = {path: await client.get(path) for path in [*PAGES, "/static/app.css"]}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        answers, 200
    )
    assert answers["/"].content == answers["/g/ABC123"].content


@pytest.mark.parametrize(("path", "media_type"), TYPES.items(), ids=TYPES)
async def test_a_file_comes_with_its_type(
    browser: httpx.AsyncClient, path: str, media_type: str
) -> None:
    answer = await browser.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_may_load_from_its_own_host_alone(
    browser: httpx.AsyncClient, path: str
) -> None:
    answer = await browser.get(path)

    allowed = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert allowed["default-src"] == allowed["img-src"] == "'self'"
    assert allowed["frame-ancestors"] == allowed["object-src"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_a_file_that_the_browser_has_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/static/app.css")

    again = await browser.get("/static/app.css", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_browser_that_unpacks_gets_less(browser: httpx.AsyncClient) -> None:
    url = "/static/vendor/world-atlas/countries-50m.json"

    async with browser.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as packed:
        body = b"".join([part async for part in packed.aiter_raw()])
    plain = await browser.get(url, headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert len(body) < len(plain.content) / 2
    assert gzip.decompress(body) == plain.content


@pytest.mark.parametrize(
    "path", ["/static/none.js", "/static/", "/static/../__init__.py", "/static/%2e%2e/assets.py"]
)
async def test_what_is_no_file_of_the_app_is_not_found(
    browser: httpx.AsyncClient, path: str
) -> None:
    answer = await browser.get(path)

    assert answer.status_code == 404


async def test_the_service_worker_knows_every_file_of_the_shell(browser: httpx.AsyncClient) -> None:
    first_line = (await browser.get("/sw.js")).text.splitlines()[0]

    shell = json.loads(first_line.removeprefix("const SHELL = ").removesuffix(";"))

    answers = [await browser.get(path) for path in shell["files"]]
    assert {"/", "/config.json", "/static/js/app.js", "/static/i18n/de.json"} <= set(shell["files"])
    assert {answer.status_code for answer in answers} == {200}


def test_a_changed_file_is_a_new_version_of_the_shell() -> None:
    files = static_files()
    changed = files | {"app.css": replace(files["app.css"], etag='"another"')}

    assert _version(files) != _version(changed)


def test_a_changed_setting_is_a_new_version_of_the_shell() -> None:
    files = static_files()
    named, renamed = ({"config.json": asset(name, "application/json")} for name in (b"A", b"B"))

    assert service_worker(files, named) != service_worker(files, renamed)


def _version(files: dict[str, Asset]) -> bytes:
    return service_worker(files, {}).body.splitlines()[0]


def test_the_host_of_the_street_tiles_may_be_asked_for_images_alone() -> None:
    settings = EmspSettings.from_env({"EMSP_MAP_TILES_URL": TILES})

    assert "img-src 'self' https://tiles.example:8443;" in policy(settings)
    assert "default-src 'self';" in policy(settings)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://tiles.example/{z}/{x}/{y}.png", id="not encrypted"),
        pytest.param("https://tiles.example/map.png", id="no tile"),
        pytest.param("https://a.example;script-src *;/{z}/{x}/{y}", id="a policy in it"),
        pytest.param("https://user:secret@tiles.example/{z}/{x}/{y}", id="a password in it"),
    ],
)
def test_a_url_of_tiles_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="EMSP_MAP_TILES_URL"):
        EmspSettings.from_env({"EMSP_MAP_TILES_URL": url})


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Charge", "Charge"),
        ("Maple Mobility", "Maple"),
        ("Go e-Mobility Now", "Go"),
        ("Elektromobilverein", "Elektromobil"),
    ],
)
async def test_the_name_on_a_home_screen_ends_with_a_whole_word(name: str, short: str) -> None:
    async with visitor(EMSP_NAME=name) as browser:
        told = (await browser.get("/manifest.webmanifest")).json()

    assert (told["name"], told["short_name"]) == (name, short)
