"""What happens when stations come and go: implements `ocpp.ports.Links`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cpo_adapter.errands import Errands
from cpo_adapter.ocpp.ports import Link
from cpo_adapter.presence import Presence


@dataclass(frozen=True, slots=True)
class StationLinks:
    """Keeps who is there, and asks who came back what it missed."""

    presence: Presence
    errands: Errands
    forget_limits: Callable[[str], None]

    async def connected(self, link: Link) -> None:
        """A station has connected."""
        await self.presence.connected(link)
        self.forget_limits(link.station_id)
        self.errands.reconnected(link.station_id)

    async def disconnected(self, link: Link, reason: str) -> None:
        """A station has gone."""
        await self.presence.disconnected(link, reason)
