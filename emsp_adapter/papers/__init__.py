"""Receipts and statements on paper: PDF, set by typst with the fonts that are in it.

What drivers and partners wrote goes to typst as data, never as a part of its source.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

from ocpi_hub.node.rest.bodies import seen

_FOLDER = Path(__file__).parent


async def pdf(template: str, content: Mapping[str, Any]) -> bytes:
    """The paper of that template; setting it takes some ten milliseconds of another thread."""
    return await asyncio.to_thread(_set, template, seen(json.dumps(content, ensure_ascii=False)))


def _set(template: str, content: str) -> bytes:
    made = typst.compile(
        _FOLDER / f"{template}.typ",
        root=_FOLDER,
        sys_inputs={"data": content},
        ignore_system_fonts=True,
        format="pdf",
    )
    if not isinstance(made, bytes):
        raise TypeError("expected the bytes of a PDF")
    return made
