"""What drivers are told an operator is called."""

from __future__ import annotations

from typing import Any

import pytest

from emsp_adapter.network.operators import operator_of, shown
from tests import samples
from tests.emsp_adapter.places import location, pushed
from tests.emsp_adapter.running import Cpo


@pytest.mark.parametrize(
    ("given", "called"),
    [
        pytest.param({"operator": samples.business_details(name="Donau")}, "Donau", id="name"),
        pytest.param({"operator": None}, "NL-CPO", id="none"),
        pytest.param({"operator": None, "party_id": "cpo"}, "NL-CPO", id="spelling"),
    ],
)
def test_an_operator_without_a_name_is_told_by_its_id(given: dict[str, Any], called: str) -> None:
    assert operator_of(location("LOC1", **given)) == called


@pytest.mark.parametrize(
    ("operator", "names", "told"),
    [
        pytest.param("NL-CPO", {"nl/cpo": "Elm"}, "Elm", id="known to us"),
        pytest.param("NL-CPO", {"nl/abc": "Elm"}, "NL-CPO", id="behind a hub"),
        pytest.param("Donau", {"nl/cpo": "Elm"}, "Donau", id="its own word"),
    ],
)
def test_the_name_of_a_cpo_stands_for_an_operator_without_one(
    operator: str, names: dict[str, str], told: str
) -> None:
    assert shown(operator, "nl/cpo", names) == told


async def test_the_app_shows_the_name_by_which_a_cpo_registered(partner: Cpo) -> None:
    driver = await partner.adapter.driver()
    await pushed(partner, location("LOC1", operator=None))

    (listed,) = (await driver.api.get("/locations")).json()["locations"]

    assert listed["operator"] == "Example CPO"
