"""What the drivers of the sandbox eMSP identify with, the same in every run."""

from __future__ import annotations

from typing import Any

from ocpi_hub.protocol.party import Party

Document = dict[str, Any]

_APPS = 10
_BLOCKED_EVERY = 8
_LANGUAGES = ("de", "en", "fr", "nl")


def tokens(party: Party, count: int, *, now: str) -> list[Document]:
    """So many tokens: ten of the app, the rest RFID cards, of which every eighth is blocked."""
    return [_token(party, number, now) for number in range(1, count + 1)]


def unknown_uid(number: int) -> str:
    """The uid of a card that no eMSP has issued."""
    return f"0FFFFF{number:08X}"


def _token(party: Party, number: int, now: str) -> Document:
    app = number <= _APPS
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "uid": f"SBX-APP-{number:03}" if app else f"04A1B2{number:08X}",
        "type": "APP_USER" if app else "RFID",
        "contract_id": f"{party.country_code}-{party.party_id}-C{number:08}-X",
        "visual_number": f"{party.country_code}-{party.party_id}-{number:06}",
        "issuer": "Sandbox Mobility",
        "valid": app or number % _BLOCKED_EVERY != 0,
        "whitelist": "NEVER",
        "language": _LANGUAGES[number % len(_LANGUAGES)],
        "last_updated": now,
    }
