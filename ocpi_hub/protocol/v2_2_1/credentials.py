"""Credentials: how two platforms reach each other."""

from __future__ import annotations

from pydantic import model_validator

from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.types import (
    CountryCode,
    CredentialsToken,
    OcpiObject,
    PartyId,
    Some,
    Url,
    broken_rule,
    repeated,
)
from ocpi_hub.protocol.v2_2_1.locations import BusinessDetails


class CredentialsRole(OcpiObject):
    """A party of a platform, in one role. Source: 2.2.1 credentials, CredentialsRole class."""

    role: Role
    business_details: BusinessDetails
    party_id: PartyId
    country_code: CountryCode


class Credentials(OcpiObject):
    """How to reach a platform, and which parties it hosts.

    Source: 2.2.1 credentials, Credentials object.
    """

    token: CredentialsToken
    url: Url
    roles: Some[CredentialsRole]

    @model_validator(mode="after")
    def _check_roles(self) -> Credentials:
        twice = repeated(f"{r.role} {r.country_code}/{r.party_id}" for r in self.roles)
        if twice is not None:
            raise broken_rule("roles", f"{twice} is there twice")
        return self
