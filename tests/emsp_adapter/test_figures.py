"""What whoever watches the adapter sees of disputes and of cards that may have been copied."""

from __future__ import annotations

import httpx

from tests.emsp_adapter.contracts import card, cdr, cleared, costing, publish
from tests.emsp_adapter.running import Adapter, Cpo
from tests.emsp_adapter.test_authorization import change


async def _figures(emsp: Adapter) -> dict[str, float]:
    """What /metrics says of CDRs and cards, by name."""
    await emsp.parts.figures.step()
    async with httpx.AsyncClient(base_url=emsp.url) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    said = (line.rsplit(" ", 1) for line in lines if line.startswith(("emsp_cdrs", "emsp_cards")))
    return {name: float(value) for name, value in said}


async def test_cdrs_are_counted_by_what_became_of_them(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.post_cdr(cdr(made))
    await cleared(emsp)
    await partner.post_cdr(cdr(made, id="CDR2", **costing("60.00", "72.60")))
    await cleared(emsp, "CDR2")

    before = await _figures(emsp)
    await emsp.parts.billing.step()
    after = await _figures(emsp)

    assert before['emsp_cdrs{state="disputed"}'] == 1
    assert before['emsp_cdrs{state="accepted"}'] + before['emsp_cdrs{state="billed"}'] == 1
    assert after['emsp_cdrs{state="billed"}'] == 1
    assert after['emsp_cdrs{state="refused"}'] == 0


async def test_a_cdr_whose_bill_fails_is_held(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner)
    made = await card(emsp, await emsp.driver())
    await partner.post_cdr(cdr(made))
    await cleared(emsp)
    await change(emsp, "UPDATE cdrs SET state = 'refused', bill_id = NULL, bill_due_at = NULL")
    refused = await _figures(emsp)
    due = "UPDATE cdrs SET state = 'accepted', bill_due_at = now() + interval '1 hour'"
    await change(emsp, due)

    held = await _figures(emsp)

    assert (refused['emsp_cdrs{state="refused"}'], refused['emsp_cdrs{state="held"}']) == (1, 0)
    assert (held['emsp_cdrs{state="refused"}'], held['emsp_cdrs{state="held"}']) == (0, 1)


async def test_cards_that_may_have_been_copied_are_counted_for_a_day(
    emsp: Adapter, partner: Cpo
) -> None:
    await card(emsp, await emsp.driver())
    seen = "UPDATE tokens SET suspicion = jsonb_build_object('rule', 'x', 'at', %s::timestamptz)"

    await change(emsp, seen, emsp.office.now())
    now = await _figures(emsp)
    await change(emsp, 'UPDATE tokens SET suspicion = \'{"at": "2026-01-01T00:00:00Z"}\'')
    later = await _figures(emsp)

    assert (now["emsp_cards_suspected"], later["emsp_cards_suspected"]) == (1, 0)
