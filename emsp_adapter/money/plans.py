"""Which plan a driver has, and when another begins to hold.

A month of a plan with a fee is paid in full: such a plan holds at once and to the month's end.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from emsp_adapter.money.price_lines import Charge, Kind
from emsp_adapter.money.terms import Terms
from emsp_adapter.office import Office
from emsp_adapter.store import drivers, plans
from emsp_adapter.store.plans import Plan
from ocpi_hub.node.engine import Hot
from ocpi_hub.pricing.money import HOUR, ZERO
from ocpi_hub.protocol.errors import InvalidParameters

_DECEMBER = 12


def terms_of(plan: Plan, vat_rate: Decimal | None) -> Terms:
    """A plan as it prices."""
    return Terms(
        plan.id,
        plan.name,
        plan.currency,
        plan.margin_percent,
        plan.margin_per_kwh,
        plan.session_fee,
        vat_rate,
    )


async def holding(conn: Hot, office: Office, driver_id: str | None, at: datetime) -> Terms:
    """What a driver's plan, or that of somebody unknown, adds to a price at a moment."""
    plan = await plans.of_driver(conn, driver_id, at=at)
    return terms_of(plan, office.settings.vat_rate)


def month_charge(plan: Plan, vat_rate: Decimal | None, *, said: str) -> Charge:
    """A month of a plan, as it is billed."""
    net = plan.monthly_fee * HOUR
    vat = ZERO if vat_rate is None else (net * vat_rate).scaleb(-2)
    return Charge(Kind.PLAN, said, net, vat, vat_rate)


async def choose(conn: Hot, office: Office, driver_id: str, plan_id: str) -> datetime:
    """Have a plan; from when on it holds. InvalidParameters when it is not offered."""
    await drivers.find(conn, driver_id, lock=True)
    plan = await plans.find(conn, plan_id)
    if plan is None or plan.closed_at is not None:
        raise InvalidParameters(f"id: {plan_id[:40]!r} is not a plan that is offered")
    now = office.now()
    current = await plans.of_driver(conn, driver_id, at=now)
    since = begins(plan, current, now) or now
    await plans.choose(conn, driver_id, plan.id, since=since, now=now)
    return since


def begins(plan: Plan, current: Plan, now: datetime) -> datetime | None:
    """When a plan would hold that is chosen now; None: at once. A month that is paid for is used
    to its end; back to the same plan is no change."""
    at_once = not current.monthly_fee or current.id == plan.id
    return None if at_once else next_month(now)


def next_month(moment: datetime) -> datetime:
    """When the next month begins, in UTC."""
    year, month = moment.year, moment.month + 1
    if moment.month == _DECEMBER:
        year, month = year + 1, 1
    return moment.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
