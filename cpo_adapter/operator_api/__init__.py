"""The operator API: everything an operator does with stations and sessions, over HTTP.

Below /operator/v1, with its description at /operator/v1/openapi.json. Bearer tokens say who asks;
each action leaves a row in the audit; refusals are problem+json. See docs/cpo-adapter.md.
"""

from __future__ import annotations

from http import HTTPStatus

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
from ocpi_hub.node.rest.description import DescribedApi
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

# Of any route, whatever it takes.
_EVERYWHERE = (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)


def application(office: Office) -> FastAPI:
    """The operator API, to be mounted at PREFIX."""
    app = DescribedApi(title="CPO adapter: operator API", everywhere=_EVERYWHERE)
    app.state.office = office
    add_handlers(app, bad_input=(BadInventory, BadPlug, BadStation, BadWebhook))
    for router in _ROUTERS:
        app.include_router(router)
    return app
