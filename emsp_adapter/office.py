"""What every part of the adapter works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from emsp_adapter.settings import EmspSettings
from ocpi_hub.node.engine import Database
from ocpi_hub.node.limits import RateLimit
from ocpi_hub.node.secrets import Vault
from ocpi_hub.peering.side import OcpiSide
from ocpi_hub.service.transport import Transport


@dataclass(frozen=True, slots=True)
class Office:
    """The open parts; `transport` reaches what is not a peer, held to the address guard."""

    settings: EmspSettings
    db: Database
    vault: Vault
    side: OcpiSide
    transport: Transport
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    # T21: how many tokens that are not ours a CPO may ask about.
    guesses: RateLimit = field(
        default_factory=lambda: RateLimit(60, 60.0, "unknown tokens per minute")
    )

    def poke(self) -> None:
        """Something was published: partners may be told."""
        self.side.publisher.poke()
