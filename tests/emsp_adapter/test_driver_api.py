"""The driver API as a whole: who gets in, and what its description says."""

from __future__ import annotations

import httpx
import pytest

from ocpi_hub.node.rest.problems import ProblemDetails
from tests.emsp_adapter import described
from tests.emsp_adapter.described import Row
from tests.emsp_adapter.running import Adapter


async def test_the_description_needs_no_token(emsp: Adapter) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{emsp.url}/app/v1/openapi.json")

    assert answer.json()["info"]["title"] == "eMSP adapter: driver API"


# What is a document of anything: all that is known of a driver.
_SHAPELESS = {"/me/export"}


@pytest.mark.parametrize("row", described.rows(), ids=lambda row: f"{row.method} {row.path}")
def test_every_answer_of_json_is_described(row: Row) -> None:
    described_ = row.model is not None or row.path in _SHAPELESS

    assert described_ or "application/json" not in row.answers


WRONG = {
    "a body that is not JSON": ("POST", "/cards", b"{", 400),
    "a method that the path does not take": ("PUT", "/charges", b"{}", 405),
    "a path that is none": ("GET", "/nothing", None, 404),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), WRONG.values(), ids=WRONG)
async def test_what_is_no_request_of_the_api_is_a_problem(
    emsp: Adapter, method: str, path: str, body: bytes | None, status: int
) -> None:
    ada = await emsp.driver()

    answer = await ada.api.request(method, path, content=body)

    assert answer.status_code == ProblemDetails.model_validate_json(answer.content).status == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_it_is_ready_when_its_database_answers(emsp: Adapter) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{emsp.url}/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
