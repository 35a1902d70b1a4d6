"""The central system: what each event of a station means, and what the station is answered.

Implements `ocpp.ports.Events`. Whatever an answer promises is committed before it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cpo_adapter import certificates, happenings, statuses
from cpo_adapter.admission import Admission
from cpo_adapter.charging import Charging
from cpo_adapter.errands import Errands
from cpo_adapter.ocpp.answers import (
    Acknowledged,
    Answer,
    CertificateStatusAnswer,
    DataTransferAnswer,
    DataTransferStatus,
    HeartbeatAnswer,
    RegistrationStatus,
    SigningAnswer,
)
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Booted,
    CertificateStatusRequested,
    DataTransferred,
    Event,
    HeartbeatReceived,
    MeterValuesReceived,
    ReservationStatus,
    SigningRequested,
    StatusNotified,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from cpo_adapter.reservations import Reservations
from cpo_adapter.skew import Skews
from ocpi_hub.node.engine import Database


@dataclass(frozen=True, slots=True)
class CentralSystem:
    """Hands each event to whoever it is for. `poke` says that something may have been published."""

    db: Database
    admission: Admission
    charging: Charging
    reservations: Reservations
    errands: Errands
    skews: Skews
    settle: timedelta
    now: Callable[[], datetime]
    poke: Callable[[], None]

    async def handle(self, station_id: str, event: Event) -> Answer:
        """The answer to an event, once all that it promises is kept."""
        del station_id  # the event says it too
        answer = await self._answer(event)
        self.poke()
        return answer

    async def _answer(self, event: Event) -> Answer:
        match event:
            case Booted():
                return await self._booted(event)
            case HeartbeatReceived():
                return HeartbeatAnswer(self.now())
            case StatusNotified():
                return await self._notified(event)
            case AuthorizeRequested():
                return await self.charging.authorized(event)
            case TransactionStarted():
                return await self.charging.started(event)
            case TransactionUpdated():
                return await self.charging.updated(event)
            case TransactionEnded():
                return await self.charging.ended(event)
            case MeterValuesReceived():
                await self.charging.measured(event)
                return Acknowledged()
            case ReservationStatus():
                await self.reservations.reported(event)
                return Acknowledged()
            case SigningRequested():
                return await self._signing(event)
            case CertificateStatusRequested():
                return CertificateStatusAnswer(None)
            case _:
                return await self._other(event)

    async def _booted(self, event: Booted) -> Answer:
        async with self.db.hot_transaction() as conn:
            answer = await self.admission.booted(conn, event)
        if answer.status is RegistrationStatus.ACCEPTED:
            self.errands.booted(event.station_id)
        return answer

    async def _notified(self, event: StatusNotified) -> Answer:
        async with self.db.hot_transaction() as conn:
            await statuses.notified(
                conn, event, skews=self.skews, now=self.now(), settle=self.settle
            )
        await self.charging.phase_reported(event)
        return Acknowledged()

    async def _signing(self, event: SigningRequested) -> Answer:
        async with self.db.hot_transaction() as conn:
            await certificates.requested(conn, event)
        return SigningAnswer(accepted=True)

    async def _other(self, event: Event) -> Answer:
        async with self.db.hot_transaction() as conn:
            await happenings.heard(conn, event, now=self.now())
        if isinstance(event, DataTransferred):
            # Nobody here speaks a vendor's own words; what was said is kept.
            return DataTransferAnswer(DataTransferStatus.UNKNOWN_VENDOR_ID)
        return Acknowledged()
