"""Who we are towards our peers: one party in one role, and the URLs under which it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ocpi_hub.node.settings import NodeSettings
from ocpi_hub.protocol.modules import VERSION, Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role


@dataclass(frozen=True, slots=True)
class Identity:
    """One party; `public_url` is without a final slash."""

    party: Party
    role: Role
    name: str
    public_url: str

    @classmethod
    def of(cls, settings: NodeSettings, role: Role) -> Identity:
        """As the settings of a service say."""
        return cls(settings.party, role, settings.name, settings.public_url)

    @property
    def versions_url(self) -> str:
        """Where peers start."""
        return f"{self.public_url}/ocpi/versions"

    @property
    def details_url(self) -> str:
        """The details of 2.2.1."""
        return f"{self.public_url}/ocpi/{VERSION}"

    def endpoint(self, operation: Operation) -> str:
        """Where a row's module and interface are served."""
        if operation.kind is Kind.CONFIG:
            return f"{self.details_url}/{operation.module}"
        return f"{self.public_url}/ocpi/{operation.interface.lower()}/{VERSION}/{operation.module}"

    def credentials(self, token: str) -> dict[str, Any]:
        """Our Credentials object with this token."""
        role = {
            "role": self.role.value,
            "business_details": {"name": self.name},
            "party_id": self.party.party_id,
            "country_code": self.party.country_code,
        }
        return {"token": token, "url": self.versions_url, "roles": [role]}
