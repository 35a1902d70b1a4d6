"""The plans that drivers may choose."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from emsp_adapter.driver_api import money_answers
from emsp_adapter.driver_api.door import Account, At, DriverRoute
from emsp_adapter.driver_api.language import Language
from emsp_adapter.money import plans
from emsp_adapter.money.amounts import written
from emsp_adapter.money.price_lines import total_of
from emsp_adapter.money.price_texts import number, text
from emsp_adapter.office import Office
from emsp_adapter.store import plans as rows
from emsp_adapter.store.plans import Plan
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.pricing.money import plain
from ocpi_hub.protocol.types import format_datetime

router = APIRouter(route_class=DriverRoute, tags=["plans"])


class GivenPlan(Given, json_schema_extra=example({"id": "gold"})):
    """Which plan to have."""

    id: Annotated[str, Field(min_length=1, max_length=40), PLAIN]


@router.get("/plans", response_model=money_answers.Plans)
async def list_plans(office: At, driver_id: Account, language: Language) -> Json:
    """Every plan on offer, the driver's own, and the one that follows it."""
    async with office.db.hot() as conn:
        return Json(await _plans(conn, office, driver_id, language))


@router.put("/plan", response_model=money_answers.Plans)
async def choose_plan(given: GivenPlan, office: At, driver_id: Account, language: Language) -> Json:
    """Has another plan: at once, or from next month on where this month's fee is paid."""
    async with office.db.hot_transaction() as conn:
        since = await plans.choose(conn, office, driver_id, given.id)
        await audit.record(
            conn,
            f"driver:{driver_id}",
            action="plan.chosen",
            subject=given.id,
            detail={"since": format_datetime(since)},
        )
        return Json(await _plans(conn, office, driver_id, language))


async def _plans(conn: Hot, office: Office, driver_id: str, language: str) -> dict[str, Any]:
    now = office.now()
    offered = await rows.offered(conn)
    current = await rows.of_driver(conn, driver_id, at=now)
    if all(each.id != current.id for each in offered):
        offered = [*offered, current]
    later = await rows.next_of(conn, driver_id, at=now)
    return {
        "plans": [_shown(office, each, current) for each in offered],
        "current": current.id,
        "next_plan": None
        if later is None
        else {"id": later[0], "since": format_datetime(later[1])},
        "remarks": [_of_vat(office, language)],
    }


def _of_vat(office: Office, language: str) -> str:
    rate = office.settings.vat_rate
    if rate is None:
        return text("plans_without_vat", language)
    return text("plans_with_vat", language, rate=number(rate, language))


def _shown(office: Office, plan: Plan, current: Plan) -> dict[str, str | None]:
    month = plans.month_charge(plan, office.settings.vat_rate, said=plan.name)
    begins = plans.begins(plan, current, office.now())
    return {
        "id": plan.id,
        "name": plan.name,
        "monthly_fee": written(plan.monthly_fee, plan.currency),
        "margin_percent": plain(plan.margin_percent),
        "margin_per_kwh": written(plan.margin_per_kwh, plan.currency),
        "session_fee": written(plan.session_fee, plan.currency),
        "currency": plan.currency,
        "monthly_gross": written(total_of([month], plan.currency).gross, plan.currency),
        "begins": None if begins is None else format_datetime(begins),
    }
