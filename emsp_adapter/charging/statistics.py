"""What a driver has charged: how often, how much, and for how much money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from emsp_adapter.money import plans
from emsp_adapter.money.amounts import written
from emsp_adapter.office import Office
from emsp_adapter.store import statistics as store
from emsp_adapter.store.statistics import Month
from ocpi_hub.node.engine import Hot


async def document(
    conn: Hot, office: Office, driver_id: str, *, from_: datetime | None, to: datetime | None
) -> dict[str, Any]:
    """The sums of a time as JSON; money is not added up over currencies."""
    terms = await plans.holding(conn, office, driver_id, office.now())
    months = await store.by_month(conn, driver_id, from_=from_, to=to, currency=terms.currency)
    return {
        "charges": sum(each.charges for each in months),
        "energy_kwh": f"{sum((each.energy_kwh for each in months), Decimal(0)):f}",
        "cost": [
            {"currency": currency, "gross": written(gross, currency)}
            for currency, gross in _by_currency(months).items()
        ],
        "by_month": [
            {
                "month": each.month,
                "charges": each.charges,
                "energy_kwh": f"{each.energy_kwh:f}",
                "gross": written(each.gross, each.currency),
                "currency": each.currency,
            }
            for each in months
        ],
    }


def _by_currency(months: Sequence[Month]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in months:
        sums[each.currency] += each.gross
    return dict(sorted(sums.items()))
