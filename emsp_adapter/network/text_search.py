"""What a place is found by, as Postgres has it: its words with their weights; and what is searched
for, as queries of which the first finds the best.

A word is weighed by where it stands: A the name, B the address, C the operator. The whole name is
there too, behind a sign that no word has, so that one query tells whether it begins so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from emsp_adapter.network.spelling import beginning, beginnings, spellings

_BEGINS = "^"
_NAME, _ADDRESS, _OPERATOR = "A", "B", "C"


def vector(name: str, address: str, operator: str) -> str:
    """The words of a place as a tsvector: the position says no more than the weight."""
    marks: dict[str, list[str]] = {}
    for place, (weight, text) in enumerate(
        ((_NAME, name), (_ADDRESS, address), (_OPERATOR, operator)), start=1
    ):
        for word in spellings(text):
            marks.setdefault(word, []).append(f"{place}{weight}")
    for whole in beginnings(name):
        marks[f"{_BEGINS}{whole}"] = [f"1{_NAME}"]
    return " ".join(f"'{word}':{','.join(found)}" for word, found in marks.items())


def everywhere(words: Iterable[str]) -> str:
    """Places that have all of these words, or how they begin, anywhere."""
    return _all(words, "")


def best_first(words: Sequence[str]) -> list[str]:
    """The same places by how well they match, none twice: whose name begins so, whose name has the
    words, whose name and address have them, and the others."""
    begins = f"'{_BEGINS}{beginning(words)}':*"
    named, local, anywhere = (_all(words, weights) for weights in (_NAME, "AB", ""))
    return [
        begins,
        f"{named} & !{begins}",
        f"{local} & !({named}) & !{begins}",
        f"{anywhere} & !({local}) & !{begins}",
    ]


def one_of_each(groups: Iterable[Iterable[str]]) -> str:
    """Places that have a word of each group, anywhere."""
    return " & ".join(f"({' | '.join(_prefix(word) for word in group)})" for group in groups)


def _all(words: Iterable[str], weights: str) -> str:
    return " & ".join(_prefix(word, weights) for word in words)


def _prefix(word: str, weights: str = "") -> str:
    """Words are letters and digits alone, so nothing in them has to be escaped."""
    return f"'{word}':*{weights}"
