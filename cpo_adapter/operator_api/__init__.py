"""The operator API: everything an operator does with stations and sessions, over HTTP.

Below /operator/v1, with its description at /operator/v1/openapi.json. Bearer tokens say who asks;
each action leaves a row in the audit; refusals are problem+json. See docs/cpo-adapter.md.
"""

from __future__ import annotations

from fastapi import FastAPI

from cpo_adapter.offer_files import BadInventory
from cpo_adapter.operator_api import (
    alerts,
    audit,
    calls,
    campaigns,
    certificates,
    exports,
    frames,
    offer,
    problems,
    reservations,
    sessions,
    settings,
    stations,
    tokens,
    uploads,
    uptime,
)
from cpo_adapter.operator_api.office import PREFIX, Office
from cpo_adapter.plugs import BadPlug
from cpo_adapter.stations import BadStation
from cpo_adapter.webhooks import BadWebhook
from ocpi_hub.node.rest.problems import add_handlers

__all__ = ["PREFIX", "Office", "application"]

_ROUTERS = (
    stations.router,
    settings.router,
    calls.router,
    frames.router,
    uptime.router,
    sessions.router,
    reservations.router,
    tokens.router,
    offer.router,
    uploads.router,
    uploads.drop,
    certificates.router,
    campaigns.router,
    alerts.router,
    problems.router,
    exports.router,
    audit.router,
)


def application(office: Office) -> FastAPI:
    """The operator API, to be mounted at PREFIX."""
    # The pages that FastAPI has for documentation load from elsewhere.
    app = FastAPI(
        title="CPO adapter: operator API",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
    )
    app.state.office = office
    add_handlers(app, bad_input=(BadInventory, BadPlug, BadStation, BadWebhook))
    for router in _ROUTERS:
        app.include_router(router)
    return app
