"""The driver API: everything a driver's app does, over HTTP below /app/v1.

Its description is at /app/v1/openapi.json. OAuth2 access tokens say who asks and for what; refusals
are problem+json. See docs/driver-api.md.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request

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
    support_charges,
    unlock,
)
from emsp_adapter.driver_api.door import OAUTH2, PREFIX
from emsp_adapter.driver_api.language import spoken
from emsp_adapter.driver_api.limits import Limits
from emsp_adapter.driver_api.scheme import oauth2_scheme
from emsp_adapter.drivers.sentences import said
from emsp_adapter.network.clusters import Overviews
from emsp_adapter.office import Office
from ocpi_hub.node.rest.description import DescribedApi
from ocpi_hub.node.rest.headers import WithHeaders
from ocpi_hub.node.rest.problems import add_handlers

__all__ = ["PREFIX", "application", "described"]

# Unless a route says otherwise: what is here is one driver's, and never a page.
_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# Of any route, whatever it takes.
_EVERYWHERE = (
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

_ROUTERS: tuple[APIRouter, ...] = (
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
    support_charges.router,
)


def application(office: Office, watchers: Watchers) -> FastAPI:
    """The driver API, to be mounted at PREFIX."""
    app = described(office.settings.public_url)
    app.state.office = office
    app.state.limits = Limits()
    app.state.overviews = Overviews()
    app.state.watchers = watchers
    app.add_middleware(WithHeaders, headers=_ALWAYS)
    add_handlers(app, said=_said)
    return app


def described(public_url: str) -> DescribedApi:
    """Every route with its description, and nothing that they work with."""
    app = DescribedApi(
        title="eMSP adapter: driver API",
        everywhere=_EVERYWHERE,
        security_schemes={OAUTH2: oauth2_scheme(public_url)},
    )
    for router in _ROUTERS:
        app.include_router(router)
    return app


def _said(request: Request, sentence: str) -> str:
    """A refusal in the language of the request, or of the driver."""
    return said(sentence, spoken(request, request.headers.get("accept-language")))
