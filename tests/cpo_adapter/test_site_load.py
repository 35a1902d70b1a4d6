"""How the sessions of a location share its limit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpo_adapter.profile_translation import Supply
from cpo_adapter.site_load import Draw, shares

THREE_PHASES = Supply(Decimal(230), 3)
ONE_PHASE = Supply(Decimal(230), 1)


def _draw(name: str, most: int, supply: Supply = THREE_PHASES) -> Draw:
    return Draw(name, Decimal(most), supply)


CASES = {
    "alone it gets what its connector gives": (30000, [("a", 22000)], {"a": 22000}),
    "two get the same": (22000, [("a", 22000), ("b", 22000)], {"a": 11000, "b": 11000}),
    "what one cannot use is for the other": (
        22000,
        [("a", 5000), ("b", 22000)],
        {"a": 5000, "b": 17000},
    ),
    "too little for both: one charges": (6000, [("a", 22000), ("b", 22000)], {"a": 6000, "b": 0}),
    "too little for anybody": (4000, [("a", 22000)], {"a": 0}),
    "nobody charges": (4000, [], {}),
}


@pytest.mark.parametrize(("limit", "draws", "expected"), CASES.values(), ids=CASES)
def test_the_limit_is_shared(
    limit: int, draws: list[tuple[str, int]], expected: dict[str, int]
) -> None:
    found = shares(Decimal(limit), [_draw(*draw) for draw in draws])

    assert found == {name: Decimal(watts) for name, watts in expected.items()}


def test_who_has_to_wait_has_its_turn() -> None:
    draws = [_draw("a", 22000), _draw("b", 22000)]

    assert shares(Decimal(6000), draws, turn=1) == {"a": Decimal(0), "b": Decimal(6000)}


_DRAWS = st.lists(
    st.tuples(st.integers(1000, 350_000), st.sampled_from([ONE_PHASE, THREE_PHASES])), max_size=12
).map(lambda found: [_draw(str(n), most, supply) for n, (most, supply) in enumerate(found)])


@given(limit=st.integers(0, 500_000), draws=_DRAWS, turn=st.integers(0, 50))
def test_never_above_the_limit_nor_what_each_can_take(
    limit: int, draws: list[Draw], turn: int
) -> None:
    found = shares(Decimal(limit), draws, turn=turn)

    assert sum(found.values()) <= limit
    assert all(
        found[d.session_id] == 0 or d.least_watts <= found[d.session_id] <= d.most_watts
        for d in draws
    )


@given(limit=st.integers(5_000, 500_000), draws=_DRAWS.filter(bool))
def test_in_as_many_turns_as_sessions_each_charges(limit: int, draws: list[Draw]) -> None:
    possible = {d.session_id for d in draws if d.least_watts <= limit}

    charged = {
        session
        for turn in range(len(draws))
        for session, watts in shares(Decimal(limit), draws, turn=turn).items()
        if watts
    }

    assert charged == possible
