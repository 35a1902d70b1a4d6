"""What both versions of OCPP say in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cpo_adapter.ocpp.calls import (
    CancelReservation,
    ClearCache,
    DataTransfer,
    GetLocalListVersion,
    InstallCertificate,
)
from cpo_adapter.ocpp.events import (
    DataTransferred,
    Event,
    FirmwareStatus,
    HeartbeatReceived,
    LogStatus,
    SecurityEvent,
)
from cpo_adapter.ocpp.fields import integer, text, without_none
from cpo_adapter.ocpp.messages import Message, Request


def firmware_status(message: Message) -> Event:
    """Any message with the status of a firmware update."""
    return FirmwareStatus(
        **message.common(),
        status=text(message.fields, "status"),
        request_id=integer(message.fields, "requestId"),
    )


def _data_transferred(message: Message) -> Event:
    fields = message.fields
    return DataTransferred(
        **message.common(),
        vendor_id=text(fields, "vendorId"),
        message_id=text(fields, "messageId"),
        data=fields.get("data"),
    )


def _log_status(message: Message) -> Event:
    return LogStatus(
        **message.common(),
        status=text(message.fields, "status"),
        request_id=integer(message.fields, "requestId"),
    )


def _security_event(message: Message) -> Event:
    return SecurityEvent(
        **message.common(),
        kind=text(message.fields, "type"),
        tech_info=text(message.fields, "techInfo"),
    )


READERS: Mapping[str, Callable[[Message], Event]] = {
    "Heartbeat": lambda message: HeartbeatReceived(**message.common()),
    "DataTransfer": _data_transferred,
    "FirmwareStatusNotification": firmware_status,
    "LogStatusNotification": _log_status,
    "SecurityEventNotification": _security_event,
}


def _cancel_reservation(command: CancelReservation) -> Request:
    return Request("CancelReservation", {"reservationId": command.reservation_id})


def _data_transfer(command: DataTransfer) -> Request:
    payload = {
        "vendorId": command.vendor_id,
        "messageId": command.message_id,
        "data": command.data,
    }
    return Request("DataTransfer", without_none(payload))


def _install_certificate(command: InstallCertificate) -> Request:
    payload = {"certificateType": command.kind, "certificate": command.certificate}
    return Request("InstallCertificate", payload)


WRITERS: Mapping[type, Callable[[Any], Request]] = {
    CancelReservation: _cancel_reservation,
    ClearCache: lambda _: Request("ClearCache", {}),
    DataTransfer: _data_transfer,
    GetLocalListVersion: lambda _: Request("GetLocalListVersion", {}),
    InstallCertificate: _install_certificate,
}
