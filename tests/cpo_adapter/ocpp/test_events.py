"""What stations mean: from payloads of both versions to the same events, and back to answers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter.ocpp import v16, v201
from cpo_adapter.ocpp.answers import (
    Acknowledged,
    Answer,
    Authorization,
    AuthorizationStatus,
    AuthorizeAnswer,
    BootAnswer,
    CertificateStatusAnswer,
    DataTransferAnswer,
    DataTransferStatus,
    HeartbeatAnswer,
    RegistrationStatus,
    SigningAnswer,
    StartAnswer,
    TransactionAnswer,
)
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Booted,
    CertificateStatusRequested,
    DataTransferred,
    DiagnosticsStatus,
    Event,
    FirmwareStatus,
    HeartbeatReceived,
    IdToken,
    LogStatus,
    MeterValuesReceived,
    Notified,
    NotifyEvent,
    ReservationStatus,
    SecurityEvent,
    SigningRequested,
    StatusNotified,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from cpo_adapter.ocpp.frames import ErrorCode
from cpo_adapter.ocpp.interpreter import Refusal
from cpo_adapter.ocpp.messages import Dialect
from cpo_adapter.ocpp.schemas import PayloadRefused, actions, response_schema
from tests.cpo_adapter.ocpp.reading import RECEIVED_AT, read, read_16, read_201

AT = "2026-03-01T12:00:00Z"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = {"idToken": "04AABB", "type": "ISO14443"}
METER = [{"timestamp": AT, "sampledValue": [{"value": 5}]}]

Row = tuple[Dialect, str, dict[str, Any], type[Event], dict[str, Any]]


def event_201(kind: str, **fields: Any) -> dict[str, Any]:
    """A TransactionEvent."""
    return {
        "eventType": kind,
        "timestamp": AT,
        "triggerReason": "Authorized",
        "seqNo": 3,
        "transactionInfo": {"transactionId": "0", "chargingState": "Charging"},
        **fields,
    }


MEANT: dict[str, Row] = {
    "1.6 boot": (
        v16.DIALECT,
        "BootNotification",
        {"chargePointVendor": "V", "chargePointModel": "M", "chargeBoxSerialNumber": "S"},
        Booted,
        {"vendor": "V", "model": "M", "serial_number": "S", "reason": None},
    ),
    "1.6 heartbeat": (v16.DIALECT, "Heartbeat", {}, HeartbeatReceived, {}),
    "1.6 status of a connector": (
        v16.DIALECT,
        "StatusNotification",
        {"connectorId": 2, "errorCode": "NoError", "status": "Charging", "timestamp": AT},
        StatusNotified,
        {"evse_id": 2, "connector_id": 1, "status": "Charging", "timestamp": NOON},
    ),
    "1.6 status of the station": (
        v16.DIALECT,
        "StatusNotification",
        {"connectorId": 0, "errorCode": "GroundFailure", "status": "Faulted"},
        StatusNotified,
        {"evse_id": 0, "connector_id": 0, "error_code": "GroundFailure", "timestamp": None},
    ),
    "1.6 status of an impossible connector": (
        v16.DIALECT,
        "StatusNotification",
        {"connectorId": -5, "errorCode": "NoError", "status": "Sleeping"},
        StatusNotified,
        {"evse_id": None, "connector_id": None, "status": "Sleeping"},
    ),
    "1.6 authorize": (
        v16.DIALECT,
        "Authorize",
        {"idTag": "04AABB"},
        AuthorizeRequested,
        {"id_token": IdToken("04AABB")},
    ),
    "1.6 start": (
        v16.DIALECT,
        "StartTransaction",
        {
            "connectorId": 1,
            "idTag": "04AABB",
            "meterStart": 100,
            "timestamp": AT,
            "reservationId": 9,
        },
        TransactionStarted,
        {
            "transaction_id": None,
            "evse_id": 1,
            "id_token": IdToken("04AABB"),
            "meter_start": Decimal(100),
            "reservation_id": 9,
            "timestamp_text": AT,
            "received_at": RECEIVED_AT,
        },
    ),
    "1.6 start at yesterday": (
        v16.DIALECT,
        "StartTransaction",
        {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "yesterday"},
        TransactionStarted,
        {"timestamp": None, "timestamp_text": "yesterday"},
    ),
    "1.6 start with nothing": (
        v16.DIALECT,
        "StartTransaction",
        {},
        TransactionStarted,
        {"id_token": None, "evse_id": None, "meter_start": None},
    ),
    "1.6 meter values": (
        v16.DIALECT,
        "MeterValues",
        {"connectorId": 1, "transactionId": 7, "meterValue": METER},
        MeterValuesReceived,
        {"transaction_id": "7", "evse_id": 1},
    ),
    "1.6 stop": (
        v16.DIALECT,
        "StopTransaction",
        {"transactionId": 7, "meterStop": 300, "timestamp": AT, "reason": "EVDisconnected"},
        TransactionEnded,
        {"transaction_id": "7", "meter_stop": Decimal(300), "reason": "EVDisconnected"},
    ),
    "1.6 stop without a reason": (
        v16.DIALECT,
        "StopTransaction",
        {"transactionId": -1, "meterStop": 300, "timestamp": AT, "idTag": "04AABB"},
        TransactionEnded,
        {"transaction_id": "-1", "reason": "Local", "id_token": IdToken("04AABB")},
    ),
    "1.6 data": (
        v16.DIALECT,
        "DataTransfer",
        {"vendorId": "V", "messageId": "M", "data": "D"},
        DataTransferred,
        {"vendor_id": "V", "message_id": "M", "data": "D"},
    ),
    "1.6 firmware": (
        v16.DIALECT,
        "FirmwareStatusNotification",
        {"status": "Installed"},
        FirmwareStatus,
        {"status": "Installed", "request_id": None},
    ),
    "1.6 signed firmware": (
        v16.DIALECT,
        "SignedFirmwareStatusNotification",
        {"status": "Installed", "requestId": 4},
        FirmwareStatus,
        {"status": "Installed", "request_id": 4},
    ),
    "1.6 diagnostics": (
        v16.DIALECT,
        "DiagnosticsStatusNotification",
        {"status": "Uploaded"},
        DiagnosticsStatus,
        {"status": "Uploaded"},
    ),
    "1.6 log": (
        v16.DIALECT,
        "LogStatusNotification",
        {"status": "Uploaded", "requestId": 4},
        LogStatus,
        {"status": "Uploaded", "request_id": 4},
    ),
    "1.6 security": (
        v16.DIALECT,
        "SecurityEventNotification",
        {"type": "InvalidCsr", "timestamp": AT},
        SecurityEvent,
        {"kind": "InvalidCsr", "timestamp": NOON},
    ),
    "1.6 certificate": (
        v16.DIALECT,
        "SignCertificate",
        {"csr": "-----BEGIN"},
        SigningRequested,
        {"csr": "-----BEGIN"},
    ),
    "2.0.1 boot": (
        v201.DIALECT,
        "BootNotification",
        {
            "reason": "PowerUp",
            "chargingStation": {"model": "M", "vendorName": "V", "modem": {"iccid": "I"}},
        },
        Booted,
        {"vendor": "V", "model": "M", "reason": "PowerUp", "iccid": "I"},
    ),
    "2.0.1 heartbeat": (v201.DIALECT, "Heartbeat", {}, HeartbeatReceived, {}),
    "2.0.1 status": (
        v201.DIALECT,
        "StatusNotification",
        {"timestamp": AT, "connectorStatus": "Occupied", "evseId": 2, "connectorId": 3},
        StatusNotified,
        {"evse_id": 2, "connector_id": 3, "status": "Occupied"},
    ),
    "2.0.1 authorize": (
        v201.DIALECT,
        "Authorize",
        {"idToken": TOKEN},
        AuthorizeRequested,
        {"id_token": IdToken("04AABB", "ISO14443")},
    ),
    "2.0.1 authorize without a token": (
        v201.DIALECT,
        "Authorize",
        {"idToken": {"idToken": "", "type": "NoAuthorization"}},
        AuthorizeRequested,
        {"id_token": IdToken("", "NoAuthorization")},
    ),
    "2.0.1 started": (
        v201.DIALECT,
        "TransactionEvent",
        event_201(
            "Started",
            idToken=TOKEN,
            evse={"id": 1, "connectorId": 2},
            reservationId=9,
            offline=True,
            transactionInfo={"transactionId": "0", "remoteStartId": 77},
        ),
        TransactionStarted,
        {
            "transaction_id": "0",
            "evse_id": 1,
            "connector_id": 2,
            "id_token": IdToken("04AABB", "ISO14443"),
            "reservation_id": 9,
            "remote_start_id": 77,
            "seq_no": 3,
            "offline": True,
        },
    ),
    "2.0.1 updated with little": (
        v201.DIALECT,
        "TransactionEvent",
        event_201("Updated"),
        TransactionUpdated,
        {"evse_id": None, "id_token": None, "charging_state": "Charging", "offline": False},
    ),
    "2.0.1 an event of its own": (
        v201.DIALECT,
        "TransactionEvent",
        event_201("Paused"),
        TransactionUpdated,
        {"transaction_id": "0"},
    ),
    "2.0.1 ended": (
        v201.DIALECT,
        "TransactionEvent",
        event_201("Ended", meterValue=METER),
        TransactionEnded,
        {"reason": "Local", "meter_stop": None},
    ),
    "2.0.1 meter values": (
        v201.DIALECT,
        "MeterValues",
        {"evseId": 1, "meterValue": METER},
        MeterValuesReceived,
        {"evse_id": 1, "transaction_id": None},
    ),
    "2.0.1 data": (
        v201.DIALECT,
        "DataTransfer",
        {"vendorId": "V", "data": {"any": ["thing"]}},
        DataTransferred,
        {"vendor_id": "V", "data": {"any": ["thing"]}},
    ),
    "2.0.1 firmware": (
        v201.DIALECT,
        "FirmwareStatusNotification",
        {"status": "Installed", "requestId": 4},
        FirmwareStatus,
        {"status": "Installed", "request_id": 4},
    ),
    "2.0.1 log": (
        v201.DIALECT,
        "LogStatusNotification",
        {"status": "Uploaded", "requestId": 4},
        LogStatus,
        {"status": "Uploaded", "request_id": 4},
    ),
    "2.0.1 security": (
        v201.DIALECT,
        "SecurityEventNotification",
        {"type": "InvalidCsr", "timestamp": AT, "techInfo": "T"},
        SecurityEvent,
        {"kind": "InvalidCsr", "tech_info": "T"},
    ),
    "2.0.1 reservation": (
        v201.DIALECT,
        "ReservationStatusUpdate",
        {"reservationId": 9, "reservationUpdateStatus": "Expired"},
        ReservationStatus,
        {"reservation_id": 9, "status": "Expired"},
    ),
    "2.0.1 monitors": (
        v201.DIALECT,
        "NotifyEvent",
        {"generatedAt": AT, "seqNo": 0, "tbc": True, "eventData": [{"eventId": 1}]},
        NotifyEvent,
        {"timestamp": NOON, "to_be_continued": True, "event_data": ({"eventId": 1},)},
    ),
    "2.0.1 report": (
        v201.DIALECT,
        "NotifyReport",
        {"requestId": 4, "generatedAt": AT, "seqNo": 0},
        Notified,
        {"action": "NotifyReport", "request_id": 4, "timestamp": NOON},
    ),
    "2.0.1 certificate": (
        v201.DIALECT,
        "SignCertificate",
        {"csr": "-----BEGIN", "certificateType": "V2GCertificate"},
        SigningRequested,
        {"csr": "-----BEGIN", "certificate_type": "V2GCertificate"},
    ),
    "2.0.1 certificate status": (
        v201.DIALECT,
        "GetCertificateStatus",
        {"ocspRequestData": {"hashAlgorithm": "SHA256"}},
        CertificateStatusRequested,
        {"ocsp_request": {"hashAlgorithm": "SHA256"}},
    ),
}


@pytest.mark.parametrize(
    ("dialect", "action", "payload", "kind", "fields"), MEANT.values(), ids=MEANT
)
def test_a_call_means_one_event(
    dialect: Dialect, action: str, payload: dict[str, Any], kind: type[Event], fields: Any
) -> None:
    event = read(dialect, action, payload)

    assert type(event) is kind
    assert {name: getattr(event, name) for name in fields} == fields
    assert event.payload == payload


def test_an_event_says_where_the_payload_broke_the_schema() -> None:
    event = read_16("StatusNotification", {"connectorId": "1", "status": "Available"})

    assert event.violations == (
        "connectorId: expected a whole number, got a text",
        "errorCode: missing",
    )


# What only a central system sends, or what is for contracts by ISO 15118.
_NOT_FOR_US = {"Get15118EVCertificate"}
SENT_BY_STATIONS = {
    "1.6": (v16.DIALECT, 14),
    "2.0.1": (v201.DIALECT, 24),
}


@pytest.mark.parametrize(("dialect", "count"), SENT_BY_STATIONS.values(), ids=SENT_BY_STATIONS)
def test_every_call_of_a_station_is_read(dialect: Dialect, count: int) -> None:
    assert len(dialect.readers) == count
    assert dialect.readers.keys() <= actions(dialect.version) - _NOT_FOR_US


@pytest.mark.parametrize("dialect", [v16.DIALECT, v201.DIALECT], ids=["1.6", "2.0.1"])
def test_what_is_to_be_billed_is_never_refused(dialect: Dialect) -> None:
    events = [read(dialect, action, {"nonsense": [None]}) for action in dialect.never_refused]

    assert all(isinstance(event, Event) for event in events)


REFUSED: dict[str, tuple[Refusal | Event, ErrorCode, str]] = {
    "an action nobody knows": (
        read_16("Dance", {}),
        ErrorCode.NOT_IMPLEMENTED,
        "Dance is not an action for a central system",
    ),
    "an action for stations": (
        read_16("RemoteStartTransaction", {}),
        ErrorCode.NOT_SUPPORTED,
        "RemoteStartTransaction is not an action for a central system",
    ),
    "a missing field": (
        read_16("Authorize", {}),
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        "idTag is missing",
    ),
    "an empty tag": (
        read_16("Authorize", {"idTag": ""}),
        ErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "idTag: expected a text",
    ),
    "an empty token": (
        read_201("Authorize", {"idToken": {}}),
        ErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "idToken: expected an object with idToken and type",
    ),
}


@pytest.mark.parametrize(("refusal", "code", "description"), REFUSED.values(), ids=REFUSED)
def test_what_means_nothing_is_refused(
    refusal: Refusal | Event, code: ErrorCode, description: str
) -> None:
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.description) == (code, description)


def authorized(status: AuthorizationStatus) -> Authorization:
    """A token's worth, with all that can be said of it."""
    return Authorization(status, NOON, IdToken("GROUP"))


