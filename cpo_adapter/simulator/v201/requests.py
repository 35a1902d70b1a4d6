"""What a station of 2.0.1 is asked, and its answers."""

from __future__ import annotations

from functools import partial
from typing import Any

from cpo_adapter.simulator import maintenance, remote
from cpo_adapter.simulator.clock import written
from cpo_adapter.simulator.configuration import Access, Kind, Setting
from cpo_adapter.simulator.connector import Reservation
from cpo_adapter.simulator.link import Answer, Call
from cpo_adapter.simulator.profiles import Profile, Purpose
from cpo_adapter.simulator.remote import StartRequest
from cpo_adapter.simulator.requests import (
    Payload,
    Requests,
    accepted,
    composite,
    constant,
    log_name,
    moment,
    profile,
    status,
    triggered,
    upload,
)
from cpo_adapter.simulator.station import Station
from cpo_adapter.simulator.token import Token
from cpo_adapter.simulator.v201.face import authorization

_PURPOSES = {
    "ChargingStationMaxProfile": Purpose.STATION,
    "TxDefaultProfile": Purpose.DEFAULT,
    "TxProfile": Purpose.TRANSACTION,
}
_SPELLED = {purpose: name for name, purpose in _PURPOSES.items()}
_VALUES_PER_REPORT = 20


def _token(given: Payload) -> Token:
    return Token(given["idToken"], given["type"])


def _remote_start(station: Station, payload: Payload) -> Answer:
    number = payload.get("evseId")
    given = payload.get("chargingProfile")
    if given is not None and given["chargingProfilePurpose"] != "TxProfile":
        return status(remote.REJECTED)
    request = StartRequest(
        _token(payload["idToken"]),
        number,
        payload["remoteStartId"],
        None if given is None else _profile(station, number or 0, given),
    )
    connector = remote.startable(station, request)
    if connector is None:
        return status(remote.REJECTED)
    return accepted(partial(remote.start, station, connector, request))


def _remote_stop(station: Station, payload: Payload) -> Answer:
    connector = station.transaction(payload["transactionId"])
    if connector is None:
        return status(remote.REJECTED)
    return accepted(partial(remote.stop, station, connector))


def _reserve(station: Station, payload: Payload) -> Answer:
    group = payload.get("groupIdToken")
    reservation = Reservation(
        payload["id"],
        _token(payload["idToken"]),
        None if group is None else group["idToken"],
        moment(payload["expiryDateTime"]) or station.clock.now(),
    )
    word = remote.reserve(station, payload.get("evseId"), reservation)
    return Answer({"status": word}, partial(remote.tell_all, station))


def _cancel(station: Station, payload: Payload) -> Answer:
    connector = remote.reserved(station, payload["reservationId"])
    if connector is None:
        return status(remote.REJECTED)
    remote.cancel(station, connector)
    return accepted(partial(remote.tell_all, station))


def _unlock(station: Station, payload: Payload) -> Answer:
    connector = station.connectors.get(payload["evseId"])
    if connector is None or payload["connectorId"] != 1:
        return status("UnknownConnector")
    if connector.transaction is not None:
        return status("OngoingAuthorizedTransaction")
    station.say("unlocked", connector=connector)
    return status("Unlocked")


def _change_availability(station: Station, payload: Payload) -> Answer:
    word = remote.change_availability(
        station,
        payload.get("evse", {}).get("id", 0),
        operative=payload["operationalStatus"] == "Operative",
    )
    return Answer({"status": word}, partial(remote.tell_all, station))


def _reset(station: Station, payload: Payload) -> Answer:
    if "evseId" in payload:
        # Its EVSEs have one computer between them.
        return status(remote.REJECTED)
    busy = any(each.transaction is not None for each in station.connectors.values())
    if busy and payload["type"] == "OnIdle":
        wait = partial(remote.reset_when_idle, station)
        return Answer({"status": remote.SCHEDULED}, lambda: station.spawn(wait()))
    return accepted(partial(remote.reset, station, hard=True))


def _trigger(station: Station, payload: Payload) -> Answer:
    return triggered(station, payload["requestedMessage"], payload.get("evse", {}).get("id", 0))


def _profile(station: Station, number: int, given: Payload) -> Profile:
    return profile(
        given,
        given["chargingSchedule"][0],
        id=given["id"],
        connector=number,
        purpose=_PURPOSES[given["chargingProfilePurpose"]],
        received_at=station.clock.now(),
    )


