"""What a driver wrote, without what says who the driver is: for a report that goes to others."""

from __future__ import annotations

import re
from collections.abc import Sequence

REMOVED = "[removed]"

_EMAIL = re.compile(r"[^\s@<>()\",;:]+@[^\s@<>()\",;:]+\.[^\s@<>()\",;:.]+")
# Nine digits and more, however they are grouped: telephone numbers, cards, account numbers.
_NUMBER = re.compile(r"(?<![\w.])\+?(?:\(?\d[\d ()/.-]{7,}\d)(?![\w])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
# A shorter name is part of too many words.
_SHORTEST_NAME = 3


def without_person(text: str, *, names: Sequence[str]) -> str:
    """The text on one line, without e-mail addresses, long numbers and the driver's own names."""
    for pattern in (_EMAIL, _IBAN, _NUMBER):
        text = pattern.sub(REMOVED, text)
    for name in names:
        if len(name) >= _SHORTEST_NAME:
            text = re.sub(rf"\b{re.escape(name)}\b", REMOVED, text, flags=re.IGNORECASE)
    return _SPACE.sub(" ", text).strip()
