"""A platform that asks too often is told so, and nobody else notices (T25, SEC-09).

The limit's clock stands still unless a test moves it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests import samples
from tests.security.scene import Answer, Scene, scene

_PER_SECOND = 20


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    seconds: float = field(default_factory=time.monotonic)

    def __call__(self) -> float:
        """Now."""
        return self.seconds


@pytest.fixture(scope="module")
async def crowded(shared_database_url: str) -> AsyncIterator[tuple[Scene, Clock]]:
    """A hub that lets each platform make twenty requests a second."""
    async with scene(shared_database_url, rate_limit=str(_PER_SECOND)) as opened:
        clock = Clock()
        opened.network.hub.rate_limit.clock = clock
        yield opened, clock


@pytest.fixture
def clock(crowded: tuple[Scene, Clock]) -> Clock:
    """The limit's clock."""
    return crowded[1]


@pytest.fixture
def limited(crowded: tuple[Scene, Clock], clock: Clock) -> Scene:
    """The same hub, a second later."""
    clock.seconds += 1
    return crowded[0]


async def _burst(hub: Scene) -> list[Answer]:
    return await asyncio.gather(
        *(hub.ask(hub.cpo, "GET", "/versions") for _ in range(_PER_SECOND * 3))
    )


async def test_too_many_requests_are_429_with_retry_after(limited: Scene) -> None:
    answers = await _burst(limited)

    refused = [answer for answer in answers if answer.http != 200]
    assert len(refused) == _PER_SECOND * 2
    assert {answer.status for answer in refused} == {(429, 2000)}
    assert {answer.response.headers["retry-after"] for answer in refused} == {"1"}


async def test_another_platform_is_let_in_meanwhile(limited: Scene) -> None:
    await _burst(limited)

    answer = await limited.ask(limited.emsp, "GET", "/versions")

    assert answer.status == (200, 1000)


async def test_a_refused_push_is_not_stored_and_goes_through_after_retry_after(
    limited: Scene, clock: Clock
) -> None:
    where = "/receiver/2.2.1/locations/NL/CPO/LOC1"
    await _burst(limited)

    refused = await limited.refused(limited.cpo, "PUT", where, samples.location())
    clock.seconds += float(refused.response.headers["retry-after"])
    taken = await limited.ask(limited.cpo, "PUT", where, samples.location())

    assert refused.status == (429, 2000)
    assert taken.status == (201, 1000)


async def test_tokens_that_nobody_has_use_up_nobodys_share(limited: Scene) -> None:
    for _ in range(_PER_SECOND * 3):
        await limited.client.get("/ocpi/versions", headers={"Authorization": "Token eA=="})

    answer = await limited.ask(limited.cpo, "GET", "/versions")

    assert answer.status == (200, 1000)
