"""Is it alive, is it ready, how is it: /healthz, /readyz and /metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from ocpi_hub.metrics import Metrics
from ocpi_hub.registry import Registry
from ocpi_hub.service.metrics import allowed, exposition


def health_routes(registry: Registry, metrics: Metrics, metrics_token: str | None) -> APIRouter:
    """The routes an operator's tools ask; none of them tells anything about partners."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        ready = registry.writable
        reason = "ready" if ready else f"no database for {registry.stale_for:.0f} s"
        return JSONResponse({"ready": ready, "reason": reason}, 200 if ready else 503)

    @router.get("/metrics")
    async def prometheus(request: Request) -> Response:
        host = request.client.host if request.client else None
        if not allowed(host, request.headers.get("authorization"), token=metrics_token):
            return PlainTextResponse("METRICS_TOKEN is needed from other machines\n", 401)
        shown = exposition(metrics.registry)
        return Response(shown.body, media_type=shown.content_type)

    return router
