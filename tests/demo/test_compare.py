"""What differs between the hub and the platforms is found and named."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.demo.compare import (
    Books,
    compare_books,
    compare_presence,
    compare_tallies,
)
from ocpi_hub.demo.tally import Count, Phase, Told
from tests import samples

TARIFF = samples.tariff(id="T1")
OTHER = samples.tariff(id="T2")


def _books(*, hub: list[dict[str, Any]], emsp: list[dict[str, Any]]) -> Books:
    return Books("tariffs", cpo=[TARIFF], hub=hub, emsp=emsp)


def _told(**counts: int) -> Told:
    return Told(Phase.FINISHED, Counter(counts), ())


def test_equal_books_have_no_difference_whatever_the_order_of_keys_and_trailing_zeros() -> None:
    turned = dict(reversed(TARIFF.items()))

    row = compare_books(_books(hub=[turned], emsp=[TARIFF]))

    assert (row.cpo, row.hub, row.emsp) == (1, 1, 1)
    assert row.differences == []


@pytest.mark.parametrize(
    ("hub", "emsp", "said"),
    [
        pytest.param([], [TARIFF], "the hub lacks NL/CPO/T1", id="the hub lacks one"),
        pytest.param(
            [TARIFF],
            [TARIFF, OTHER],
            "the eMSP has NL/CPO/T2, the CPO does not",
            id="one too many",
        ),
        pytest.param([TARIFF, TARIFF], [TARIFF], "the hub has 1 objects twice", id="twice"),
        pytest.param(
            [TARIFF],
            [samples.tariff(id="T1", currency="CHF")],
            f"NL/CPO/T1: currency {TARIFF['currency']} and CHF (the CPO's, the eMSP's)",
            id="another value",
        ),
    ],
)
def test_a_difference_is_named(
    hub: list[dict[str, Any]], emsp: list[dict[str, Any]], said: str
) -> None:
    assert compare_books(_books(hub=hub, emsp=emsp)).differences == [said]


def test_a_difference_deep_in_a_document_is_named_by_its_path() -> None:
    ours, theirs = samples.location(), samples.location(evses=[samples.evse(status="BLOCKED")])

    row = compare_books(Books("locations", cpo=[ours], hub=[ours], emsp=[theirs]))

    (difference,) = row.differences
    assert "evses.0.status" in difference
    assert "BLOCKED" in difference


def test_a_hundredth_of_a_cent_is_a_difference() -> None:
    one = samples.cdr(total_energy=Decimal("15.3420"))
    other = samples.cdr(total_energy=Decimal("15.3421"))

    row = compare_books(Books("cdrs", cpo=[one], hub=[one], emsp=[other]))

    assert len(row.differences) == 1


def test_tokens_are_compared_with_what_the_emsp_has() -> None:
    token = samples.token()

    row = compare_books(Books("tokens", cpo=[], hub=[token], emsp=[token]))

    (difference,) = row.differences
    assert difference.startswith("the CPO lacks")


def test_tallies_that_agree_have_no_difference() -> None:
    cpo = _told(authorisations=7, unknown_cards=2, commands=3, cdrs=4)
    emsp = _told(authorisations=5, commands=3, cdrs=4)

    assert not [row for row in compare_tallies(cpo, emsp) if row.differences]


@pytest.mark.parametrize(
    "count",
    [
        Count.AUTHORISATIONS,
        Count.COMMANDS,
        Count.COMMANDS_ACCEPTED,
        Count.COMMAND_RESULTS,
        Count.PREFERENCES,
        Count.SESSION_CHANGES,
        Count.CDRS,
        Count.CDRS_TWICE,
        Count.OUT_OF_ORDER,
        Count.FAILED_CALLS,
    ],
)
def test_a_count_of_one_side_alone_is_a_difference(count: Count) -> None:
    rows = compare_tallies(_told(), _told(**{count.value: 1}))

    assert len([row for row in rows if row.differences]) == 1


@pytest.mark.parametrize("seen", [[], ["OFFLINE"]], ids=["nobody", "offline"])
def test_a_platform_that_is_not_seen_connected_is_a_difference(seen: list[str]) -> None:
    infos = [samples.client_info(status=status) for status in seen]

    assert compare_presence([samples.client_info()], infos).differences
