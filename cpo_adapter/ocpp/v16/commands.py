"""What a station of OCPP 1.6 is asked to do, as CALLs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cpo_adapter.ocpp.alike import WRITERS
from cpo_adapter.ocpp.calls import (
    CertificateSigned,
    ChangeAvailability,
    ChargingProfile,
    ClearChargingProfile,
    Command,
    GetCompositeSchedule,
    GetLog,
    GetVariables,
    LocalListEntry,
    LogKind,
    NotExpressible,
    ProfilePurpose,
    RemoteStart,
    RemoteStop,
    ReserveNow,
    Reset,
    SendLocalList,
    SetChargingProfile,
    SetVariable,
    Trigger,
    TriggerMessage,
    Unlock,
    UpdateFirmware,
)
from cpo_adapter.ocpp.fields import without_none, written_moment
from cpo_adapter.ocpp.messages import Request
from cpo_adapter.ocpp.profiles import written_schedule, written_validity
from cpo_adapter.ocpp.v16.answers import id_tag_info

_PURPOSES = {
    ProfilePurpose.STATION_MAX: "ChargePointMaxProfile",
    ProfilePurpose.TX_DEFAULT: "TxDefaultProfile",
    ProfilePurpose.TX: "TxProfile",
}
_TRIGGERS = {
    Trigger.BOOT,
    Trigger.STATUS,
    Trigger.HEARTBEAT,
    Trigger.METER_VALUES,
    Trigger.FIRMWARE_STATUS,
    Trigger.DIAGNOSTICS_STATUS,
}
# These came with the security whitepaper.
_EXTENDED_TRIGGERS = {
    Trigger.LOG_STATUS: "LogStatusNotification",
    Trigger.SIGN_CERTIFICATE: "SignChargePointCertificate",
}


def request(command: Command) -> Request:
    """The CALL, or NotExpressible."""
    return _WRITERS[type(command)](command)


def _transaction_id(written: str) -> int:
    try:
        return int(written)
    except ValueError:
        raise NotExpressible(
            f"transaction {written!r}: OCPP 1.6 has numbers for transactions"
        ) from None


def _profile(profile: ChargingProfile) -> dict[str, Any]:
    written = {
        "chargingProfileId": profile.profile_id,
        **written_validity(profile),
        "chargingProfilePurpose": _PURPOSES[profile.purpose],
        "chargingSchedule": written_schedule(profile),
    }
    if profile.transaction_id is not None:
        written["transactionId"] = _transaction_id(profile.transaction_id)
    return written


def _remote_start(command: RemoteStart) -> Request:
    payload = {
        "connectorId": command.evse_id,
        "idTag": command.id_token.value,
        "chargingProfile": None if command.profile is None else _profile(command.profile),
    }
    return Request("RemoteStartTransaction", without_none(payload))


def _remote_stop(command: RemoteStop) -> Request:
    return Request(
        "RemoteStopTransaction", {"transactionId": _transaction_id(command.transaction_id)}
    )


def _reserve_now(command: ReserveNow) -> Request:
    payload = {
        "connectorId": command.evse_id,
        "expiryDate": written_moment(command.expires_at),
        "idTag": command.id_token.value,
        "parentIdTag": None if command.group is None else command.group.value,
        "reservationId": command.reservation_id,
    }
    return Request("ReserveNow", without_none(payload))


def _reset(command: Reset) -> Request:
    if command.evse_id:
        raise NotExpressible("OCPP 1.6 resets the whole station, not one EVSE")
    return Request("Reset", {"type": "Hard" if command.at_once else "Soft"})


def _get_composite_schedule(command: GetCompositeSchedule) -> Request:
    payload = {
        "connectorId": command.evse_id,
        "duration": command.duration,
        "chargingRateUnit": None if command.unit is None else command.unit.value,
    }
    return Request("GetCompositeSchedule", without_none(payload))


def _trigger(command: TriggerMessage) -> Request:
    # Connector 0 is not one that can be asked for.
    payload: dict[str, Any] = {"connectorId": command.evse_id or None}
    if command.message in _TRIGGERS:
        payload["requestedMessage"] = command.message.value
        return Request("TriggerMessage", without_none(payload))
    if command.message in _EXTENDED_TRIGGERS:
        payload["requestedMessage"] = _EXTENDED_TRIGGERS[command.message]
        return Request("ExtendedTriggerMessage", without_none(payload))
    raise NotExpressible(f"OCPP 1.6 has no {command.message.value}")


def _set_variable(command: SetVariable) -> Request:
    return Request("ChangeConfiguration", {"key": command.variable.name, "value": command.value})


def _get_variables(command: GetVariables) -> Request:
    names = [variable.name for variable in command.variables]
    return Request("GetConfiguration", {"key": names} if names else {})


def _send_local_list(command: SendLocalList) -> Request:
    return Request(
        "SendLocalList",
        {
            "listVersion": command.list_version,
            "localAuthorizationList": [_list_entry(entry) for entry in command.entries],
            "updateType": "Full" if command.full else "Differential",
        },
    )


def _list_entry(entry: LocalListEntry) -> dict[str, Any]:
    written: dict[str, Any] = {"idTag": entry.id_token.value}
    if entry.authorization is not None:
        written["idTagInfo"] = id_tag_info(entry.authorization)
    return written


def _update_firmware(command: UpdateFirmware) -> Request:
    tries = {"retries": command.retries, "retryInterval": command.retry_interval}
    retrieve_at = written_moment(command.retrieve_at)
    if command.signature is None:
        payload = {"location": command.location, "retrieveDate": retrieve_at, **tries}
        return Request("UpdateFirmware", without_none(payload))
    installed = None if command.install_at is None else written_moment(command.install_at)
    firmware = {
        "location": command.location,
        "retrieveDateTime": retrieve_at,
        "installDateTime": installed,
        "signingCertificate": command.signing_certificate,
        "signature": command.signature,
    }
    signed = {"requestId": command.request_id, "firmware": without_none(firmware), **tries}
    return Request("SignedUpdateFirmware", without_none(signed))


def _get_log(command: GetLog) -> Request:
    tries = {"retries": command.retries, "retryInterval": command.retry_interval}
    oldest = None if command.oldest is None else written_moment(command.oldest)
    latest = None if command.latest is None else written_moment(command.latest)
    if command.kind is LogKind.DIAGNOSTICS:
        payload = {"location": command.location, "startTime": oldest, "stopTime": latest, **tries}
        return Request("GetDiagnostics", without_none(payload))
    log = {
        "remoteLocation": command.location,
        "oldestTimestamp": oldest,
        "latestTimestamp": latest,
    }
    asked = {
        "logType": command.kind.value,
        "requestId": command.request_id,
        "log": without_none(log),
        **tries,
    }
    return Request("GetLog", without_none(asked))


def _change_availability(command: ChangeAvailability) -> Request:
    kind = "Operative" if command.operative else "Inoperative"
    return Request("ChangeAvailability", {"connectorId": command.evse_id, "type": kind})


def _set_charging_profile(command: SetChargingProfile) -> Request:
    payload = {
        "connectorId": command.evse_id,
        "csChargingProfiles": _profile(command.profile),
    }
    return Request("SetChargingProfile", payload)


_WRITERS: Mapping[type, Callable[[Any], Request]] = {
    **WRITERS,
    RemoteStart: _remote_start,
    RemoteStop: _remote_stop,
    ReserveNow: _reserve_now,
    Unlock: lambda command: Request("UnlockConnector", {"connectorId": command.evse_id}),
    Reset: _reset,
    SetChargingProfile: _set_charging_profile,
    ClearChargingProfile: lambda command: Request(
        "ClearChargingProfile", {"id": command.profile_id}
    ),
    GetCompositeSchedule: _get_composite_schedule,
    TriggerMessage: _trigger,
    SetVariable: _set_variable,
    GetVariables: _get_variables,
    SendLocalList: _send_local_list,
    UpdateFirmware: _update_firmware,
    GetLog: _get_log,
    ChangeAvailability: _change_availability,
    CertificateSigned: lambda command: Request(
        "CertificateSigned", {"certificateChain": command.chain}
    ),
}
