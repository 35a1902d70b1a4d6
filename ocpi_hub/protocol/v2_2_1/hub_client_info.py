"""Who is connected to the hub. The owner is the hub."""

from __future__ import annotations

from enum import StrEnum

from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.types import CountryCode, DateTime, OcpiObject, PartyId


class ConnectionStatus(StrEnum):
    """Whether a party can be reached through the hub.

    Source: 2.2.1 hub client info, ConnectionStatus enum.
    """

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    PLANNED = "PLANNED"
    SUSPENDED = "SUSPENDED"


class ClientInfo(OcpiObject):
    """A party that is connected to the hub, in one role.

    Source: 2.2.1 hub client info, ClientInfo object.
    """

    party_id: PartyId
    country_code: CountryCode
    role: Role
    status: ConnectionStatus
    last_updated: DateTime
