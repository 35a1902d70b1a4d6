"""Days at a connector follow from a seed."""

from __future__ import annotations

from itertools import islice, takewhile

from cpo_adapter.simulator.chance import chance
from cpo_adapter.simulator.clock import hour_of
from cpo_adapter.simulator.day import Visit, visits

CARDS = ("A", "B")
_WEEK = 7 * 24 * 3600.0


def week(*seed: object) -> list[Visit]:
    return list(takewhile(lambda visit: visit.arrives_at < _WEEK, visits(chance(*seed), CARDS)))


def test_a_seed_reproduces_a_day() -> None:
    assert week(1, "SIM001", 1) == week(1, "SIM001", 1)


def test_another_seed_is_another_day() -> None:
    assert week(1, "SIM001", 1) != week(2, "SIM001", 1)


def test_visits_come_one_after_the_other() -> None:
    arrivals = [visit.arrives_at for visit in islice(visits(chance(1), CARDS), 200)]

    assert arrivals == sorted(arrivals)


def test_more_come_by_day_than_by_night() -> None:
    hours = [hour_of(visit.arrives_at) for visit in week(1)]

    assert sum(8 <= hour < 20 for hour in hours) > 3 * sum(hour < 6 for hour in hours)


def test_a_day_has_cards_apps_faults_and_drop_outs() -> None:
    many = list(islice(visits(chance(1), CARDS), 400))

    assert {visit.card for visit in many} == {"A", "B", None}
    assert {visit.trouble.error is None for visit in many if visit.trouble} == {True, False}
