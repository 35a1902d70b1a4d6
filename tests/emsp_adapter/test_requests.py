"""What the adapter takes of a request, what it says of the rest, and the headers of its answers."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from tests.emsp_adapter.running import Adapter, Driver

EVERY = "openid account"
NAMED: dict[str, tuple[str, str, str, int]] = {
    "a guest": ("POST", "/guest/aaaaaaaaaa/charges", "", 16_000),
    "a driver": ("PATCH", "/me", EVERY, 64_000),
    "an import": ("POST", "/cards/import", EVERY, 256_000),
    "support": ("POST", "/support/problems/P1/answers", "support", 256_000),
}


@pytest.fixture
async def ada(emsp: Adapter) -> Driver:
    """A driver."""
    return await emsp.driver()


@pytest.mark.parametrize(("method", "path", "scope", "most"), NAMED.values(), ids=NAMED)
async def test_a_body_is_as_large_as_its_route_needs(
    emsp: Adapter, ada: Driver, method: str, path: str, scope: str, most: int
) -> None:
    client = await emsp.api(None if scope == "support" else ada.id, scope=scope)

    within = await client.request(method, path, content=b'"' + b"x" * (most - 2) + b'"')
    beyond = await client.request(method, path, content=b'"' + b"x" * (most - 1) + b'"')

    assert within.status_code == 422
    assert beyond.status_code == 413
    assert beyond.json()["detail"] == f"the body is larger than {most} bytes"


async def test_a_body_of_a_thousand_slips_is_answered_briefly(ada: Driver) -> None:
    answer = await ada.api.patch("/me", json={f"slip{number}": 1 for number in range(4000)})

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20
    assert len(answer.content) < 4_000


async def test_a_key_that_is_there_twice_among_many_is_found_soon(ada: Driver) -> None:
    keys = [f'"{number}":1' for number in range(25_000)]
    body = "{" + ",".join([*keys, '"z":1,"z":1']) + "}"
    began = time.perf_counter()

    answer = await ada.api.post("/cards/import", content=body)

    assert (answer.status_code, "twice" in answer.text) == (422, True)
    assert time.perf_counter() - began < 1.5


# --- headers -------------------------------------------------------------------------------------

LONG = {"X-Long": "x" * 9_000}
JSON = "application/problem+json"


@pytest.mark.parametrize("path", ["/app/v1/me", "/app/v1/openapi.json", "/healthz", "/nothing"])
async def test_headers_that_nobody_needs_are_refused(emsp: Adapter, path: str) -> None:
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        headers = await client.get(path, headers=LONG)
        query = await client.get(path, params={"q": "x" * 9_000})

    assert (headers.status_code, headers.headers["content-type"]) == (431, JSON)
    assert headers.json()["detail"] == "the headers are larger than 8192 bytes"
    assert (query.status_code, query.json()["title"]) == (414, "Request-URI Too Long")


@pytest.mark.parametrize("path", ["/", "/g/aaaa", "/account/sign-in", "/oauth/authorize"])
async def test_who_looks_at_a_page_is_refused_with_one(emsp: Adapter, path: str) -> None:
    asks = LONG | {"Accept": "text/html,*/*", "Accept-Language": "de"}
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        answer = await client.get(path, headers=asks)

    assert answer.status_code == 431
    assert "löschen Sie seine Cookies" in answer.text


async def test_a_program_that_signs_in_is_refused_as_oauth_says(emsp: Adapter) -> None:
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        answer = await client.post("/oauth/token", headers=LONG)

    assert (answer.status_code, answer.json()["error"]) == (431, "invalid_request")


async def test_partners_have_the_limits_of_ocpi(emsp: Adapter) -> None:
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        answer = await client.get("/ocpi/versions", headers=LONG)

    assert answer.status_code == 401


async def test_what_is_a_drivers_own_is_kept_nowhere(ada: Driver) -> None:
    answers = [await ada.api.get(path) for path in ("/me", "/charges", "/nothing", "/me/export")]

    assert {each.headers["cache-control"] for each in answers} == {"no-store"}
    assert {each.headers["x-content-type-options"] for each in answers} == {"nosniff"}


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/nothing", "/payments/stripe/events"])
async def test_no_browser_guesses_what_an_answer_is(emsp: Adapter, path: str) -> None:
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        answer = await client.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"


# --- queries and numbers -------------------------------------------------------------------------

PLUG = {"location": "NL*CPO*LOC1", "evse_uid": "EVSE1"}
ODD = {
    "a slip": ("/prices", [("minuts", "5")], "minuts: is no parameter of this request"),
    "twice": (
        "/prices",
        [("energy_kwh", "20"), ("energy_kwh", "30")],
        "energy_kwh: expected once, got 2 times",
    ),
    "twice in a list": ("/locations", [("limit", "1")] * 2, "limit: expected once, got 2 times"),
    "where none is taken": ("/me", [("full", "1")], "full: is no parameter of this request"),
}


@pytest.mark.parametrize(("path", "query", "detail"), ODD.values(), ids=ODD)
async def test_a_query_is_known_and_said_once(
    ada: Driver, path: str, query: list[tuple[str, Any]], detail: str
) -> None:
    more = list(PLUG.items()) if path == "/prices" else []

    answer = await ada.api.get(path, params=[*more, *query])

    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


async def test_a_query_of_many_parameters_is_refused_briefly(ada: Driver) -> None:
    answer = await ada.api.get("/locations", params={f"p{number}": "" for number in range(1000)})

    assert answer.status_code == 422
    assert len(answer.content) < 500


async def test_a_guest_has_to_say_what_there_is_too(emsp: Adapter) -> None:
    async with httpx.AsyncClient(base_url=f"{emsp.url}/app/v1") as client:
        answer = await client.get("/guest/aaaaaaaaaa", params={"lang": "de"})

    assert (answer.status_code, answer.json()["field"]) == (422, "lang")


NO_NUMBER = {
    "underscores": "1_000",
    "a plus": "+5",
    "blanks": " 5 ",
    "Arabic digits": "\u0665",
    "an exponent": "1e2",
    "none": "NaN",
}


@pytest.mark.parametrize("text", NO_NUMBER.values(), ids=NO_NUMBER)
async def test_a_number_is_written_as_programs_write_it(ada: Driver, text: str) -> None:
    asked = {
        "energy_kwh": await ada.api.get("/prices", params=PLUG | {"energy_kwh": text}),
        "minutes": await ada.api.get("/prices", params=PLUG | {"minutes": text}),
        "min_kw": await ada.api.get("/locations", params={"min_kw": text}),
        "limit": await ada.api.get("/charges", params={"limit": text}),
        "radius_m": await ada.api.get("/locations", params={"near": "1,1", "radius_m": text}),
        "energy_need_kwh": await ada.api.put(
            "/charges/C1/preferences", json={"profile_type": "FAST", "energy_need_kwh": text}
        ),
    }

    assert {name: answer.status_code for name, answer in asked.items()} == dict.fromkeys(asked, 422)
    assert {name: answer.json()["field"] for name, answer in asked.items()} == {
        name: name for name in asked
    }


# --- words ---------------------------------------------------------------------------------------

UNPRINTED = "expected characters that are seen"
NUL = "NUL (U+0000) cannot be kept"
SAID: dict[str, tuple[str, str, Any, str]] = {
    "no object": ("PATCH", "/me", [1], "body: expected an object"),
    "a slip": ("PATCH", "/me", {"nmae": "Ada"}, "nmae: no field or parameter here has this name"),
    "a language": ("PATCH", "/me", {"locale": "xx"}, "locale: expected one of de, en"),
    "NUL": ("PATCH", "/me", {"name": "A\0"}, f"name: {NUL}"),
    "a control": ("PATCH", "/me", {"name": "A\x07"}, f"name: {UNPRINTED}, got U+0007"),
    "long": ("PATCH", "/me", {"name": "A" * 101}, "name: expected text of at most 100 characters"),
    "no text": ("PATCH", "/me", {"name": 5}, "name: expected text"),
    "missing": ("PUT", "/plan", {}, "id: is missing"),
    "no truth": ("PATCH", "/cards/C1", {"blocked": "?"}, "blocked: expected true or false"),
    "no list": ("POST", "/cards/import", {"cards": {}}, "cards: expected a list"),
    "no card": ("POST", "/cards/import", {"cards": []}, "cards: expected 1 or more entries"),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "detail"), SAID.values(), ids=SAID)
async def test_what_is_wrong_is_said_in_plain_words(
    ada: Driver, method: str, path: str, body: Any, detail: str
) -> None:
    answer = await ada.api.request(method, path, content=json.dumps(body))

    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


async def test_a_name_that_is_not_known_is_shown_as_it_came(ada: Driver) -> None:
    answer = await ada.api.put("/notifications", json={"email": {"k0": True}})

    assert answer.json()["field"] == "email.k0"
    assert answer.json()["detail"].startswith("email.k0: expected 'charge_started'")


UNSEEN = {
    "right to left": "A\u202ebc",
    "a line separator": "A\u2028b",
    "a paragraph": "A\u2029b",
    "no width": "A\u200bb",
    "a mark of order": "\ufeffAda",
    "one blank": " ",
    "a wide blank": "\u2003",
    "a joiner alone": "\u200d",
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
async def test_a_name_is_something_that_can_be_seen(ada: Driver, text: str) -> None:
    name = await ada.api.patch("/me", json={"name": text})
    label = await ada.api.post("/cards", json={"uid": "04A1B2C3", "label": text})

    assert (name.status_code, name.json()["field"]) == (422, "name")
    assert (label.status_code, label.json()["field"]) == (422, "label")


@pytest.mark.parametrize(
    "name", ["Zoë 👩\u200d🔧", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"]
)
async def test_a_name_in_any_language_is_kept(ada: Driver, name: str) -> None:
    await ada.api.patch("/me", json={"name": name})

    assert (await ada.api.get("/me")).json()["name"] == name
