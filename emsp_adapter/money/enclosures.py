"""What a mail about a receipt encloses: the receipt, since a guest has no account to look in."""

from __future__ import annotations

from emsp_adapter import papers
from emsp_adapter.drivers.mail import Enclosure
from emsp_adapter.money import paper_texts
from emsp_adapter.store import bills
from ocpi_hub.node.engine import Hot


async def receipt(conn: Hot, bill_id: str) -> Enclosure | None:
    """The receipt as PDF; None where there is no such bill."""
    bill = await bills.find(conn, bill_id)
    if bill is None:
        return None
    content = await papers.pdf("receipt", paper_texts.receipt(bill))
    return Enclosure(f"receipt-{bill.number}.pdf", content)
