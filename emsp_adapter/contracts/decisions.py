"""What staff decides on a CDR that is disputed."""

from __future__ import annotations

from emsp_adapter.contracts import clearing
from emsp_adapter.office import Office
from emsp_adapter.store import cdrs as store
from emsp_adapter.store import evidence
from emsp_adapter.store.cdrs import CdrRow, CdrState
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import ObjectNotFound


class Undecidable(Exception):
    """There is nothing to decide."""


class BilledByAnother(Undecidable):
    """To accept it would bill a charge twice."""


async def decide(
    conn: Hot,
    office: Office,
    id_: str,
    *,
    state: CdrState,
    by: str,
    why: str,
    even_if_billed: bool = False,
) -> CdrRow:
    """The CDR after the decision; Undecidable when it is not, or not any more, disputed, and
    BilledByAnother when it is to be billed beside another CDR of the same charge."""
    found = await _claimed(conn, id_)
    if found.state != CdrState.DISPUTED:
        raise Undecidable(f"CDR {found.cdr_id} is {found.state}, which is not for staff to change")
    if state is CdrState.ACCEPTED and not even_if_billed:
        await _check_once(conn, found)
    await store.decide(conn, id_, state=state, by=by, why=why, now=office.now())
    if state is CdrState.ACCEPTED:
        await clearing.accepted(conn, office, found)
    elif found.charge_id is not None:
        await store.let_go(conn, found.charge_id)
    return await _found(conn, id_)


async def _check_once(conn: Hot, cdr: CdrRow) -> None:
    """Whatever it was disputed for: its charge is billed once."""
    others = [] if cdr.is_credit else await evidence.to_be_billed(conn, cdr)
    if others:
        raise BilledByAnother(
            f"CDR {cdr.cdr_id} claims a charge that CDR {', '.join(others)} was accepted for:"
            " its driver would pay twice"
        )


async def _claimed(conn: Hot, id_: str) -> CdrRow:
    """Nobody else settles or decides on a CDR of that CPO until the transaction ends."""
    await evidence.claim(conn, await _found(conn, id_))
    return await _found(conn, id_, lock=True)


async def _found(conn: Hot, id_: str, *, lock: bool = False) -> CdrRow:
    found = await store.get(conn, id_, lock=lock)
    if found is None:
        raise ObjectNotFound(f"there is no CDR {id_}")
    return found
