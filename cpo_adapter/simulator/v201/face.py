"""What a station of 2.0.1 says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cpo_adapter.simulator.clock import written
from cpo_adapter.simulator.connector import Connector, Status
from cpo_adapter.simulator.face import FIRMWARE, MODEL, VENDOR, BootReason, Job
from cpo_adapter.simulator.link import Call
from cpo_adapter.simulator.token import Authorization, Token
from cpo_adapter.simulator.transaction import Kind, Moment, Reading, Reason, Transaction

_REASONS = {
    Reason.SOFT_RESET: "ImmediateReset",
    Reason.HARD_RESET: "ImmediateReset",
    # 2.0.1 has no reason of its own for this one.
    Reason.UNLOCKED: "Remote",
}
_OCCUPIED = "Occupied"
_WORDS = {
    Status.AVAILABLE: "Available",
    Status.PREPARING: _OCCUPIED,
    Status.CHARGING: _OCCUPIED,
    Status.SUSPENDED_EV: _OCCUPIED,
    Status.SUSPENDED_EVSE: _OCCUPIED,
    Status.FINISHING: _OCCUPIED,
    Status.RESERVED: "Reserved",
    Status.UNAVAILABLE: "Unavailable",
    Status.FAULTED: "Faulted",
}


class Face201:
    """The face of 2.0.1."""

    def boot(self, name: str, reason: BootReason) -> Call:
        station = {
            "model": MODEL,
            "vendorName": VENDOR,
            "serialNumber": name[:25],
            "firmwareVersion": FIRMWARE,
        }
        return Call("BootNotification", {"reason": reason, "chargingStation": station})

    def word(self, status: Status) -> str:
        return _WORDS[status]

    def status(self, connector: Connector, status: Status, at: datetime) -> Call:
        payload = {
            "timestamp": written(at),
            "connectorStatus": self.word(status),
            "evseId": connector.number,
            "connectorId": 1,
        }
        return Call("StatusNotification", payload)

    def station_status(self, at: datetime) -> Call | None:
        # 2.0.1 has a status for connectors alone.
        del at
        return None

    def authorize(self, token: Token) -> Call:
        return Call("Authorize", {"idToken": _id_token(token)})

    def authorization(self, answer: dict[str, Any]) -> Authorization | None:
        said = answer.get("idTokenInfo")
        return None if said is None else authorization(said)

    def moment(self, transaction: Transaction, moment: Moment) -> Call | None:
        payload: dict[str, Any] = {
            "eventType": moment.kind,
            "meterValue": [_meter_value(moment.reading)],
            "timestamp": written(moment.at),
            "triggerReason": moment.trigger,
            "seqNo": moment.seq_no,
            "offline": moment.offline,
            "transactionInfo": _transaction(transaction, moment),
            "evse": {"id": transaction.connector, "connectorId": 1},
        }
        if moment.kind is Kind.STARTED or moment.reason is Reason.LOCAL:
            payload["idToken"] = _id_token(transaction.token)
        if moment.kind is Kind.STARTED and transaction.reservation_id is not None:
            payload["reservationId"] = transaction.reservation_id
        return Call("TransactionEvent", payload)

    def took(self, transaction: Transaction, moment: Moment, answer: dict[str, Any] | None) -> None:
        # The station itself names the transaction.
        del transaction, moment, answer

    def meter_values(self, connector: Connector, reading: Reading) -> Call:
        payload = {"evseId": connector.number, "meterValue": [_meter_value(reading)]}
        return Call("MeterValues", payload)

    def reservation_over(self, reservation_id: int, why: str) -> Call | None:
        payload = {"reservationId": reservation_id, "reservationUpdateStatus": why}
        return Call("ReservationStatusUpdate", payload)

    def firmware(self, job: Job) -> Call:
        return _progress("FirmwareStatusNotification", job)

    def log_upload(self, job: Job) -> Call:
        return _progress("LogStatusNotification", job)


def authorization(said: dict[str, Any]) -> Authorization:
    """What an IdTokenInfo says."""
    status = str(said.get("status", ""))
    group = said.get("groupIdToken", {}).get("idToken")
    return Authorization(status == "Accepted", group, status)


def _id_token(token: Token) -> dict[str, str]:
    return {"idToken": token.uid, "type": token.kind}


def _transaction(transaction: Transaction, moment: Moment) -> dict[str, Any]:
    info: dict[str, Any] = {"transactionId": transaction.own_id, "chargingState": moment.state}
    if moment.kind is Kind.ENDED:
        unplugged = moment.reason is Reason.UNPLUGGED
        info["chargingState"] = "Idle" if unplugged else "EVConnected"
    if moment.reason is not None:
        info["stoppedReason"] = _REASONS.get(moment.reason, moment.reason.value)
    if moment.kind is Kind.STARTED and transaction.remote_start_id is not None:
        info["remoteStartId"] = transaction.remote_start_id
    return info


def _progress(action: str, job: Job) -> Call:
    if job.request_id is None:
        return Call(action, {"status": job.status})
    return Call(action, {"status": job.status, "requestId": job.request_id})


def _meter_value(reading: Reading) -> dict[str, Any]:
    values: tuple[tuple[str, str, str, int], ...] = (
        ("Energy.Active.Import.Register", "Wh", "Outlet", reading.watt_hours),
        ("Power.Active.Import", "W", "Outlet", reading.watts),
        ("SoC", "Percent", "EV", reading.charged_percent),
    )
    return {
        "timestamp": written(reading.at),
        "sampledValue": [
            {
                "value": value,
                "context": reading.context,
                "measurand": measurand,
                "location": location,
                "unitOfMeasure": {"unit": unit},
            }
            for measurand, unit, location, value in values
        ],
    }
