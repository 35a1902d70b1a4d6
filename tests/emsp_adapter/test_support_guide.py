"""What docs/driver-support.md shows is done, and what it says comes is what comes."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.emsp_adapter.commands import EmspCommands
from tests.emsp_adapter.reporting import reported
from tests.emsp_adapter.running import Adapter
from tests.hub.commands import KEY

GUIDE = (Path(__file__).parents[2] / "docs" / "driver-support.md").read_text()
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
# What the reader puts in.
_OWN = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


def steps() -> Iterator[tuple[str, str]]:
    """Every command, and the document that it says comes."""
    for block in _BLOCK.findall(GUIDE):
        lines = block.splitlines()
        yield from zip(lines[::2], lines[1::2], strict=True)


def learned(shown: Any, came: Any, own: dict[str, str]) -> None:
    """What is shown has come, perhaps with more; a placeholder is what came in its place."""
    match shown:
        case dict():
            for name, each in shown.items():
                learned(each, came[name], own)
        case list():
            assert len(shown) == len(came)
            for each, other in zip(shown, came, strict=True):
                learned(each, other, own)
        case str() if _OWN.fullmatch(shown):
            assert own.setdefault(shown, came) == came
        case _:
            assert shown == came


async def curl(words: list[str]) -> Any:
    """What curl would get."""
    headers, form, url, auth = {}, [], "", None
    options = iter(words)
    for word in options:
        match word:
            case "-H":
                name, _, value = next(options).partition(": ")
                headers[name] = value
            case "-d":
                form.append(next(options))
            case "-u":
                user, _, password = next(options).partition(":")
                auth = httpx.BasicAuth(user, password)
            case _:
                url = word
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.request(
            "POST" if form else "GET", url, headers=headers, content="&".join(form), auth=auth
        )
    return answer.json()


async def test_the_guide_works_as_it_is_written(emsp: Adapter) -> None:
    cli = EmspCommands({"DATABASE_URL": emsp.database_url, "SECRET_KEY": KEY})
    own: dict[str, str] = {}
    ada = await emsp.driver("ada@drivers.example")
    await reported(ada, kind="payment", location=None, text="I was charged twice.")

    for command, shown in steps():
        filled = _OWN.sub(lambda found: own.get(found[0], found[0]), command)
        program, *words = shlex.split(filled.removeprefix("$ "))
        if program == "emsp-adapter":
            came = (await cli.aside(*words)).json
        else:
            came = await curl([word.replace("https://charge.example", emsp.url) for word in words])
        learned(json.loads(_OWN.sub(lambda found: f'"{found[0]}"', shown)), came, own)

    assert own.keys() == {"CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "PROBLEM_ID"}
