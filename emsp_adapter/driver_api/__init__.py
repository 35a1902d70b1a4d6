"""The driver API: everything a driver's app does, over HTTP below /app/v1.

Its description is at /app/v1/openapi.json. OAuth2 access tokens say who asks and for what; refusals
are problem+json. See docs/driver-api.md.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from emsp_adapter.charging.live import Watchers
from emsp_adapter.driver_api import (
    cards,
    charges,
    favourites,
    guest,
    live,
    locations,
    map,
    me,
    notifications,
    payment_methods,
    plans,
    prices,
    problems,
    receipts,
    reservations,
    statistics,
    support,
    unlock,
)
from emsp_adapter.driver_api.door import PREFIX
from emsp_adapter.driver_api.limits import Limits
from emsp_adapter.network.clusters import Overviews
from emsp_adapter.office import Office
from ocpi_hub.node.rest.headers import WithHeaders
from ocpi_hub.node.rest.problems import add_handlers

__all__ = ["PREFIX", "ROUTERS", "application"]

# Unless a route says otherwise: what is here is one driver's, and never a page.
_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

ROUTERS: tuple[APIRouter, ...] = (
    cards.router,
    cards.imports,
    locations.router,
    map.router,
    me.router,
    charges.router,
    live.router,
    reservations.router,
    statistics.router,
    guest.router,
    guest.stickers,
    unlock.router,
    prices.router,
    plans.router,
    payment_methods.router,
    receipts.router,
    favourites.router,
    notifications.router,
    problems.router,
    support.router,
)


def application(office: Office, watchers: Watchers) -> FastAPI:
    """The driver API, to be mounted at PREFIX."""
    # The pages that FastAPI has for documentation load from elsewhere.
    app = FastAPI(
        title="eMSP adapter: driver API",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
    )
    app.state.office = office
    app.state.limits = Limits()
    app.state.overviews = Overviews()
    app.state.watchers = watchers
    app.add_middleware(WithHeaders, headers=_ALWAYS)
    add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
