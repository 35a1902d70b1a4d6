"""What a station is answered, in one shape for both versions of OCPP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cpo_adapter.ocpp.events import IdToken


class RegistrationStatus(StrEnum):
    """What a station is told when it boots."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class AuthorizationStatus(StrEnum):
    """What a token is worth, in the words of 2.0.1; what 1.6 does not know is told as Invalid,
    NO_CREDIT as Blocked."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a token is worth, until when, and the group it belongs to."""

    status: AuthorizationStatus
    expires_at: datetime | None = None
    group: IdToken | None = None


@dataclass(frozen=True, slots=True)
class BootAnswer:
    """To Booted; `interval` in seconds is of heartbeats if accepted, else until the next try."""

    status: RegistrationStatus
    interval: int
    current_time: datetime


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    """To HeartbeatReceived."""

    current_time: datetime


@dataclass(frozen=True, slots=True)
class AuthorizeAnswer:
    """To AuthorizeRequested."""

    authorization: Authorization


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """To TransactionStarted. Version 1.6 needs both; 2.0.1 has its own transaction id, and the
    authorization is left out when the station sent no token."""

    transaction_id: int | None
    authorization: Authorization | None


@dataclass(frozen=True, slots=True)
class TransactionAnswer:
    """To TransactionUpdated and TransactionEnded; the total cost with taxes is for the end."""

    authorization: Authorization | None = None
    total_cost: Decimal | None = None


class DataTransferStatus(StrEnum):
    """What becomes of a DataTransfer."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


@dataclass(frozen=True, slots=True)
class DataTransferAnswer:
    """To DataTransferred; 1.6 has text as data only."""

    status: DataTransferStatus
    data: str | None = None


@dataclass(frozen=True, slots=True)
class SigningAnswer:
    """To SigningRequested: whether it will be done; the certificate follows in a CALL."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class CertificateStatusAnswer:
    """To CertificateStatusRequested: what OCSP said, DER in base64; None: no answer was had."""

    ocsp_result: str | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """To everything else."""


Answer = (
    BootAnswer
    | HeartbeatAnswer
    | AuthorizeAnswer
    | StartAnswer
    | TransactionAnswer
    | DataTransferAnswer
    | SigningAnswer
    | CertificateStatusAnswer
    | Acknowledged
)
