"""Tokens: what drivers identify with. The owner is the eMSP."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from ocpi_hub.protocol.types import (
    Boolean,
    CiString36,
    CountryCode,
    DateTime,
    Id,
    Language,
    Many,
    OcpiObject,
    PartyId,
    String64,
    open_to_newer,
)
from ocpi_hub.protocol.v2_2_1.types import DisplayText, ProfileType


class AllowedType(StrEnum):
    """Whether a token may charge, and why not. Source: 2.2.1 tokens, AllowedType enum."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


class TokenType(StrEnum):
    """What kind of thing a token is. Source: 2.2.1 tokens, TokenType enum."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"


AnyTokenType = Annotated[TokenType | str, open_to_newer(TokenType)]


class WhitelistType(StrEnum):
    """Whether a CPO asks before it lets a token charge.

    Source: 2.2.1 tokens, WhitelistType enum.
    """

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


class EnergyContract(OcpiObject):
    """The energy contract of a driver. Source: 2.2.1 tokens, EnergyContract class."""

    supplier_name: String64
    contract_id: String64 | None = None


class Token(OcpiObject):
    """What a driver identifies with. Source: 2.2.1 tokens, Token object."""

    country_code: CountryCode
    party_id: PartyId
    uid: Id
    type: AnyTokenType
    contract_id: CiString36
    visual_number: String64 | None = None
    issuer: String64
    group_id: CiString36 | None = None
    valid: Boolean
    whitelist: WhitelistType
    language: Language | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class LocationReferences(OcpiObject):
    """A location and some of its EVSEs. Source: 2.2.1 tokens, LocationReferences class."""

    location_id: Id
    evse_uids: Many[CiString36] = None


class AuthorizationInfo(OcpiObject):
    """The answer to a real-time authorisation. Source: 2.2.1 tokens, AuthorizationInfo object."""

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None
