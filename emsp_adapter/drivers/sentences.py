"""The sentences that drivers read, in other languages than English.

They are written in English where they are said, and kept so; each is found here by its English
words, {gaps} standing for what differs. A catalogue more is a language more. What an operator says
stays in its own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

# What comes before the words of an operator.
SAYS = ' It says: "'

_FOLDER = files("emsp_adapter.drivers") / "catalogues"
CATALOGUES: Mapping[str, Mapping[str, str]] = {
    each.name.removesuffix(".json"): json.loads(each.read_text("utf-8"))
    for each in _FOLDER.iterdir()
    if each.name.endswith(".json")
}

_GAP = re.compile(r"\\\{(\w+)\\\}")
_FIELD = re.compile(r"[\w.\[\]-]+: ", re.ASCII)


def said(sentence: str, language: str) -> str:
    """A sentence in a language; as it is where there are no other words for it. A field that is
    named before it, as in "until: expected a moment in the future", keeps its name."""
    words = CATALOGUES.get(language)
    if words is None:
        return sentence
    ours, says, theirs = sentence.partition(SAYS)
    return _in_words(ours, language) + words.get(says, says) + theirs


def _in_words(sentence: str, language: str) -> str:
    found = CATALOGUES[language].get(sentence)
    if found is not None:
        return found
    field = _FIELD.match(sentence)
    if field is not None:
        return field[0] + _in_words(sentence[field.end() :], language)
    for pattern, words in _with_gaps(language):
        gaps = pattern.fullmatch(sentence)
        if gaps is not None:
            return words.format(**gaps.groupdict())
    return sentence


@cache
def _with_gaps(language: str) -> list[tuple[re.Pattern[str], str]]:
    """What finds the sentences with gaps of a catalogue, and their words; the most words first."""
    found = [
        (_GAP.sub(r"(?P<\1>.+)", re.escape(sentence)), words)
        for sentence, words in CATALOGUES[language].items()
        if _GAP.search(re.escape(sentence))
    ]
    by_words = sorted(found, key=lambda each: -len(re.sub(r"\(.*?\)", "", each[0])))
    return [(re.compile(pattern), words) for pattern, words in by_words]
