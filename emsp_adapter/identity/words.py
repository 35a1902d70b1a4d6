"""The texts of pages and mails in the languages there are: one catalogue each, chosen by the
Accept-Language of the browser or the language of the driver.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from babel import negotiate_locale

FALLBACK = "en"
_FOLDER = files("emsp_adapter.identity") / "catalogues"
LOCALES = tuple(
    sorted(each.name.removesuffix(".json") for each in _FOLDER.iterdir() if each.is_file())
)


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language, by key."""

    locale: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """A text with its values filled in."""
        return self.texts[key].format(**values)


@cache
def words(locale: str) -> Words:
    """The catalogue of a language, English where there is none."""
    known = locale if locale in LOCALES else FALLBACK
    return Words(known, json.loads((_FOLDER / f"{known}.json").read_text("utf-8")))


def preferred(accept_language: str) -> str:
    """The language that fits an Accept-Language header best (RFC 9110 12.5.4)."""
    weighed = [_weighed(each) for each in accept_language.split(",")[:20]]
    wanted = [tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0]
    return negotiate_locale(wanted, LOCALES, sep="-") or FALLBACK


def _weighed(text: str) -> tuple[float, str]:
    tag, _, quality = text.strip().partition(";")
    try:
        weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
    except ValueError:
        weight = 0.0
    return weight, tag.strip()
