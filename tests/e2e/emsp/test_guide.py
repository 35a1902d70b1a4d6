"""docs/emsp-adapter.md is done step by step, and shows what really comes."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import HubProcess
from tests.e2e.cpo.process import CpoProcess
from tests.e2e.emsp.process import EmspProcess
from tests.partners import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_GUIDE = Path(__file__).parents[3] / "docs" / "emsp-adapter.md"
_BLOCK = re.compile(r"^ *```console\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# What the reader puts in: his own.
_OWN = re.compile(r"[A-Z][A-Z_]{5,}")
# Is running already, for all of the test.
_UP = "emsp-adapter up"


@dataclass(frozen=True)
class Step:
    """A command of the guide, and the document that it says comes."""

    command: str
    shown: str | None


def steps() -> Iterator[Step]:
    """Every command of the guide in its order."""
    for block in _BLOCK.findall(_GUIDE.read_text()):
        lines = [line.strip() for line in block.splitlines()]
        for line, following in zip(lines, [*lines[1:], "$"], strict=True):
            if line.startswith("$"):
                shown = None if following.startswith("$") else following
                yield Step(line.removeprefix("$ "), shown)


@dataclass
class Reader:
    """Somebody who does what the guide says; `own` is what to put in for its placeholders."""

    emsp: EmspProcess
    own: dict[str, str] = field(default_factory=dict)

    async def do(self, step: Step) -> None:
        """One step; what is shown has to come."""
        answer = await self._run(self._with_own(step.command))
        if step.shown is not None:
            self._compare(json.loads(step.shown), answer, step.command)

    def _with_own(self, text: str) -> str:
        for placeholder, value in self.own.items():
            text = text.replace(placeholder, value)
        return text

    async def _run(self, command: str) -> Any:
        if command == _UP:
            return None
        program, *words = shlex.split(command)
        if program == "curl":
            return await _curled(words)
        assert program == "emsp-adapter", command
        return await self.emsp.run(*(word for word in words if word != "--json"))

    def _compare(self, shown: Any, got: Any, where: str) -> None:
        """All that is shown is there; answers may say more."""
        if isinstance(shown, dict):
            for name, value in shown.items():
                assert name in got, f"{where}: no {name}"
                self._compare(value, got[name], f"{where} {name}")
        elif isinstance(shown, list):
            for mine, theirs in zip(shown, got, strict=True):
                self._compare(mine, theirs, where)
        elif isinstance(shown, str) and _OWN.fullmatch(shown):
            self.own[shown] = got
        else:
            assert got == shown, f"{where}: {got}, not {shown}"


async def _curled(words: list[str]) -> Any:
    """What curl would get, with the options that the guide uses."""
    form: dict[str, str] = {}
    headers: dict[str, str] = {}
    auth, url = None, ""
    rest = iter(words)
    for word in rest:
        match word:
            case "-s":
                continue
            case "-u":
                auth = httpx.BasicAuth(*next(rest).split(":", 1))
            case "-d":
                name, _, value = next(rest).partition("=")
                form[name] = value
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case _:
                url = word
    async with httpx.AsyncClient(auth=auth, headers=headers) as client:
        answer = await (client.post(url, data=form) if form else client.get(url))
    assert answer.status_code == 200, f"{url}: {answer.text}"
    return answer.json()


async def test_the_guide_can_be_followed_to_the_first_driver_and_the_first_app(
    hub: HubProcess, cpo: CpoProcess, emsp: EmspProcess
) -> None:
    token = await hub.invite("cpo", ["NL/CPO/CPO"])
    await cpo.run("connect", "--versions-url", hub.versions_url, "--token", token)
    reader = Reader(
        emsp,
        {
            "TOKEN_A": await hub.invite("emsp", ["NL/EMS/EMSP"]),
            "http://127.0.0.1:8000": hub.url,
            "http://127.0.0.1:8020": emsp.url,
        },
    )

    async with cpo.station("CS1"), cpo.station("CS2"):
        for step in steps():
            if "curl" in step.command:
                await eventually(lambda: _three_are_free(emsp))
            await reader.do(step)


async def _three_are_free(emsp: EmspProcess) -> bool:
    """Whether the chargers and their statuses have come."""
    async with emsp.db.hot() as conn:
        found = await conn.execute(
            "SELECT count(*) FROM evses WHERE document ->> 'status' = 'AVAILABLE'"
        )
        row = await found.fetchone()
    return row is not None and row[0] == 3
