"""SQL of what is counted for whoever watches the adapter."""

from __future__ import annotations

from datetime import datetime

from ocpi_hub.node.engine import Hot, one_row


async def cdrs(conn: Hot) -> dict[str, int]:
    """How many CDRs are in each state; of those that are accepted which were billed, and which are
    held up because that has failed."""
    found = await conn.execute("SELECT state, count(*) FROM cdrs GROUP BY state")
    states: dict[str, int] = dict(await found.fetchall())
    unbilled, held = await one_row(
        conn,
        "SELECT count(*), count(bill_due_at) FROM cdrs"
        " WHERE state = 'accepted' AND bill_id IS NULL",
    )
    billed = states.get("accepted", 0) - unbilled
    return states | {"accepted": unbilled - held, "held": held, "billed": billed}


async def cards_suspected(conn: Hot, *, since: datetime) -> int:
    """How many cards were used since then as no driver uses one."""
    (found,) = await one_row(
        conn,
        "SELECT count(*) FROM tokens WHERE (suspicion ->> 'at')::timestamptz > %s",
        (since,),
    )
    return int(found)
