"""What a station is asked to do, and what became of it, in one shape for both versions of OCPP.

EVSEs and connectors are numbered as in `events`; EVSE 0 is the whole station.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cpo_adapter.ocpp.answers import Authorization
from cpo_adapter.ocpp.events import IdToken


class RateUnit(StrEnum):
    """What the limits of a schedule are in."""

    WATTS = "W"
    AMPERES = "A"


class ProfilePurpose(StrEnum):
    """What a charging profile is for; the first is `ChargePointMaxProfile` in 1.6."""

    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class ProfileKind(StrEnum):
    """What the times of a charging profile count from."""

    ABSOLUTE = "Absolute"
    RELATIVE = "Relative"
    RECURRING = "Recurring"


@dataclass(frozen=True, slots=True)
class SchedulePeriod:
    """A limit from `start` seconds on; it is floored to one decimal on the wire."""

    start: int
    limit: Decimal
    phases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """How much may be drawn when. `recurrency` is Daily or Weekly, for RECURRING only."""

    profile_id: int
    stack_level: int
    purpose: ProfilePurpose
    kind: ProfileKind
    unit: RateUnit
    periods: tuple[SchedulePeriod, ...]
    start: datetime | None = None
    duration: int | None = None
    min_rate: Decimal | None = None
    transaction_id: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    recurrency: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """Starts a transaction; `remote_start_id` and the group are told in 2.0.1 only.

    The profile's transaction id has to be None: there is no transaction yet.
    """

    evse_id: int | None
    id_token: IdToken
    remote_start_id: int
    profile: ChargingProfile | None = None
    group: IdToken | None = None


@dataclass(frozen=True, slots=True)
class RemoteStop:
    """Ends a transaction."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class ReserveNow:
    """Reserves an EVSE, or with EVSE 0 any of the station, for a token."""

    reservation_id: int
    evse_id: int
    expires_at: datetime
    id_token: IdToken
    group: IdToken | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation:
    """Takes a reservation back."""

    reservation_id: int


@dataclass(frozen=True, slots=True)
class Unlock:
    """Unlocks a cable."""

    evse_id: int
    connector_id: int


@dataclass(frozen=True, slots=True)
class Reset:
    """Restarts the station: at once, or when no transaction runs. 1.6 says Hard and Soft."""

    at_once: bool
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetChargingProfile:
    """Sets a charging profile, which replaces the one with the same id."""

    evse_id: int
    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class ClearChargingProfile:
    """Clears one charging profile by its id; without an id a station would clear them all."""

    profile_id: int


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    """Asks what limits will hold in the next `duration` seconds; answered with a Schedule."""

    evse_id: int
    duration: int
    unit: RateUnit | None = None


class Trigger(StrEnum):
    """What a station can be asked to send now."""

    BOOT = "BootNotification"
    STATUS = "StatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    TRANSACTION = "TransactionEvent"
    FIRMWARE_STATUS = "FirmwareStatusNotification"
    LOG_STATUS = "LogStatusNotification"
    DIAGNOSTICS_STATUS = "DiagnosticsStatusNotification"
    SIGN_CERTIFICATE = "SignChargingStationCertificate"


@dataclass(frozen=True, slots=True)
class TriggerMessage:
    """Asks for a message now, of one EVSE where the message is about EVSEs."""

    message: Trigger
    evse_id: int | None = None
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """A setting of the station: a key in 1.6, a component's variable in 2.0.1."""

    name: str
    component: str | None = None
    instance: str | None = None
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetVariable:
    """Changes one setting of the station."""

    variable: Variable
    value: str


@dataclass(frozen=True, slots=True)
class GetVariables:
    """Asks for settings, in 1.6 for all if none are named; answered with VariableValues."""

    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalListEntry:
    """A token on the list; without an authorization it is taken off (only when not `full`)."""

    id_token: IdToken
    authorization: Authorization | None


@dataclass(frozen=True, slots=True)
class SendLocalList:
    """Replaces the station's list of tokens, or changes it."""

    list_version: int
    entries: tuple[LocalListEntry, ...]
    full: bool


@dataclass(frozen=True, slots=True)
class GetLocalListVersion:
    """Asks for the version of the list; answered with a number."""


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Empties the station's cache of tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFirmware:
    """Has the station fetch and install firmware; with a certificate and signature it is signed."""

    request_id: int
    location: str
    retrieve_at: datetime
    install_at: datetime | None = None
    signing_certificate: str | None = None
    signature: str | None = None
    retries: int | None = None
    retry_interval: int | None = None


class LogKind(StrEnum):
    """Which log."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLog:
    """Has the station upload a log (1.6: GetDiagnostics); answered with the file's name, if any."""

    request_id: int
    kind: LogKind
    location: str
    oldest: datetime | None = None
    latest: datetime | None = None
    retries: int | None = None
    retry_interval: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """Takes an EVSE or a connector into or out of service."""

    evse_id: int
    operative: bool
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """Something of a vendor's own; answered with its data."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateSigned:
    """The certificate for which the station sent a signing request, with its chain, in PEM."""

    chain: str
    certificate_type: str | None = None


@dataclass(frozen=True, slots=True)
class InstallCertificate:
    """Gives the station a root certificate in PEM; the kind is a CertificateUse of the version."""

    kind: str
    certificate: str


Command = (
    RemoteStart
    | RemoteStop
    | ReserveNow
    | CancelReservation
    | Unlock
    | Reset
    | SetChargingProfile
    | ClearChargingProfile
    | GetCompositeSchedule
    | TriggerMessage
    | SetVariable
    | GetVariables
    | SendLocalList
    | GetLocalListVersion
    | ClearCache
    | UpdateFirmware
    | GetLog
    | ChangeAvailability
    | DataTransfer
    | CertificateSigned
    | InstallCertificate
)


class Outcome(StrEnum):
    """What became of a command. Some of these are of few commands; the rest are REJECTED."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"  # accepted, but after the running transaction
    REBOOT_REQUIRED = "reboot_required"  # accepted, but from the next start on
    REJECTED = "rejected"
    OCCUPIED = "occupied"
    FAULTED = "faulted"
    UNAVAILABLE = "unavailable"
    UNKNOWN_RESERVATION = "unknown_reservation"
    UNKNOWN_PROFILE = "unknown_profile"
    NOT_SUPPORTED = "not_supported"
    FAILED = "failed"
    TIMEOUT = "timeout"  # no answer, or the station went away meanwhile: it may have been done
    NOT_CONNECTED = "not_connected"  # it was never sent

    @property
    def accepted(self) -> bool:
        """Whether the station does what it was asked."""
        return self in {Outcome.ACCEPTED, Outcome.SCHEDULED, Outcome.REBOOT_REQUIRED}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The limits a station will apply, from `start`."""

    evse_id: int
    start: datetime | None
    duration: int | None
    unit: RateUnit
    periods: tuple[SchedulePeriod, ...]
    min_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VariableValue:
    """A setting as the station has it; without a value it has none, or does not tell it."""

    variable: Variable
    value: str | None
    readonly: bool | None = None


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What became of a command: the outcome, the station's own word or ours for it, and details.

    `value` is what a question asked for: a Schedule, VariableValues, a number, or text.
    """

    outcome: Outcome
    status: str
    detail: str | None = None
    payload: Mapping[str, Any] | None = None
    value: Schedule | tuple[VariableValue, ...] | int | str | None = None


class NotExpressible(Exception):
    """A command that this version of OCPP has no words for; the message says what is in the way."""
