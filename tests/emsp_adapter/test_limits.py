"""How many requests an app may make of the driver API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emsp_adapter.driver_api.limits import Limits
from ocpi_hub.node.limits import RateLimit
from tests.emsp_adapter.running import Adapter


def driver_api(emsp: Adapter) -> Any:
    """The application below /app/v1, without what is around it."""
    mounted: Any = next(
        each for each in emsp.app.rest.routes if getattr(each, "path", "") == "/app/v1"
    )
    return getattr(mounted.app, "app", mounted.app)


@pytest.fixture
async def tight(emsp: Adapter) -> Adapter:
    """An adapter that lets three requests of each through, and no more."""
    driver_api(emsp).state.limits = Limits(
        tokens=RateLimit(3, 60.0, "requests"),
        strangers=RateLimit(3, 60.0, "refusals"),
        reports=RateLimit(3, 3600.0, "reports per hour"),
    )
    return emsp


async def test_a_token_has_its_share_and_another_one_has_its_own(tight: Adapter) -> None:
    ada, ben = await tight.driver("ada@drivers.example"), await tight.driver("ben@drivers.example")

    of_ada = [await ada.api.get("/notifications") for _ in range(4)]
    of_ben = await ben.api.get("/notifications")

    assert [each.status_code for each in of_ada] == [200, 200, 200, 429]
    assert of_ada[-1].headers["content-type"] == "application/problem+json"
    assert of_ada[-1].json()["detail"] == "more than 3 requests"
    assert 1 <= int(of_ada[-1].headers["retry-after"]) <= 20
    assert of_ben.status_code == 200


async def test_an_address_that_guesses_tokens_is_slowed_down_and_nobody_else_there(
    tight: Adapter,
) -> None:
    ada = await tight.driver()

    async with httpx.AsyncClient(base_url=f"{tight.url}/app/v1") as stranger:
        guesses = [
            await stranger.get("/notifications", headers={"Authorization": f"Bearer {n}"})
            for n in range(4)
        ]
    hers = await ada.api.get("/notifications")

    assert [each.status_code for each in guesses] == [401, 401, 401, 429]
    assert hers.status_code == 200


async def test_a_driver_reports_so_many_problems_in_an_hour(tight: Adapter) -> None:
    ada = await tight.driver()
    for _ in range(3):
        await (await tight.api(ada.id, scope="problems")).post(
            "/problems", json={"kind": "app", "text": "It is slow."}
        )

    refused = await (await tight.api(ada.id, scope="problems")).post(
        "/problems", json={"kind": "app", "text": "It is slow."}
    )

    assert refused.status_code == 429
    assert refused.json()["detail"] == "more than 3 reports per hour"
