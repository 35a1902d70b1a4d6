"""How many requests a platform may make."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ocpi_hub.node.limits import RateLimit
from ocpi_hub.protocol.errors import TooManyRequests
from tests import samples
from tests.hub.network import Network
from tests.parties import RecordingParty


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def admitted(limit: RateLimit, platform_id: str, times: int) -> int:
    """How many of so many requests at one moment are let in."""
    return sum(_admits(limit, platform_id) for _ in range(times))


def _admits(limit: RateLimit, platform_id: str) -> bool:
    try:
        limit.admit(platform_id)
    except TooManyRequests:
        return False
    return True


def test_a_seconds_worth_of_requests_is_let_in_at_once_and_no_more() -> None:
    limit = RateLimit(5, clock=Clock())

    assert admitted(limit, "a", 8) == 5


def test_the_share_of_a_platform_comes_back_with_time() -> None:
    clock = Clock()
    limit = RateLimit(10, clock=clock)
    admitted(limit, "a", 10)

    clock.now += 0.5

    assert admitted(limit, "a", 10) == 5


def test_idle_time_is_not_saved_up() -> None:
    clock = Clock()
    limit = RateLimit(5, clock=clock)
    admitted(limit, "a", 2)

    clock.now += 3600

    assert admitted(limit, "a", 10) == 5


def test_one_platform_does_not_use_up_anothers_share() -> None:
    limit = RateLimit(2, clock=Clock())
    admitted(limit, "a", 5)

    assert admitted(limit, "b", 5) == 2


def test_zero_is_no_limit() -> None:
    assert admitted(RateLimit(0, clock=Clock()), "a", 1000) == 1000


def test_a_refusal_is_a_429_that_says_when_to_come_back() -> None:
    """SEC-09."""
    limit = RateLimit(1, clock=Clock())
    limit.admit("a")

    with pytest.raises(TooManyRequests) as refused:
        limit.admit("a")

    assert refused.value.http_status == 429
    assert refused.value.headers == {"Retry-After": "1"}


def test_a_minutes_worth_is_given_back_one_by_one() -> None:
    clock = Clock()
    limit = RateLimit(60, seconds=60.0, clock=clock)
    admitted(limit, "a", 60)
    clock.now += 2.5

    assert admitted(limit, "a", 5) == 2


async def test_who_guesses_tokens_is_stopped_and_nobody_else(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """T21: past the limit no token is looked up for this platform, known ones neither."""
    token = samples.token()
    # A minute gives one more each second, and a busy machine takes one for the guesses.
    network.hub.guesses.clock = lambda: 1000.0
    await emsp.call("PUT", "receiver", "tokens", f"DE/EMS/{token['uid']}", token)
    guesses = [await _authorize(cpo, f"GUESS{number}") for number in range(61)]

    known = await _authorize(cpo, token["uid"])

    assert guesses[:60] == [404] * 60
    assert guesses[60] == 429
    assert known == 429


async def _authorize(cpo: RecordingParty, uid: str) -> int:
    answered = await cpo.call("POST", "sender", "tokens", f"{uid}/authorize")
    return answered.status_code
