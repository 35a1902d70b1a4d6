"""A charge as it goes on, as server-sent events."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from emsp_adapter.charging import live
from emsp_adapter.charging.live import Watchers
from emsp_adapter.driver_api.charges import ChargeId, Language
from emsp_adapter.driver_api.door import At, Charging, DriverRoute
from emsp_adapter.money.price_texts import language_of
from emsp_adapter.store import charges as store
from ocpi_hub.protocol.errors import ObjectNotFound

router = APIRouter(route_class=DriverRoute, tags=["charging"])

# A proxy that gathers events until it has a page of them shows the driver a standstill.
_AS_IT_COMES = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def _watchers_of(request: Request) -> Watchers:
    return cast("Watchers", request.app.state.watchers)


@router.get("/charges/{charge_id}/events", response_class=StreamingResponse)
async def watch(
    charge_id: ChargeId,
    office: At,
    driver_id: Charging,
    watchers: Annotated[Watchers, Depends(_watchers_of)],
    language: Language = None,
) -> StreamingResponse:
    """The whole charge as an event `charge`, now and at each change, until it is over. A comment
    every 15 s says that there is no news."""
    async with office.db.hot() as conn:
        found = await store.of_driver(conn, driver_id, charge_id)
    if found is None:
        raise ObjectNotFound(f"there is no charge {charge_id!r}")
    return StreamingResponse(
        live.events(watchers, office, driver_id, charge_id, language=language_of(language)),
        media_type="text/event-stream",
        headers=_AS_IT_COMES,
    )
