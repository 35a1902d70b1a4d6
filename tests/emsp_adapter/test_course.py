"""The course of a charge, as a table."""

from __future__ import annotations

import pytest

from emsp_adapter.charging.course import FINAL, Event, State, after

STEPS = {
    "its time has come": (State.SCHEDULED, Event.DUE, State.STARTING),
    "taken back": (State.SCHEDULED, Event.CANCELLED, State.CANCELLED),
    "missed": (State.SCHEDULED, Event.MISSED, State.MISSED),
    "the station is not there when its time comes": (State.STARTING, Event.MISSED, State.MISSED),
    "refused": (State.STARTING, Event.REFUSED, State.FAILED),
    "no news of a start": (State.STARTING, Event.SILENT, State.FAILED),
    "the session runs": (State.STARTING, Event.RUNS, State.CHARGING),
    "a late session": (State.FAILED, Event.RUNS, State.CHARGING),
    "a session over before it was told of": (State.STARTING, Event.ENDED, State.FINISHED),
    "a stop": (State.CHARGING, Event.STOP_ASKED, State.STOPPING),
    "a stop refused": (State.STOPPING, Event.STOP_REFUSED, State.CHARGING),
    "no news of a stop": (State.STOPPING, Event.SILENT, State.CHARGING),
    "the end": (State.CHARGING, Event.ENDED, State.FINISHED),
    "the end that was asked for": (State.STOPPING, Event.ENDED, State.FINISHED),
    "a session that does not count": (State.CHARGING, Event.UNUSED, State.FAILED),
}


@pytest.mark.parametrize(("state", "event", "then"), STEPS.values(), ids=STEPS)
def test_what_an_event_makes_of_a_charge(state: State, event: Event, then: State) -> None:
    assert after(state, event) is then


NOTHING = {
    "a stop before the session": (State.STARTING, Event.STOP_ASKED),
    "a second stop": (State.STOPPING, Event.STOP_ASKED),
    "a stop refused after the end": (State.FINISHED, Event.STOP_REFUSED),
    "a result after the session": (State.CHARGING, Event.REFUSED),
    "a plan that has begun is taken back": (State.CHARGING, Event.CANCELLED),
    "an update while the stop is under way": (State.STOPPING, Event.RUNS),
}


@pytest.mark.parametrize(("state", "event"), NOTHING.values(), ids=NOTHING)
def test_what_means_nothing_changes_nothing(state: State, event: Event) -> None:
    assert after(state, event) is None


@pytest.mark.parametrize("event", Event, ids=Event)
def test_a_finished_charge_stays_finished(event: Event) -> None:
    assert after(State.FINISHED, event) is None


@pytest.mark.parametrize("state", sorted(FINAL), ids=sorted(FINAL))
def test_only_the_operators_news_changes_what_is_over(state: State) -> None:
    changing = {event for event in Event if after(state, event) is not None}

    assert changing <= {Event.RUNS, Event.ENDED}
