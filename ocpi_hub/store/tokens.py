"""Writes of Tokens; a PATCH goes through ocpi_hub.store.patches."""

from __future__ import annotations

from typing import Any

from ocpi_hub.node.engine import Hot
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.puts import Key, put


async def put_token(
    conn: Hot, owner: str, *, document: dict[str, Any], correlation_id: str
) -> Outcome:
    """Creates or replaces a Token; its key is uid and type (TOK-01)."""
    key = Key.of("tokens", owner, document["uid"], sub=document["type"])
    return (await put(conn, key, document=document, correlation_id=correlation_id)).outcome
