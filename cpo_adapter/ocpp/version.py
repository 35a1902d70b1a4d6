"""The versions of OCPP that are spoken here."""

from __future__ import annotations

from enum import StrEnum


class Version(StrEnum):
    """A version of OCPP, as its sub-protocol of websockets names it; the newest first."""

    V201 = "ocpp2.0.1"
    V16 = "ocpp1.6"

    @property
    def number(self) -> str:
        """The version as people write it."""
        return self.value.removeprefix("ocpp")
