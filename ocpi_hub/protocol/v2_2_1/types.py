"""The classes of the chapter "types", and an enum that two chapters need."""

from __future__ import annotations

from enum import StrEnum

from ocpi_hub.protocol.types import Language, Number, OcpiObject, String512


# Of the chapter "sessions", which builds on tokens, which need it too.
class ProfileType(StrEnum):
    """What a driver prefers. Source: 2.2.1 sessions, ProfileType enum."""

    CHEAP = "CHEAP"
    FAST = "FAST"
    GREEN = "GREEN"
    REGULAR = "REGULAR"


class DisplayText(OcpiObject):
    """A text for people, in one language. Source: 2.2.1 types, DisplayText class."""

    language: Language
    text: String512


class Price(OcpiObject):
    """An amount without and with VAT. Source: 2.2.1 types, Price class."""

    excl_vat: Number
    incl_vat: Number | None = None
