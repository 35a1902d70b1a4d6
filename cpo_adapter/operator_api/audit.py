"""Who did what."""

from __future__ import annotations

from fastapi import APIRouter, Request

from cpo_adapter.operator_api.office import Admin, At, OperatorRoute
from cpo_adapter.operator_api.shapes import Before, Limit, page
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Json

router = APIRouter(route_class=OperatorRoute, tags=["audit"])


@router.get("/audit")
async def list_actions(
    request: Request, office: At, operator: Admin, before: Before = None, limit: Limit = 100
) -> Json:
    """The actions of operators, the newest first."""
    async with office.db.hot() as conn:
        found = await audit.latest(conn, limit=limit, before=before)
    return page(
        request,
        found,
        limit=limit,
        cursor="before",
        key=lambda each: each["id"],
        shown=lambda each: each,
    )
