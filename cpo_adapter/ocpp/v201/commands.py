"""What a station of OCPP 2.0.1 is asked to do, as CALLs."""

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
    NotExpressible,
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
    Variable,
)
from cpo_adapter.ocpp.fields import without_none, written_moment
from cpo_adapter.ocpp.messages import Request
from cpo_adapter.ocpp.profiles import written_schedule, written_validity
from cpo_adapter.ocpp.v201.answers import id_token, id_token_info

# The station has its component where 1.6 has a flat list of keys.
_DEFAULT_COMPONENT = "OCPPCommCtrlr"


def request(command: Command) -> Request:
    """The CALL, or NotExpressible."""
    return _WRITERS[type(command)](command)


def _evse(evse_id: int | None, connector_id: int | None = None) -> dict[str, Any] | None:
    """An EVSEType; EVSE 0, the whole station, is said by leaving it out."""
    if not evse_id:
        return None
    return without_none({"id": evse_id, "connectorId": connector_id})


def _profile(profile: ChargingProfile) -> dict[str, Any]:
    # A profile has one schedule here, which goes by the profile's number.
    return without_none(
        {
            "id": profile.profile_id,
            **written_validity(profile),
            "chargingProfilePurpose": profile.purpose.value,
            "chargingSchedule": [{"id": profile.profile_id, **written_schedule(profile)}],
            "transactionId": profile.transaction_id,
        }
    )


def _remote_start(command: RemoteStart) -> Request:
    payload = {
        "evseId": command.evse_id or None,
        "groupIdToken": None if command.group is None else id_token(command.group),
        "idToken": id_token(command.id_token),
        "remoteStartId": command.remote_start_id,
        "chargingProfile": None if command.profile is None else _profile(command.profile),
    }
    return Request("RequestStartTransaction", without_none(payload))


def _reserve_now(command: ReserveNow) -> Request:
    payload = {
        "id": command.reservation_id,
        "expiryDateTime": written_moment(command.expires_at),
        "idToken": id_token(command.id_token),
        "evseId": command.evse_id or None,
        "groupIdToken": None if command.group is None else id_token(command.group),
    }
    return Request("ReserveNow", without_none(payload))


def _unlock(command: Unlock) -> Request:
    payload = {"evseId": command.evse_id, "connectorId": command.connector_id}
    return Request("UnlockConnector", payload)


def _reset(command: Reset) -> Request:
    payload = {
        "type": "Immediate" if command.at_once else "OnIdle",
        "evseId": command.evse_id or None,
    }
    return Request("Reset", without_none(payload))


def _set_charging_profile(command: SetChargingProfile) -> Request:
    payload = {"evseId": command.evse_id, "chargingProfile": _profile(command.profile)}
    return Request("SetChargingProfile", payload)


def _get_composite_schedule(command: GetCompositeSchedule) -> Request:
    payload = {
        "duration": command.duration,
        "chargingRateUnit": None if command.unit is None else command.unit.value,
        "evseId": command.evse_id,
    }
    return Request("GetCompositeSchedule", without_none(payload))


def _trigger(command: TriggerMessage) -> Request:
    if command.message is Trigger.DIAGNOSTICS_STATUS:
        raise NotExpressible("OCPP 2.0.1 has no DiagnosticsStatusNotification")
    payload = {
        "evse": _evse(command.evse_id, command.connector_id),
        "requestedMessage": command.message.value,
    }
    return Request("TriggerMessage", without_none(payload))


def _variable(variable: Variable) -> dict[str, Any]:
    component = {
        "name": variable.component or _DEFAULT_COMPONENT,
        "evse": _evse(variable.evse_id),
    }
    named = {"name": variable.name, "instance": variable.instance}
    return {"component": without_none(component), "variable": without_none(named)}


def _set_variable(command: SetVariable) -> Request:
    setting = {"attributeValue": command.value, **_variable(command.variable)}
    return Request("SetVariables", {"setVariableData": [setting]})


def _get_variables(command: GetVariables) -> Request:
    if not command.variables:
        raise NotExpressible("OCPP 2.0.1 answers for named variables only")
    asked = [_variable(variable) for variable in command.variables]
    return Request("GetVariables", {"getVariableData": asked})


def _send_local_list(command: SendLocalList) -> Request:
    entries = [_list_entry(entry) for entry in command.entries]
    payload = {
        # An empty list is said by leaving it out.
        "localAuthorizationList": entries or None,
        "versionNumber": command.list_version,
        "updateType": "Full" if command.full else "Differential",
    }
    return Request("SendLocalList", without_none(payload))


def _list_entry(entry: LocalListEntry) -> dict[str, Any]:
    written: dict[str, Any] = {"idToken": id_token(entry.id_token)}
    if entry.authorization is not None:
        written["idTokenInfo"] = id_token_info(entry.authorization)
    return written


def _update_firmware(command: UpdateFirmware) -> Request:
    installed = None if command.install_at is None else written_moment(command.install_at)
    firmware = {
        "location": command.location,
        "retrieveDateTime": written_moment(command.retrieve_at),
        "installDateTime": installed,
        "signingCertificate": command.signing_certificate,
        "signature": command.signature,
    }
    payload = {
        "retries": command.retries,
        "retryInterval": command.retry_interval,
        "requestId": command.request_id,
        "firmware": without_none(firmware),
    }
    return Request("UpdateFirmware", without_none(payload))


def _get_log(command: GetLog) -> Request:
    log = {
        "remoteLocation": command.location,
        "oldestTimestamp": None if command.oldest is None else written_moment(command.oldest),
        "latestTimestamp": None if command.latest is None else written_moment(command.latest),
    }
    payload = {
        "log": without_none(log),
        "logType": command.kind.value,
        "requestId": command.request_id,
        "retries": command.retries,
        "retryInterval": command.retry_interval,
    }
    return Request("GetLog", without_none(payload))


def _change_availability(command: ChangeAvailability) -> Request:
    payload = {
        "evse": _evse(command.evse_id, command.connector_id),
        "operationalStatus": "Operative" if command.operative else "Inoperative",
    }
    return Request("ChangeAvailability", without_none(payload))


def _certificate_signed(command: CertificateSigned) -> Request:
    payload = {
        "certificateChain": command.chain,
        "certificateType": command.certificate_type,
    }
    return Request("CertificateSigned", without_none(payload))


_WRITERS: Mapping[type, Callable[[Any], Request]] = {
    **WRITERS,
    RemoteStart: _remote_start,
    RemoteStop: lambda command: Request(
        "RequestStopTransaction", {"transactionId": command.transaction_id}
    ),
    ReserveNow: _reserve_now,
    Unlock: _unlock,
    Reset: _reset,
    SetChargingProfile: _set_charging_profile,
    ClearChargingProfile: lambda command: Request(
        "ClearChargingProfile", {"chargingProfileId": command.profile_id}
    ),
    GetCompositeSchedule: _get_composite_schedule,
    TriggerMessage: _trigger,
    SetVariable: _set_variable,
    GetVariables: _get_variables,
    SendLocalList: _send_local_list,
    UpdateFirmware: _update_firmware,
    GetLog: _get_log,
    ChangeAvailability: _change_availability,
    CertificateSigned: _certificate_signed,
}