WRITTEN_NOON = "2026-03-01T12:00:00.000Z"
INFO_16 = {"status": "Accepted", "expiryDate": WRITTEN_NOON, "parentIdTag": "GROUP"}
INFO_201 = {
    "status": "Accepted",
    "cacheExpiryDateTime": WRITTEN_NOON,
    "groupIdToken": {"idToken": "GROUP", "type": "Central"},
}
ACCEPTED = authorized(AuthorizationStatus.ACCEPTED)

ANSWERED: dict[str, tuple[str, Answer, dict[str, Any]]] = {
    "1.6 boot": (
        "1.6 boot",
        BootAnswer(RegistrationStatus.PENDING, 60, NOON),
        {"status": "Pending", "currentTime": WRITTEN_NOON, "interval": 60},
    ),
    "1.6 heartbeat": ("1.6 heartbeat", HeartbeatAnswer(NOON), {"currentTime": WRITTEN_NOON}),
    "1.6 authorize": ("1.6 authorize", AuthorizeAnswer(ACCEPTED), {"idTagInfo": INFO_16}),
    "1.6 start": (
        "1.6 start",
        StartAnswer(7, ACCEPTED),
        {"transactionId": 7, "idTagInfo": INFO_16},
    ),
    "1.6 stop": ("1.6 stop", TransactionAnswer(), {}),
    "1.6 stop with a token": (
        "1.6 stop",
        TransactionAnswer(ACCEPTED),
        {"idTagInfo": INFO_16},
    ),
    "1.6 data": (
        "1.6 data",
        DataTransferAnswer(DataTransferStatus.ACCEPTED, "D"),
        {"status": "Accepted", "data": "D"},
    ),
    "1.6 certificate": (
        "1.6 certificate",
        SigningAnswer(accepted=False),
        {"status": "Rejected"},
    ),
    "1.6 status": ("1.6 status of the station", Acknowledged(), {}),
    "2.0.1 boot": (
        "2.0.1 boot",
        BootAnswer(RegistrationStatus.ACCEPTED, 60, NOON),
        {"status": "Accepted", "currentTime": WRITTEN_NOON, "interval": 60},
    ),
    "2.0.1 heartbeat": (
        "2.0.1 heartbeat",
        HeartbeatAnswer(NOON),
        {"currentTime": WRITTEN_NOON},
    ),
    "2.0.1 authorize": (
        "2.0.1 authorize",
        AuthorizeAnswer(ACCEPTED),
        {"idTokenInfo": INFO_201},
    ),
    "2.0.1 started": ("2.0.1 started", StartAnswer(None, ACCEPTED), {"idTokenInfo": INFO_201}),
    "2.0.1 started without a token": ("2.0.1 started", StartAnswer(None, None), {}),
    "2.0.1 updated": ("2.0.1 updated with little", TransactionAnswer(), {}),
    "2.0.1 ended": (
        "2.0.1 ended",
        TransactionAnswer(None, Decimal("4.20")),
        {"totalCost": Decimal("4.20")},
    ),
    "2.0.1 certificate": (
        "2.0.1 certificate",
        SigningAnswer(accepted=True),
        {"status": "Accepted"},
    ),
    "2.0.1 certificate status": (
        "2.0.1 certificate status",
        CertificateStatusAnswer("b2s="),
        {"status": "Accepted", "ocspResult": "b2s="},
    ),
    "2.0.1 certificate status unknown": (
        "2.0.1 certificate status",
        CertificateStatusAnswer(None),
        {"status": "Failed"},
    ),
    "2.0.1 report": ("2.0.1 report", Acknowledged(), {}),
}


