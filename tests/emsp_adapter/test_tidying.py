"""What is forgotten after a while."""

from __future__ import annotations

from tests.emsp_adapter.charging import publish, start
from tests.emsp_adapter.contracts import UID, card
from tests.emsp_adapter.running import Cpo


async def test_a_command_is_forgotten_after_ninety_days(partner: Cpo) -> None:
    emsp = partner.adapter
    await publish(partner)
    await start(await emsp.driver())

    kept = []
    for days in (89, 91):
        async with emsp.db.hot_transaction() as conn:
            await conn.execute(
                "UPDATE commands SET sent_at = now() - make_interval(days => %s)", (days,)
            )
        await emsp.parts.tidying.step()
        kept.append(len(await emsp.rows("SELECT id FROM commands")))

    assert kept == [1, 0]


async def test_a_permission_is_forgotten_when_no_cdr_can_name_it_any_more(partner: Cpo) -> None:
    emsp = partner.adapter
    await card(emsp, await emsp.driver())
    await partner.party.call("POST", "sender", "tokens", f"{UID}/authorize")

    kept = []
    for days in (399, 401):
        async with emsp.db.hot_transaction() as conn:
            await conn.execute(
                "UPDATE authorizations SET until = now() - make_interval(days => %s)", (days,)
            )
        await emsp.parts.tidying.step()
        kept.append(len(await emsp.rows("SELECT reference FROM authorizations")))

    assert kept == [1, 0]
