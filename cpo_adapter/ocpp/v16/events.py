"""What a station of OCPP 1.6 says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cpo_adapter.ocpp import alike
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Booted,
    DiagnosticsStatus,
    Event,
    IdToken,
    MeterValuesReceived,
    SigningRequested,
    StatusNotified,
    TransactionEnded,
    TransactionStarted,
)
from cpo_adapter.ocpp.fields import (
    Payload,
    decimal_of,
    integer,
    moment_of,
    number,
    text,
)
from cpo_adapter.ocpp.messages import Message
from cpo_adapter.ocpp.meter import (
    DEFAULT_CONTEXT,
    DEFAULT_LOCATION,
    DEFAULT_MEASURAND,
    Sample,
    SignedValue,
    in_base_unit,
)


def _plug(fields: Payload) -> dict[str, Any]:
    """The connector, numbered as `events` says."""
    found = integer(fields, "connectorId")
    if found is None or found < 0:
        return {"evse_id": None, "connector_id": None}
    return {"evse_id": found, "connector_id": min(found, 1)}


def _transaction_id(fields: Payload) -> str | None:
    found = integer(fields, "transactionId")
    return None if found is None else str(found)


def _id_token(fields: Payload) -> IdToken | None:
    value = text(fields, "idTag")
    return IdToken(value) if value else None


def _samples(fields: Payload, name: str) -> tuple[Sample, ...]:
    return tuple(sample for group in fields.get(name, ()) for sample in _samples_of_moment(group))


def _samples_of_moment(group: Payload) -> Iterator[Sample]:
    at_text = text(group, "timestamp")
    at = moment_of(at_text)
    for each in group.get("sampledValue", ()):
        get = each.get
        written, measurand = get("value", ""), get("measurand", DEFAULT_MEASURAND)
        signed = get("format") == "SignedData"
        value, unit = in_base_unit(None if signed else decimal_of(written), measurand, get("unit"))
        yield Sample(
            at,
            at_text,
            measurand,
            value,
            written,
            unit,
            get("context", DEFAULT_CONTEXT),
            get("phase"),
            get("location", DEFAULT_LOCATION),
            SignedValue(written) if signed else None,
        )


def _booted(message: Message) -> Event:
    fields = message.fields
    return Booted(
        **message.common(),
        vendor=text(fields, "chargePointVendor"),
        model=text(fields, "chargePointModel"),
        serial_number=text(fields, "chargePointSerialNumber")
        or text(fields, "chargeBoxSerialNumber"),
        firmware_version=text(fields, "firmwareVersion"),
        reason=None,
        iccid=text(fields, "iccid"),
        imsi=text(fields, "imsi"),
        meter_type=text(fields, "meterType"),
        meter_serial_number=text(fields, "meterSerialNumber"),
    )


def _status_notified(message: Message) -> Event:
    fields = message.fields
    return StatusNotified(
        **message.common(),
        **_plug(fields),
        status=text(fields, "status"),
        error_code=text(fields, "errorCode"),
        info=text(fields, "info"),
        vendor_id=text(fields, "vendorId"),
        vendor_error_code=text(fields, "vendorErrorCode"),
    )


def _started(message: Message) -> Event:
    fields = message.fields
    return TransactionStarted(
        **message.common(),
        **_plug(fields),
        transaction_id=None,
        id_token=_id_token(fields),
        samples=(),
        reservation_id=integer(fields, "reservationId"),
        meter_start=number(fields, "meterStart"),
    )


def _ended(message: Message) -> Event:
    fields = message.fields
    return TransactionEnded(
        **message.common(),
        transaction_id=_transaction_id(fields),
        evse_id=None,
        connector_id=None,
        id_token=_id_token(fields),
        samples=_samples(fields, "transactionData"),
        # 1.6 leaves the most common reason out.
        reason=text(fields, "reason") or "Local",
        meter_stop=number(fields, "meterStop"),
    )


def _meter_values(message: Message) -> Event:
    fields = message.fields
    return MeterValuesReceived(
        **message.common(),
        **_plug(fields),
        transaction_id=_transaction_id(fields),
        samples=_samples(fields, "meterValue"),
    )


READERS: Mapping[str, Callable[[Message], Event]] = {
    **alike.READERS,
    "BootNotification": _booted,
    "StatusNotification": _status_notified,
    "Authorize": lambda message: AuthorizeRequested(
        **message.common(), id_token=IdToken(message.needed_text("idTag"))
    ),
    "StartTransaction": _started,
    "StopTransaction": _ended,
    "MeterValues": _meter_values,
    "SignedFirmwareStatusNotification": alike.firmware_status,
    "DiagnosticsStatusNotification": lambda message: DiagnosticsStatus(
        **message.common(), status=text(message.fields, "status")
    ),
    "SignCertificate": lambda message: SigningRequested(
        **message.common(), csr=message.needed_text("csr"), certificate_type=None
    ),
}

NEVER_REFUSED = frozenset(
    {"StartTransaction", "StopTransaction", "MeterValues", "StatusNotification"}
)
