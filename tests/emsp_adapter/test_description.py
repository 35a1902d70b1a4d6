"""The description of the driver API: what an app's author reads, and programs are made from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from emsp_adapter.driver_api.door import Scope
from ocpi_hub.node.rest.problems import PROBLEM_JSON, ProblemDetails
from tests.emsp_adapter.described import Row, document, models, resolved, rows
from tests.emsp_adapter.running import Adapter

_ANY = {414, 422, 429, 431, 503}
_WITH_TOKEN = {401, 403}
_WITH_BODY = {400, 413}

every_route = pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.path}")


def _is_open(row: Row) -> bool:
    return row.path.startswith("/guest/") and not row.path.endswith("/qr.svg")


_NAMING_A_PLACE = {
    ("POST", "/charges"),
    ("POST", "/reservations"),
    ("POST", "/support/unlock"),
    ("POST", "/problems"),
    ("GET", "/prices"),
}


@every_route
def test_every_route_says_how_it_refuses(row: Row) -> None:
    expected = _ANY | (set() if _is_open(row) else _WITH_TOKEN)
    if row.body is not None:
        expected |= _WITH_BODY
    if "{" in row.path or (row.method, row.path) in _NAMING_A_PLACE:
        expected |= {404}
    if row.method != "GET":
        expected |= {409}

    assert set(row.refusals) == expected
    assert all(list(said["content"]) == [PROBLEM_JSON] for said in row.refusals.values())


@pytest.mark.parametrize("status", [429, 503])
def test_who_has_to_wait_is_told_how_long(status: int) -> None:
    assert "Retry-After" in rows()[0].refusals[status]["headers"]


@every_route
def test_every_route_names_the_scope_that_it_needs(row: Row) -> None:
    needed = row.operation.get("security", [])

    if _is_open(row):
        assert needed == []
    else:
        ((scope,),) = [each["oauth2"] for each in needed]
        assert scope in set(Scope)


async def test_the_flows_are_where_the_adapter_signs_drivers_in(emsp: Adapter) -> None:
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        description = (await client.get("/app/v1/openapi.json")).json()
        discovered = (await client.get("/.well-known/openid-configuration")).json()

    flows = description["components"]["securitySchemes"]["oauth2"]["flows"]
    assert flows["authorizationCode"]["authorizationUrl"] == discovered["authorization_endpoint"]
    assert {flow["tokenUrl"] for flow in flows.values()} == {discovered["token_endpoint"]}
    assert set(flows["authorizationCode"]["scopes"]) == set(Scope)
    assert description["servers"] == [{"url": "/app/v1"}]


# --- examples ------------------------------------------------------------------------------------


_BINARY = {"application/pdf", "image/svg+xml"}


def _examples(content: Mapping[str, Any]) -> list[Any]:
    """The examples of a body: its own, or those of its schema."""
    schema = resolved(content.get("schema", {}))
    return [content["example"]] if "example" in content else list(schema.get("examples", []))


@every_route
def test_every_body_has_an_example(row: Row) -> None:
    taken = [] if row.body is None else [row.body]
    given = [content for name, content in row.answers.items() if name not in _BINARY]

    for content in (*taken, *given):
        assert _examples(content)


def _with_examples() -> list[str]:
    schemas: Mapping[str, Any] = document()["components"]["schemas"]
    return [name for name, schema in schemas.items() if "examples" in schema]


@pytest.mark.parametrize("name", _with_examples())
def test_every_example_of_a_shape_is_of_that_shape(name: str) -> None:
    for each in document()["components"]["schemas"][name]["examples"]:
        models()[name].model_validate_json(json.dumps(each))


@pytest.mark.parametrize("name", document()["components"]["responses"])
def test_every_example_of_a_refusal_is_one(name: str) -> None:
    content = document()["components"]["responses"][name]["content"][PROBLEM_JSON]

    assert content["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
    ProblemDetails.model_validate(content["example"])


# --- names ---------------------------------------------------------------------------------------

_MEDIA_TYPES = {
    "/charges/{charge_id}/events": "text/event-stream",
    "/guest/{code}/qr.svg": "image/svg+xml",
    "/receipts/{receipt_id}/pdf": "application/pdf",
    "/statements/{month}/pdf": "application/pdf",
}


@pytest.mark.parametrize(("path", "media_type"), _MEDIA_TYPES.items(), ids=_MEDIA_TYPES)
def test_what_is_not_json_says_what_it_is(path: str, media_type: str) -> None:
    (row,) = [each for each in rows() if each.path == path]

    assert list(row.answers) == [media_type]


def test_no_two_operations_have_one_name() -> None:
    names = Counter(row.operation["operationId"] for row in rows())
    summaries = Counter(row.operation["summary"] for row in rows())

    assert {name: count for name, count in names.items() if count > 1} == {}
    assert {each: count for each, count in summaries.items() if count > 1} == {}


def test_every_summary_is_of_more_than_one_word() -> None:
    assert [row.path for row in rows() if " " not in row.operation["summary"]] == []


def test_no_schema_is_named_after_a_module() -> None:
    assert [name for name in document()["components"]["schemas"] if "__" in name] == []


# --- lists ---------------------------------------------------------------------------------------


@every_route
def test_what_has_a_next_page_takes_its_cursor(row: Row) -> None:
    schema = resolved(row.answers.get("application/json", {}).get("schema", {}))
    parameters = {each["name"] for each in row.operation.get("parameters", [])}

    has_next = "next" in schema.get("properties", {})
    assert has_next == ("cursor" in parameters) == ("limit" in parameters)
