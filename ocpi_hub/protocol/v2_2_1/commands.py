"""Commands from an eMSP to a CPO, their answers and results."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, model_validator

from ocpi_hub.protocol.types import (
    CiString36,
    DateTime,
    Id,
    Int,
    Many,
    OcpiObject,
    Url,
    broken_rule,
)
from ocpi_hub.protocol.v2_2_1.tokens import Token
from ocpi_hub.protocol.v2_2_1.types import DisplayText


class CommandResponseType(StrEnum):
    """The answer to a command, at once. Source: 2.2.1 commands, CommandResponseType enum."""

    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class CommandResultType(StrEnum):
    """What became of a command. Source: 2.2.1 commands, CommandResultType enum."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"


class CommandType(StrEnum):
    """The commands, as in their URL. Source: 2.2.1 commands, CommandType enum."""

    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    RESERVE_NOW = "RESERVE_NOW"
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


# One object in place of an array is common (ROB-08).
Texts = Annotated[Many[DisplayText], BeforeValidator(_listed)]


class CancelReservation(OcpiObject):
    """The body of CANCEL_RESERVATION. Source: 2.2.1 commands, CancelReservation object."""

    response_url: Url
    reservation_id: Id


class CommandResponse(OcpiObject):
    """Whether a command is taken on, and how long to wait for its result.

    Source: 2.2.1 commands, CommandResponse object.
    """

    result: CommandResponseType
    timeout: Int
    message: Texts = None


class CommandResult(OcpiObject):
    """The later result of a command. Source: 2.2.1 commands, CommandResult object."""

    result: CommandResultType
    message: Texts = None


class ReserveNow(OcpiObject):
    """The body of RESERVE_NOW. Source: 2.2.1 commands, ReserveNow object."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: Id
    location_id: Id
    evse_uid: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StartSession(OcpiObject):
    """The body of START_SESSION. Source: 2.2.1 commands, StartSession object."""

    response_url: Url
    token: Token
    location_id: Id
    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None

    @model_validator(mode="after")
    def _check_connector(self) -> StartSession:
        if self.connector_id and not self.evse_uid:
            raise broken_rule("evse_uid", "missing, though connector_id is given")
        return self


class StopSession(OcpiObject):
    """The body of STOP_SESSION. Source: 2.2.1 commands, StopSession object."""

    response_url: Url
    session_id: Id


class UnlockConnector(OcpiObject):
    """The body of UNLOCK_CONNECTOR. Source: 2.2.1 commands, UnlockConnector object."""

    response_url: Url
    location_id: Id
    evse_uid: Id
    connector_id: Id
