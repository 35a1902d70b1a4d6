"""Alerts and webhooks as operators handle them."""

from __future__ import annotations

from tests.cpo_adapter.operating import Operated


async def test_an_alert_is_listed_and_cleared(operator: Operated) -> None:
    async with operator.station("CS1", version="2.0.1") as station:
        await station.boot()
        await station.call(
            "SecurityEventNotification", type="TamperDetectionActivated",
            timestamp="2026-03-01T12:00:00Z",
        )  # fmt: skip
    (alert,) = await operator.get("/alerts?open=true&station=CS1")

    cleared = await operator("POST", f"/alerts/{alert['id']}/clear", role="operate")
    again = await operator("POST", f"/alerts/{alert['id']}/clear", role="operate")

    assert (alert["kind"], alert["subject"]) == ("security_event", "TamperDetectionActivated")
    assert (cleared.status, again.status) == (200, 404)
    assert await operator.get("/alerts?open=true") == []
    assert len(await operator.get("/alerts")) == 1


async def test_a_webhooks_secret_is_shown_once(operator: Operated) -> None:
    given = {"url": "https://alerts.example/hook", "events": ["offline"]}
    added = await operator("POST", "/webhooks", given)
    listed = await operator("GET", "/webhooks")
    removed = await operator("DELETE", f"/webhooks/{added.json['id']}")

    assert (added.status, added.json["secret"].startswith("whsec_")) == (201, True)
    assert [(each["url"], each["events"]) for each in listed.json] == [
        ("https://alerts.example/hook", ["offline"])
    ]
    assert added.json["secret"].encode() not in listed.content
    assert (removed.status, (await operator("GET", "/webhooks")).json) == (204, [])
    assert (await operator("GET", "/webhooks/failures")).json == []
