"""When a partner is called, and when not (F5, F6, F9)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ocpi_hub.service.breaker import Breaker, Reason, State, retry_after_seconds

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def fed(outcomes: str, *, every: float = 0.1) -> Breaker:
    """A breaker without luck (the longest waits) after these outcomes: `+` answered, `-` failed."""
    breaker = Breaker(jitter=lambda: 1.0)
    for number, outcome in enumerate(outcomes):
        report = breaker.succeeded if outcome == "+" else breaker.failed
        report(number * every)
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "every", "state"),
    [
        ("", 0.1, State.CLOSED),
        ("----", 0.1, State.CLOSED),
        ("-----", 0.1, State.OPEN),
        ("----+----", 0.1, State.CLOSED),
        ("+-" * 9 + "-", 0.1, State.CLOSED),
        ("+-" * 10, 0.1, State.OPEN),
        ("++-" * 30, 0.1, State.CLOSED),
        ("+-" * 10, 10.0, State.CLOSED),
        ("-----", 100.0, State.OPEN),
    ],
    ids=[
        "new",
        "four in a row",
        "five in a row",
        "an answer between",
        "half of 19",
        "half of 20",
        "a third",
        "half of 20 over more than a minute",
        "five in a row over minutes",
    ],
)
def test_it_opens_on_five_failures_in_a_row_or_half_of_twenty_in_a_minute(
    outcomes: str, every: float, state: State
) -> None:
    assert fed(outcomes, every=every).state is state


def test_an_open_breaker_says_since_when_and_why_and_allows_nothing_yet() -> None:
    breaker = fed("-----")

    assert breaker.opened_at == pytest.approx(0.4)
    assert breaker.reason is Reason.FAILURES
    assert not breaker.allows(5.3)


def test_a_refused_token_opens_at_once() -> None:
    breaker = Breaker(jitter=lambda: 1.0)
    breaker.unauthorized(10.0)

    assert (breaker.state, breaker.reason, breaker.opened_at) == (State.OPEN, Reason.AUTH, 10.0)
    assert not breaker.allows(14.9)


def test_a_refused_token_is_the_reason_even_if_it_was_open_already() -> None:
    breaker = fed("-----")
    breaker.unauthorized(1.0)

    assert breaker.reason is Reason.AUTH
    assert breaker.opened_at == pytest.approx(0.4)


def test_one_probe_at_a_time_and_three_answers_close_it() -> None:
    breaker = fed("-----")
    seen = []
    for second in (6.0, 7.0, 8.0):
        seen.append((breaker.allows(second), breaker.allows(second), breaker.state))
        breaker.succeeded(second)

    assert seen == [(True, False, State.HALF_OPEN)] * 3
    assert (breaker.state, breaker.opened_at, breaker.reason) == (State.CLOSED, None, None)


def test_it_starts_afresh_when_it_has_closed() -> None:
    breaker = fed("-----")
    for second in (6.0, 7.0, 8.0):
        breaker.allows(second)
        breaker.succeeded(second)
    states = []
    for _ in range(5):
        breaker.failed(9.0)
        states.append(breaker.state)

    assert states == [State.CLOSED] * 4 + [State.OPEN]
    assert (breaker.allows(13.9), breaker.allows(14.0)) == (False, True)


def test_what_it_opened_on_is_forgotten_when_it_has_closed() -> None:
    breaker = fed("+-" * 10)
    for second in (7.0, 8.0, 9.0):
        breaker.allows(second)
        breaker.succeeded(second)
    breaker.failed(9.0)

    assert breaker.state is State.CLOSED


def test_probes_come_at_doubling_distances_up_to_ten_minutes() -> None:
    breaker = fed("-----")
    now = 0.4
    waits = []
    for _ in range(9):
        wait = next(second for second in range(1, 1000) if breaker.allows(now + second))
        waits.append(wait)
        now += wait
        breaker.failed(now)

    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert breaker.opened_at == pytest.approx(0.4)


def test_jitter_shortens_the_wait() -> None:
    breaker = Breaker(jitter=lambda: 0.2)
    for _ in range(5):
        breaker.failed(0.0)

    assert (breaker.allows(0.9), breaker.allows(1.0)) == (False, True)


def test_a_probe_that_never_reports_gives_its_place_back() -> None:
    breaker = fed("-----")
    breaker.allows(6.0)

    assert (breaker.allows(65.0), breaker.allows(66.0)) == (False, True)


def test_what_comes_of_calls_from_before_it_opened_changes_nothing() -> None:
    breaker = fed("-----" + "-+" * 20)

    assert breaker.state is State.OPEN
    assert breaker.opened_at == pytest.approx(0.4)
    assert breaker.allows(5.5)


@pytest.mark.parametrize(
    ("asked", "silent_for"), [(30.0, 33), (0.0, 0), (-5.0, 0), (1e9, 3960), (float("inf"), 3960)]
)
def test_a_pause_the_partner_asks_for_is_kept_up_to_an_hour(asked: float, silent_for: int) -> None:
    """F9."""
    breaker = Breaker(jitter=lambda: 1.0)
    breaker.retry_after(0.5, asked)

    allowed = [second for second in range(1, 4000) if breaker.allows(second)]
    assert breaker.state is State.CLOSED
    assert allowed[0] == silent_for + 1


def test_a_shorter_pause_does_not_cut_a_longer_one() -> None:
    breaker = Breaker(jitter=lambda: 0.0)
    breaker.retry_after(0.0, 60.0)
    breaker.retry_after(1.0, 5.0)

    assert not breaker.allows(59.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 5 ", 5.0),
        ("-1", 0.0),
        ("1e9", 1e9),
        ("Thu, 01 Jan 2026 12:01:00 GMT", 60.0),
        ("Thu, 01 Jan 2026 11:59:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 12:01:00 -0000", 60.0),
        ("soon", None),
        ("nan", None),
        ("", None),
        ("Thu, 99 Jan 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    """F9."""
    assert retry_after_seconds(text, NOW) == seconds
