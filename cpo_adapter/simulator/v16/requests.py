"""What a station of 1.6 is asked, and its answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cpo_adapter.simulator import maintenance, remote
from cpo_adapter.simulator.configuration import Access
from cpo_adapter.simulator.connector import Reservation
from cpo_adapter.simulator.link import Answer
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
from cpo_adapter.simulator.transaction import Reason
from cpo_adapter.simulator.v16.face import authorization

_PURPOSES = {
    "ChargePointMaxProfile": Purpose.STATION,
    "TxDefaultProfile": Purpose.DEFAULT,
    "TxProfile": Purpose.TRANSACTION,
}


def _remote_start(station: Station, payload: Payload) -> Answer:
    number = payload.get("connectorId")
    given = payload.get("chargingProfile")
    request = StartRequest(
        Token(payload["idTag"]),
        number,
        None,
        None if given is None else _profile(station, number or 0, given),
    )
    connector = remote.startable(station, request)
    misplaced = request.profile is not None and request.profile.purpose is not Purpose.TRANSACTION
    if connector is None or misplaced:
        return status(remote.REJECTED)
    return accepted(partial(remote.start, station, connector, request))


def _remote_stop(station: Station, payload: Payload) -> Answer:
    connector = station.transaction(str(payload["transactionId"]))
    if connector is None:
        return status(remote.REJECTED)
    return accepted(partial(remote.stop, station, connector))


def _reserve(station: Station, payload: Payload) -> Answer:
    expires_at = moment(payload["expiryDate"]) or station.clock.now()
    reservation = Reservation(
        payload["reservationId"], Token(payload["idTag"]), payload.get("parentIdTag"), expires_at
    )
    word = remote.reserve(station, payload["connectorId"], reservation)
    return Answer({"status": word}, partial(remote.tell_all, station))


def _cancel(station: Station, payload: Payload) -> Answer:
    connector = remote.reserved(station, payload["reservationId"])
    if connector is None:
        return status(remote.REJECTED)
    remote.cancel(station, connector)
    return accepted(partial(remote.tell_all, station))


def _unlock(station: Station, payload: Payload) -> Answer:
    connector = station.connectors.get(payload["connectorId"])
    if connector is None:
        return status("NotSupported")
    station.say("unlocked", connector=connector)
    return Answer({"status": "Unlocked"}, partial(station.end, connector, Reason.UNLOCKED))


def _change_availability(station: Station, payload: Payload) -> Answer:
    word = remote.change_availability(
        station, payload["connectorId"], operative=payload["type"] == "Operative"
    )
    return Answer({"status": word}, partial(remote.tell_all, station))


def _reset(station: Station, payload: Payload) -> Answer:
    return accepted(partial(remote.reset, station, hard=payload["type"] == "Hard"))


def _trigger(station: Station, payload: Payload) -> Answer:
    return triggered(station, payload["requestedMessage"], payload.get("connectorId", 0))


def _profile(station: Station, number: int, given: Payload) -> Profile:
    return profile(
        given,
        given["chargingSchedule"],
        id=given["chargingProfileId"],
        connector=number,
        purpose=_PURPOSES[given["chargingProfilePurpose"]],
        received_at=station.clock.now(),
    )


def _set_profile(station: Station, payload: Payload) -> Answer:
    given = payload["csChargingProfiles"]
    number = given.get("transactionId")
    found = _profile(station, payload["connectorId"], given)
    return status(remote.put_profile(station, found, None if number is None else str(number)))


def _clear_profile(station: Station, payload: Payload) -> Answer:
    purpose = payload.get("chargingProfilePurpose")
    word = remote.clear_profiles(
        station,
        profile_id=payload.get("id"),
        connector=payload.get("connectorId"),
        purpose=None if purpose is None else _PURPOSES[purpose],
        stack_level=payload.get("stackLevel"),
    )
    return status(word)


def _composite(station: Station, payload: Payload) -> Answer:
    found = composite(station, payload["connectorId"], payload)
    if found is None:
        return status(remote.REJECTED)
    schedule = {
        "duration": payload["duration"],
        "chargingRateUnit": found["unit"],
        "chargingSchedulePeriod": found["periods"],
    }
    return Answer(
        {
            "status": remote.ACCEPTED,
            "connectorId": payload["connectorId"],
            "scheduleStart": found["at"],
            "chargingSchedule": schedule,
        }
    )


def _send_list(station: Station, payload: Payload) -> Answer:
    entries = [
        (entry["idTag"], authorization(said) if (said := entry.get("idTagInfo")) else None)
        for entry in payload.get("localAuthorizationList", [])
    ]
    full = payload["updateType"] == "Full"
    return status(remote.change_list(station, payload["listVersion"], entries, full=full))


def _list_version(station: Station, payload: Payload) -> Answer:
    del payload
    return Answer({"listVersion": station.local_list.version})


def _get_configuration(station: Station, payload: Payload) -> Answer:
    known = {each.key.casefold(): each for each in station.configuration if each.key is not None}
    asked = payload.get("key") or [each.key for each in known.values()]
    found = [known[key.casefold()] for key in asked if key.casefold() in known]
    shown = [
        {"key": each.key, "readonly": each.access is Access.READ}
        | ({} if each.access is Access.WRITE else {"value": station.configuration.text(each)})
        for each in found
    ]
    unknown = [key for key in asked if key.casefold() not in known]
    return Answer({"configurationKey": shown, "unknownKey": unknown})


def _change_configuration(station: Station, payload: Payload) -> Answer:
    setting = station.configuration.by_key(payload["key"])
    if setting is None:
        return status("NotSupported")
    accepted = station.configuration.put(setting, payload["value"])
    return status(remote.ACCEPTED if accepted else remote.REJECTED)


def _update_firmware(station: Station, payload: Payload) -> Answer:
    update = _update(station, payload["location"], payload["retrieveDate"], None)
    return Answer({}, update)


def _signed_firmware(station: Station, payload: Payload) -> Answer:
    firmware = payload["firmware"]
    return accepted(
        _update(station, firmware["location"], firmware["retrieveDateTime"], payload["requestId"])
    )


def _update(
    station: Station, location: str, not_before: str, request_id: int | None
) -> Callable[[], object]:
    wanted = moment(not_before) or station.clock.now()
    return lambda: station.spawn(
        maintenance.update_firmware(station, location, not_before=wanted, request_id=request_id)
    )


def _get_diagnostics(station: Station, payload: Payload) -> Answer:
    return Answer(
        {"fileName": log_name(station)}, upload(station, payload["location"], request_id=None)
    )


def _get_log(station: Station, payload: Payload) -> Answer:
    answer = {"status": remote.ACCEPTED, "filename": log_name(station)}
    place = payload["log"]["remoteLocation"]
    return Answer(answer, upload(station, place, request_id=payload["requestId"]))


REQUESTS = Requests(
    "1.6",
    "FormationViolation",
    {
        "RemoteStartTransaction": _remote_start,
        "RemoteStopTransaction": _remote_stop,
        "ReserveNow": _reserve,
        "CancelReservation": _cancel,
        "UnlockConnector": _unlock,
        "ChangeAvailability": _change_availability,
        "Reset": _reset,
        "TriggerMessage": _trigger,
        "ExtendedTriggerMessage": _trigger,
        "SetChargingProfile": _set_profile,
        "ClearChargingProfile": _clear_profile,
        "GetCompositeSchedule": _composite,
        "SendLocalList": _send_list,
        "GetLocalListVersion": _list_version,
        # It keeps no cache of what it was told.
        "ClearCache": constant(remote.REJECTED),
        "GetConfiguration": _get_configuration,
        "ChangeConfiguration": _change_configuration,
        "UpdateFirmware": _update_firmware,
        "SignedUpdateFirmware": _signed_firmware,
        "GetDiagnostics": _get_diagnostics,
        "GetLog": _get_log,
        "DataTransfer": constant("UnknownVendorId"),
        # It has no certificates.
        "CertificateSigned": constant(remote.REJECTED),
        "InstallCertificate": constant(remote.REJECTED),
        "DeleteCertificate": constant("NotFound"),
        "GetInstalledCertificateIds": constant("NotFound"),
    },
)
