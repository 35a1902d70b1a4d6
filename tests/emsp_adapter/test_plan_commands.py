"""`emsp-adapter plan`: what drivers may choose between."""

from __future__ import annotations

import pytest

from tests.emsp_adapter.commands import EmspCommands
from tests.hub.commands import KEY


@pytest.fixture
def cli(emsp_database_url: str) -> EmspCommands:
    """`emsp-adapter` on a database of its own."""
    return EmspCommands({"DATABASE_URL": emsp_database_url, "SECRET_KEY": KEY})


def test_a_plan_is_offered_until_it_is_closed(cli: EmspCommands) -> None:
    added = cli("plan", "add", "gold", "--name", "Gold", "--monthly-fee", "4.99", "--json")
    offered = cli("plan", "list", "--json").json
    closed = cli("plan", "close", "gold")
    left = cli("plan", "list", "--json").json

    assert added.json in offered
    assert added.json == {
        "id": "gold",
        "name": "Gold",
        "monthly_fee": "4.99",
        "margin_percent": "0",
        "margin_per_kwh": "0.00",
        "session_fee": "0.00",
        "currency": "EUR",
    }
    assert closed.code == 0
    assert [each["id"] for each in left] == ["payg"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("add", "Gold", "--name", "x"), 64, "ID: expected", id="id"),
        pytest.param(("add", "g", "--name", " "), 64, "--name: expected", id="no name"),
        pytest.param(
            ("add", "g", "--name", "x", "--margin", "1e3"), 64, "--margin: expected", id="number"
        ),
        pytest.param(
            ("add", "g", "--name", "x", "--session-fee", "-1"), 64, "--session-fee", id="negative"
        ),
        pytest.param(
            ("add", "g", "--name", "x", "--monthly-fee", "4.999"),
            64,
            "--monthly-fee: expected a number with at most 2 decimals",
            id="a fee of less than a coin",
        ),
        pytest.param(
            ("add", "g", "--name", "x", "--currency", "JPY", "--session-fee", "0.5"),
            64,
            "--session-fee: expected a number with at most 0 decimals",
            id="a fee in a currency without cents",
        ),
        pytest.param(
            ("add", "g", "--name", "x", "--margin-per-kwh", "0.00001"),
            64,
            "--margin-per-kwh: expected a number with at most 4 decimals",
            id="a margin that no price shows",
        ),
        pytest.param(
            ("add", "g", "--name", "x", "--currency", "XXX"), 64, "--currency", id="currency"
        ),
        pytest.param(("add", "payg", "--name", "x"), 1, "never changes", id="there already"),
        pytest.param(("close", "payg"), 1, "it stays", id="the first"),
        pytest.param(("close", "none"), 1, "no plan 'none'", id="unknown"),
    ],
)
def test_a_slip_is_one_sentence(
    cli: EmspCommands, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found = cli("plan", *arguments)

    assert found.code == code
    assert said in found.stderr
