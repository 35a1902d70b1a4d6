"""A transaction as the station has it: what happened in it, frozen moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count

from cpo_adapter.simulator.token import Token


class ChargingState(StrEnum):
    """What flows, in the words of both versions."""

    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"


class Kind(StrEnum):
    """What a moment is to its transaction, in the words of 2.0.1."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


class Trigger(StrEnum):
    """Why the station speaks of it, in the words of 2.0.1."""

    AUTHORIZED = "Authorized"
    PLUGGED = "CablePluggedIn"
    REMOTE_START = "RemoteStart"
    PERIODIC = "MeterValuePeriodic"
    STATE = "ChargingStateChanged"
    LIMIT = "ChargingRateChanged"
    ASKED = "Trigger"
    STOPPED = "StopAuthorized"
    REMOTE_STOP = "RemoteStop"
    DEAUTHORIZED = "Deauthorized"
    UNPLUGGED = "EVDeparted"
    UNLOCKED = "UnlockCommand"
    RESET = "ResetCommand"
    ABNORMAL = "AbnormalCondition"


class Reason(StrEnum):
    """Why a transaction ended; each version has some in its own words."""

    LOCAL = "Local"
    REMOTE = "Remote"
    UNPLUGGED = "EVDisconnected"
    DEAUTHORIZED = "DeAuthorized"
    UNLOCKED = "UnlockCommand"
    SOFT_RESET = "SoftReset"
    HARD_RESET = "HardReset"
    OTHER = "Other"


TRIGGERS = {
    Reason.LOCAL: Trigger.STOPPED,
    Reason.REMOTE: Trigger.REMOTE_STOP,
    Reason.UNPLUGGED: Trigger.UNPLUGGED,
    Reason.DEAUTHORIZED: Trigger.DEAUTHORIZED,
    Reason.UNLOCKED: Trigger.UNLOCKED,
    Reason.SOFT_RESET: Trigger.RESET,
    Reason.HARD_RESET: Trigger.RESET,
    Reason.OTHER: Trigger.ABNORMAL,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter and the vehicle say at one moment."""

    at: datetime
    watt_hours: int
    watts: int
    charged_percent: int
    context: str = "Sample.Periodic"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened in a transaction."""

    kind: Kind
    trigger: Trigger
    at: datetime
    state: ChargingState
    seq_no: int
    offline: bool
    reading: Reading
    reason: Reason | None = None


class Transaction:
    """A transaction from its start; `number` is what a central system of 1.6 calls it by."""

    def __init__(
        self,
        own_id: str,
        *,
        connector: int,
        token: Token,
        began_at: datetime,
        meter_start: int,
        reservation_id: int | None,
        remote_start_id: int | None,
    ) -> None:
        self.own_id = own_id
        self.connector = connector
        self.token = token
        self.group: str | None = None
        self.began_at = began_at
        self.meter_start = meter_start
        self.reservation_id = reservation_id
        self.remote_start_id = remote_start_id
        self.number: int | None = None
        self.state = ChargingState.CHARGING
        self.sampled_at = began_at
        self._seq_nos = count()

    def next_seq_no(self) -> int:
        """The number of the next message about it."""
        return next(self._seq_nos)
