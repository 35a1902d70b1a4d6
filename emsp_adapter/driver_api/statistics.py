"""What a driver has charged, summed up."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from emsp_adapter.charging import statistics
from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import At, DriverRoute, History
from ocpi_hub.node.rest.bodies import Json, Moment

router = APIRouter(route_class=DriverRoute, tags=["history"])

_From = Annotated[Moment | None, Query(alias="from", description="Charges that began from then.")]
_To = Annotated[Moment | None, Query(description="Charges that began before then.")]


@router.get("/statistics", response_model=answers.Statistics)
async def get_statistics(
    office: At, driver_id: History, from_: _From = None, to: _To = None
) -> Json:
    """The sums over a time, and by month of UTC and currency."""
    async with office.db.hot() as conn:
        document = await statistics.document(conn, office, driver_id, from_=from_, to=to)
    return Json(document)
