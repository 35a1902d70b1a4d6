"""The words for who and which side: Role and Interface, spelled as on the wire."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a party does. Source: 2.2.1 types, Role."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


class Interface(StrEnum):
    """Which side of a module: SENDER is the owner's, RECEIVER takes pushes.

    Source: 2.2.1 version information endpoint, InterfaceRole.
    """

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"