def _set_profile(station: Station, payload: Payload) -> Answer:
    given = payload["chargingProfile"]
    if given["chargingProfilePurpose"] not in _PURPOSES or len(given["chargingSchedule"]) != 1:
        return status(remote.REJECTED)
    found = _profile(station, payload["evseId"], given)
    return status(remote.put_profile(station, found, given.get("transactionId")))


def _clear_profile(station: Station, payload: Payload) -> Answer:
    criteria = payload.get("chargingProfileCriteria", {})
    purpose = criteria.get("chargingProfilePurpose")
    if purpose is not None and purpose not in _PURPOSES:
        return status("Unknown")
    word = remote.clear_profiles(
        station,
        profile_id=payload.get("chargingProfileId"),
        connector=criteria.get("evseId"),
        purpose=None if purpose is None else _PURPOSES[purpose],
        stack_level=criteria.get("stackLevel"),
    )
    return status(word)


def _get_profiles(station: Station, payload: Payload) -> Answer:
    asked = payload["chargingProfile"]

    def fits(found: Profile) -> bool:
        return (
            payload.get("evseId") in (None, found.connector)
            and asked.get("chargingProfilePurpose") in (None, _SPELLED[found.purpose])
            and asked.get("stackLevel") in (None, found.stack_level)
            and found.id in asked.get("chargingProfileId", [found.id])
        )

    found = station.profiles.find(fits)
    if not found:
        return status("NoProfiles")
    return accepted(partial(_report_profiles, station, payload["requestId"], found))


def _report_profiles(station: Station, request_id: int, found: list[Profile]) -> None:
    for left, each in zip(range(len(found) - 1, -1, -1), found, strict=True):
        report = {
            "requestId": request_id,
            "chargingLimitSource": "CSO",
            "chargingProfile": [_written(each)],
            "tbc": left > 0,
            "evseId": each.connector,
        }
        call = Call("ReportChargingProfiles", report)
        station.outbox.post(partial(_same, call))


def _same(call: Call) -> Call:
    return call


def _written(found: Profile) -> dict[str, Any]:
    schedule = {
        "id": found.id,
        "startSchedule": None if found.start is None else written(found.start),
        "duration": found.duration,
        "chargingRateUnit": found.unit,
        "chargingSchedulePeriod": [
            _without_none(
                {"startPeriod": each.start, "limit": each.limit, "numberPhases": each.phases}
            )
            for each in found.periods
        ],
    }
    return _without_none(
        {
            "id": found.id,
            "stackLevel": found.stack_level,
            "chargingProfilePurpose": _SPELLED[found.purpose],
            "chargingProfileKind": found.kind,
            "recurrencyKind": found.recurrence,
            "validFrom": None if found.valid_from is None else written(found.valid_from),
            "validTo": None if found.valid_to is None else written(found.valid_to),
            "chargingSchedule": [_without_none(schedule)],
        }
    )


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _composite(station: Station, payload: Payload) -> Answer:
    found = composite(station, payload["evseId"], payload)
    if found is None:
        return status(remote.REJECTED)
    schedule = {
        "chargingSchedulePeriod": found["periods"],
        "evseId": payload["evseId"],
        "duration": payload["duration"],
        "scheduleStart": found["at"],
        "chargingRateUnit": found["unit"],
    }
    return Answer({"status": remote.ACCEPTED, "schedule": schedule})


def _send_list(station: Station, payload: Payload) -> Answer:
    entries = [
        (
            entry["idToken"]["idToken"],
            authorization(said) if (said := entry.get("idTokenInfo")) else None,
        )
        for entry in payload.get("localAuthorizationList", [])
    ]
    full = payload["updateType"] == "Full"
    word = remote.change_list(station, payload["versionNumber"], entries, full=full)
    return status("Failed" if word == "NotSupported" else word)


def _list_version(station: Station, payload: Payload) -> Answer:
    del payload
    return Answer({"versionNumber": station.local_list.version})


def _find(station: Station, asked: Payload) -> tuple[Setting | None, str]:
    """The setting that is meant, or why there is none."""
    if asked.get("attributeType", "Actual") != "Actual":
        return None, "NotSupportedAttributeType"
    component, variable = asked["component"]["name"], asked["variable"]["name"]
    found = station.configuration.by_variable(component, variable)
    if found is not None:
        return found, remote.ACCEPTED
    known = {each.variable[0].casefold() for each in station.configuration if each.variable}
    return None, "UnknownVariable" if component.casefold() in known else "UnknownComponent"


def _get_variables(station: Station, payload: Payload) -> Answer:
    return Answer(
        {"getVariableResult": [_got(station, asked) for asked in payload["getVariableData"]]}
    )


