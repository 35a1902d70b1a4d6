"""Accepted CDRs of a driver, put where clearing leaves them, and their bills."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from emsp_adapter.money import billing
from emsp_adapter.store.bills import Bill
from emsp_adapter.store.bills import find as find_bill
from ocpi_hub.protocol.party import Party
from tests.emsp_adapter import contracts
from tests.emsp_adapter.running import Adapter, Driver

_ADD = """
INSERT INTO cdrs (id, owner, cdr_id, driver_id, token_id, location_id, started_at, ended_at, raw,
    sha256, document, credit, credit_of, state, verdict, tariffs, charge_id)
VALUES (%s, %s, lower(%s), %s, (SELECT id FROM tokens WHERE driver_id = %s LIMIT 1), 'loc1',
    %s, %s, ''::bytea, ''::bytea, %s, %s, lower(%s), 'accepted', 'match', %s, %s)
RETURNING id
"""


async def accepted(
    emsp: Adapter,
    driver: Driver,
    *,
    cdr_id: str = "CDR1",
    charge_id: str | None = None,
    gross: str = "7.26",
    **overrides: Any,
) -> str:
    """An accepted CDR of that price, as the tariff gives it; its id with us."""
    tokens = await emsp.rows("SELECT document FROM tokens WHERE driver_id = %s", driver.id)
    token = tokens[0][0] if tokens else await contracts.card(emsp, driver, uid=f"04{driver.id[:8]}")
    tariff = contracts.tariff(
        elements=[{"price_components": [{"type": "FLAT", "price": Decimal(gross), "step_size": 1}]}]
    )
    document = contracts.cdr(token, id=cdr_id, session_id=f"S-{cdr_id}") | overrides
    rows = await emsp.rows(
        _ADD,
        f"row-{cdr_id}",
        Party("NL", "CPO").key,
        cdr_id,
        driver.id,
        driver.id,
        contracts.BEGUN,
        contracts.ENDED,
        Jsonb(document),
        bool(document.get("credit")),
        document.get("credit_reference_id"),
        Jsonb([tariff]),
        charge_id,
    )
    return str(rows[0][0])


async def for_cdr(emsp: Adapter, driver: Driver, **cdr: Any) -> Bill:
    """The bill of such a CDR, its payments due."""
    row = await accepted(emsp, driver, **cdr)
    await billing.bill_cdrs(emsp.office)
    return await of_cdr(emsp, row)


async def of_cdr(emsp: Adapter, row: str) -> Bill:
    """The bill of a CDR with us."""
    found = await emsp.row("SELECT id FROM bills WHERE cdr_row = %s", row)
    assert found is not None
    async with emsp.db.hot() as conn:
        bill = await find_bill(conn, found[0])
    assert bill is not None
    return bill


async def credit_of(emsp: Adapter, bill: Bill) -> None:
    """A Credit CDR takes the CDR of a bill back."""
    driver = Driver(bill.driver_id, None)  # type: ignore[arg-type]  # it calls nothing
    await accepted(
        emsp,
        driver,
        cdr_id=f"{bill.document['about']['cdr_id']}-C",
        credit=True,
        credit_reference_id=bill.document["about"]["cdr_id"],
    )
    await billing.bill_cdrs(emsp.office)
