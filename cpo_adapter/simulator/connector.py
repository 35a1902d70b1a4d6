"""A connector: what is plugged in, who may charge, and what that makes of its status.

In 2.0.1 it is an EVSE with one connector.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cpo_adapter.simulator.token import Authorization, Token
from cpo_adapter.simulator.transaction import ChargingState, Reading, Transaction
from cpo_adapter.simulator.vehicle import Battery, Meter


class Status(StrEnum):
    """The status of a connector, in the words of 1.6."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


@dataclass(frozen=True, slots=True)
class Outlet:
    """What a connector is made for."""

    watts: int = 11_000
    phases: int = 3
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """Who a connector is kept for, and until when."""

    id: int
    token: Token
    group: str | None
    expires_at: datetime

    def admits(self, token: Token, authorization: Authorization) -> bool:
        """Whether it is this driver's."""
        same_group = self.group is not None and self.group == authorization.group
        return same_group or token.is_same(self.token)


@dataclass(frozen=True, slots=True)
class Ready:
    """A driver who may charge and has not plugged in."""

    token: Token
    authorization: Authorization
    until: datetime
    remote_start_id: int | None
    is_remote: bool


class Connector:
    """The state of one connector."""

    def __init__(self, number: int, outlet: Outlet, *, meter_wh: int) -> None:
        self.number = number
        self.outlet = outlet
        self.meter = Meter(meter_wh)
        self.battery: Battery | None = None
        self.transaction: Transaction | None = None
        self.reservation: Reservation | None = None
        self.ready: Ready | None = None
        self.operative = True
        # What an operator asked for while a transaction ran.
        self.operative_next: bool | None = None
        self.error: str | None = None
        # The word for its status, since when it is that, and the word that was last told.
        self.word: str | None = None
        self.told: str | None = None
        self.changed_at: datetime | None = None
        self._was_charged = False
        self._watts = 0
        self._metered_at: datetime | None = None

    @property
    def status(self) -> Status:
        """What it is now."""
        if self.error is not None:
            return Status.FAULTED
        if self.transaction is not None:
            return Status(self.transaction.state.value)
        if not self.operative:
            return Status.UNAVAILABLE
        if self.battery is not None and self._was_charged:
            return Status.FINISHING
        if self.battery is not None or self.ready is not None:
            return Status.PREPARING
        return Status.RESERVED if self.reservation is not None else Status.AVAILABLE

    @property
    def is_free(self) -> bool:
        """Whether the next driver can use it."""
        return self.status in (Status.AVAILABLE, Status.PREPARING)

    def connect(self, battery: Battery) -> None:
        """A vehicle is plugged in."""
        self.battery, self._was_charged = battery, False

    def disconnect(self) -> None:
        """It is unplugged."""
        self.battery = None

    def begin(self, transaction: Transaction) -> None:
        """Energy may flow from now on."""
        self.transaction, self.ready, self._was_charged = transaction, None, True
        self._metered_at = transaction.began_at

    def end(self) -> None:
        """No energy flows any more."""
        self.transaction, self._watts = None, 0
        if self.operative_next is not None:
            self.operative, self.operative_next = self.operative_next, None

    def run_to(self, moment: datetime, allowed_watts: int) -> None:
        """Lets energy flow until a moment, and says what state that leaves."""
        if self.transaction is None or self.battery is None or self._metered_at is None:
            return
        direct = self.outlet.direct
        span = moment - self._metered_at
        self.meter.count(self.battery.take(allowed_watts, span, direct=direct))
        self._metered_at = moment
        self._watts = min(allowed_watts, self.battery.wanted_watts(direct=direct))
        self.transaction.state = self._state(allowed_watts)

    def _state(self, allowed_watts: int) -> ChargingState:
        if self.battery is None or self.battery.is_full:
            return ChargingState.SUSPENDED_EV
        return ChargingState.CHARGING if allowed_watts > 0 else ChargingState.SUSPENDED_EVSE

    def read(self, moment: datetime, *, context: str = "Sample.Periodic") -> Reading:
        """What meter and vehicle say."""
        charged = 0 if self.battery is None else self.battery.charged_percent
        return Reading(moment, self.meter.watt_hours, self._watts, charged, context)
