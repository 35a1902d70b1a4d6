"""The driver API: everything a driver's app does, over HTTP below /app/v1.

Its description is at /app/v1/openapi.json. OAuth2 access tokens say who asks and for what; refusals
are problem+json. See docs/driver-api.md.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from emsp_adapter.driver_api.door import PREFIX
from emsp_adapter.office import Office
from ocpi_hub.node.rest.problems import add_handlers

__all__ = ["PREFIX", "application"]

_ROUTERS: tuple[APIRouter, ...] = ()


def application(office: Office) -> FastAPI:
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
    add_handlers(app)
    for router in _ROUTERS:
        app.include_router(router)
    return app
