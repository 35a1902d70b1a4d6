"""What operators do with stations: letting them in, settings, and any CALL, on both versions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.chargers import Access, charger
from tests.cpo_adapter.operating import Operated
from tests.partners import eventually

VERSIONS = ["1.6", "2.0.1"]
_NEW_KEY = "the-new-key-of-the-station"


# --- stations ------------------------------------------------------------------------------------


async def test_a_station_is_added_with_a_key_that_is_shown_once(operator: Operated) -> None:
    added = await operator("POST", "/stations", {"id": "CS3", "security_profile": 1})
    shown = await operator.get("/stations/CS3")

    key = added.json["key"]
    assert (added.status, len(key)) == (201, 32)
    assert key not in str(shown)
    url = f"{operator.url.replace('http', 'ws', 1)}/ocpp"
    async with charger(url, "CS3", access=Access(key=key)) as station:
        assert (await station.boot()).status == "Accepted"
        assert (await operator.get("/stations/CS3/connectivity"))["state"] == "online"


async def test_a_new_key_ends_the_connection_made_with_the_old(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()

        answer = await operator(
            "PUT", "/stations/CS1/key", {"security_profile": 1, "key": _NEW_KEY}
        )

        assert (answer.status, answer.json["key"]) == (200, _NEW_KEY)
        assert await station.closed() == 1008


async def test_a_removed_station_is_let_go_and_not_let_in_again(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        answer = await operator("DELETE", "/stations/CS1")
        closed = await station.closed()

    assert (answer.status, answer.json, closed) == (200, {"id": "CS1", "status": "removed"}, 1008)
    assert [each["id"] for each in await operator.get("/stations")] == ["CS2"]
    refused = Access(key="the-old-key-of-the-station")
    with pytest.raises(InvalidStatus):
        async with charger(f"{operator.url.replace('http', 'ws', 1)}/ocpp", "CS1", access=refused):
            pass


async def test_a_station_that_charges_is_not_removed(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await station.start("CARD1", meter=0)

        answer = await operator("DELETE", "/stations/CS1")

    assert answer.status == 422
    assert "is charging: end its sessions first" in answer.json["detail"]
    assert (await operator.get("/stations/CS1"))["id"] == "CS1"


async def test_stations_are_listed_a_page_at_a_time(operator: Operated) -> None:
    first = await operator("GET", "/stations?limit=1")
    url = first.headers["Link"].removeprefix("<").partition(">")[0]
    second = await operator("GET", url.partition("/operator/v1")[2])

    assert [each["id"] for each in first.json + second.json] == ["CS1", "CS2"]


async def test_a_rejected_station_is_refused_until_it_is_approved(operator: Operated) -> None:
    await operator("POST", "/stations/CS1/reject", role="operate")
    async with operator.station("CS1") as station:
        rejected = await station.boot()
        await operator("POST", "/stations/CS1/approve", role="operate")
        await station.expect("TriggerMessage")
        accepted = await station.boot()

    assert (rejected.status, accepted.status) == ("Rejected", "Accepted")
    assert [each["id"] for each in await operator.get("/stations?status=rejected")] == []


async def test_plugs_are_mapped_anew(operator: Operated) -> None:
    await operator("PUT", "/stations/CS2/plugs", [])
    plugs = [{"evse_uid": "EVSE1", "evse": 1}, {"evse_uid": "EVSE2", "evse": 2}]

    answer = await operator("PUT", "/stations/CS1/plugs", plugs)

    assert [(each["evse"], each["evse_uid"]) for each in answer.json] == [
        (1, "EVSE1"), (2, "EVSE2")
    ]  # fmt: skip
    assert await operator.get("/stations/CS1/plugs") == answer.json


async def test_what_a_station_reports_is_on_its_timeline(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await station.call("FirmwareStatusNotification", status="Downloading")

        (entry,) = await operator.get("/stations/CS1/timeline?kind=firmware")

    assert entry["detail"]["status"] == "Downloading"


# --- any call ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_call_goes_out_as_it_is_and_its_answer_comes_back(
    operator: Operated, version: str
) -> None:
    """Nothing of it is checked: there is no connector 99, and the station says so."""
    payload = {"connectorId": 99} if version == "1.6" else {"evseId": 99, "connectorId": 9}
    async with operator.station("CS1", version=version) as station:
        await station.boot()
        station.answers["UnlockConnector"] = {"status": "UnlockFailed"}

        answer = await operator("POST", "/stations/CS1/ocpp/UnlockConnector", payload)

        assert (answer.status, answer.json) == (200, {"status": "UnlockFailed"})
        asked = await station.expect("UnlockConnector")
    assert sorted(asked.values()) == sorted(payload.values())


async def test_an_offline_station_is_409(operator: Operated) -> None:
    answer = await operator("POST", "/stations/CS1/ocpp/Reset", {"type": "Soft"})

    assert (answer.status, answer.json["detail"]) == (409, "station CS1 is offline")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_callerror_is_502_with_its_code(operator: Operated, version: str) -> None:
    """The station refuses what breaks the schema; we sent it all the same."""
    async with operator.station("CS1", version=version) as station:
        await station.boot()

        answer = await operator("POST", "/stations/CS1/ocpp/Reset", {"type": 7})

    assert answer.status == 502
    assert "Violation" in answer.json["code"]
    assert "description" in answer.json


async def test_a_station_that_does_not_answer_is_504(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        station.silent.add("ClearCache")

        answer = await operator("POST", "/stations/CS1/ocpp/ClearCache", {})

    assert answer.status == 504


async def test_a_station_that_goes_before_it_answers_is_504(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        station.silent.add("ClearCache")
        calling = asyncio.create_task(operator("POST", "/stations/CS1/ocpp/ClearCache"))
        await station.expect("ClearCache")
        station.drop()

        assert (await calling).status == 504


UNKNOWN = [
    pytest.param("1.6", "Dance", id="no action at all"),
    pytest.param("1.6", "SetVariables", id="an action of 2.0.1"),
    pytest.param("2.0.1", "ChangeConfiguration", id="an action of 1.6"),
]


@pytest.mark.parametrize(("version", "action"), UNKNOWN)
async def test_an_action_that_its_version_does_not_have_is_404(
    operator: Operated, version: str, action: str
) -> None:
    async with operator.station("CS1", version=version) as station:
        await station.boot()

        answer = await operator("POST", f"/stations/CS1/ocpp/{action}", {})

        assert answer.status == 404
        assert not station.asked(action)


async def test_a_call_is_audited_without_its_payload(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        key = {"key": "AuthorizationKey", "value": "open-sesame"}
        await operator("POST", "/stations/CS1/ocpp/ChangeConfiguration", key, role="operate")

        (row,) = (await operator("GET", "/audit?limit=1")).json
        frames = await operator("GET", "/stations/CS1/frames?action=ChangeConfiguration")

    assert (row["action"], row["detail"]) == ("station call", {"call": "ChangeConfiguration"})
    assert b"open-sesame" not in frames.content


# --- settings ------------------------------------------------------------------------------------


async def test_settings_are_read_anew(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        key = {"key": "MeterValueSampleInterval", "readonly": False, "value": "60"}
        station.answers["GetConfiguration"] = {"configuration_key": [key], "unknown_key": []}

        answer = await operator("POST", "/stations/CS1/configuration/refresh", role="operate")

    assert answer.json["MeterValueSampleInterval"] == {"value": "60", "readonly": False}
    assert await operator.get("/stations/CS1/configuration") == answer.json


async def test_one_setting_is_changed(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()

        answer = await operator(
            "PUT", "/stations/CS1/configuration/HeartbeatInterval", {"value": "30"}
        )

        assert answer.json == {"name": "HeartbeatInterval", "value": "30", "status": "Accepted"}
        asked = [each["key"] for each in station.asked("ChangeConfiguration")]
    assert "HeartbeatInterval" in asked
    kept = await operator.get("/stations/CS1/configuration")
    assert kept["HeartbeatInterval"]["value"] == "30"


async def test_a_variable_of_201_is_named_with_its_component(operator: Operated) -> None:
    async with operator.station("CS1", version="2.0.1") as station:
        await station.boot()
        result = {
            "attribute_status": "Accepted",
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "HeartbeatInterval"},
        }
        station.answers["SetVariables"] = {"set_variable_result": [result]}

        name = "OCPPCommCtrlr.HeartbeatInterval"
        answer = await operator("PUT", f"/stations/CS1/configuration/{name}", {"value": "30"})
        bad = await operator("PUT", "/stations/CS1/configuration/Interval", {"value": "30"})

    assert (answer.status, answer.json["status"]) == (200, "Accepted")
    assert (bad.status, bad.json["field"]) == (422, "name")


async def test_a_setting_that_the_station_refuses_is_502_with_its_word(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        station.answers["ChangeConfiguration"] = {"status": "Rejected"}

        answer = await operator("PUT", "/stations/CS1/configuration/X", {"value": "1"})

    assert (answer.status, answer.json["code"]) == (502, "Rejected")


# --- frames --------------------------------------------------------------------------------------


async def test_frames_are_seen_live(operator: Operated) -> None:
    headers = {"Authorization": "Bearer read-token"}
    url = f"{operator.url}/operator/v1/stations/CS1/frames/live"
    async with (
        operator.station("CS1") as station,
        operator.client.stream("GET", url, headers=headers) as live,
        asyncio.timeout(5),
    ):
        lines = live.aiter_lines()
        assert await anext(lines) == ": listening"
        await station.authorize("04A1B2C3D4E5F6")
        seen = [line async for line in _until(lines, "CALLRESULT")]

    assert live.headers["Content-Type"].startswith("text/event-stream")
    assert "event: frame" in seen
    assert '"idTag":"04A1***"' in "".join(seen)


async def test_frames_are_kept(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await station.heartbeat()

    async def kept() -> bool:
        return len(await operator.get("/stations/CS1/frames?action=Heartbeat")) == 2

    await eventually(kept)
    answer, call = await operator.get("/stations/CS1/frames?action=Heartbeat")
    assert (call["direction"], answer["direction"]) == ("in", "out")


async def _until(lines: Any, word: str) -> Any:
    async for line in lines:
        yield line
        if word in line:
            return


# --- logs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_log_is_asked_for_brought_and_fetched(operator: Operated, version: str) -> None:
    async with operator.station("CS1", version=version) as station:
        await station.boot()
        asked = await operator("POST", "/stations/CS1/logs", role="operate")
        call = await station.expect("GetDiagnostics" if version == "1.6" else "GetLog")
    location = call["location"] if version == "1.6" else call["log"]["remote_location"]

    brought = await operator.client.put(location, content=b"what happened")
    again = await operator.client.put(location, content=b"something else")
    fetched = await operator("GET", f"/uploads/{asked.json['id']}", role="read")
    unasked = await operator.client.get(location)

    assert (asked.status, brought.status_code, again.status_code) == (202, 201, 409)
    assert (fetched.status, fetched.content) == (200, b"what happened")
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert unasked.status_code == 401
    (listed,) = await operator.get("/stations/CS1/uploads")
    assert (listed["state"], listed["kind"]) == ("uploaded", "diagnostics")


async def test_a_station_may_put_the_name_of_its_file_at_the_end(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        station.answers["GetDiagnostics"] = {}
        url = (await operator("POST", "/stations/CS1/logs", {})).json["url"]

    brought = await operator.client.post(f"{url}/log%20of%20today.zip", content=b"zip")
    fetched = await operator("GET", f"/uploads/{url.rpartition('/')[2]}")

    assert brought.status_code == 201
    assert fetched.headers["Content-Disposition"].endswith("log%20of%20today.zip")


async def test_a_log_that_an_offline_station_was_asked_for_has_failed(operator: Operated) -> None:
    answer = await operator("POST", "/stations/CS1/logs", {"kind": "diagnostics"})

    assert answer.status == 409
    (listed,) = await operator.get("/stations/CS1/uploads")
    assert listed["state"] == "failed"


# --- certificates --------------------------------------------------------------------------------

_CHAIN = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


async def test_a_signing_request_waits_for_its_certificate(operator: Operated) -> None:
    async with operator.station("CS1", version="2.0.1") as station:
        await station.boot()
        await station.call("SignCertificate", csr="-----BEGIN CERTIFICATE REQUEST-----")
        (waiting,) = await operator.get("/certificates")
        given = await operator("POST", "/stations/CS1/certificate", {"chain": _CHAIN})
        asked = await station.expect("CertificateSigned")

    assert (waiting["station_id"], waiting["kind"]) == ("CS1", "signing")
    assert waiting["detail"]["csr"] == "-----BEGIN CERTIFICATE REQUEST-----"
    assert (given.status, asked["certificate_chain"]) == (200, _CHAIN)
    assert await operator.get("/certificates") == []


async def test_a_new_key_without_a_word_is_a_random_one_for_the_same_profile(
    operator: Operated,
) -> None:
    await operator("PUT", "/stations/CS1/key", {"security_profile": 2})

    answer = await operator("PUT", "/stations/CS1/key")

    assert (answer.status, answer.json["security_profile"]) == (200, 2)
    assert len(answer.json["key"]) == 32


async def test_a_body_is_json_whatever_it_is_called(operator: Operated) -> None:
    answer = await operator.client.post(
        f"{operator.url}/operator/v1/stations",
        headers={
            "Authorization": "Bearer admin-token",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        content=b'{"id": "CS9"}',
    )

    assert (answer.status_code, answer.json()["id"]) == (201, "CS9")
