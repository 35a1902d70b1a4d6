"""What became of a reservation, as the hub saw it, decides what its CDR should cost.

2.00 for a reservation that was used or cancelled, 4.00 for one that expired.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.protocol.types import format_datetime
from tests import samples
from tests.hub import billing
from tests.hub.billing import cleared, post
from tests.hub.network import Network, data_of
from tests.parties import RecordingParty


def _fee(price: str, reservation: str) -> dict[str, Any]:
    component = {"type": "FLAT", "price": Decimal(price), "vat": Decimal("21"), "step_size": 1}
    return {"price_components": [component], "restrictions": {"reservation": reservation}}


TARIFF = billing.tariff(
    elements=[
        _fee("4.00", "RESERVATION_EXPIRES"),
        _fee("2.00", "RESERVATION"),
        *billing.tariff()["elements"],
    ]
)


def reserved(price: str) -> dict[str, Any]:
    """A CDR of an hour of reservation that claims a fee."""
    hour = {"type": "RESERVATION_TIME", "volume": Decimal("1")}
    period = {"start_date_time": billing.START, "dimensions": [hour], "tariff_id": "TARIFF1"}
    cost = {"excl_vat": Decimal(price), "incl_vat": Decimal(price) * Decimal("1.21")}
    cdr = billing.cdr(
        auth_method="COMMAND",
        authorization_reference="AUTH1",
        tariffs=[TARIFF],
        charging_periods=[period],
        total_cost=cost,
        total_energy=Decimal("0"),
        total_reservation_cost=cost,
        end_date_time="2026-01-15T11:00:00Z",
        total_time=Decimal("1"),
    )
    del cdr["total_energy_cost"], cdr["session_id"]
    return cdr


@pytest.fixture
async def cpo(network: Network) -> RecordingParty:
    """NL/CPO, with a Tariff for reservations."""
    await network.hub.custody.clearing.process.warm()
    party = await network.join("NL/CPO/CPO")
    await billing.put(party, "tariffs", "TARIFF1", TARIFF)
    return party


async def command(emsp: RecordingParty, name: str, body: dict[str, Any]) -> None:
    answer = await emsp.call("POST", "receiver", "commands", name, body, to="NL/CPO")
    assert data_of(answer)["result"] == "ACCEPTED"


async def reserve(emsp: RecordingParty, expires_in: timedelta) -> None:
    expiry = format_datetime(datetime.now(UTC) + expires_in)
    url = f"{emsp.url}/ocpi/results/1"
    await command(emsp, "RESERVE_NOW", samples.reserve_now(expiry_date=expiry, response_url=url))


async def tell(cpo: RecordingParty, name: str, result: str) -> None:
    """The result of the last command of that name."""
    asked = cpo.of("POST", f"/receiver/commands/{name}")[-1]
    body = samples.command_result(result=result)
    url = asked.json["response_url"]
    answer = await cpo.request("POST", url, body, to="DE/EMS", from_="NL/CPO")
    assert answer.json()["status_code"] == 1000


async def test_a_reservation_that_ended_without_a_session_has_expired(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await reserve(emsp, timedelta(seconds=-1))
    await tell(cpo, "RESERVE_NOW", "ACCEPTED")

    await post(cpo, reserved("4.00"))

    found = await cleared(emsp)
    assert (found["reservation_outcome"], found["verdict"]) == ("expired", "match")


async def test_a_cancelled_reservation_costs_what_a_reservation_costs(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await reserve(emsp, timedelta(hours=1))
    await tell(cpo, "RESERVE_NOW", "ACCEPTED")
    url = f"{emsp.url}/ocpi/results/2"
    await command(emsp, "CANCEL_RESERVATION", samples.cancel_reservation(response_url=url))
    await tell(cpo, "CANCEL_RESERVATION", "ACCEPTED")

    await post(cpo, reserved("4.00"))

    found = await cleared(emsp)
    assert (found["reservation_outcome"], found["verdict"]) == ("cancelled", "mismatch")
    assert found["exact_cost"]["excl_vat"] == "2"


async def test_a_cancellation_that_failed_cancels_nothing(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await reserve(emsp, timedelta(seconds=-1))
    await tell(cpo, "RESERVE_NOW", "ACCEPTED")
    url = f"{emsp.url}/ocpi/results/2"
    await command(emsp, "CANCEL_RESERVATION", samples.cancel_reservation(response_url=url))
    await tell(cpo, "CANCEL_RESERVATION", "UNKNOWN_RESERVATION")

    await post(cpo, reserved("4.00"))

    assert (await cleared(emsp))["reservation_outcome"] == "expired"


async def test_a_session_that_charged_used_its_reservation(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """The Session is COMPLETED by the time of the CDR: that it was ACTIVE is remembered."""
    for at, state in enumerate(("RESERVATION", "ACTIVE", "COMPLETED")):
        stamp = f"2026-01-15T11:3{at}:00Z"
        session = samples.session(status=state, last_updated=stamp)
        path = "NL/CPO/SESSION1"
        told = await cpo.call("PUT", "receiver", "sessions", path, session, to="DE/EMS")
        assert told.json()["status_code"] == 1000

    await post(cpo, reserved("2.00") | {"session_id": "SESSION1"})

    found = await cleared(emsp)
    assert (found["reservation_outcome"], found["verdict"]) == ("used", "match")
