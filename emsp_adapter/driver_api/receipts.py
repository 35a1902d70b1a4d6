"""What a driver was billed: each receipt, and each month of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from emsp_adapter import papers
from emsp_adapter.driver_api import money_answers
from emsp_adapter.driver_api.door import Account, At, DriverRoute, History
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.paging import Pages
from emsp_adapter.money import paper_texts, receipts, settling, statements
from emsp_adapter.money.price_texts import language_of
from emsp_adapter.office import Office
from emsp_adapter.store import bills, drivers
from emsp_adapter.store.bills import Bill
from ocpi_hub.node.rest.bodies import PLAIN, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=DriverRoute, tags=["receipts"])

_Id = Annotated[str, Path(max_length=100), PLAIN]
_Month = Annotated[str, Path(max_length=7, examples=["2026-03"]), PLAIN]
_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}


@router.get("/receipts", response_model=money_answers.ReceiptPage)
async def list_receipts(office: At, driver_id: History, pages: Pages) -> Json:
    """The driver's receipts and credit notes, the newest first."""
    before = pages.after(datetime, str)
    async with office.db.hot() as conn:
        found = await bills.page(conn, driver_id, before=before, limit=pages.limit)
    return pages.page(
        "receipts",
        found,
        key=lambda bill: (bill.issued_at, bill.id),
        shown=receipts.summary,
    )


@router.get("/receipts/{receipt_id}", response_model=money_answers.ReceiptDetails)
async def get_receipt(receipt_id: _Id, office: At, driver_id: History) -> Json:
    """One receipt with its lines and its VAT."""
    return Json(receipts.whole(await _own(office, driver_id, receipt_id)))


@router.get("/receipts/{receipt_id}/pdf", response_class=Response, responses=_PDF)
async def get_receipt_pdf(receipt_id: _Id, office: At, driver_id: History) -> Response:
    """One receipt on paper, in the language it was made out in."""
    bill = await _own(office, driver_id, receipt_id)
    content = await papers.pdf("receipt", paper_texts.receipt(bill))
    return _pdf(content, f"receipt-{bill.number}")


@router.post("/receipts/{receipt_id}/pay", status_code=202, response_model=money_answers.Receipt)
async def pay_receipt(receipt_id: _Id, office: At, driver_id: Account) -> Json:
    """Tries again to have a receipt paid, with the card in use; 409 when it is not open."""
    bill = await _own(office, driver_id, receipt_id)
    async with office.db.hot_transaction() as conn:
        asked = await settling.retry(conn, office, driver_id, bill_id=bill.id)
    if not asked:
        raise Problem(409, f"there is no failed payment of receipt {bill.number}")
    return Json(receipts.summary(bill), status_code=202)


@router.get("/statements", response_model=money_answers.Statements)
async def list_statements(office: At, driver_id: History) -> Json:
    """The months in which the driver was billed, the newest first."""
    async with office.db.hot() as conn:
        found = await statements.of_driver(conn, office, driver_id)
    return Json({"statements": [each.summary() for each in found]})


@router.get("/statements/{month}", response_model=money_answers.StatementDetails)
async def get_statement(month: _Month, office: At, driver_id: History, language: Language) -> Json:
    """A month of receipts and what they come to."""
    async with office.db.hot() as conn:
        found = await statements.of_month(conn, office, driver_id, month, language=language)
    return Json(found.document())


@router.get("/statements/{month}/pdf", response_class=Response, responses=_PDF)
async def get_statement_pdf(month: _Month, office: At, driver_id: History) -> Response:
    """A month of receipts on paper, in the driver's language."""
    async with office.db.hot() as conn:
        driver = await drivers.find(conn, driver_id)
        language = language_of(None if driver is None else driver.locale)
        found = await statements.of_month(conn, office, driver_id, month, language=language)
    content = await papers.pdf("statement", paper_texts.statement(found))
    return _pdf(content, f"statement-{found.month}")


async def _own(office: Office, driver_id: str, receipt_id: str) -> Bill:
    async with office.db.hot() as conn:
        bill = await bills.of_driver(conn, driver_id, receipt_id)
    if bill is None:
        raise Problem(404, f"there is no receipt {receipt_id[:40]!r}")
    return bill


def _pdf(content: bytes, name: str) -> Response:
    return Response(
        content,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )
