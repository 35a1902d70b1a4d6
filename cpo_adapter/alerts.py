"""Alerts: what somebody should know, told once when it begins and once when it is over.

Of each kind, station and subject one alert is open at a time. States are found by looking at the
rows now and then, and are over only when they have been for a while, so that a station that flaps
gives one alert and no storm; events are raised where they are heard and cleared by a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cpo_adapter.store import alerts, conditions
from cpo_adapter.store.alerts import Alert
from cpo_adapter.store.conditions import Condition
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.types import format_datetime

_LONGEST = 500
_SLOWEST = 5.0
_QUICKEST = 0.2
_MISSED_HEARTBEATS = 3


class Kind(StrEnum):
    """What an alert is about."""

    OFFLINE = "offline"
    FAULTED = "faulted"
    CONNECTOR_ERROR = "connector_error"
    NO_HEARTBEAT = "no_heartbeat"
    STUCK_TRANSACTION = "stuck_transaction"
    SECURITY_EVENT = "security_event"
    UPLOAD_FAILED = "upload_failed"
    FIRMWARE_FAILED = "firmware_failed"
    PROBLEM_REPORTED = "problem_reported"


async def raise_alert(
    conn: Hot, kind: Kind, *, station_id: str, subject: str = "", message: str, now: datetime
) -> bool:
    """Opens an alert and owes it to the webhooks, in the caller's transaction; False when the
    same is open."""
    alert = await alerts.raise_alert(
        conn,
        kind.value,
        station_id=station_id,
        subject=subject,
        message=message[:_LONGEST],
        now=now,
    )
    if alert is not None:
        await alerts.owe(conn, kind.value, document=document(alert), now=now)
    return alert is not None


async def clear_alert(
    conn: Hot, kind: Kind, *, station_id: str, subject: str = "", now: datetime
) -> bool:
    """Closes an alert and tells the webhooks; False when none is open."""
    alert = await alerts.clear(conn, kind.value, station_id=station_id, subject=subject, now=now)
    return await _tell_cleared(conn, alert, now=now)


async def clear_by_id(conn: Hot, alert_id: int, *, now: datetime) -> bool:
    """The same by a person who has seen it."""
    alert = await alerts.clear_by_id(conn, alert_id, now=now)
    return await _tell_cleared(conn, alert, now=now)


def document(alert: Alert) -> dict[str, Any]:
    """What a webhook is told: type, timestamp and data, as Standard Webhooks has them."""
    over = alert.cleared_at is not None
    return {
        "type": f"alert.{'cleared' if over else 'raised'}",
        "timestamp": format_datetime(alert.cleared_at or alert.raised_at),
        "data": {
            "id": alert.id,
            "kind": alert.kind,
            "station_id": alert.station_id,
            "subject": alert.subject,
            "message": alert.message,
            "raised_at": format_datetime(alert.raised_at),
            "cleared_at": format_datetime(alert.cleared_at) if alert.cleared_at else None,
        },
    }


@dataclass(frozen=True, slots=True)
class Rule:
    """A state that is alerted: where it is found, after how long, and when it is over."""

    kind: Kind
    find: Callable[[Hot, datetime], Awaitable[list[Condition]]]
    message: Callable[[Condition], str]
    hold: timedelta = timedelta()
    quiet: timedelta = timedelta()


def rules(
    *, settle: timedelta, quiet: timedelta, heartbeat: timedelta, stuck_after: timedelta
) -> tuple[Rule, ...]:
    """The states that are alerted. What flaps is over once it has been `quiet` for so long."""

    async def offline(conn: Hot, now: datetime) -> list[Condition]:
        return await conditions.offline(conn)

    async def faulted(conn: Hot, now: datetime) -> list[Condition]:
        return await conditions.faulted(conn)

    async def errors(conn: Hot, now: datetime) -> list[Condition]:
        return await conditions.errors(conn)

    async def mute(conn: Hot, now: datetime) -> list[Condition]:
        return await conditions.mute(conn, before=now - _MISSED_HEARTBEATS * heartbeat)

    async def stuck(conn: Hot, now: datetime) -> list[Condition]:
        return await conditions.stuck(conn, before=now - stuck_after)

    return (
        Rule(Kind.OFFLINE, offline, lambda found: f"not heard since {_written(found.since)}"),
        Rule(
            Kind.FAULTED,
            faulted,
            lambda found: f"port {found.subject} is faulted: {found.detail or 'no reason given'}",
            hold=settle,
            quiet=quiet,
        ),
        Rule(
            Kind.CONNECTOR_ERROR,
            errors,
            lambda found: f"connector {found.subject} reports {found.detail}",
            hold=settle,
            quiet=quiet,
        ),
        Rule(
            Kind.NO_HEARTBEAT,
            mute,
            lambda found: f"connected, but has said nothing since {_written(found.since)}",
        ),
        Rule(
            Kind.STUCK_TRANSACTION,
            stuck,
            lambda found: (
                f"transaction {found.subject} has given no sign of life since"
                f" {_written(found.since)}"
            ),
        ),
    )


@dataclass(slots=True)
class Watch:
    """Looks at the rules now and then."""

    db: Database
    rules: tuple[Rule, ...]
    now: Callable[[], datetime]
    pause: timedelta = timedelta(seconds=1)
    # Since when an open alert's state is over.
    _over: dict[int, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        pause = min(_SLOWEST, max(_QUICKEST, self.pause.total_seconds()))
        await steadily("alerts", self.step, pause=pause)

    async def step(self) -> None:
        """One look at every rule."""
        for rule in self.rules:
            async with self.db.hot() as conn:
                found = await rule.find(conn, self.now())
                known = await alerts.open_of(conn, rule.kind.value)
            await self._raise(rule, found, known)
            await self._clear(rule, found, known)

    async def _raise(self, rule: Rule, found: list[Condition], known: list[Alert]) -> None:
        open_now = {(alert.station_id, alert.subject) for alert in known}
        now = self.now()
        for each in found:
            if (each.station_id, each.subject) in open_now or now - each.since < rule.hold:
                continue
            async with self.db.hot_transaction() as conn:
                await raise_alert(
                    conn,
                    rule.kind,
                    station_id=each.station_id,
                    subject=each.subject,
                    message=rule.message(each),
                    now=now,
                )

    async def _clear(self, rule: Rule, found: list[Condition], known: list[Alert]) -> None:
        lasting = {(each.station_id, each.subject) for each in found}
        now = self.now()
        for alert in known:
            if (alert.station_id, alert.subject) in lasting:
                self._over.pop(alert.id, None)
                continue
            if now - self._over.setdefault(alert.id, now) < rule.quiet:
                continue
            self._over.pop(alert.id)
            async with self.db.hot_transaction() as conn:
                await clear_by_id(conn, alert.id, now=now)


async def _tell_cleared(conn: Hot, alert: Alert | None, *, now: datetime) -> bool:
    if alert is not None:
        await alerts.owe(conn, alert.kind, document=document(alert), now=now)
    return alert is not None


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
