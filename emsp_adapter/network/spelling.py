"""How places are spelled and how drivers spell them: pure functions.

What is searched for is folded: no case, no accents. What is found is kept in every spelling that
people use for it: Müller as muller and mueller, Zuerich as zuerich and zurich, Hauptstr. also as
hauptstrasse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS, _LONGEST_WORD = 100, 64
# Postgres keeps no more than 2,046 bytes as one.
_LONGEST_BEGINNING = 200
# Letters that are no letter with a mark on it.
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_OUT = re.compile("(a)[ae]|([ou])e")
_STREET = "str"


def words(text: str) -> list[str]:
    """The words of a text as they are searched for, each once."""
    found = (word[:_LONGEST_WORD] for word in _WORD.findall(_folded(text.casefold())))
    return list(dict.fromkeys(found))[:_MOST_WORDS]


def spellings(text: str) -> list[str]:
    """The words of a text in every way in which somebody may search for them."""
    found = [each for way in _ways(text) for each in words(way)]
    streets = [f"{each}asse" for each in found if each.endswith(_STREET)]
    return list(dict.fromkeys((*found, *streets)))


def beginnings(text: str) -> list[str]:
    """How a text begins, in each of those ways."""
    return list(dict.fromkeys(beginning(words(way)) for way in _ways(text)))


def beginning(said: Iterable[str]) -> str:
    """How a text of these words begins."""
    return " ".join(said)[:_LONGEST_BEGINNING]


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Of some words those that this one may be meant for, with a slip of the finger or two; it may
    be the beginning of one."""
    most = 1 if len(word) < 7 else 2
    slips = {each: _slips(word, each) for each in known}
    least = min(slips.values(), default=most + 1)
    return sorted(each for each, count in slips.items() if count == least <= most)


def _ways(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", text.casefold())
    return plain, plain.translate(_WRITTEN_OUT), _OUT.sub(r"\1\2", _folded(plain))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(each for each in plain if not unicodedata.combining(each))


def _slips(word: str, other: str) -> int:
    """How many letters are wrong, too many, missing or in each other's place, until the word is the
    other, or its beginning."""
    cut = other[: len(word) + 2]
    before, last = list[int](), list(range(len(cut) + 1))
    for at, letter in enumerate(word, start=1):
        row = [at]
        for place, there in enumerate(cut, start=1):
            best = min(last[place] + 1, row[-1] + 1, last[place - 1] + (letter != there))
            if at > 1 and place > 1 and letter == cut[place - 2] and word[at - 2] == there:
                best = min(best, before[place - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1] if len(other) <= len(word) else min(last)
