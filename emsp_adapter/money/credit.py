"""Whether a driver may charge on credit."""

from __future__ import annotations

from emsp_adapter.office import Office
from emsp_adapter.payments.holding import NO_METHOD, chosen
from emsp_adapter.payments.providers import provider_of
from emsp_adapter.store import bills
from ocpi_hub.node.engine import Hot


async def check(conn: Hot, office: Office, driver_id: str) -> str | None:
    """None, or in one sentence why the driver has no credit."""
    unpaid = await bills.unpaid(conn, driver_id)
    if unpaid is not None:
        return f"Receipt {unpaid} is not paid; pay it, or add another payment method."
    return None if await payment_ready(conn, office, driver_id) else NO_METHOD


async def payment_ready(conn: Hot, office: Office, driver_id: str) -> bool:
    """Whether a driver has what it takes to pay."""
    provider = provider_of(office)
    if provider is None or not provider.needs_card:
        return True
    return await chosen(conn, driver_id, provider) is not None
