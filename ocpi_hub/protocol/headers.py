"""The headers of OCPI: message ids, message routing, paging, and the credentials token.

Who stands in which header on which leg (2.2.1 transport and format, Message Routing): a request
carries the receiver in `OCPI-to-*` and the requester in `OCPI-from-*`; an answer carries the
requester in `OCPI-to-*` and whoever answered in `OCPI-from-*`. Towards the receivers of a
broadcast the hub itself is the requester.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ocpi_hub.protocol.errors import InvalidParameters, Unauthorized
from ocpi_hub.protocol.party import Party

REQUEST_ID = "X-Request-ID"
CORRELATION_ID = "X-Correlation-ID"

RawHeaders = Iterable[tuple[bytes, bytes]]

_ID = re.compile(rb"[\x20-\x7e]{1,255}")
_LENGTH_DIGITS = 18
_WANTED = {
    b"authorization",
    b"x-request-id",
    b"x-correlation-id",
    b"ocpi-to-country-code",
    b"ocpi-to-party-id",
    b"ocpi-from-country-code",
    b"ocpi-from-party-id",
    b"content-length",
}


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """The headers of a request that OCPI knows, still as bytes, each with all its values."""

    values: dict[bytes, list[bytes]]

    @classmethod
    def read(cls, raw: RawHeaders) -> RequestHeaders:
        """Only the names OCPI knows, whatever their case."""
        values: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            lowered = name.lower()
            if lowered in _WANTED:
                values.setdefault(lowered, []).append(value)
        return cls(values)

    def message_id(self, name: bytes) -> str | None:
        """A message id as it came, or None when it is missing or could forge a header."""
        found = self.values.get(name)
        if found is None or len(found) != 1 or not _ID.fullmatch(found[0]):
            return None
        return found[0].decode("ascii")

    def party(self, direction: str) -> Party | None:
        """The party in OCPI-to-* or OCPI-from-*; None when both halves are missing."""
        country = self._one(f"OCPI-{direction}-country-code")
        party = self._one(f"OCPI-{direction}-party-id")
        if country is None and party is None:
            return None
        if country is None or party is None:
            missing = "country-code" if country is None else "party-id"
            raise InvalidParameters(f"OCPI-{direction}-{missing} missing: both or none are needed")
        return Party.checked(country, party, where=f"OCPI-{direction}")

    def content_length(self) -> int:
        """The announced length of the body; 0 where none is announced that could be one."""
        found = self.values.get(b"content-length", [b""])[0]
        return int(found) if found.isdigit() and len(found) <= _LENGTH_DIGITS else 0

    def _one(self, name: str) -> str | None:
        found = self.values.get(name.lower().encode())
        if found is None:
            return None
        if len(found) != 1:
            raise InvalidParameters(f"{name} given {len(found)} times, expected once")
        return found[0].decode("latin-1").strip()

    def credentials_token(self) -> TokenForms:
        """The token of the Authorization header; Unauthorized when there is none to look up."""
        found = self.values.get(b"authorization", [])
        if len(found) != 1:
            raise Unauthorized
        scheme, _, rest = found[0].decode("latin-1").partition(" ")
        given = rest.strip()
        if scheme.lower() != "token" or not given:
            raise Unauthorized
        return TokenForms(decoded=_decode(given), raw=given)


@dataclass(frozen=True, slots=True)
class TokenForms:
    """What an Authorization header may mean: the Base64-decoded token, or the text itself."""

    decoded: str | None
    raw: str


def _decode(given: str) -> str | None:
    try:
        decoded = base64.b64decode(given, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    # The examples of 2.2.1 decode to a token with a newline at its end (checklist AUTH-10).
    return decoded.rstrip("\r\n ") or None


def authorization(token: str, *, plain: bool) -> str:
    """The Authorization value. 2.2.1 wants Base64, older peers the token as it is."""
    sent = token if plain else base64.b64encode(token.encode()).decode()
    return f"Token {sent}"


def routing(*, to: Party | None, from_: Party | None) -> tuple[tuple[str, str], ...]:
    """The message routing headers of one leg."""
    pairs: list[tuple[str, str]] = []
    for direction, party in (("to", to), ("from", from_)):
        if party is not None:
            pairs.append((f"OCPI-{direction}-country-code", party.country_code))
            pairs.append((f"OCPI-{direction}-party-id", party.party_id))
    return tuple(pairs)


_LINK = re.compile(r'<([^<>]*)>((?:\s*;(?:[^,;<>"]|"[^"]*")+)*)')
_REL = re.compile(r';\s*rel\s*=\s*("[^"]*"|[^\s;"]+)', re.IGNORECASE)


def next_link(value: str | None) -> str | None:
    """The target of `rel="next"` in a Link header, read tolerantly (checklist PAG-19)."""
    for target, parameters in _LINK.findall(value or ""):
        relations = _REL.search(parameters)
        if relations and "next" in relations[1].strip('"').lower().split():
            return str(target).strip() or None
    return None
