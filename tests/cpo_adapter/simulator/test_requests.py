"""What a central system may ask, and what a simulated station answers.

The `ocpp` package checks each answer by its schema.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ocpp.v16 import call as call16  # type: ignore[import-untyped]  # has no types
from ocpp.v201 import call as call201  # type: ignore[import-untyped]  # has no types

from cpo_adapter.simulator.versions import VersionName
from tests.cpo_adapter.simulator.central import Central
from tests.cpo_adapter.simulator.conftest import Play
from tests.cpo_adapter.simulator.steps import BOOT, PLUG, SWIPE

_NOW = datetime.now(UTC).isoformat()
_SAMPLING = ("SampledDataCtrlr", "TxUpdatedInterval")


def variable(component: str, name: str, **more: Any) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": name}, **more}


ASKED: list[tuple[VersionName, Any, str]] = [
    ("1.6", call16.UnlockConnector(1), "Unlocked"),
    ("1.6", call16.UnlockConnector(9), "NotSupported"),
    ("1.6", call16.ChangeAvailability(0, "Inoperative"), "Accepted"),
    ("1.6", call16.ChangeAvailability(9, "Inoperative"), "Rejected"),
    ("1.6", call16.TriggerMessage("Heartbeat"), "Accepted"),
    ("1.6", call16.TriggerMessage("MeterValues", 9), "Rejected"),
    ("1.6", call16.ExtendedTriggerMessage("SignChargePointCertificate"), "NotImplemented"),
    ("1.6", call16.ClearChargingProfile(), "Unknown"),
    ("1.6", call16.GetCompositeSchedule(1, 600, "A"), "Accepted"),
    ("1.6", call16.GetCompositeSchedule(9, 600), "Rejected"),
    ("1.6", call16.SendLocalList(3, "Full", [{"idTag": "A"}]), "Accepted"),
    ("1.6", call16.SendLocalList(0, "Differential", []), "VersionMismatch"),
    ("1.6", call16.ClearCache(), "Rejected"),
    ("1.6", call16.ChangeConfiguration("MeterValueSampleInterval", "5"), "Accepted"),
    ("1.6", call16.ChangeConfiguration("MeterValueSampleInterval", "soon"), "Rejected"),
    ("1.6", call16.ChangeConfiguration("NumberOfConnectors", "5"), "Rejected"),
    ("1.6", call16.ChangeConfiguration("Colour", "red"), "NotSupported"),
    ("1.6", call16.DataTransfer("Somebody"), "UnknownVendorId"),
    ("1.6", call16.InstallCertificate("CentralSystemRootCertificate", "PEM"), "Rejected"),
    ("1.6", call16.CancelReservation(1), "Rejected"),
    ("1.6", call16.Reset("Soft"), "Accepted"),
    ("2.0.1", call201.UnlockConnector(1, 1), "Unlocked"),
    ("2.0.1", call201.UnlockConnector(9, 1), "UnknownConnector"),
    ("2.0.1", call201.ChangeAvailability("Inoperative"), "Accepted"),
    ("2.0.1", call201.ChangeAvailability("Inoperative", {"id": 9}), "Rejected"),
    ("2.0.1", call201.TriggerMessage("Heartbeat"), "Accepted"),
    ("2.0.1", call201.TriggerMessage("SignV2GCertificate"), "NotImplemented"),
    ("2.0.1", call201.ClearChargingProfile(3), "Unknown"),
    ("2.0.1", call201.GetChargingProfiles(1, {}), "NoProfiles"),
    ("2.0.1", call201.GetCompositeSchedule(600, 1), "Accepted"),
    ("2.0.1", call201.GetCompositeSchedule(600, 9), "Rejected"),
    ("2.0.1", call201.SendLocalList(3, "Full"), "Accepted"),
    ("2.0.1", call201.ClearCache(), "Rejected"),
    ("2.0.1", call201.GetBaseReport(1, "FullInventory"), "Accepted"),
    ("2.0.1", call201.DataTransfer("Somebody"), "UnknownVendorId"),
    ("2.0.1", call201.InstallCertificate("V2GRootCertificate", "PEM"), "Rejected"),
    ("2.0.1", call201.CancelReservation(1), "Rejected"),
    ("2.0.1", call201.Reset("Immediate"), "Accepted"),
    ("2.0.1", call201.Reset("Immediate", 1), "Rejected"),
]


@pytest.mark.parametrize(
    ("version", "asked", "expected"),
    ASKED,
    ids=[f"{version}-{type(asked).__name__}-{word}" for version, asked, word in ASKED],
)
async def test_an_idle_station_answers(
    central: Central, play: Play, asked: Any, expected: str
) -> None:
    async with play():
        answer = await central.call(asked)

    assert answer.status == expected


@pytest.mark.parametrize("version", ["1.6"])
async def test_a_setting_of_1_6_is_changed_and_read(central: Central, play: Play) -> None:
    async with play():
        await central.call(call16.ChangeConfiguration("metervaluesampleinterval", "5"))
        answer = await central.call(
            call16.GetConfiguration(["MeterValueSampleInterval", "AuthorizationKey", "Colour"])
        )

    assert answer.configuration_key == [
        {"key": "MeterValueSampleInterval", "readonly": False, "value": "5"},
        {"key": "AuthorizationKey", "readonly": False},
    ]
    assert answer.unknown_key == ["Colour"]


@pytest.mark.parametrize("version", ["2.0.1"])
async def test_a_variable_of_2_0_1_is_changed_and_read(central: Central, play: Play) -> None:
    put = [variable(*_SAMPLING, attribute_value="5")]
    asked = [
        variable(*_SAMPLING),
        variable("SampledDataCtrlr", "Colour"),
        variable("Paint", "Colour"),
        variable("SecurityCtrlr", "BasicAuthPassword"),
    ]
    async with play():
        await central.call(call201.SetVariables(put))
        answer = await central.call(call201.GetVariables(asked))

    found = [each["attribute_status"] for each in answer.get_variable_result]
    assert found == ["Accepted", "UnknownVariable", "UnknownComponent", "Rejected"]
    assert answer.get_variable_result[0]["attribute_value"] == "5"


@pytest.mark.parametrize("version", ["2.0.1"])
async def test_a_report_has_the_variables_of_2_0_1(central: Central, play: Play) -> None:
    async with play():
        await central.call(call201.GetBaseReport(31, "FullInventory"))
        report = (await central.until(lambda: central.payloads("NotifyReport")))[0]

    names = {each["variable"]["name"] for each in report["reportData"]}
    assert report["requestId"] == 31
    assert "HeartbeatInterval" in names


@pytest.mark.parametrize("version", ["1.6"])
async def test_a_payload_that_breaks_the_schema_is_refused_by_field(
    central: Central, play: Play
) -> None:
    async with play():
        await central.booted.wait()
        answer = await central.raw('[2,"7","Reset",{"type":"Gentle"}]')

    assert answer[:3] == [4, "7", "FormationViolation"]
    assert answer[3].startswith("type: ")


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_an_unknown_action_is_not_implemented(central: Central, play: Play) -> None:
    async with play():
        await central.booted.wait()
        answer = await central.raw('[2,"7","MakeCoffee",{}]')

    assert answer[:3] == [4, "7", "NotImplemented"]


async def test_what_is_out_of_service_waits_for_the_session(central: Central, play: Play) -> None:
    request: Any = call16.ChangeAvailability(1, "Inoperative")
    if central.version == "2.0.1":
        request = call201.ChangeAvailability("Inoperative", {"id": 1})
    async with play(BOOT, PLUG, SWIPE, {"do": "charge", "seconds": 60}, {"do": "unplug"}):
        await central.part("Started")
        answer = await central.call(request)
        await central.word("Unavailable")

    assert answer.status == "Scheduled"
    assert central.parts[-1].kind == "Ended"


async def test_a_reset_ends_sessions_and_boots(central: Central, play: Play) -> None:
    request: Any = call16.Reset("Hard") if central.version == "1.6" else call201.Reset("Immediate")
    async with play(BOOT, PLUG, SWIPE):
        await central.part("Started")
        await central.call(request)
        await central.part("Ended")
        await central.until(lambda: len(central.payloads("BootNotification")) == 2)

    assert central.payloads("BootNotification")[1].get("reason", "RemoteReset") == "RemoteReset"


async def test_firmware_is_updated_step_by_step(central: Central, play: Play) -> None:
    place = "https://firmware.example/1.1.0"
    request: Any = call16.UpdateFirmware(place, _NOW)
    if central.version == "2.0.1":
        request = call201.UpdateFirmware(8, {"location": place, "retrieveDateTime": _NOW})
    async with play():
        await central.call(request)
        told = await central.until(
            lambda: _told(central, "FirmwareStatusNotification", "Installed")
        )

    assert told == ["Downloading", "Downloaded", "Installing", "Installed"]


async def test_firmware_from_nowhere_is_not_downloaded(central: Central, play: Play) -> None:
    request: Any = call16.UpdateFirmware("nowhere", _NOW)
    if central.version == "2.0.1":
        request = call201.UpdateFirmware(8, {"location": "nowhere", "retrieveDateTime": _NOW})
    async with play():
        await central.call(request)
        told = await central.until(
            lambda: _told(central, "FirmwareStatusNotification", "DownloadFailed")
        )

    assert told == ["Downloading", "DownloadFailed"]


async def test_the_log_is_put_where_it_was_asked_for(central: Central, play: Play) -> None:
    place = "http://127.0.0.1:1/uploads/1"
    request: Any = call16.GetDiagnostics(place)
    action = "DiagnosticsStatusNotification"
    if central.version == "2.0.1":
        request = call201.GetLog({"remoteLocation": place}, "DiagnosticsLog", 8)
        action = "LogStatusNotification"
    async with play() as playing:
        await central.call(request)
        told = await central.until(lambda: _told(central, action, "Uploaded"))

    assert told == ["Uploading", "Uploaded"]
    assert [(each.method, each.url) for each in playing.drop.requests] == [("PUT", place)]
    assert b"is online" in playing.drop.requests[0].body


async def test_a_local_list_lets_in_who_is_on_it_while_offline(
    central: Central, play: Play
) -> None:
    blocked = {"status": "Blocked"}
    request: Any = call16.SendLocalList(1, "Full", [{"idTag": "CARD0001", "idTagInfo": blocked}])
    if central.version == "2.0.1":
        token = {"idToken": "CARD0001", "type": "ISO14443"}
        entry = {"idToken": token, "idTokenInfo": blocked}
        request = call201.SendLocalList(1, "Full", [entry])
    steps = (BOOT, {"do": "charge", "seconds": 50}, {"do": "drop"}, PLUG, SWIPE)
    async with play(*steps) as playing:
        answer = await central.call(request)
        refused = await playing.told.until("token is refused")

    assert answer.status == "Accepted"
    assert refused.note == "CARD0001 Blocked"


def _told(central: Central, action: str, last: str) -> list[str] | None:
    told = [str(payload["status"]) for payload in central.payloads(action)]
    return told if told[-1:] == [last] else None
