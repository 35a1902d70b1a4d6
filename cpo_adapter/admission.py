"""Who may connect, and what a station hears when it boots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cpo_adapter.ocpp.answers import BootAnswer, RegistrationStatus
from cpo_adapter.ocpp.events import Booted
from cpo_adapter.ocpp.ports import SecurityProfile, StationCredentials
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store import stations
from cpo_adapter.store.stations import MOST_PENDING, Nameplate, Station
from ocpi_hub.node.engine import Database, Hot

UnknownStations = Literal["reject", "pending", "accept"]

_ANSWERS = {
    "accepted": RegistrationStatus.ACCEPTED,
    "pending": RegistrationStatus.PENDING,
    "rejected": RegistrationStatus.REJECTED,
}
# Up to a tenth less than the interval, so that stations that began together drift apart.
_SPREAD = 0.1
_STRANGER = StationCredentials(SecurityProfile.NONE)


@dataclass(frozen=True, slots=True)
class Admission:
    """Implements `ocpp.ports.Stations` and answers boots; `chance` gives 0 to 1."""

    db: Database
    unknown: UnknownStations
    heartbeat_interval: int
    now: Callable[[], datetime]
    chance: Callable[[], float]

    async def credentials(self, station_id: str) -> StationCredentials | None:
        """What is known of a station; None when it may not connect."""
        async with self.db.hot() as conn:
            station = await stations.find(conn, station_id)
            if station is not None:
                return _credentials(station)
            welcome = self.unknown != "reject" and await stations.pending(conn) < MOST_PENDING
            return _STRANGER if welcome else None

    async def booted(self, conn: Hot, event: Booted) -> BootAnswer:
        """Keeps what the station says of itself; one that is unknown is taken in if it may."""
        status = await self._keep(conn, event)
        if status is None and self.unknown != "reject":
            taken_as = "accepted" if self.unknown == "accept" else "pending"
            await stations.take_in(conn, event.station_id, status=taken_as)
            status = await self._keep(conn, event)
        return BootAnswer(_ANSWERS[status or "rejected"], self.interval(), self.now())

    def interval(self) -> int:
        """Seconds between two heartbeats, a little different for each station."""
        return max(1, round(self.heartbeat_interval * (1 - _SPREAD * self.chance())))

    async def _keep(self, conn: Hot, event: Booted) -> str | None:
        plate = Nameplate(event.vendor, event.model, event.serial_number, event.firmware_version)
        return await stations.booted(
            conn,
            event.station_id,
            plate=plate,
            protocol=event.version.value,
            at=event.received_at,
        )


def _credentials(station: Station) -> StationCredentials:
    # A station that reconnects without a boot goes on as it was accepted then.
    heard = station.booted_at is not None or station.status != "accepted"
    return StationCredentials(
        profile=SecurityProfile(station.security_profile),
        key_hmac=station.key_hmac,
        certificate_subject=station.certificate_subject,
        subprotocol=Version(station.subprotocol) if station.subprotocol else None,
        status=_ANSWERS[station.status] if heard else None,
    )
