"""What a CDR should cost, and what a permission is good for, as tables."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emsp_adapter.contracts.authorization import misfit
from emsp_adapter.contracts.repricing import Known, reprice
from emsp_adapter.store.authorizations import Permission
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.pricing import ReservationOutcome
from ocpi_hub.protocol.party import Party
from tests.emsp_adapter.contracts import BEGUN, ENDED, UID, cdr, costing, period, tariff
from tests.samples import price_component, token

# --- prices --------------------------------------------------------------------------------------

OFFERED = frozenset({"tariff1"})


def priced(kwh_price: str, **overrides: Any) -> dict[str, Any]:
    """TARIFF1 with that price of a kWh."""
    component = price_component(price=Decimal(kwh_price), vat=Decimal(21))
    return tariff(elements=[{"price_components": [component]}], **overrides)


CLAIMS: dict[str, tuple[dict[str, Any], Known, str, bool]] = {
    "the tariff that was published": ({}, Known([tariff()], offered=OFFERED), "match", True),
    "a dearer one than was published": (
        {"tariffs": [priced("0.40")], **costing("8.00", "9.68")},
        Known([tariff()], offered=OFFERED),
        "mismatch",
        False,
    ),
    "a cheaper one than was published": (
        {"tariffs": [priced("0.20")], **costing("4.00", "4.84")},
        Known([tariff()], offered=OFFERED),
        "mismatch",
        True,
    ),
    "energy that is more than its periods": (
        {"total_energy": Decimal(30)},
        Known([tariff()], offered=OFFERED),
        "mismatch",
        False,
    ),
    "its own, where none was known": ({}, Known(most_unseen=Decimal(100)), "match", True),
    "that of its connector, where it carries none": (
        {"tariffs": None, "charging_periods": [period(tariff_id=None)]},
        Known([tariff()], offered=OFFERED),
        "match",
        True,
    ),
    "one that a period names and it does not carry": (
        {"charging_periods": [period(tariff_id="NIGHT")]},
        Known([priced("0.30", id="NIGHT"), tariff()], offered=frozenset({"night"})),
        "match",
        True,
    ),
    "one that nobody published": (
        {"tariffs": [priced("0.30", id="OWN")], "charging_periods": [period(tariff_id="OWN")]},
        Known([tariff()], offered=OFFERED),
        "match",
        False,
    ),
    "another currency": (
        {"currency": "CHF"},
        Known([tariff()], offered=OFFERED),
        "not_comparable",
        False,
    ),
    "a tariff that cannot be read": (
        {"tariffs": [tariff(elements="none")]},
        Known(),
        "not_comparable",
        False,
    ),
}


UNSEEN: dict[str, tuple[str, Decimal | None, str | None]] = {
    "as much as a charge may cost": ("100.00", Decimal(100), None),
    "more": ("100.20", Decimal(100), "it claims more than 100 EUR"),
    "what is little in its currency": ("1000.00", Decimal(1200), None),
    "in a currency that nothing is said of": ("1.00", None, "EMSP_HOLD_AMOUNTS has none for EUR"),
    "nothing": ("0.00", None, None),
}


@pytest.mark.parametrize(("net", "most", "why"), UNSEEN.values(), ids=UNSEEN)
def test_what_is_claimed_by_a_tariff_that_nobody_saw_has_a_limit_in_each_currency(
    net: str, most: Decimal | None, why: str | None
) -> None:
    twenty_kwh = Decimal(net)
    gross = str(twenty_kwh * Decimal("1.21"))
    claim = {"tariffs": [priced(str(twenty_kwh / 20))], **costing(net, gross)}

    wrong = reprice(cdr(token(), **claim), Known(most_unseen=most)).wrong

    assert wrong == (None if why is None else f"no tariff was published there, and {why}")


@pytest.mark.parametrize(("claim", "known", "verdict", "fine"), CLAIMS.values(), ids=CLAIMS)
def test_a_claim_is_held_against_what_the_driver_could_see(
    claim: dict[str, Any], known: Known, verdict: str, fine: bool
) -> None:
    found = reprice(cdr(token(), **claim), known)

    assert found.verdict == verdict
    assert (found.wrong is None) is fine
    assert found.sentence


def _reserved(kind: str, price: str) -> dict[str, Any]:
    component = price_component(type="FLAT", price=Decimal(price), vat=Decimal(21))
    return {"price_components": [component], "restrictions": {"reservation": kind}}


OUTCOMES = {
    "one that expired costs its fee": (ReservationOutcome.EXPIRED, None),
    "one that was cancelled does not": (ReservationOutcome.CANCELLED, "4.00 more than 1.00"),
}


@pytest.mark.parametrize(("outcome", "said"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_reservation_is_priced_by_what_became_of_it(
    outcome: ReservationOutcome, said: str | None
) -> None:
    offered = tariff(
        elements=[_reserved("RESERVATION_EXPIRES", "5.00"), _reserved("RESERVATION", "1.00")]
    )
    time = {"type": "RESERVATION_TIME", "volume": Decimal(1)}
    cost = costing("5.00", "6.05")["total_cost"]
    unused = cdr(
        token(),
        tariffs=[offered],
        charging_periods=[period(dimensions=[time])],
        total_cost=cost,
        total_reservation_cost=cost,
        total_energy=0,
    )
    del unused["total_energy_cost"]

    found = reprice(unused, Known([offered], offered=OFFERED, outcome=outcome))

    assert (said is None) is (found.wrong is None)
    assert (said or "") in found.sentence


# --- permissions ---------------------------------------------------------------------------------

CPO = Party("NL", "CPO")
ADAS = TokenRow("t1", "ada", "RFID", None, "active", "NL-EMS-C1", token(uid=UID), BEGUN)
GIVEN = Permission(
    "ada", UID.lower(), "nl/cpo", "loc1", BEGUN - timedelta(minutes=1), BEGUN + timedelta(days=1)
)
ANYWHERE = Permission("ada", None, "nl/cpo", None, GIVEN.given_at, GIVEN.until)

PERMISSIONS: dict[str, tuple[Permission | None, dict[str, Any], str | None]] = {
    "as it was given": (GIVEN, {}, None),
    "for any place": (ANYWHERE, {"location_id": "LOC9"}, None),
    "of a session without times": (GIVEN, {"started_at": None, "ended_at": None}, None),
    "plugged in a little before": (GIVEN, {"ended_at": BEGUN - timedelta(minutes=10)}, None),
    "never": (None, {}, "was never given"),
    "for another card": (
        Permission("ada", "deadbeef", "nl/cpo", None, BEGUN, ENDED),
        {},
        "was given for another token",
    ),
    "for another driver": (
        Permission("ben", None, "nl/cpo", None, BEGUN, ENDED),
        {},
        "was given for another token",
    ),
    "to another CPO": (
        Permission("ada", None, "be/oth", None, BEGUN, ENDED),
        {},
        "was given to BE/OTH",
    ),
    "for another place": (GIVEN, {"location_id": "LOC2"}, "was given for the Location 'loc1'"),
    "long ago": (
        GIVEN,
        {"started_at": BEGUN + timedelta(days=2)},
        "had expired when the session began",
    ),
    "when it had begun hours before": (
        GIVEN,
        {"started_at": BEGUN - timedelta(minutes=30)},
        "was given after the session began",
    ),
    "again, later": (GIVEN, {"started_at": BEGUN - timedelta(hours=2), "permitted": True}, None),
    "afterwards": (
        GIVEN,
        {"ended_at": BEGUN - timedelta(hours=1)},
        "was given after the session",
    ),
}


@pytest.mark.parametrize(("permission", "other", "why"), PERMISSIONS.values(), ids=PERMISSIONS)
def test_t21_a_permission_is_good_for_what_it_was_given_for(
    permission: Permission | None, other: dict[str, Any], why: str | None
) -> None:
    asked: dict[str, Any] = {
        "location_id": "LOC1",
        "started_at": BEGUN,
        "ended_at": ENDED,
        "permitted": False,
    } | other

    assert misfit(permission, token=ADAS, cpo=CPO, **asked) == why