@pytest.mark.parametrize(("row", "given", "payload"), ANSWERED.values(), ids=ANSWERED)
def test_an_answer_fits_the_schema(row: str, given: Answer, payload: dict[str, Any]) -> None:
    dialect, action, asked, _, _ = MEANT[row]
    event = read(dialect, action, asked)
    assert isinstance(event, Event)
    schema = response_schema(dialect.version, action)
    assert schema is not None

    assert schema.ordered(dialect.answer(event, given)) == payload


def test_an_answer_to_something_else_is_a_mistake() -> None:
    event = read_16("Heartbeat", {})
    assert isinstance(event, Event)

    with pytest.raises(TypeError, match="AuthorizeAnswer does not answer Heartbeat"):
        v16.DIALECT.answer(event, AuthorizeAnswer(ACCEPTED))


def test_a_receipt_is_no_answer_to_a_boot() -> None:
    event = read_16("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    schema = response_schema(v16.DIALECT.version, "BootNotification")
    assert isinstance(event, Event)
    assert schema is not None

    with pytest.raises(PayloadRefused, match="status: Field required"):
        schema.ordered(v16.DIALECT.answer(event, Acknowledged()))


STATUSES_16 = {
    AuthorizationStatus.ACCEPTED: "Accepted",
    AuthorizationStatus.BLOCKED: "Blocked",
    AuthorizationStatus.CONCURRENT_TX: "ConcurrentTx",
    AuthorizationStatus.EXPIRED: "Expired",
    AuthorizationStatus.INVALID: "Invalid",
    AuthorizationStatus.NO_CREDIT: "Blocked",
    AuthorizationStatus.NOT_AT_THIS_LOCATION: "Invalid",
    AuthorizationStatus.NOT_AT_THIS_TIME: "Invalid",
    AuthorizationStatus.UNKNOWN: "Invalid",
}


@pytest.mark.parametrize("status", AuthorizationStatus)
def test_a_token_is_worth_what_each_version_can_say(status: AuthorizationStatus) -> None:
    asked_16, asked_201 = MEANT["1.6 authorize"], MEANT["2.0.1 authorize"]
    event_16, event_of_201 = read(*asked_16[:3]), read(*asked_201[:3])
    assert isinstance(event_16, Event)
    assert isinstance(event_of_201, Event)
    given = AuthorizeAnswer(Authorization(status))

    assert v16.DIALECT.answer(event_16, given) == {"idTagInfo": {"status": STATUSES_16[status]}}
    assert v201.DIALECT.answer(event_of_201, given) == {"idTokenInfo": {"status": status.value}}


@pytest.mark.parametrize(
    ("action", "payload"),
    [("NotifyEVChargingNeeds", {"status": "Rejected"}), ("NotifyReport", {})],
)
def test_schedules_are_not_negotiated(action: str, payload: dict[str, Any]) -> None:
    event = read_201(action, dict.fromkeys(("evseId", "requestId", "seqNo"), 1) | {
        "generatedAt": AT,
        "chargingNeeds": {"requestedEnergyTransfer": "DC"},
    })  # fmt: skip
    assert isinstance(event, Event)

    assert v201.DIALECT.answer(event, Acknowledged()) == payload