def _got(station: Station, asked: Payload) -> Payload:
    setting, word = _find(station, asked)
    result = {"component": asked["component"], "variable": asked["variable"]}
    if setting is None:
        return {"attributeStatus": word, **result}
    if setting.access is Access.WRITE:
        return {"attributeStatus": remote.REJECTED, **result}
    value = station.configuration.text(setting)
    return {"attributeStatus": word, "attributeValue": value, **result}


def _set_variables(station: Station, payload: Payload) -> Answer:
    return Answer(
        {"setVariableResult": [_put(station, asked) for asked in payload["setVariableData"]]}
    )


def _put(station: Station, asked: Payload) -> Payload:
    setting, word = _find(station, asked)
    if setting is not None and not station.configuration.put(setting, asked["attributeValue"]):
        word = remote.REJECTED
    return {
        "attributeStatus": word,
        "component": asked["component"],
        "variable": asked["variable"],
    }


def _base_report(station: Station, payload: Payload) -> Answer:
    return accepted(partial(_report, station, payload["requestId"]))


def _report(station: Station, request_id: int) -> None:
    shown = [_reported(station, each) for each in station.configuration if each.variable]
    pages = [shown[at : at + _VALUES_PER_REPORT] for at in range(0, len(shown), _VALUES_PER_REPORT)]
    for seq_no, page in enumerate(pages):
        report = {
            "requestId": request_id,
            "generatedAt": written(station.clock.now()),
            "reportData": page,
            "tbc": seq_no < len(pages) - 1,
            "seqNo": seq_no,
        }
        station.outbox.post(partial(_same, Call("NotifyReport", report)))


_DATA_TYPES = {Kind.WHOLE: "integer", Kind.FLAG: "boolean", Kind.TEXT: "string"}


def _reported(station: Station, setting: Setting) -> dict[str, Any]:
    component, variable = setting.variable or ("", "")
    attribute: dict[str, Any] = {"mutability": setting.access}
    if setting.access is not Access.WRITE:
        attribute["value"] = station.configuration.text(setting)
    return {
        "component": {"name": component},
        "variable": {"name": variable},
        "variableAttribute": [attribute],
        "variableCharacteristics": {
            "dataType": _DATA_TYPES[setting.kind],
            "supportsMonitoring": False,
        },
    }


def _update_firmware(station: Station, payload: Payload) -> Answer:
    firmware = payload["firmware"]
    not_before = moment(firmware["retrieveDateTime"]) or station.clock.now()
    return accepted(
        lambda: station.spawn(
            maintenance.update_firmware(
                station,
                firmware["location"],
                not_before=not_before,
                request_id=payload["requestId"],
            )
        )
    )


def _get_log(station: Station, payload: Payload) -> Answer:
    answer = {"status": remote.ACCEPTED, "filename": log_name(station)}
    place = payload["log"]["remoteLocation"]
    return Answer(answer, upload(station, place, request_id=payload["requestId"]))


def _transaction_status(station: Station, payload: Payload) -> Answer:
    waiting = {"messagesInQueue": len(station.outbox) > 0}
    asked = payload.get("transactionId")
    if asked is None:
        return Answer(waiting)
    return Answer({"ongoingIndicator": station.transaction(asked) is not None, **waiting})


REQUESTS = Requests(
    "2.0.1",
    "FormatViolation",
    {
        "RequestStartTransaction": _remote_start,
        "RequestStopTransaction": _remote_stop,
        "GetTransactionStatus": _transaction_status,
        "ReserveNow": _reserve,
        "CancelReservation": _cancel,
        "UnlockConnector": _unlock,
        "ChangeAvailability": _change_availability,
        "Reset": _reset,
        "TriggerMessage": _trigger,
        "SetChargingProfile": _set_profile,
        "ClearChargingProfile": _clear_profile,
        "GetChargingProfiles": _get_profiles,
        "GetCompositeSchedule": _composite,
        "SendLocalList": _send_list,
        "GetLocalListVersion": _list_version,
        # It keeps no cache of what it was told.
        "ClearCache": constant(remote.REJECTED),
        "GetVariables": _get_variables,
        "SetVariables": _set_variables,
        "GetBaseReport": _base_report,
        "UpdateFirmware": _update_firmware,
        "GetLog": _get_log,
        "DataTransfer": constant("UnknownVendorId"),
        # It has no certificates.
        "CertificateSigned": constant(remote.REJECTED),
        "InstallCertificate": constant(remote.REJECTED),
        "DeleteCertificate": constant("NotFound"),
        "GetInstalledCertificateIds": constant("NotFound"),
    },
)
