"""What stations report beside charging: kept as a timeline, alerted where it needs somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cpo_adapter.alerts import Kind, clear_alert, raise_alert
from cpo_adapter.ocpp.events import (
    DataTransferred,
    DiagnosticsStatus,
    Event,
    FirmwareStatus,
    LogStatus,
    Notified,
    NotifyEvent,
    SecurityEvent,
)
from cpo_adapter.store import happenings
from ocpi_hub.node.engine import Hot

# What every station does now and then; it is kept and alarms nobody.
_ROUTINE = frozenset(
    {"StartupOfTheDevice", "SettingSystemTime", "ResetOrReboot", "FirmwareUpdated"}
)
_UPLOAD_FAILED = frozenset(
    {"UploadFailed", "UploadFailure", "PermissionDenied", "BadMessage", "NotSupportedOperation"}
)
_UPLOADED = "Uploaded"
FIRMWARE_FAILED = frozenset(
    {
        "DownloadFailed",
        "InstallationFailed",
        "InstallVerificationFailed",
        "InvalidSignature",
        "InvalidChecksum",
        "InstallRejected",
    }
)
INSTALLED = "Installed"


async def heard(conn: Hot, event: Event, *, now: datetime) -> None:
    """Keeps what a station reported, in the caller's transaction; other events change nothing."""
    kept = _kept(event)
    if kept is None:
        return
    kind, detail = kept
    await happenings.record(conn, event.station_id, kind=kind, detail=detail, at=event.received_at)
    await _alert(conn, event, now=now)


def _kept(event: Event) -> tuple[str, dict[str, Any]] | None:
    """What is kept of an event, under which word; None: nothing."""
    match event:
        case SecurityEvent():
            return "security", {"type": event.kind, "tech_info": event.tech_info}
        case FirmwareStatus():
            return "firmware", {"status": event.status, "request_id": event.request_id}
        case DiagnosticsStatus():
            return "diagnostics", {"status": event.status}
        case LogStatus():
            return "log", {"status": event.status, "request_id": event.request_id}
        case NotifyEvent():
            return "monitoring", {"events": [dict(each) for each in event.event_data]}
        case Notified():
            return event.action, dict(event.payload)
        case DataTransferred():
            return "data", {
                "vendor_id": event.vendor_id,
                "message_id": event.message_id,
                "data": event.data,
            }
        case _:
            return None


async def _alert(conn: Hot, event: Event, *, now: datetime) -> None:
    match event:
        case SecurityEvent(kind=str() as kind) if kind not in _ROUTINE:
            told = f"{kind}: {event.tech_info}" if event.tech_info else kind
            await raise_alert(
                conn,
                Kind.SECURITY_EVENT,
                station_id=event.station_id,
                subject=kind,
                message=told,
                now=now,
            )
        case FirmwareStatus(status=str() as status):
            await _outcome(
                conn,
                event,
                Kind.FIRMWARE_FAILED,
                failed=status in FIRMWARE_FAILED,
                done=status == INSTALLED,
                message=f"the firmware update failed: {status}",
                now=now,
            )
        case LogStatus(status=str() as status) | DiagnosticsStatus(status=str() as status):
            await _outcome(
                conn,
                event,
                Kind.UPLOAD_FAILED,
                failed=status in _UPLOAD_FAILED,
                done=status == _UPLOADED,
                message=f"the upload failed: {status}",
                now=now,
            )
        case _:
            pass


async def _outcome(
    conn: Hot, event: Event, kind: Kind, *, failed: bool, done: bool, message: str, now: datetime
) -> None:
    """A failure is alerted until the same is done."""
    if failed:
        await raise_alert(conn, kind, station_id=event.station_id, message=message, now=now)
    elif done:
        await clear_alert(conn, kind, station_id=event.station_id, now=now)
