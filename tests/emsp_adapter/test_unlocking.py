"""Unlocking a connector: for staff, audited, with the station's answer (CMD-21)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.emsp_adapter.charging import AT_EVSE1, answers, count, heard, publish, result
from tests.emsp_adapter.running import Adapter, Cpo

WISH = AT_EVSE1 | {"connector_id": "1", "why": "the cable is stuck"}


@pytest.fixture
async def staff(emsp: Adapter) -> httpx.AsyncClient:
    return await emsp.api(None, scope="support")


async def test_staff_unlock_a_connector_and_see_what_became_of_it(
    partner: Cpo, staff: httpx.AsyncClient
) -> None:
    await publish(partner)

    asked = await staff.post("/support/unlock", json=WISH)
    command = heard(partner, "UNLOCK_CONNECTOR")
    await result(partner, command, "FAILED")

    done = (await staff.get(f"/support/unlock/{asked.json()['id']}")).json()
    assert (asked.status_code, asked.json()["state"]) == (201, "taken")
    assert (command["location_id"], command["evse_uid"], command["connector_id"]) == (
        "LOC1",
        "EVSE1",
        "1",
    )
    assert (done["state"], done["result"]) == ("done", "FAILED")
    assert done["reason"] == "The station did not carry it out."


async def test_an_unlocking_is_audited_with_who_and_why(
    partner: Cpo, staff: httpx.AsyncClient
) -> None:
    await publish(partner)

    await staff.post("/support/unlock", json=WISH)

    kept = await partner.adapter.row("SELECT actor, subject, detail ->> 'why' FROM audit")
    assert kept == ("client:test-app", "NL*CPO*LOC1 EVSE1 1", "the cable is stuck")


async def test_an_operator_that_declines_says_why(partner: Cpo, staff: httpx.AsyncClient) -> None:
    await publish(partner)
    answers(partner, result="NOT_SUPPORTED", timeout=0)

    asked = (await staff.post("/support/unlock", json=WISH)).json()

    assert (asked["state"], asked["reason"]) == (
        "refused",
        "This station cannot do that from an app.",
    )


WRONG: dict[str, tuple[dict[str, Any], int]] = {
    "no such connector": ({"connector_id": "9"}, 404),
    "no such evse": ({"evse_uid": "EVSE9"}, 404),
    "no reason": ({"why": ""}, 422),
}


@pytest.mark.parametrize(("changes", "status"), WRONG.values(), ids=WRONG)
async def test_an_unlocking_that_makes_no_sense_is_not_asked_for(
    partner: Cpo, staff: httpx.AsyncClient, changes: dict[str, Any], status: int
) -> None:
    await publish(partner)

    answer = await staff.post("/support/unlock", json=WISH | changes)

    assert answer.status_code == status
    assert count(partner, "UNLOCK_CONNECTOR") == 0


async def test_drivers_unlock_nothing(partner: Cpo) -> None:
    await publish(partner)
    driver = await partner.adapter.driver()

    asked = await driver.api.post("/support/unlock", json=WISH)
    read = await driver.api.get("/support/unlock/anything")

    assert (asked.status_code, read.status_code) == (403, 403)
    assert count(partner, "UNLOCK_CONNECTOR") == 0
