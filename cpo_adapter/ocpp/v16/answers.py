"""What a station of OCPP 1.6 is answered."""

from __future__ import annotations

from typing import Any

from cpo_adapter.ocpp.answers import (
    Acknowledged,
    Answer,
    Authorization,
    AuthorizationStatus,
    AuthorizeAnswer,
    BootAnswer,
    DataTransferAnswer,
    HeartbeatAnswer,
    SigningAnswer,
    StartAnswer,
    TransactionAnswer,
)
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Booted,
    DataTransferred,
    Event,
    HeartbeatReceived,
    SigningRequested,
    TransactionEnded,
    TransactionStarted,
)
from cpo_adapter.ocpp.fields import written_moment

_STATUSES = {
    AuthorizationStatus.ACCEPTED: "Accepted",
    AuthorizationStatus.BLOCKED: "Blocked",
    AuthorizationStatus.CONCURRENT_TX: "ConcurrentTx",
    AuthorizationStatus.EXPIRED: "Expired",
    AuthorizationStatus.NO_CREDIT: "Blocked",
}


def id_tag_info(authorization: Authorization) -> dict[str, Any]:
    """An IdTagInfo."""
    info: dict[str, Any] = {"status": _STATUSES.get(authorization.status, "Invalid")}
    if authorization.expires_at is not None:
        info["expiryDate"] = written_moment(authorization.expires_at)
    if authorization.group is not None:
        info["parentIdTag"] = authorization.group.value
    return info


def answer(event: Event, given: Answer) -> dict[str, Any]:
    """The payload of the CALLRESULT; TypeError when the answer is not one to this event."""
    match event, given:
        case Booted(), BootAnswer(status, interval, now):
            return {
                "status": status.value,
                "currentTime": written_moment(now),
                "interval": interval,
            }
        case HeartbeatReceived(), HeartbeatAnswer(now):
            return {"currentTime": written_moment(now)}
        case AuthorizeRequested(), AuthorizeAnswer(authorization):
            return {"idTagInfo": id_tag_info(authorization)}
        case TransactionStarted(), StartAnswer(int() as number, Authorization() as authorization):
            return {"transactionId": number, "idTagInfo": id_tag_info(authorization)}
        case TransactionEnded(), TransactionAnswer(authorization):
            return {} if authorization is None else {"idTagInfo": id_tag_info(authorization)}
        case DataTransferred(), DataTransferAnswer(transfer_status, data):
            found = {"status": transfer_status.value}
            return found if data is None else {**found, "data": data}
        case SigningRequested(), SigningAnswer(accepted):
            return {"status": "Accepted" if accepted else "Rejected"}
        case _, Acknowledged():
            return {}
        case _:
            raise TypeError(f"{type(given).__name__} does not answer {event.action} of OCPP 1.6")
