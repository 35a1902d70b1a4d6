"""A charge as it goes on, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from emsp_adapter.charging import live
from emsp_adapter.charging.live import Watchers
from emsp_adapter.driver_api import examples
from emsp_adapter.driver_api.charges import ChargeId
from emsp_adapter.driver_api.door import Asker, At, Charging, DriverRoute
from emsp_adapter.driver_api.language import Language
from ocpi_hub.protocol.errors import ObjectNotFound

_SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"example": examples.CHARGE_EVENT}}}
}


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


router = APIRouter(route_class=DriverRoute, tags=["charging"])

# A proxy that gathers events until it has a page of them shows the driver a standstill.
_AS_IT_COMES = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def _watchers_of(request: Request) -> Watchers:
    return cast("Watchers", request.app.state.watchers)


def _token_of(request: Request) -> bytes:
    return cast("Asker", request.state.asker).token_hash


@router.get("/charges/{charge_id}/events", response_class=EventStream, responses=_SHOWN)
async def watch_charge(
    charge_id: ChargeId,
    office: At,
    driver_id: Charging,
    watchers: Annotated[Watchers, Depends(_watchers_of)],
    token_hash: Annotated[bytes, Depends(_token_of)],
    language: Language,
) -> EventStream:
    """The whole charge as an event `charge`, now and at each change, until it is over. A comment
    every 15 s says that there is no news. One driver watches ten at once."""
    events = live.events(
        watchers,
        office,
        driver_id,
        charge_id,
        token_hash=token_hash,
        language=language,
    )
    # What is refused is refused before the answer begins.
    first = await anext(events, None)
    if first is None:
        raise ObjectNotFound(f"there is no charge {charge_id!r}")
    return EventStream(_all(first, events), headers=_AS_IT_COMES)


async def _all(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for each in rest:
            yield each
