"""Who speaks: a party is a country code and a party id, compared without regard to case."""

from __future__ import annotations

import re

from ocpi_hub.protocol.errors import InvalidParameters

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_PARTY = re.compile(r"[A-Za-z0-9]{3}")


class Party:
    """A CPO, eMSP or hub on the wire, e.g. NL/CPO. Keeps its spelling, ignores case when compared.

    Source: 2.2.1 credentials, CredentialsRole (CiString(2) and CiString(3)).
    """

    __slots__ = ("country_code", "key", "party_id")

    def __init__(self, country_code: str, party_id: str) -> None:
        self.country_code = country_code
        self.party_id = party_id
        self.key = f"{country_code}/{party_id}".lower()

    @classmethod
    def checked(cls, country_code: object, party_id: object, *, where: str) -> Party:
        """The party, or InvalidParameters naming `where` when either half is malformed."""
        if not isinstance(country_code, str) or not _COUNTRY.fullmatch(country_code):
            raise InvalidParameters(f"{where}: country_code {country_code!r} is not two letters")
        if not isinstance(party_id, str) or not _PARTY.fullmatch(party_id):
            raise InvalidParameters(
                f"{where}: party_id {party_id!r} is not three letters or digits"
            )
        return cls(country_code, party_id)

    @classmethod
    def parse(cls, text: str) -> Party:
        """From `NL/CPO`."""
        country_code, slash, party_id = text.partition("/")
        if not slash:
            raise InvalidParameters(f"party {text!r} is not of the form NL/CPO")
        return cls.checked(country_code, party_id, where="party")

    @classmethod
    def of_key(cls, key: str) -> Party:
        """From a `key`; the registered spelling is lost, which no comparison minds."""
        country_code, _, party_id = key.upper().partition("/")
        return cls(country_code, party_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Party) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return f"{self.country_code}/{self.party_id}"

    def __repr__(self) -> str:
        return f"Party({self})"
