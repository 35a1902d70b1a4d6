"""What a station of OCPP 2.0.1 says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cpo_adapter.ocpp import alike
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Booted,
    CertificateStatusRequested,
    Event,
    IdToken,
    MeterValuesReceived,
    Notified,
    NotifyEvent,
    ReservationStatus,
    SigningRequested,
    StatusNotified,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from cpo_adapter.ocpp.fields import (
    Payload,
    child,
    children,
    flag,
    integer,
    moment_of,
    number,
    text,
)
from cpo_adapter.ocpp.messages import Message, Unreadable
from cpo_adapter.ocpp.meter import (
    DEFAULT_CONTEXT,
    DEFAULT_LOCATION,
    DEFAULT_MEASURAND,
    Sample,
    SignedValue,
    in_base_unit,
)


def _id_token(fields: Payload) -> IdToken | None:
    found = child(fields, "idToken")
    value, kind = text(found, "idToken"), text(found, "type")
    # A token of the type NoAuthorization has no value: somebody pressed a button.
    return IdToken(value or "", kind) if value or kind else None


def _signed(value: Payload) -> SignedValue | None:
    found = child(value, "signedMeterValue")
    data = text(found, "signedMeterData")
    if data is None:
        return None
    return SignedValue(
        data,
        text(found, "signingMethod"),
        text(found, "encodingMethod"),
        text(found, "publicKey"),
    )


def _samples(fields: Payload) -> tuple[Sample, ...]:
    groups = fields.get("meterValue", ())
    return tuple(sample for group in groups for sample in _samples_of_moment(group))


def _samples_of_moment(group: Payload) -> Iterator[Sample]:
    at_text = text(group, "timestamp")
    at = moment_of(at_text)
    for each in group.get("sampledValue", ()):
        get = each.get
        measurand, of_measure = get("measurand", DEFAULT_MEASURAND), child(each, "unitOfMeasure")
        value, unit = in_base_unit(
            number(each, "value"),
            measurand,
            text(of_measure, "unit"),
            multiplier=integer(of_measure, "multiplier") or 0,
        )
        yield Sample(
            at,
            at_text,
            measurand,
            value,
            str(get("value", "")),
            unit,
            get("context", DEFAULT_CONTEXT),
            get("phase"),
            get("location", DEFAULT_LOCATION),
            _signed(each),
        )


def _booted(message: Message) -> Event:
    station = child(message.fields, "chargingStation")
    modem = child(station, "modem")
    return Booted(
        **message.common(),
        vendor=text(station, "vendorName"),
        model=text(station, "model"),
        serial_number=text(station, "serialNumber"),
        firmware_version=text(station, "firmwareVersion"),
        reason=text(message.fields, "reason"),
        iccid=text(modem, "iccid"),
        imsi=text(modem, "imsi"),
        meter_type=None,
        meter_serial_number=None,
    )


def _status_notified(message: Message) -> Event:
    fields = message.fields
    return StatusNotified(
        **message.common(),
        evse_id=integer(fields, "evseId"),
        connector_id=integer(fields, "connectorId"),
        status=text(fields, "connectorStatus"),
        error_code=None,
        info=None,
        vendor_id=None,
        vendor_error_code=None,
    )


def _authorize(message: Message) -> Event:
    found = _id_token(message.fields)
    if found is None:
        raise Unreadable("idToken: expected an object with idToken and type")
    return AuthorizeRequested(**message.common(), id_token=found)


def _transaction_event(message: Message) -> Event:
    common = {**message.common(), **_transaction(message.fields)}
    match text(message.fields, "eventType"):
        case "Started":
            return TransactionStarted(**common)
        case "Ended":
            reason = text(child(message.fields, "transactionInfo"), "stoppedReason")
            # Left out when it is the most common reason.
            return TransactionEnded(**common, reason=reason or "Local")
        case _:
            # What is not said to begin or end a transaction is still part of it.
            return TransactionUpdated(**common)


def _transaction(fields: Payload) -> dict[str, Any]:
    info, evse = child(fields, "transactionInfo"), child(fields, "evse")
    return {
        "transaction_id": text(info, "transactionId"),
        "evse_id": integer(evse, "id"),
        "connector_id": integer(evse, "connectorId"),
        "id_token": _id_token(fields),
        "samples": _samples(fields),
        "reservation_id": integer(fields, "reservationId"),
        "remote_start_id": integer(info, "remoteStartId"),
        "seq_no": integer(fields, "seqNo"),
        "trigger_reason": text(fields, "triggerReason"),
        "charging_state": text(info, "chargingState"),
        "offline": flag(fields, "offline"),
    }


def _meter_values(message: Message) -> Event:
    return MeterValuesReceived(
        **message.common(),
        evse_id=integer(message.fields, "evseId"),
        connector_id=None,
        transaction_id=None,
        samples=_samples(message.fields),
    )


def _reservation_status(message: Message) -> Event:
    return ReservationStatus(
        **message.common(),
        reservation_id=integer(message.fields, "reservationId"),
        status=text(message.fields, "reservationUpdateStatus"),
    )


def _notify_event(message: Message) -> Event:
    return NotifyEvent(
        **message.common(timestamp="generatedAt"),
        seq_no=integer(message.fields, "seqNo"),
        to_be_continued=flag(message.fields, "tbc"),
        event_data=children(message.fields, "eventData"),
    )


def _notified(message: Message) -> Event:
    return Notified(
        **message.common(timestamp="generatedAt"),
        request_id=integer(message.fields, "requestId"),
    )


def _signing_requested(message: Message) -> Event:
    return SigningRequested(
        **message.common(),
        csr=message.needed_text("csr"),
        certificate_type=text(message.fields, "certificateType"),
    )


def _certificate_status(message: Message) -> Event:
    return CertificateStatusRequested(
        **message.common(), ocsp_request=child(message.fields, "ocspRequestData")
    )


_NOTICES = (
    "ClearedChargingLimit",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDisplayMessages",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "NotifyMonitoringReport",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
)

READERS: Mapping[str, Callable[[Message], Event]] = {
    **alike.READERS,
    "BootNotification": _booted,
    "StatusNotification": _status_notified,
    "Authorize": _authorize,
    "TransactionEvent": _transaction_event,
    "MeterValues": _meter_values,
    "ReservationStatusUpdate": _reservation_status,
    "NotifyEvent": _notify_event,
    "SignCertificate": _signing_requested,
    "GetCertificateStatus": _certificate_status,
    **dict.fromkeys(_NOTICES, _notified),
}

NEVER_REFUSED = frozenset({"TransactionEvent", "MeterValues", "StatusNotification"})
