"""Speaking to a node as one of its peers."""

from __future__ import annotations

from typing import Any

import httpx

from tests.parties import RecordingParty
from tests.peering.node import Node


async def say(
    party: RecordingParty, node: Node, method: str, path: str, body: Any = None, **how: Any
) -> httpx.Response:
    """One request with the token the party has; `path` is below /ocpi."""
    url = f"{node.identity.public_url}/ocpi/{path}"
    return await party.request(method, url, body, **how)
