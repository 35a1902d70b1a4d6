"""What each station of a limited location may draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cpo_adapter.ocpp.calls import RateUnit
from cpo_adapter.profile_translation import Supply
from cpo_adapter.site_load import Draw
from cpo_adapter.site_stations import SiteStation, maxima

_SUPPLY = Supply(Decimal(230), 3)
_BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


def _station(name: str, *sessions: int, told: int | None = 0, limit: int = 22_000) -> SiteStation:
    """A station whose sessions began so many minutes after each other's."""
    return SiteStation(
        id=name,
        limit=Decimal(limit),
        connected=True,
        told=None if told is None else Decimal(told),
        unit=RateUnit.WATTS,
        supply=_SUPPLY,
        draws=tuple(Draw(f"{name}-{at}", Decimal(22_000), _SUPPLY) for at in sessions),
        since=tuple(_BEGUN + timedelta(minutes=at) for at in sessions),
    )


def _watts(found: dict[str, Decimal]) -> dict[str, int]:
    return {name: int(watts) for name, watts in found.items()}


def test_a_station_may_draw_the_shares_of_all_its_sessions() -> None:
    found = [_station("A", 1, 2), _station("B", 3), _station("C")]

    assert _watts(maxima(found, reached="ABC", turn=0)) == {"A": 14_666, "B": 7_333, "C": 0}


def test_what_one_that_is_away_was_told_is_not_shared() -> None:
    found = [_station("A", 1, told=10_000), _station("B", 2)]

    assert _watts(maxima(found, reached="B", turn=0)) == {"B": 12_000}


def test_one_that_was_never_told_draws_what_its_connectors_give() -> None:
    found = [_station("A", 1, told=None), _station("B", 2)]

    assert _watts(maxima(found, reached="B", turn=0)) == {"B": 0}


def test_where_one_has_to_wait_it_is_the_last_that_came() -> None:
    found = [_station("A", 5, limit=6_000), _station("B", 1, limit=6_000)]

    assert _watts(maxima(found, reached="AB", turn=0)) == {"A": 0, "B": 6_000}


_SITES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30_000) | st.none(), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(limit=st.integers(0, 200_000), site=_SITES, turn=st.integers(0, 10))
def test_those_that_are_reached_never_get_what_is_not_left(
    limit: int, site: list[tuple[int, int | None, bool]], turn: int
) -> None:
    found = [
        _station(str(number), *range(sessions), told=told, limit=limit)
        for number, (sessions, told, _) in enumerate(site)
    ]
    reached = {str(number) for number, (*_, there) in enumerate(site) if there}

    given_ = maxima(found, reached=reached, turn=turn)

    away = sum((each.uncontrolled for each in found if each.id not in reached), Decimal(0))
    assert given_.keys() == reached
    assert sum(given_.values(), Decimal(0)) <= max(limit - away, Decimal(0))
