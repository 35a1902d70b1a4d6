"""What the drivers of the sandbox eMSP identify with, the same in every run."""

from __future__ import annotations

from typing import Any, Final

from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

Document = dict[str, Any]

_CARDS: Final = 32
_APPS: Final = 8
_BLOCKED_EVERY: Final = 8
# What the CPO may do without asking, of one card after the other.
_WHITELISTS: Final = ("ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER", "NEVER")
_UNKNOWN_CARD: Final = "0FFFFF00000001"
LANGUAGES: Final = ("de", "en", "fr", "nl")


def tokens(party: Party, *, now: str) -> list[Document]:
    """RFID cards, of which every eighth is blocked, and tokens of the app."""
    cards = [
        _token(party, number, TokenType.RFID, now)
        | {
            "whitelist": _WHITELISTS[number % len(_WHITELISTS)],
            "valid": number % _BLOCKED_EVERY != 0,
        }
        for number in range(1, _CARDS + 1)
    ]
    apps = range(_CARDS + 1, _CARDS + _APPS + 1)
    return [*cards, *(_token(party, number, TokenType.APP_USER, now) for number in apps)]


def shown_cards() -> list[str]:
    """The uids that drivers hold to chargers: the eMSP's cards, and one that nobody has issued."""
    return [*(_card_uid(number) for number in range(1, _CARDS + 1)), _UNKNOWN_CARD]


def _card_uid(number: int) -> str:
    return f"04A1B2{number:08X}"


def _app_uid(number: int) -> str:
    """As long as a uid may be, and longer than OCPP 1.6 can say."""
    return f"5b1c0d52-7b1e-4f6a-9c3d-{number:012}"


def _token(party: Party, number: int, kind: TokenType, now: str) -> Document:
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "uid": _card_uid(number) if kind is TokenType.RFID else _app_uid(number),
        "type": kind.value,
        "contract_id": f"{party.country_code}-{party.party_id}-C{number:08}-X",
        "visual_number": f"{party.country_code}-{party.party_id}-{number:06}",
        "issuer": "Sandbox Mobility",
        "valid": True,
        "whitelist": "NEVER",
        "language": LANGUAGES[number % len(LANGUAGES)],
        "last_updated": now,
    }
