"""The words for who and which side: Role and Interface, spelled as on the wire."""

from __future__ import annotations

from enum import StrEnum

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.party import Party


class Role(StrEnum):
    """What a party does. Source: 2.2.1 types, Role."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


_ROLES = ", ".join(role for role in Role if role is not Role.HUB)


def party_in_role(text: str) -> tuple[Party, Role]:
    """From `NL/TNM/CPO`, or InvalidParameters."""
    party, slash, role = text.rpartition("/")
    if not slash or "/" not in party:
        raise InvalidParameters(f"party {text!r} is not of the form NL/TNM/CPO")
    if role.upper() not in set(Role):
        expected = "EMSP, as on the wire" if role.upper() == "MSP" else f"one of {_ROLES}"
        raise InvalidParameters(f"{text}: there is no role {role}, expected {expected}")
    return Party.parse(party), Role(role.upper())


class Interface(StrEnum):
    """Which side of a module: SENDER is the owner's, RECEIVER takes pushes.

    Source: 2.2.1 version information endpoint, InterfaceRole.
    """

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"
