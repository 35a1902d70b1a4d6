"""Commands: what they are in each version, and what the station's words for the outcome mean."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest

from cpo_adapter.ocpp import v16, v201
from cpo_adapter.ocpp.answers import Authorization, AuthorizationStatus
from cpo_adapter.ocpp.calls import (
    CancelReservation,
    CertificateSigned,
    ChangeAvailability,
    ChargingProfile,
    ClearCache,
    ClearChargingProfile,
    Command,
    DataTransfer,
    GetCompositeSchedule,
    GetLocalListVersion,
    GetLog,
    GetVariables,
    InstallCertificate,
    LocalListEntry,
    LogKind,
    NotExpressible,
    Outcome,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    RemoteStart,
    RemoteStop,
    ReserveNow,
    Reset,
    Schedule,
    SchedulePeriod,
    SendLocalList,
    SetChargingProfile,
    SetVariable,
    Trigger,
    TriggerMessage,
    Unlock,
    UpdateFirmware,
    Variable,
    VariableValue,
)
from cpo_adapter.ocpp.events import IdToken
from cpo_adapter.ocpp.messages import Dialect
from cpo_adapter.ocpp.outcomes import refused
from cpo_adapter.ocpp.perform import written
from cpo_adapter.ocpp.schemas import PayloadRefused

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = "2026-03-01T12:00:00.000Z"
TOKEN = IdToken("04AABB", "ISO14443")
TOKEN_201 = {"idToken": "04AABB", "type": "ISO14443"}

PROFILE = ChargingProfile(
    profile_id=5,
    stack_level=1,
    purpose=ProfilePurpose.TX,
    kind=ProfileKind.ABSOLUTE,
    unit=RateUnit.AMPERES,
    periods=(SchedulePeriod(0, Decimal("10.29"), 3), SchedulePeriod(60, Decimal(6))),
    start=NOON,
    duration=3600,
    transaction_id="7",
)
SCHEDULE = {
    "duration": 3600,
    "startSchedule": AT,
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [
        {"startPeriod": 0, "limit": Decimal("10.2"), "numberPhases": 3},
        {"startPeriod": 60, "limit": Decimal("6.0")},
    ],
}
PROFILE_16 = {
    "chargingProfileId": 5,
    "transactionId": 7,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": SCHEDULE,
}
PROFILE_201 = {
    "id": 5,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [{"id": 5, **SCHEDULE}],
    "transactionId": "7",
}
VARIABLE = Variable("HeartbeatInterval")
VARIABLE_201 = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
}
LIST = SendLocalList(
    3,
    (
        LocalListEntry(TOKEN, Authorization(AuthorizationStatus.ACCEPTED)),
        LocalListEntry(IdToken("GONE", "ISO14443"), None),
    ),
    full=False,
)
FIRMWARE = UpdateFirmware(request_id=4, location="https://files.example/fw", retrieve_at=NOON)
LOG = GetLog(request_id=4, kind=LogKind.DIAGNOSTICS, location="https://files.example/", oldest=NOON)

Payload = dict[str, Any]
Both = tuple[Command, tuple[str, Payload], tuple[str, Payload]]

WRITTEN: dict[str, Both] = {
    "start": (
        RemoteStart(1, TOKEN, 77),
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "04AABB"}),
        ("RequestStartTransaction", {"evseId": 1, "remoteStartId": 77, "idToken": TOKEN_201}),
    ),
    "start anywhere": (
        RemoteStart(None, TOKEN, 77),
        ("RemoteStartTransaction", {"idTag": "04AABB"}),
        ("RequestStartTransaction", {"remoteStartId": 77, "idToken": TOKEN_201}),
    ),
    "stop": (
        RemoteStop("7"),
        ("RemoteStopTransaction", {"transactionId": 7}),
        ("RequestStopTransaction", {"transactionId": "7"}),
    ),
    "reserve": (
        ReserveNow(9, 1, NOON, TOKEN, IdToken("GROUP")),
        (
            "ReserveNow",
            {
                "connectorId": 1,
                "expiryDate": AT,
                "idTag": "04AABB",
                "parentIdTag": "GROUP",
                "reservationId": 9,
            },
        ),
        (
            "ReserveNow",
            {
                "id": 9,
                "expiryDateTime": AT,
                "idToken": TOKEN_201,
                "evseId": 1,
                "groupIdToken": {"idToken": "GROUP", "type": "Central"},
            },
        ),
    ),
    "cancel": (
        CancelReservation(9),
        ("CancelReservation", {"reservationId": 9}),
        ("CancelReservation", {"reservationId": 9}),
    ),
    "unlock": (
        Unlock(2, 1),
        ("UnlockConnector", {"connectorId": 2}),
        ("UnlockConnector", {"evseId": 2, "connectorId": 1}),
    ),
    "reset": (
        Reset(at_once=True),
        ("Reset", {"type": "Hard"}),
        ("Reset", {"type": "Immediate"}),
    ),
    "reset later": (
        Reset(at_once=False),
        ("Reset", {"type": "Soft"}),
        ("Reset", {"type": "OnIdle"}),
    ),
    "profile": (
        SetChargingProfile(1, PROFILE),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE_16}),
        ("SetChargingProfile", {"evseId": 1, "chargingProfile": PROFILE_201}),
    ),
    "clear profile": (
        ClearChargingProfile(5),
        ("ClearChargingProfile", {"id": 5}),
        ("ClearChargingProfile", {"chargingProfileId": 5}),
    ),
    "schedule": (
        GetCompositeSchedule(1, 600, RateUnit.WATTS),
        (
            "GetCompositeSchedule",
            {"connectorId": 1, "duration": 600, "chargingRateUnit": "W"},
        ),
        ("GetCompositeSchedule", {"evseId": 1, "duration": 600, "chargingRateUnit": "W"}),
    ),
    "trigger": (
        TriggerMessage(Trigger.STATUS, 2, 1),
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 2}),
        (
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},
        ),
    ),
    "trigger of a log": (
        TriggerMessage(Trigger.LOG_STATUS, 0),
        ("ExtendedTriggerMessage", {"requestedMessage": "LogStatusNotification"}),
        ("TriggerMessage", {"requestedMessage": "LogStatusNotification"}),
    ),
    "set": (
        SetVariable(VARIABLE, "60"),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
        ("SetVariables", {"setVariableData": [{"attributeValue": "60", **VARIABLE_201}]}),
    ),
    "get": (
        GetVariables((VARIABLE,)),
        ("GetConfiguration", {"key": ["HeartbeatInterval"]}),
        ("GetVariables", {"getVariableData": [VARIABLE_201]}),
    ),
    "list": (
        LIST,
        (
            "SendLocalList",
            {
                "listVersion": 3,
                "localAuthorizationList": [
                    {"idTag": "04AABB", "idTagInfo": {"status": "Accepted"}},
                    {"idTag": "GONE"},
                ],
                "updateType": "Differential",
            },
        ),
        (
            "SendLocalList",
            {
                "localAuthorizationList": [
                    {"idToken": TOKEN_201, "idTokenInfo": {"status": "Accepted"}},
                    {"idToken": {"idToken": "GONE", "type": "ISO14443"}},
                ],
                "versionNumber": 3,
                "updateType": "Differential",
            },
        ),
    ),
    "empty list": (
        SendLocalList(4, (), full=True),
        (
            "SendLocalList",
            {"listVersion": 4, "localAuthorizationList": [], "updateType": "Full"},
        ),
        ("SendLocalList", {"versionNumber": 4, "updateType": "Full"}),
    ),
    "list version": (
        GetLocalListVersion(),
        ("GetLocalListVersion", {}),
        ("GetLocalListVersion", {}),
    ),
    "cache": (ClearCache(), ("ClearCache", {}), ("ClearCache", {})),
    "firmware": (
        FIRMWARE,
        ("UpdateFirmware", {"location": FIRMWARE.location, "retrieveDate": AT}),
        (
            "UpdateFirmware",
            {
                "requestId": 4,
                "firmware": {"location": FIRMWARE.location, "retrieveDateTime": AT},
            },
        ),
    ),
    "log": (
        LOG,
        ("GetDiagnostics", {"location": LOG.location, "startTime": AT}),
        (
            "GetLog",
            {
                "logType": "DiagnosticsLog",
                "requestId": 4,
                "log": {"remoteLocation": LOG.location, "oldestTimestamp": AT},
            },
        ),
    ),
    "availability": (
        ChangeAvailability(1, operative=False),
        ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}),
        ("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 1}}),
    ),
    "availability of all": (
        ChangeAvailability(0, operative=True),
        ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
        ("ChangeAvailability", {"operationalStatus": "Operative"}),
    ),
    "data": (
        DataTransfer("V", "M", "D"),
        ("DataTransfer", {"vendorId": "V", "messageId": "M", "data": "D"}),
        ("DataTransfer", {"vendorId": "V", "messageId": "M", "data": "D"}),
    ),
    "certificate": (
        CertificateSigned("-----BEGIN"),
        ("CertificateSigned", {"certificateChain": "-----BEGIN"}),
        ("CertificateSigned", {"certificateChain": "-----BEGIN"}),
    ),
}


@pytest.mark.parametrize(("command", "v_16", "v_201"), WRITTEN.values(), ids=WRITTEN)
def test_a_command_has_words_in_both_versions(
    command: Command, v_16: tuple[str, Payload], v_201: tuple[str, Payload]
) -> None:
    assert written(command, v16.DIALECT) == v_16
    assert written(command, v201.DIALECT) == v_201


def test_every_command_is_written_here() -> None:
    kinds = {type(command) for command, _, _ in WRITTEN.values()}

    assert set(get_args(Command)) - kinds == {InstallCertificate}


@pytest.mark.parametrize(
    ("dialect", "kind"),
    [(v16.DIALECT, "CentralSystemRootCertificate"), (v201.DIALECT, "CSMSRootCertificate")],
    ids=["1.6", "2.0.1"],
)
def test_a_root_certificate_is_installed(dialect: Dialect, kind: str) -> None:
    assert written(InstallCertificate(kind, "-----BEGIN"), dialect) == (
        "InstallCertificate",
        {"certificateType": kind, "certificate": "-----BEGIN"},
    )


def test_signed_firmware_and_security_logs_are_messages_of_their_own_in_16() -> None:
    signed = UpdateFirmware(
        request_id=4,
        location="https://files.example/fw",
        retrieve_at=NOON,
        signing_certificate="-----BEGIN",
        signature="c2ln",
    )
    log = GetLog(request_id=4, kind=LogKind.SECURITY, location="https://files.example/")

    assert written(signed, v16.DIALECT).action == "SignedUpdateFirmware"
    assert written(log, v16.DIALECT).action == "GetLog"


UNSPEAKABLE: dict[str, tuple[Dialect, Command, str]] = {
    "a transaction of text": (v16.DIALECT, RemoteStop("abc"), "OCPP 1.6 has numbers"),
    "reset of an EVSE": (v16.DIALECT, Reset(at_once=True, evse_id=1), "the whole station"),
    "a trigger of 2.0.1": (
        v16.DIALECT,
        TriggerMessage(Trigger.TRANSACTION),
        "OCPP 1.6 has no TransactionEvent",
    ),
    "a trigger of 1.6": (
        v201.DIALECT,
        TriggerMessage(Trigger.DIAGNOSTICS_STATUS),
        "OCPP 2.0.1 has no DiagnosticsStatusNotification",
    ),
    "all variables": (v201.DIALECT, GetVariables(), "named variables only"),
}


@pytest.mark.parametrize(("dialect", "command", "why"), UNSPEAKABLE.values(), ids=UNSPEAKABLE)
def test_what_a_version_cannot_say_is_said(dialect: Dialect, command: Command, why: str) -> None:
    with pytest.raises(NotExpressible, match=why):
        written(command, dialect)


def test_a_tag_that_is_too_long_for_16_does_not_leave() -> None:
    with pytest.raises(PayloadRefused, match="idTag: String should have at most 20 characters"):
        written(RemoteStart(1, IdToken("X" * 36), 1), v16.DIALECT)


START, RESERVE = RemoteStart(1, TOKEN, 1), ReserveNow(9, 1, NOON, TOKEN)
OUTCOMES: dict[str, tuple[Command, str, Outcome]] = {
    "start accepted": (START, "Accepted", Outcome.ACCEPTED),
    "start rejected": (START, "Rejected", Outcome.REJECTED),
    "reserve occupied": (RESERVE, "Occupied", Outcome.OCCUPIED),
    "reserve faulted": (RESERVE, "Faulted", Outcome.FAULTED),
    "reserve unavailable": (RESERVE, "Unavailable", Outcome.UNAVAILABLE),
    "reserve rejected": (RESERVE, "Rejected", Outcome.REJECTED),
    "cancel rejected": (CancelReservation(9), "Rejected", Outcome.UNKNOWN_RESERVATION),
    "unlocked": (Unlock(1, 1), "Unlocked", Outcome.ACCEPTED),
    "unlock failed": (Unlock(1, 1), "UnlockFailed", Outcome.FAILED),
    "unlock not supported": (Unlock(1, 1), "NotSupported", Outcome.NOT_SUPPORTED),
    "unlock while charging": (
        Unlock(1, 1),
        "OngoingAuthorizedTransaction",
        Outcome.REJECTED,
    ),
    "unlock unknown": (Unlock(1, 1), "UnknownConnector", Outcome.REJECTED),
    "clear unknown": (ClearChargingProfile(5), "Unknown", Outcome.UNKNOWN_PROFILE),
    "availability later": (
        ChangeAvailability(1, operative=False),
        "Scheduled",
        Outcome.SCHEDULED,
    ),
    "reboot": (Reset(at_once=False), "RebootRequired", Outcome.REBOOT_REQUIRED),
    "a word of its own": (START, "Maybe", Outcome.FAILED),
}


@pytest.mark.parametrize("dialect", [v16.DIALECT, v201.DIALECT], ids=["1.6", "2.0.1"])
@pytest.mark.parametrize(("command", "status", "outcome"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_status_means_an_outcome(
    dialect: Dialect, command: Command, status: str, outcome: Outcome
) -> None:
    answer = dialect.result(command, {"status": status})

    assert (answer.outcome, answer.status) == (outcome, status)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("NotSupported", Outcome.NOT_SUPPORTED),
        ("NotImplemented", Outcome.NOT_SUPPORTED),
        ("InternalError", Outcome.FAILED),
    ],
)
def test_a_refusal_means_an_outcome(code: str, outcome: Outcome) -> None:
    assert refused(code, "").outcome is outcome


PERIODS = [{"startPeriod": 0, "limit": Decimal("16.5"), "numberPhases": 3}]
SCHEDULE_READ = Schedule(
    1, NOON, 600, RateUnit.WATTS, (SchedulePeriod(0, Decimal("16.5"), 3),), None
)
VALUES: dict[str, tuple[Dialect, Command, Payload, Outcome, Any]] = {
    "schedule of 1.6": (
        v16.DIALECT,
        GetCompositeSchedule(1, 600),
        {
            "status": "Accepted",
            "connectorId": 1,
            "scheduleStart": "2026-03-01T12:00:00Z",
            "chargingSchedule": {
                "duration": 600,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": PERIODS,
            },
        },
        Outcome.ACCEPTED,
        SCHEDULE_READ,
    ),
    "schedule of 2.0.1": (
        v201.DIALECT,
        GetCompositeSchedule(1, 600),
        {
            "status": "Accepted",
            "schedule": {
                "evseId": 1,
                "scheduleStart": "2026-03-01T12:00:00Z",
                "duration": 600,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": PERIODS,
            },
        },
        Outcome.ACCEPTED,
        SCHEDULE_READ,
    ),
    "no schedule": (
        v16.DIALECT,
        GetCompositeSchedule(1, 600),
        {"status": "Rejected"},
        Outcome.REJECTED,
        None,
    ),
    "configuration": (
        v16.DIALECT,
        GetVariables(),
        {
            "configurationKey": [{"key": "A", "readonly": True, "value": "1"}],
            "unknownKey": ["B"],
        },
        Outcome.ACCEPTED,
        (VariableValue(Variable("A"), "1", True), VariableValue(Variable("B"), None)),
    ),
    "variables": (
        v201.DIALECT,
        GetVariables((VARIABLE,)),
        {
            "getVariableResult": [
                {"attributeStatus": "Accepted", "attributeValue": "60", **VARIABLE_201}
            ]
        },
        Outcome.ACCEPTED,
        (VariableValue(Variable("HeartbeatInterval", "OCPPCommCtrlr"), "60"),),
    ),
    "variable set": (
        v201.DIALECT,
        SetVariable(VARIABLE, "60"),
        {"setVariableResult": [{"attributeStatus": "RebootRequired", **VARIABLE_201}]},
        Outcome.REBOOT_REQUIRED,
        None,
    ),
    "variable unknown": (
        v201.DIALECT,
        SetVariable(VARIABLE, "60"),
        {"setVariableResult": [{"attributeStatus": "UnknownVariable", **VARIABLE_201}]},
        Outcome.REJECTED,
        None,
    ),
    "list version of 1.6": (
        v16.DIALECT,
        GetLocalListVersion(),
        {"listVersion": 3},
        Outcome.ACCEPTED,
        3,
    ),
    "no lists in 1.6": (
        v16.DIALECT,
        GetLocalListVersion(),
        {"listVersion": -1},
        Outcome.NOT_SUPPORTED,
        -1,
    ),
    "list version of 2.0.1": (
        v201.DIALECT,
        GetLocalListVersion(),
        {"versionNumber": 3},
        Outcome.ACCEPTED,
        3,
    ),
    "diagnostics": (v16.DIALECT, LOG, {"fileName": "f.zip"}, Outcome.ACCEPTED, "f.zip"),
    "log": (
        v201.DIALECT,
        LOG,
        {"status": "AcceptedCanceled", "filename": "f.zip"},
        Outcome.ACCEPTED,
        "f.zip",
    ),
}


@pytest.mark.parametrize(
    ("dialect", "command", "payload", "outcome", "value"), VALUES.values(), ids=VALUES
)
def test_an_answer_brings_what_was_asked_for(
    dialect: Dialect, command: Command, payload: Payload, outcome: Outcome, value: Any
) -> None:
    answer = dialect.result(command, payload)

    assert (answer.outcome, answer.value) == (outcome, value)
