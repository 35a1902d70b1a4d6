"""The seam between a station and the version of OCPP it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from cpo_adapter.simulator.connector import Connector, Status
from cpo_adapter.simulator.link import Call
from cpo_adapter.simulator.token import Authorization, Token
from cpo_adapter.simulator.transaction import Moment, Reading, Transaction

VENDOR = "Simulated"
MODEL = "Day-1"
FIRMWARE = "1.0.0"


class BootReason(StrEnum):
    """Why a station starts, in the words of 2.0.1."""

    POWER_UP = "PowerUp"
    RESET = "RemoteReset"
    FIRMWARE = "FirmwareUpdate"
    TRIGGERED = "Triggered"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a central system says to a boot: the interval is to the next heartbeat, or boot."""

    accepted: bool
    interval: int


@dataclass(frozen=True, slots=True)
class Job:
    """A firmware update or a log upload that was asked for, and how far it is."""

    status: str
    request_id: int | None = None


class Face(Protocol):
    """What a station says, in one version; None where that version says nothing."""

    def boot(self, name: str, reason: BootReason) -> Call:
        """It starts."""
        ...

    def word(self, status: Status) -> str:
        """A status as this version has it."""
        ...

    def status(self, connector: Connector, status: Status, at: datetime) -> Call:
        """What a connector is."""
        ...

    def station_status(self, at: datetime) -> Call | None:
        """What the whole of it is."""
        ...

    def authorize(self, token: Token) -> Call:
        """Somebody wants to charge."""
        ...

    def authorization(self, answer: dict[str, Any]) -> Authorization | None:
        """What an answer says of the token; None when it says nothing."""
        ...

    def moment(self, transaction: Transaction, moment: Moment) -> Call | None:
        """What happened in a transaction."""
        ...

    def took(self, transaction: Transaction, moment: Moment, answer: dict[str, Any] | None) -> None:
        """Notes what the central system calls the transaction."""
        ...

    def meter_values(self, connector: Connector, reading: Reading) -> Call:
        """A reading that belongs to no transaction."""
        ...

    def reservation_over(self, reservation_id: int, why: str) -> Call | None:
        """A reservation ended by itself."""
        ...

    def firmware(self, job: Job) -> Call:
        """How far an update of the firmware is."""
        ...

    def log_upload(self, job: Job) -> Call:
        """How far the upload of a log is."""
        ...


def registration(answer: dict[str, Any]) -> Registration:
    """The answer to a boot; both versions say it alike."""
    return Registration(answer.get("status") == "Accepted", int(answer.get("interval", 0)))
