"""What a command works with: the adapter's settings, database and keys, open."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from cpo_adapter.settings import CpoSettings
from cpo_adapter.store.schema import CPO_SCHEMA
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.session import Session, actor, open_session

Adapter = Session[CpoSettings]


def open_adapter() -> AbstractAsyncContextManager[Adapter]:
    """The adapter's database, running or started for the command."""
    return open_session(CpoSettings, CPO_SCHEMA)


async def record(
    conn: Hot, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """The audit row of an action, in the transaction that carries it out."""
    await audit.record(conn, actor(), action=action, subject=subject, detail=detail)
