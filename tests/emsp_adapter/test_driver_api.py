"""The driver API as a whole: who gets in, and what its description says."""

from __future__ import annotations

import httpx

from tests.emsp_adapter.running import Adapter


async def test_the_description_needs_no_token(emsp: Adapter) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{emsp.url}/app/v1/openapi.json")

    assert answer.json()["info"]["title"] == "eMSP adapter: driver API"


async def test_it_is_ready_when_its_database_answers(emsp: Adapter) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{emsp.url}/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
