"""What goes on of a driver who is blocked: plans are taken back, and charges asked to end."""

from __future__ import annotations

from emsp_adapter.charging import charges
from emsp_adapter.charging.course import Event
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store import notices
from ocpi_hub.node.engine import Hot

_REASON = "This account is not active."


async def end_everything(conn: Hot, office: Office, driver_id: str) -> None:
    """Nothing of the driver begins any more; what runs, or was asked for, is stopped by the
    adapter that runs, and who watches it sees no more of it."""
    for plan in await store.scheduled(conn, driver_id):
        await charges.happen(conn, office, plan, Event.CANCELLED, reason=_REASON)
    await store.have_stopped(conn, driver_id)
    await notices.tell(conn, driver_id)
