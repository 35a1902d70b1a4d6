"""Every sentence about a charge has its words in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from emsp_adapter.charging.charge_texts import CATALOGUES, said

_FOLDER = Path(__file__).parents[2] / "emsp_adapter"
_SPEAKERS = (
    "charging/blocking",
    "charging/charges",
    "charging/commands",
    "charging/overdue",
    "charging/preferences",
    "charging/reserving",
    "charging/scheduling",
    "charging/starting",
    "charging/stopping",
    "network/availability",
)
_WITH_DOCSTRING = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _sentences(module: str) -> Iterator[str]:
    """The texts of a module that are whole sentences, but for docstrings."""
    tree = ast.parse((_FOLDER / f"{module}.py").read_text())
    documented = [node for node in ast.walk(tree) if isinstance(node, _WITH_DOCSTRING)]
    said_of_code = {ast.get_docstring(node, clean=False) for node in documented}
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    for text in texts:
        whole = isinstance(text, str) and text[:1].isupper() and text.endswith(".")
        if whole and text not in said_of_code:
            yield str(text)


@pytest.mark.parametrize("language", CATALOGUES)
@pytest.mark.parametrize("module", _SPEAKERS)
def test_every_sentence_has_its_words(module: str, language: str) -> None:
    missing = set(_sentences(module)) - CATALOGUES[language].keys()

    assert not missing


@pytest.mark.parametrize("language", CATALOGUES)
def test_no_words_are_for_nothing(language: str) -> None:
    spoken = {each for module in _SPEAKERS for each in _sentences(module)}
    left = {each for each in CATALOGUES[language] if each not in spoken}

    assert {each.strip() for each in left} == {'It says: "'}


SAID = {
    "in English": ("The charge is over.", "en", "The charge is over."),
    "in German": ("The charge is over.", "de", "Der Ladevorgang ist beendet."),
    "with the operator's words": (
        'The operator declined the request. It says: "Closed"',
        "de",
        'Der Betreiber hat die Anfrage abgelehnt. Die Meldung: "Closed"',
    ),
    "what nobody has words for": ("Receipt 7 is not paid.", "de", "Receipt 7 is not paid."),
}


@pytest.mark.parametrize(("reason", "language", "expected"), SAID.values(), ids=SAID)
def test_a_sentence_in_a_language(reason: str, language: str, expected: str) -> None:
    assert said(reason, language) == expected
