"""NL/CPO's part in a charge: it publishes LOC1, answers commands, and tells of Sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from ocpi_hub.protocol.message import SUCCESS
from ocpi_hub.protocol.types import format_datetime
from tests import samples
from tests.emsp_adapter import contracts
from tests.emsp_adapter.running import Cpo, Driver
from tests.parties import envelope
from tests.partners import eventually

LOCATION = "NL*CPO*LOC1"
AT_EVSE1 = {"location": LOCATION, "evse_uid": "EVSE1"}


def ago(**span: int) -> str:
    """A moment in the past, as OCPI writes it."""
    return format_datetime(datetime.now(UTC) - timedelta(**span))


def ahead(**span: float) -> str:
    """A moment in the future, as OCPI writes it."""
    return format_datetime(datetime.now(UTC) + timedelta(**span))


async def publish(partner: Cpo, **evse: Any) -> None:
    """LOC1 with EVSE1, and its tariff."""
    await partner.put("tariffs", "TARIFF1", contracts.tariff())
    location = samples.location(evses=[samples.evse(**evse)])
    _, code = await partner.put("locations", "LOC1", location)
    assert code == SUCCESS


async def start(driver: Driver, **overrides: Any) -> httpx.Response:
    """The driver's app asks for a start at EVSE1."""
    return await driver.api.post("/charges", json=AT_EVSE1 | overrides, timeout=30)


async def started(partner: Cpo, driver: Driver) -> dict[str, Any]:
    """A charge whose Session is ACTIVE, as its driver sees it."""
    await publish(partner)
    made = (await start(driver)).json()
    command = heard(partner, "START_SESSION")
    await result(partner, command)
    _, code = await tell(partner, command)
    assert code == SUCCESS
    return await seen(driver, made["id"])


async def seen(driver: Driver, charge_id: str) -> dict[str, Any]:
    """The charge as the driver sees it now."""
    answer = await driver.api.get(f"/charges/{charge_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def in_state(driver: Driver, charge_id: str, state: str) -> dict[str, Any]:
    """The charge once it has come to that state."""

    async def there() -> bool:
        return bool((await seen(driver, charge_id))["state"] == state)

    await eventually(there)
    return await seen(driver, charge_id)


def heard(partner: Cpo, kind: str) -> dict[str, Any]:
    """The last command of a kind that NL/CPO got."""
    return dict(partner.party.of("POST", f"/receiver/commands/{kind}")[-1].json)


async def asked(partner: Cpo, kind: str) -> dict[str, Any]:
    """The first command of a kind, once NL/CPO has it."""

    async def there() -> bool:
        return count(partner, kind) > 0

    await eventually(there)
    return heard(partner, kind)


def count(partner: Cpo, kind: str) -> int:
    """How many commands of a kind NL/CPO got."""
    return len(partner.party.of("POST", f"/receiver/commands/{kind}"))


def answers(partner: Cpo, kind: str = "", **response: Any) -> None:
    """From now on NL/CPO answers commands so."""
    said = {"timeout": 30} | response
    partner.party.say(lambda: envelope(said), method="POST", below=f"/receiver/commands/{kind}")


async def result(
    partner: Cpo, command: dict[str, Any], result: str = "ACCEPTED", **more: Any
) -> tuple[int, int]:
    """NL/CPO tells what became of a command."""
    answer = await partner.party.request(
        "POST", command["response_url"], {"result": result, **more}, from_="NL/CPO"
    )
    return answer.status_code, answer.json()["status_code"]


def session(command: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """SESSION1, which came of a start: 1.500 kWh after ten minutes."""
    begun = ago(minutes=10)
    made = samples.session(
        id="SESSION1",
        cdr_token=contracts.named(command["token"]),
        authorization_reference=command["authorization_reference"],
        start_date_time=begun,
        kwh=Decimal("1.500"),
        charging_periods=[
            {
                "start_date_time": begun,
                "dimensions": [
                    {"type": "ENERGY", "volume": Decimal("1.5")},
                    {"type": "TIME", "volume": Decimal("0.1667")},
                    {"type": "POWER", "volume": Decimal("9.0")},
                    {"type": "STATE_OF_CHARGE", "volume": Decimal(45)},
                ],
                "tariff_id": "TARIFF1",
            }
        ],
        last_updated=ago(seconds=5),
    )
    del made["total_cost"]
    return made | overrides


async def tell(partner: Cpo, command: dict[str, Any], **overrides: Any) -> tuple[int, int]:
    """NL/CPO pushes the Session that came of a start."""
    told = session(command, **overrides)
    return await partner.put("sessions", told["id"], told)


def over(**overrides: Any) -> dict[str, Any]:
    """What changes in a Session when it is over: 2.000 kWh in all."""
    now = ago(seconds=0)
    return {
        "status": "COMPLETED",
        "kwh": Decimal("2.000"),
        "end_date_time": now,
        "last_updated": now,
    } | overrides
