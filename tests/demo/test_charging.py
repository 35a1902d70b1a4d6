"""Energy, time and money of a sandbox session: exact, and the same in periods and totals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.demo import charging
from ocpi_hub.demo.charging import Authorised, Spot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.patch import merge_session
from ocpi_hub.protocol.v2_2_1.cdrs import CDR
from ocpi_hub.protocol.v2_2_1.sessions import Session
from ocpi_hub.protocol.validation import check, check_patch
from tests import samples

CPO = Party("NL", "CPO")
SPOT = Spot("LOC1", "EVSE1", "1")
TARIFF: dict[str, Any] = samples.tariff(
    elements=[
        {
            "price_components": [
                {"type": "ENERGY", "price": Decimal("0.50"), "vat": Decimal("20"), "step_size": 1},
                {"type": "TIME", "price": Decimal("3.00"), "vat": Decimal("20"), "step_size": 1},
                {"type": "FLAT", "price": Decimal("0.25"), "vat": Decimal("20"), "step_size": 1},
            ]
        }
    ]
)


@pytest.fixture
def finished() -> dict[str, Any]:
    """A session of two half hours at 20 kW."""
    authorised = Authorised(samples.token(), "AUTH_REQUEST", "AUTH-1")
    session = charging.opened(CPO, "S1", SPOT, authorised, TARIFF, now="2026-01-15T10:00:00.000Z")
    for now in ("2026-01-15T10:30:00.000Z", "2026-01-15T11:00:00.000Z"):
        patch = charging.progress(session, TARIFF, watts=20000, now=now)
        session = merge_session(session, patch)
    return merge_session(session, charging.ended({"last_updated": session["last_updated"]}))


def test_a_session_that_opens_is_valid_and_names_its_token() -> None:
    authorised = Authorised(samples.token(), "COMMAND", None)

    session = charging.opened(CPO, "S1", SPOT, authorised, TARIFF, now=samples.MOMENT)

    check(Session, session)
    assert session["cdr_token"]["uid"] == samples.token()["uid"]
    assert "authorization_reference" not in session


def test_progress_is_a_valid_patch_of_one_period(finished: dict[str, Any]) -> None:
    patch = charging.progress(finished, TARIFF, watts=20000, now="2026-01-15T11:06:00.000Z")

    check_patch(Session, patch)
    (period,) = patch["charging_periods"]
    assert [d["volume"] for d in period["dimensions"]] == [Decimal("1.700"), Decimal("0.1000")]


def test_the_energy_of_a_session_is_the_sum_of_its_periods(finished: dict[str, Any]) -> None:
    volumes = [
        dimension["volume"]
        for period in finished["charging_periods"]
        for dimension in period["dimensions"]
        if dimension["type"] == "ENERGY"
    ]

    assert finished["kwh"] == sum(volumes) == Decimal("17.000")
    assert finished["status"] == "COMPLETED"


def test_a_cdr_is_valid_and_costs_what_its_tariff_says(finished: dict[str, Any]) -> None:
    cdr = charging.cdr(finished, samples.location(), TARIFF, now="2026-01-15T11:00:01.000Z")

    assert check(CDR, cdr) == ()
    assert cdr["total_energy_cost"]["excl_vat"] == Decimal("8.5000")
    assert cdr["total_time_cost"]["excl_vat"] == Decimal("3.0000")
    assert cdr["total_fixed_cost"]["excl_vat"] == Decimal("0.2500")
    assert cdr["total_cost"] == {"excl_vat": Decimal("11.7500"), "incl_vat": Decimal("14.1000")}
    assert cdr["total_cost"] == finished["total_cost"]
