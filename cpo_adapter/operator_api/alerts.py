"""Alerts, and the webhooks that they are sent to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from cpo_adapter import alerts as work
from cpo_adapter import webhooks
from cpo_adapter.alerts import Kind
from cpo_adapter.operator_api.office import Admin, At, OperatorRoute, Reader, Worker
from cpo_adapter.operator_api.shapes import Before, Filter, Id, Limit, Number, page
from cpo_adapter.store import alerts as rows
from cpo_adapter.store.alerts import Webhook
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["alerts"])


class GivenWebhook(Given):
    """Where alerts are sent; without `events` those of all kinds."""

    url: str
    events: Annotated[tuple[Kind, ...], Field(max_length=len(Kind))] = ()
    secret: Annotated[str, Field(max_length=200)] | None = None


@router.get("/alerts")
async def list_alerts(
    request: Request,
    office: At,
    operator: Reader,
    station: Filter = None,
    open: bool = False,
    before: Before = None,
    limit: Limit = 100,
) -> Json:
    """Alerts of a station or all, the newest first; with `open` those that are not over."""
    async with office.db.hot() as conn:
        found = await rows.listed(
            conn, station_id=station, only_open=open, before=before, limit=limit
        )
    return page(
        request, found, limit=limit, cursor="before", key=lambda each: each.id, shown=asdict
    )


@router.post("/alerts/{alert_id}/clear")
async def clear_alert(alert_id: Number, office: At, operator: Worker) -> Json:
    """Says that an alert has been seen to."""
    async with office.db.hot_transaction() as conn:
        if not await work.clear_by_id(conn, alert_id, now=office.now()):
            raise Problem(404, f"there is no open alert {alert_id}")
        await audit.record(conn, operator.name, action="alert clear", subject=str(alert_id))
    return Json({"id": alert_id, "cleared": True})


@router.get("/webhooks")
async def list_webhooks(office: At, operator: Admin) -> Json:
    """Where alerts go, the oldest first; without the secrets."""
    async with office.db.hot() as conn:
        return Json([_shown(each) for each in await rows.webhooks(conn)])


@router.get("/webhooks/failures")
async def list_failures(office: At, operator: Admin, limit: Limit = 100) -> Json:
    """Calls that did not arrive, the newest first; without `next_at` they are given up."""
    async with office.db.hot() as conn:
        return Json([asdict(each) for each in await rows.failures(conn, limit=limit)])


@router.post("/webhooks", status_code=201)
async def add_webhook(given: GivenWebhook, office: At, operator: Admin) -> Json:
    """Has alerts sent to a URL; the secret that signs them is in this answer and in no other."""
    async with office.db.hot_transaction() as conn:
        added = await webhooks.add(
            conn, given.url, secret=given.secret, kinds=given.events, vault=office.vault
        )
        await audit.record(
            conn,
            operator.name,
            action="webhook add",
            subject=added.id,
            detail={"url": given.url},
        )
    shown = {"id": added.id, "url": given.url, "events": given.events, "secret": added.secret}
    return Json(shown, status_code=201)


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def remove_webhook(webhook_id: Id, office: At, operator: Admin) -> None:
    """Sends no more alerts there."""
    async with office.db.hot_transaction() as conn:
        if not await rows.remove_webhook(conn, webhook_id):
            raise Problem(404, f"there is no webhook {webhook_id!r}")
        await audit.record(conn, operator.name, action="webhook remove", subject=webhook_id)


def _shown(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "created_at": webhook.created_at,
    }
