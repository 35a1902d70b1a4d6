"""The web app's files: whole, in every language, and leading nowhere outside."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from emsp_adapter.web.assets import STATIC, TYPES, static_files

CATALOGUES = {path.stem: json.loads(path.read_text()) for path in (STATIC / "i18n").glob("*.json")}
SCRIPTS = {path.name: path.read_text() for path in (STATIC / "js").rglob("*.js")}
WRITTEN = [
    path
    for path in STATIC.rglob("*")
    if path.suffix in {".js", ".css", ".html"} or path.parent.name == "i18n"
]
GAP = re.compile(r"\{(\w+)\}")
# t("key"), tn("key"), and t(`group.${…}`): the group is looked for.
KEY = re.compile(r"""\b(?:t|tn|refuse|part|way)\(\s*(?:[^()"`]*\?\s*)?"([a-z][\w.]*)\"""")
GROUP = re.compile(r"`([a-z][a-z.]*\.)\$\{")
WORDS = re.compile(r'\bword\("(\w+)"')
PLURAL = re.compile(r"\.(one|other)$")


@pytest.mark.parametrize("language", sorted(set(CATALOGUES) - {"en"}))
def test_every_language_has_the_texts_of_english(language: str) -> None:
    assert sorted(CATALOGUES[language]) == sorted(CATALOGUES["en"])


@pytest.mark.parametrize("language", sorted(set(CATALOGUES) - {"en"}))
def test_a_translation_has_the_gaps_of_the_english_text(language: str) -> None:
    other = {
        key: text
        for key, text in CATALOGUES[language].items()
        if set(GAP.findall(text)) != set(GAP.findall(CATALOGUES["en"][key]))
    }

    assert other == {}


def test_each_catalogue_is_a_language_that_can_be_chosen() -> None:
    offered = re.search(r"LANGUAGES = (\{.*\});", SCRIPTS["i18n.js"])

    assert offered is not None
    assert set(re.findall(r"(\w+): \"", offered[1])) == set(CATALOGUES)


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_every_text_that_a_script_says_exists(script: str) -> None:
    known = set(CATALOGUES["en"]) | {PLURAL.sub("", key) for key in CATALOGUES["en"]}

    missing = {key for key in KEY.findall(SCRIPTS[script]) if "." in key and key not in known}

    assert missing == set()


def test_every_group_of_texts_has_texts() -> None:
    everything = "\n".join(SCRIPTS.values())
    groups = {*GROUP.findall(everything), *(f"{name}." for name in WORDS.findall(everything))}

    empty = {group for group in groups if not any(key.startswith(group) for key in _english())}

    assert empty == set()


def test_no_text_is_left_over() -> None:
    everything = "\n".join(SCRIPTS.values())
    groups = (*GROUP.findall(everything), *(f"{name}." for name in WORDS.findall(everything)))
    said = set(re.findall(r'"([a-z][\w.]*)"', everything))

    unused = {
        key
        for key in _english()
        if not {key, PLURAL.sub("", key)} & said and not key.startswith(groups) and key not in _MADE
    }

    assert unused == set()


def _english() -> list[str]:
    return list(CATALOGUES["en"])


# Keys that are made of another: t(`${key}.lead`), t(`explore.${name}`).
_MADE = {"account.cards.lead", "account.problems.lead"}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_no_file_names_a_place_outside(path: Path) -> None:
    # The names of XML's own vocabularies are no requests.
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")

    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w{2,}", text) == []


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_what_others_wrote_never_becomes_markup(script: str) -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\.style ="

    assert re.findall(markup, SCRIPTS[script]) == []


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_every_import_of_a_script_is_there(script: str) -> None:
    path = next((STATIC / "js").rglob(script))
    imported = re.findall(r'from "(\.[^"]+)"', path.read_text())

    missing = [name for name in imported if not (path.parent / name).resolve().is_file()]

    assert missing == []


def test_vendored_files_are_those_that_were_checked() -> None:
    vendor = STATIC / "vendor"
    lines = (vendor / "checksums.txt").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}

    found = {
        path.relative_to(vendor).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "checksums.txt"
    }

    assert found == listed


def test_every_vendored_work_has_its_licence() -> None:
    works = [path for path in (STATIC / "vendor").iterdir() if path.is_dir()]

    assert [work.name for work in works if not (work / "LICENSE").is_file()] == []


def test_every_file_has_a_type_of_its_own() -> None:
    files = static_files()

    assert {file.media_type for file in files.values()} <= set(TYPES.values())
    assert len({file.etag for file in files.values()}) == len(files)


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    page = (STATIC / "index.html").read_text()

    assert re.findall(r"<script(?![^>]*src=)|<style|style=|\son\w+=", page) == []
