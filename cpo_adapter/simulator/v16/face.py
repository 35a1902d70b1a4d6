"""What a station of 1.6 says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_never

from cpo_adapter.simulator.clock import written
from cpo_adapter.simulator.connector import Connector, Status
from cpo_adapter.simulator.face import FIRMWARE, MODEL, VENDOR, BootReason, Job
from cpo_adapter.simulator.link import Call
from cpo_adapter.simulator.token import Authorization, Token
from cpo_adapter.simulator.transaction import Kind, Moment, Reading, Reason, Transaction

# What others call a transaction whose start was never answered.
_UNKNOWN = -1


class Face16:
    """The face of 1.6."""

    def boot(self, name: str, reason: BootReason) -> Call:
        del reason
        payload = {
            "chargePointVendor": VENDOR,
            "chargePointModel": MODEL,
            "chargePointSerialNumber": name[:25],
            "firmwareVersion": FIRMWARE,
        }
        return Call("BootNotification", payload)

    def word(self, status: Status) -> str:
        return status.value

    def status(self, connector: Connector, status: Status, at: datetime) -> Call:
        return _status(connector.number, status, connector.error or "NoError", at)

    def station_status(self, at: datetime) -> Call | None:
        return _status(0, Status.AVAILABLE, "NoError", at)

    def authorize(self, token: Token) -> Call:
        return Call("Authorize", {"idTag": token.uid})

    def authorization(self, answer: dict[str, Any]) -> Authorization | None:
        said = answer.get("idTagInfo")
        return None if said is None else authorization(said)

    def moment(self, transaction: Transaction, moment: Moment) -> Call | None:
        match moment.kind:
            case Kind.STARTED:
                return _start(transaction, moment)
            case Kind.UPDATED:
                return _meter_values(transaction.connector, moment.reading, _number(transaction))
            case Kind.ENDED:
                return _stop(transaction, moment)
            case unknown:
                assert_never(unknown)

    def took(self, transaction: Transaction, moment: Moment, answer: dict[str, Any] | None) -> None:
        if moment.kind is Kind.STARTED:
            transaction.number = _UNKNOWN if answer is None else int(answer["transactionId"])

    def meter_values(self, connector: Connector, reading: Reading) -> Call:
        return _meter_values(connector.number, reading, None)

    def reservation_over(self, reservation_id: int, why: str) -> Call | None:
        # A station of 1.6 only shows it in its status.
        del reservation_id, why
        return None

    def firmware(self, job: Job) -> Call:
        if job.request_id is None:
            return Call("FirmwareStatusNotification", {"status": job.status})
        payload = {"status": job.status, "requestId": job.request_id}
        return Call("SignedFirmwareStatusNotification", payload)

    def log_upload(self, job: Job) -> Call:
        if job.request_id is None:
            status = {"UploadFailure": "UploadFailed"}.get(job.status, job.status)
            return Call("DiagnosticsStatusNotification", {"status": status})
        return Call("LogStatusNotification", {"status": job.status, "requestId": job.request_id})


def authorization(said: dict[str, Any]) -> Authorization:
    """What an IdTagInfo says."""
    status = str(said.get("status", ""))
    return Authorization(status == "Accepted", said.get("parentIdTag"), status)


def _status(connector: int, status: Status, error: str, at: datetime) -> Call:
    payload = {
        "connectorId": connector,
        "errorCode": error,
        "status": status.value,
        "timestamp": written(at),
    }
    return Call("StatusNotification", payload)


def _start(transaction: Transaction, moment: Moment) -> Call:
    payload = {
        "connectorId": transaction.connector,
        "idTag": transaction.token.uid,
        "meterStart": transaction.meter_start,
        "timestamp": written(moment.at),
    }
    if transaction.reservation_id is not None:
        payload["reservationId"] = transaction.reservation_id
    return Call("StartTransaction", payload)


def _stop(transaction: Transaction, moment: Moment) -> Call:
    payload = {
        "meterStop": moment.reading.watt_hours,
        "timestamp": written(moment.at),
        "transactionId": _number(transaction),
        "reason": moment.reason,
        "transactionData": [_meter_value(moment.reading)],
    }
    # Who pulls the plug shows no card.
    if moment.reason is Reason.LOCAL:
        payload["idTag"] = transaction.token.uid
    return Call("StopTransaction", payload)


def _number(transaction: Transaction) -> int:
    return _UNKNOWN if transaction.number is None else transaction.number


def _meter_values(connector: int, reading: Reading, number: int | None) -> Call:
    payload: dict[str, Any] = {"connectorId": connector, "meterValue": [_meter_value(reading)]}
    if number is not None:
        payload["transactionId"] = number
    return Call("MeterValues", payload)


def _meter_value(reading: Reading) -> dict[str, Any]:
    values = (
        ("Energy.Active.Import.Register", "Wh", "Outlet", reading.watt_hours),
        ("Power.Active.Import", "W", "Outlet", reading.watts),
        ("SoC", "Percent", "EV", reading.charged_percent),
    )
    return {
        "timestamp": written(reading.at),
        "sampledValue": [
            {
                "value": str(value),
                "context": reading.context,
                "measurand": measurand,
                "location": location,
                "unit": unit,
            }
            for measurand, unit, location, value in values
        ],
    }
