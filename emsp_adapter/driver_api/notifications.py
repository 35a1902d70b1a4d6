"""How a driver wants to hear of things: by e-mail, and by a webhook of its own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import Account, At, DriverRoute
from emsp_adapter.drivers.notifications import Notification, by_email
from emsp_adapter.drivers.webhooks import check_webhook_url
from emsp_adapter.office import Office
from emsp_adapter.store import notifications as rows
from emsp_adapter.store import outbox
from emsp_adapter.store.notifications import Wishes
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.node.signing import BadSecret, new_secret, secret_bytes
from ocpi_hub.service.address import AddressGuard

router = APIRouter(route_class=DriverRoute, tags=["notifications"])


class GivenWebhook(Given):
    """Where events are sent. Without a secret the one before is kept, for the same URL."""

    url: Annotated[str, Field(max_length=255)]
    secret: Annotated[str, Field(max_length=200)] | None = None


class GivenWishes(
    Given,
    json_schema_extra=example(
        {"email": {"charge_finished": False}, "webhook": {"url": "https://app.example/events"}}
    ),
):
    """All wishes: a kind that is not named is as usual, without a webhook there is none."""

    email: dict[Notification, bool] = Field(default_factory=dict)
    webhook: GivenWebhook | None = None


@router.get("/notifications", response_model=answers.Wishes)
async def get_notification_wishes(office: At, driver_id: Account) -> Json:
    """What the driver hears of, and where; without the webhook's secret."""
    async with office.db.hot() as conn:
        return Json(_shown(await rows.wishes(conn, driver_id)))


@router.put("/notifications", response_model=answers.Wishes)
async def set_notification_wishes(given: GivenWishes, office: At, driver_id: Account) -> Json:
    """Changes them. A new webhook's secret is in this answer and in no other."""
    made = _new_secret(given.webhook, office)
    wishes = Wishes(
        {kind.value: wanted for kind, wanted in given.email.items()},
        None if given.webhook is None else given.webhook.url,
    )
    async with office.db.hot_transaction() as conn:
        before = await rows.wishes(conn, driver_id)
        same = wishes.webhook_url is not None and wishes.webhook_url == before.webhook_url
        sealed = await rows.webhook_secret(conn, driver_id) if same else None
        fresh = None
        if wishes.webhook_url is not None and (made is not None or sealed is None):
            fresh = made or new_secret()
            sealed = office.vault.encrypt(fresh)
        await rows.keep_wishes(conn, driver_id, wishes, webhook_secret=sealed)
        if not same:
            await outbox.forget_webhook(conn, driver_id)
    return Json(_shown(wishes, secret=fresh))


def _new_secret(webhook: GivenWebhook | None, office: Office) -> str | None:
    """The secret that was given, checked as the URL is."""
    if webhook is None:
        return None
    settings = office.settings
    guard = AddressGuard(settings.allow_private_networks, own_urls=(settings.public_url,))
    check_webhook_url(webhook.url, guard=guard)
    if webhook.secret is None:
        return None
    try:
        secret_bytes(webhook.secret)
    except BadSecret as error:
        raise Problem(422, f"webhook.{error}", field="webhook.secret") from error
    return webhook.secret


def _shown(wishes: Wishes, *, secret: str | None = None) -> dict[str, Any]:
    webhook: dict[str, str] | None = None
    if wishes.webhook_url is not None:
        webhook = {"url": wishes.webhook_url}
        if secret is not None:
            webhook["secret"] = secret
    return {
        "email": {kind.value: by_email(kind, wishes.email) for kind in Notification},
        "webhook": webhook,
    }
