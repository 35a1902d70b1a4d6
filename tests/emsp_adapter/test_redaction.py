"""What operators read of a driver's words."""

from __future__ import annotations

import pytest

from emsp_adapter.drivers.redaction import without_person

NAMES = ("Ada Byron", "Ada", "Byron", "Jo")

TEXTS = {
    "nothing of it": ("The plug is stuck.", "The plug is stuck."),
    "an address": ("Write to ada.b+x@mail.drivers.example.", "Write to [removed]."),
    "in brackets": ("(ada@drivers.example)", "([removed])"),
    "a telephone": ("Call +31 (0)6 1234-5678 now", "Call [removed] now"),
    "digits only": ("0612345678", "[removed]"),
    "an account": ("NL91 ABNA 0417 1643 00 please", "[removed] please"),
    "an account in one": ("NL91ABNA0417164300", "[removed]"),
    "a card": ("4242 4242 4242 4242", "[removed]"),
    "a name": ("I am ADA byron", "I am [removed]"),
    "half of it": ("Ms. Byron waits", "Ms. [removed] waits"),
    "a name in a word": ("Adapter and Adamant", "Adapter and Adamant"),
    "a short name": ("Jo", "Jo"),
    "a power": ("It gives 11 kW of 22 kW, 3 x 16 A", "It gives 11 kW of 22 kW, 3 x 16 A"),
    "a time": ("since 12:30 on 01-03", "since 12:30 on 01-03"),
    "an EVSE": ("EVSE NL*CPO*E1234", "EVSE NL*CPO*E1234"),
    "several lines": ("stuck\r\n\r\n\tstill\x85stuck ", "stuck still stuck"),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_what_names_a_driver_is_taken_out(text: str, expected: str) -> None:
    assert without_person(text, names=NAMES) == expected


def test_a_name_is_no_pattern() -> None:
    assert without_person("a.*b axxb", names=("a.*b",)) == "[removed] axxb"


@pytest.mark.timeout(5)
def test_a_long_text_takes_no_long_time() -> None:
    awkward = "a" * 2000 + "@" * 2000 + "1 " * 2000 + "AB12 " * 1000

    assert without_person(awkward, names=NAMES)
