"""What a driver shows, and who may charge with it: the local list and what authorisation says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# The types of 2.0.1 for a card and for what has no card.
CARD = "ISO14443"
APP = "Central"


@dataclass(frozen=True, slots=True)
class Token:
    """An id_tag of 1.6 or an id_token of 2.0.1; `kind` is 2.0.1's type."""

    uid: str
    kind: str = CARD

    def is_same(self, other: Token) -> bool:
        """Whether it is the other one; case means nothing, and neither do the types."""
        return self.uid.casefold() == other.uid.casefold()


@dataclass(frozen=True, slots=True)
class Authorization:
    """Whether a token may charge, and the group that may stop what it starts."""

    accepted: bool
    group: str | None = None
    status: str = ""


@dataclass(slots=True)
class LocalList:
    """The tokens that a central system left at the station."""

    version: int = 0
    _entries: dict[str, Authorization] = field(default_factory=dict)

    def find(self, token: Token) -> Authorization | None:
        """What the list says of a token."""
        return self._entries.get(token.uid.casefold())

    def replace(self, version: int, entries: Iterable[tuple[str, Authorization | None]]) -> None:
        """A full list in place of this one."""
        self._entries.clear()
        self.change(version, entries)

    def change(self, version: int, entries: Iterable[tuple[str, Authorization | None]]) -> None:
        """Entries on top of those that are there; one without authorisation is taken out."""
        for uid, authorization in entries:
            if authorization is None:
                self._entries.pop(uid.casefold(), None)
            else:
                self._entries[uid.casefold()] = authorization
        self.version = version
