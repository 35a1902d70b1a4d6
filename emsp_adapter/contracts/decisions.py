"""What staff decides on a CDR that is disputed."""

from __future__ import annotations

from emsp_adapter.contracts import clearing
from emsp_adapter.office import Office
from emsp_adapter.store import cdrs as store
from emsp_adapter.store.cdrs import CdrRow, CdrState
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import ObjectNotFound


class Undecidable(Exception):
    """There is nothing to decide."""


async def decide(
    conn: Hot, office: Office, id_: str, *, state: CdrState, by: str, why: str
) -> CdrRow:
    """The CDR after the decision; Undecidable when it is not, or not any more, disputed."""
    found = await _found(conn, id_)
    if found.state != CdrState.DISPUTED:
        raise Undecidable(f"CDR {found.cdr_id} is {found.state}, which is not for staff to change")
    await store.decide(conn, id_, state=state, by=by, why=why, now=office.now())
    if state is CdrState.ACCEPTED:
        await clearing.accepted(conn, office, found)
    elif found.charge_id is not None:
        await store.let_go(conn, found.charge_id)
    return await _found(conn, id_)


async def _found(conn: Hot, id_: str) -> CdrRow:
    found = await store.get(conn, id_, lock=True)
    if found is None:
        raise ObjectNotFound(f"there is no CDR {id_}")
    return found
