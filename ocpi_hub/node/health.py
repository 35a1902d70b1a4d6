"""Is it alive, is it ready, how is it: /healthz, /readyz and /metrics of every service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry

from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.service.metrics import allowed, exposition

# None when it is ready, else why not.
Ready = Callable[[], Awaitable[str | None]]


def health_routes(
    ready: Ready, *, metrics: CollectorRegistry, metrics_token: str | None
) -> APIRouter:
    """The routes an operator's tools ask; none of them tells anything about partners."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        reason = await ready()
        found = {"ready": reason is None, "reason": reason or "ready"}
        return JSONResponse(found, 200 if reason is None else 503)

    @router.get("/metrics")
    async def prometheus(request: Request) -> Response:
        host = request.client.host if request.client else None
        if not allowed(host, request.headers.get("authorization"), token=metrics_token):
            return PlainTextResponse("METRICS_TOKEN is needed from other machines\n", 401)
        shown = exposition(metrics)
        return Response(shown.body, media_type=shown.content_type)

    return router


async def database_answers(db: Database) -> str | None:
    """None when the database answers, else why not: a Ready for services without another idea."""
    try:
        async with db.hot() as conn:
            await conn.execute("SELECT 1")
    except UNAVAILABLE as error:
        return str(error).partition("\n")[0] or "the database does not answer"
    return None
