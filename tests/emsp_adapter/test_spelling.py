"""How places and drivers spell the same words."""

from __future__ import annotations

import pytest

from emsp_adapter.network.spelling import nearest, spellings, words


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("strasse", "Straße"),
        ("STRAẞE", "Strasse"),
        ("muller", "Müller"),
        ("mueller", "Müller"),
        ("müller", "Mueller"),
        ("muller", "Mueller"),
        ("hauptstraße", "Hauptstr."),
        ("orsted", "Ørsted"),
        ("oersted", "Ørsted"),
        ("århus", "Aarhus"),
        ("lodz", "Łódź"),
        ("zu\u0308rich", "Zürich"),
    ],
)
def test_a_word_is_found_however_it_is_spelled(said: str, written: str) -> None:
    assert set(words(said)) <= set(spellings(written))


def test_words_are_letters_and_digits_each_once() -> None:
    assert words("Station_2, <b>station</b> & 'Nord'") == ["station", "2", "b", "nord"]


@pytest.mark.parametrize("text", ["", "ﷺ" * 255, "'\\ :*A & !", "^" * 300])
def test_no_text_makes_a_word_that_postgres_refuses(text: str) -> None:
    made = spellings(text)

    assert all(each.isalnum() and len(each.encode()) < 2046 for each in made)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        pytest.param("statoin", ["station"], id="in each other's place"),
        pytest.param("staton", ["station"], id="missing"),
        pytest.param("stattion", ["station"], id="too many"),
        pytest.param("stetion", ["station"], id="wrong"),
        pytest.param("sttn", [], id="two in a short word"),
        pytest.param("amstredma", ["amsterdam"], id="two in a long word"),
        pytest.param("amstre", ["amsterdam"], id="at its beginning"),
        pytest.param("parking", [], id="another"),
    ],
)
def test_a_slip_of_the_finger_is_forgiven(word: str, meant: list[str]) -> None:
    assert nearest(word, ["station", "state", "amsterdam", "market"]) == meant
