"""Alerts: told once when it begins and once when it is over, to webhooks that know it was us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from cpo_adapter import alerts, happenings, uptime, webhooks
from cpo_adapter.alerts import Kind, Watch
from cpo_adapter.ocpp.events import Event, FirmwareStatus, LogStatus, SecurityEvent
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store import alerts as rows
from cpo_adapter.store import happenings as timeline
from cpo_adapter.store.alerts import Alert
from cpo_adapter.webhooks import BadWebhook, WebhookSender
from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import Vault
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.tls import tls_context
from tests.cpo_adapter.offering import (
    MINUTE,
    NOW,
    SECOND,
    SETTLE,
    Clock,
    executed,
    notice,
    said,
    site,
)
from tests.hooks import Hook
from tests.serving import free_port, serving

VAULT = Vault(Fernet.generate_key().decode())
HEARTBEAT = 5 * MINUTE
STUCK_AFTER = 60 * MINUTE


def watch(db: Database, clock: Clock) -> Watch:
    rules = alerts.rules(settle=SETTLE, quiet=MINUTE, heartbeat=HEARTBEAT, stuck_after=STUCK_AFTER)
    return Watch(db, rules, clock)


async def all_alerts(db: Database) -> list[Alert]:
    async with db.hot() as conn:
        return await rows.listed(conn)


async def open_kinds(db: Database) -> list[str]:
    return sorted(alert.kind for alert in await all_alerts(db) if alert.cleared_at is None)


# --- rules ---------------------------------------------------------------------------------------


async def test_a_station_that_is_offline_is_alerted_until_it_is_back(cpo_db: Database) -> None:
    await site(cpo_db)
    clock = Clock()
    watching = watch(cpo_db, clock)
    async with cpo_db.hot() as conn:
        await uptime.went_offline(conn, "CS1", since=NOW - MINUTE)

    await watching.step()
    during = await open_kinds(cpo_db)
    async with cpo_db.hot() as conn:
        await uptime.came_back(conn, "CS1", at=NOW)
    await watching.step()

    assert during == ["offline"]
    assert not await open_kinds(cpo_db)


async def test_a_fault_is_alerted_with_its_reason(cpo_db: Database) -> None:
    await site(cpo_db)
    clock = Clock(NOW + SETTLE)

    await said(cpo_db, notice(1, "Faulted", error_code="GroundFailure", info="relay"))
    await watch(cpo_db, clock).step()

    (alert,) = await all_alerts(cpo_db)
    assert (alert.kind, alert.subject) == ("faulted", "1")
    assert alert.message == "port 1 is faulted: GroundFailure: relay"


async def test_a_station_that_flaps_gives_one_alert(cpo_db: Database) -> None:
    """F18."""
    await site(cpo_db)
    clock = Clock()
    watching = watch(cpo_db, clock)

    for _ in range(20):
        await said(cpo_db, notice(1, "Faulted", at=clock.at))
        clock.forward(2 * SECOND)
        await watching.step()
        await said(cpo_db, notice(1, "Available", at=clock.at))
        clock.forward(2 * SECOND)
        await watching.step()
    storm = await all_alerts(cpo_db)
    clock.forward(2 * MINUTE)
    await watching.step()

    assert len(storm) == 1
    assert storm[0].cleared_at is None
    assert not await open_kinds(cpo_db)


async def test_a_fault_of_a_moment_alarms_nobody(cpo_db: Database) -> None:
    await site(cpo_db)
    clock = Clock()

    await said(cpo_db, notice(1, "Faulted"))
    await watch(cpo_db, clock).step()

    assert not await all_alerts(cpo_db)


async def test_a_connector_that_works_may_still_be_alerted(cpo_db: Database) -> None:
    await site(cpo_db)

    await said(cpo_db, notice(1, "Available", error_code="WeakSignal"))
    await watch(cpo_db, Clock(NOW + SETTLE)).step()

    (alert,) = await all_alerts(cpo_db)
    assert (alert.kind, alert.message) == (
        "connector_error",
        "connector 1/1 reports WeakSignal",
    )


async def test_a_station_that_is_connected_and_mute_is_alerted(cpo_db: Database) -> None:
    await site(cpo_db)
    await executed(
        cpo_db,
        "UPDATE stations SET connected = true, connected_at = %s, last_seen = %s, booted_at = %s",
        NOW,
        NOW,
        NOW,
    )
    clock = Clock(NOW + 3 * HEARTBEAT)
    watching = watch(cpo_db, clock)

    await watching.step()
    early = await open_kinds(cpo_db)
    clock.forward(SECOND)
    await watching.step()

    assert not early
    assert await open_kinds(cpo_db) == ["no_heartbeat"]


async def test_a_stuck_transaction_is_raised_once_and_cleared(cpo_db: Database) -> None:
    await executed(
        cpo_db,
        "INSERT INTO transactions (id, station_id, start_received_at, last_updated)"
        " VALUES ('S1', 'CS1', %s, %s)",
        NOW,
        NOW,
    )
    clock = Clock(NOW + STUCK_AFTER)
    watching = watch(cpo_db, clock)

    await watching.step()
    early = await open_kinds(cpo_db)
    clock.forward(SECOND)
    await watching.step()
    await watching.step()
    (raised,) = await all_alerts(cpo_db)
    await executed(cpo_db, "UPDATE transactions SET measured_at = %s", clock.at)
    await watching.step()

    assert not early
    assert (raised.kind, raised.station_id, raised.subject) == ("stuck_transaction", "CS1", "S1")
    assert raised.cleared_at is None
    assert not await open_kinds(cpo_db)


# --- what stations report ------------------------------------------------------------------------


def event(of: type[Event], /, **fields: Any) -> Event:
    common: dict[str, Any] = {
        "station_id": "CS1",
        "version": Version.V201,
        "action": of.__name__,
        "received_at": NOW,
        "payload": {},
    }
    return of(**(common | fields))


async def heard(db: Database, *events: Event) -> None:
    for each in events:
        async with db.hot_transaction() as conn:
            await happenings.heard(conn, each, now=NOW)


REPORTS = {
    "an attack": (event(SecurityEvent, kind="TamperDetected", tech_info="lid"), "security_event"),
    "a start": (event(SecurityEvent, kind="StartupOfTheDevice", tech_info=None), None),
    "a failed upload": (event(LogStatus, status="UploadFailure", request_id=1), "upload_failed"),
    "an upload": (event(LogStatus, status="Uploading", request_id=1), None),
    "failed firmware": (
        event(FirmwareStatus, status="InvalidSignature", request_id=1),
        "firmware_failed",
    ),
}


@pytest.mark.parametrize(("report", "kind"), REPORTS.values(), ids=REPORTS)
async def test_a_report_is_kept_and_alerted_where_it_needs_somebody(
    cpo_db: Database, report: Event, kind: str | None
) -> None:
    await heard(cpo_db, report, report)

    async with cpo_db.hot() as conn:
        kept = await timeline.of_station(conn, "CS1")
    assert len(kept) == 2
    assert await open_kinds(cpo_db) == ([] if kind is None else [kind])


async def test_an_upload_that_works_at_last_clears_its_alert(cpo_db: Database) -> None:
    await heard(
        cpo_db,
        event(LogStatus, status="UploadFailure", request_id=1),
        event(LogStatus, status="Uploaded", request_id=2),
    )

    assert not await open_kinds(cpo_db)


# --- webhooks ------------------------------------------------------------------------------------


@asynccontextmanager
async def sending(
    db: Database, clock: Clock, *, private: bool = True
) -> AsyncIterator[WebhookSender]:
    async with make_client(AddressGuard(private), tls_context()) as client:
        yield WebhookSender(db, HttpxTransport(client), VAULT, clock, backoff=(5 * SECOND,) * 2)


async def hooked(db: Database, url: str, **options: Any) -> webhooks.Added:
    async with db.hot_transaction() as conn:
        return await webhooks.add(conn, url, vault=VAULT, **options)


async def raised(db: Database, kind: Kind = Kind.OFFLINE, subject: str = "") -> None:
    async with db.hot_transaction() as conn:
        await alerts.raise_alert(
            conn, kind, station_id="CS1", subject=subject, message="it is", now=NOW
        )


async def failures(db: Database) -> list[tuple[str, int, bool]]:
    async with db.hot() as conn:
        found = await rows.failures(conn, limit=10)
    return [(each.failure, each.attempts, each.next_at is None) for each in found]


async def test_a_webhook_gets_a_signed_call_when_it_begins_and_when_it_is_over(
    cpo_db: Database,
) -> None:
    hook, port = Hook(), free_port()
    added = await hooked(cpo_db, f"http://127.0.0.1:{port}/alerts")
    await raised(cpo_db)
    async with cpo_db.hot_transaction() as conn:
        await alerts.clear_alert(conn, Kind.OFFLINE, station_id="CS1", now=NOW + MINUTE)

    async with serving(hook.app, port), sending(cpo_db, Clock(NOW + MINUTE)) as sender:
        await sender.step()

    assert {each["type"] for each in hook.documents} == {"alert.raised", "alert.cleared"}
    assert hook.documents[0]["data"]["station_id"] == "CS1"
    assert hook.signed(added.secret)
    assert not await failures(cpo_db)


async def test_a_call_that_fails_is_tried_again_and_then_given_up(cpo_db: Database) -> None:
    hook, port, clock = Hook([500, 502, 503, 504]), free_port(), Clock()
    await hooked(cpo_db, f"http://127.0.0.1:{port}/alerts")
    await raised(cpo_db)

    seen = []
    async with serving(hook.app, port), sending(cpo_db, clock) as sender:
        for _ in range(4):
            await sender.step()
            await sender.step()
            seen.append(await failures(cpo_db))
            clock.forward(5 * SECOND)

    assert [each[0] for each in seen] == [
        ("answered HTTP 500", 1, False),
        ("answered HTTP 502", 2, False),
        ("answered HTTP 503", 3, True),
        ("answered HTTP 503", 3, True),
    ]
    assert len({headers["webhook-id"] for headers, _ in hook.received}) == 1


async def test_one_that_is_gone_is_not_called_again(cpo_db: Database) -> None:
    hook, port = Hook([410]), free_port()
    await hooked(cpo_db, f"http://127.0.0.1:{port}/alerts")
    await raised(cpo_db)

    async with serving(hook.app, port), sending(cpo_db, Clock()) as sender:
        await sender.step()

    assert await failures(cpo_db) == [("answered HTTP 410", 1, True)]


async def test_a_private_address_is_not_called_unless_it_may_be(cpo_db: Database) -> None:
    hook, port = Hook(), free_port()
    await hooked(cpo_db, f"https://127.0.0.1:{port}/alerts")
    await raised(cpo_db)

    async with serving(hook.app, port), sending(cpo_db, Clock(), private=False) as sender:
        await sender.step()

    assert not hook.received
    assert [attempts for _, attempts, _ in await failures(cpo_db)] == [1]


async def test_a_webhook_hears_of_the_kinds_it_wants(cpo_db: Database) -> None:
    hook, port = Hook(), free_port()
    await hooked(cpo_db, f"http://127.0.0.1:{port}/alerts", kinds=["faulted"])
    await raised(cpo_db, Kind.OFFLINE)
    await raised(cpo_db, Kind.FAULTED)

    async with serving(hook.app, port), sending(cpo_db, Clock()) as sender:
        await sender.step()

    assert [each["data"]["kind"] for each in hook.documents] == ["faulted"]


async def test_the_secret_of_a_webhook_is_kept_encrypted(cpo_db: Database) -> None:
    added = await hooked(cpo_db, "https://ops.example/alerts")

    async with cpo_db.hot() as conn:
        (kept,) = await rows.webhooks(conn)
    assert added.secret.encode() not in kept.secret
    assert VAULT.decrypt(kept.secret) == added.secret


BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "a path": ("/alerts", {}, "url: .* is not an absolute"),
    "another scheme": ("ftp://ops.example/", {}, "url: .* is not an absolute"),
    "an unknown kind": ("https://ops.example/", {"kinds": ["flood"]}, "events: 'flood' is not"),
    "a short secret": ("https://ops.example/", {"secret": "whsec_YQ=="}, "secret: expected"),
    "a plain secret": ("https://ops.example/", {"secret": "hunter2"}, "secret: expected"),
}


@pytest.mark.parametrize(("url", "options", "why"), BAD.values(), ids=BAD)
async def test_a_webhook_that_cannot_be_is_refused(
    cpo_db: Database, url: str, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadWebhook, match=why):
        await hooked(cpo_db, url, **options)


async def test_what_was_given_up_is_forgotten_in_time(cpo_db: Database) -> None:
    await hooked(cpo_db, "https://ops.example/alerts")
    await raised(cpo_db)
    await executed(cpo_db, "UPDATE alert_calls SET next_at = NULL, failure = 'no'")

    async with cpo_db.hot() as conn:
        kept = await rows.purge(conn, before=NOW)
        gone = await rows.purge(conn, before=NOW + timedelta(days=1))

    assert (kept, gone) == (0, 1)
