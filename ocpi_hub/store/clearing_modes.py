"""What two parties agreed for a CDR that does not cost what it claims."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.protocol.party import Party
from ocpi_hub.store import notices
from ocpi_hub.store.agreements import pair
from ocpi_hub.store.tables import clearing_modes


class ClearingMode(StrEnum):
    """What clearing does with a CDR beside saying what it should cost."""

    OBSERVE = "observe"  # nothing: the CDR goes on its way
    HOLD = "hold"  # one that is wrong waits for a decision, unseen by its receiver
    REJECT = "reject"  # one that is wrong is refused, if that is known in time


async def set_mode(conn: AsyncConnection, a: Party, *, b: Party, mode: ClearingMode) -> None:
    """Agree on a mode, whichever of the two is the CPO."""
    first, second = pair(a.key, b.key)
    if mode is ClearingMode.OBSERVE:
        await conn.execute(
            delete(clearing_modes).where(
                clearing_modes.c.first == first, clearing_modes.c.second == second
            )
        )
    else:
        agreed = insert(clearing_modes).values(first=first, second=second, mode=mode.value)
        await conn.execute(
            agreed.on_conflict_do_update(
                index_elements=[clearing_modes.c.first, clearing_modes.c.second],
                set_={"mode": agreed.excluded.mode},
            )
        )
    await notices.bump(conn)


async def load(conn: AsyncConnection) -> dict[tuple[str, str], ClearingMode]:
    """The mode of every pair that does not just observe."""
    rows = await conn.execute(select(clearing_modes))
    return {(row.first, row.second): ClearingMode(row.mode) for row in rows}
