"""The driver API as a whole: who gets in, and what its description says."""

from __future__ import annotations

import httpx
import pytest

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

    assert described_ or "application/json" not in row.media_types


async def test_it_is_ready_when_its_database_answers(emsp: Adapter) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{emsp.url}/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
