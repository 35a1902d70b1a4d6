"""What a station of OCPP 2.0.1 is answered."""

from __future__ import annotations

from typing import Any

from cpo_adapter.ocpp.answers import (
    Acknowledged,
    Answer,
    Authorization,
    AuthorizeAnswer,
    BootAnswer,
    CertificateStatusAnswer,
    DataTransferAnswer,
    HeartbeatAnswer,
    SigningAnswer,
    StartAnswer,
    TransactionAnswer,
)
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Booted,
    CertificateStatusRequested,
    DataTransferred,
    Event,
    HeartbeatReceived,
    IdToken,
    Notified,
    SigningRequested,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from cpo_adapter.ocpp.fields import written_moment

# The two notices whose answer is more than a receipt: schedules are not negotiated here.
_NOTICE_ANSWERS = {
    "NotifyEVChargingNeeds": {"status": "Rejected"},
    "NotifyEVChargingSchedule": {"status": "Accepted"},
}


def id_token(token: IdToken) -> dict[str, Any]:
    """An IdTokenType; a token without a type is one that we made."""
    return {"idToken": token.value, "type": token.type or "Central"}


def id_token_info(authorization: Authorization) -> dict[str, Any]:
    """An IdTokenInfoType."""
    info: dict[str, Any] = {"status": authorization.status.value}
    if authorization.expires_at is not None:
        info["cacheExpiryDateTime"] = written_moment(authorization.expires_at)
    if authorization.group is not None:
        info["groupIdToken"] = id_token(authorization.group)
    return info


def answer(event: Event, given: Answer) -> dict[str, Any]:
    """The payload of the CALLRESULT; TypeError when the answer is not one to this event."""
    match event, given:
        case Booted(), BootAnswer(status, interval, now):
            return {
                "currentTime": written_moment(now),
                "interval": interval,
                "status": status.value,
            }
        case HeartbeatReceived(), HeartbeatAnswer(now):
            return {"currentTime": written_moment(now)}
        case AuthorizeRequested(), AuthorizeAnswer(authorization):
            return {"idTokenInfo": id_token_info(authorization)}
        case TransactionStarted(), StartAnswer():
            return _info(given.authorization)
        case TransactionUpdated() | TransactionEnded(), TransactionAnswer():
            cost = {} if given.total_cost is None else {"totalCost": given.total_cost}
            return {**cost, **_info(given.authorization)}
        case DataTransferred(), DataTransferAnswer(transfer_status, data):
            found = {"status": transfer_status.value}
            return found if data is None else {**found, "data": data}
        case SigningRequested(), SigningAnswer(accepted):
            return {"status": "Accepted" if accepted else "Rejected"}
        case CertificateStatusRequested(), CertificateStatusAnswer(None):
            return {"status": "Failed"}
        case CertificateStatusRequested(), CertificateStatusAnswer(ocsp_result):
            return {"status": "Accepted", "ocspResult": ocsp_result}
        case Notified(), Acknowledged():
            return dict(_NOTICE_ANSWERS.get(event.action, {}))
        case _, Acknowledged():
            return {}
        case _:
            raise TypeError(f"{type(given).__name__} does not answer {event.action} of OCPP 2.0.1")


def _info(authorization: Authorization | None) -> dict[str, Any]:
    return {} if authorization is None else {"idTokenInfo": id_token_info(authorization)}
