"""What becomes of the plans and charges of a driver who is blocked."""

from __future__ import annotations

from tests.emsp_adapter.charging import (
    ahead,
    asked,
    count,
    heard,
    publish,
    start,
    started,
    tell,
)
from tests.emsp_adapter.commands import EmspCommands
from tests.emsp_adapter.running import Adapter, Cpo
from tests.hub.commands import KEY
from tests.partners import eventually


async def block(emsp: Adapter, email: str = "ada@drivers.example") -> None:
    """The operator blocks a driver by command, beside the adapter that runs."""
    commands = EmspCommands(
        {"DATABASE_URL": emsp.database_url, "PUBLIC_URL": emsp.url, "SECRET_KEY": KEY}
    )
    ran = await commands.aside("driver", "block", email, "--json")
    assert ran.code == 0, ran


async def come_to(emsp: Adapter, charge_id: str, state: str) -> None:
    """Waits until a charge has come to a state, which its driver sees no more."""

    async def there() -> bool:
        return await emsp.row("SELECT state FROM charges WHERE id = %s", charge_id) == (state,)

    await eventually(there)


async def test_the_plans_of_a_blocked_driver_are_cancelled(partner: Cpo) -> None:
    emsp = partner.adapter
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    await publish(partner)
    hers = (await start(ada, start_at=ahead(hours=1))).json()
    his = (await start(ben, start_at=ahead(hours=5))).json()

    await block(emsp)

    kept = await emsp.rows("SELECT id, state, reason FROM charges ORDER BY start_at")
    assert kept == [
        (hers["id"], "cancelled", "This account is not active."),
        (his["id"], "scheduled", None),
    ]


async def test_the_charge_of_a_blocked_driver_is_stopped_once(partner: Cpo) -> None:
    emsp = partner.adapter
    charge = await started(partner, await emsp.driver())

    await block(emsp)

    stop = await asked(partner, "STOP_SESSION")
    await come_to(emsp, charge["id"], "stopping")
    assert stop["session_id"] == "SESSION1"
    assert count(partner, "STOP_SESSION") == 1
    assert await emsp.row("SELECT stop_due FROM charges") == (False,)


async def test_a_start_that_a_blocked_driver_had_asked_for_is_stopped_when_it_runs(
    partner: Cpo,
) -> None:
    emsp = partner.adapter
    await publish(partner)
    await start(await emsp.driver())
    await block(emsp)

    await tell(partner, heard(partner, "START_SESSION"))

    assert (await asked(partner, "STOP_SESSION"))["session_id"] == "SESSION1"
