"""What a station says, in one shape for both versions of OCPP.

EVSEs and connectors are numbered as in 2.0.1. Version 1.6 knows connectors only: its connector n is
EVSE n with connector 1, its connector 0 (the station itself) is EVSE 0 with connector 0.
A field is None when the station did not say it, or not in a way that can be read; words such as a
status are kept as they came, also where OCPP does not know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cpo_adapter.ocpp.meter import Sample
from cpo_adapter.ocpp.version import Version


@dataclass(frozen=True, slots=True)
class IdToken:
    """What a driver identifies with; 1.6 has no type."""

    value: str
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every CALL of a station carries.

    `timestamp` is the station's own, read; `timestamp_text` the same as it came. `payload` is as it
    came too, and `violations` says, one sentence each, where it breaks the schema.
    """

    station_id: str
    version: Version
    action: str
    received_at: datetime
    payload: Mapping[str, Any]
    violations: tuple[str, ...] = ()
    timestamp: datetime | None = None
    timestamp_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted(Event):
    """BootNotification."""

    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    reason: str | None
    iccid: str | None
    imsi: str | None
    meter_type: str | None
    meter_serial_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatReceived(Event):
    """Heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusNotified(Event):
    """StatusNotification; the error code is 1.6's."""

    evse_id: int | None
    connector_id: int | None
    status: str | None
    error_code: str | None
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequested(Event):
    """Authorize."""

    id_token: IdToken


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEvent(Event):
    """What the three events of a transaction share.

    `transaction_id` is text in both versions, and None for a StartTransaction: there the answer
    gives it.
    """

    transaction_id: str | None
    evse_id: int | None
    connector_id: int | None
    id_token: IdToken | None
    samples: tuple[Sample, ...]
    reservation_id: int | None = None
    remote_start_id: int | None = None
    seq_no: int | None = None
    trigger_reason: str | None = None
    charging_state: str | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStarted(TransactionEvent):
    """StartTransaction, or TransactionEvent Started; `meter_start` in Wh is 1.6's."""

    meter_start: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionUpdated(TransactionEvent):
    """TransactionEvent Updated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded(TransactionEvent):
    """StopTransaction, or TransactionEvent Ended; `meter_stop` in Wh is 1.6's."""

    reason: str | None
    meter_stop: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterValuesReceived(Event):
    """MeterValues; the transaction is 1.6's, and may be missing there too."""

    evse_id: int | None
    connector_id: int | None
    transaction_id: str | None
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTransferred(Event):
    """DataTransfer."""

    vendor_id: str | None
    message_id: str | None
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareStatus(Event):
    """FirmwareStatusNotification, or 1.6's signed one."""

    status: str | None
    request_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosticsStatus(Event):
    """DiagnosticsStatusNotification of 1.6."""

    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus(Event):
    """LogStatusNotification."""

    status: str | None
    request_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent(Event):
    """SecurityEventNotification."""

    kind: str | None
    tech_info: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationStatus(Event):
    """ReservationStatusUpdate of 2.0.1: Expired or Removed."""

    reservation_id: int | None
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyEvent(Event):
    """NotifyEvent of 2.0.1: what its monitors saw, each as an EventData object of OCPP."""

    seq_no: int | None
    to_be_continued: bool
    event_data: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified(Event):
    """A report or notice of 2.0.1 that asks for nothing; `action` says which, `payload` what."""

    request_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequested(Event):
    """SignCertificate: a certificate signing request in PEM."""

    csr: str
    certificate_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStatusRequested(Event):
    """GetCertificateStatus of 2.0.1: where and for what certificate OCSP is to be asked."""

    ocsp_request: Mapping[str, Any]
