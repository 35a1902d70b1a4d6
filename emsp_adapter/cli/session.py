"""What a command works with: the adapter's settings, database and keys, open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from emsp_adapter import app
from emsp_adapter.office import Office
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store.schema import EMSP_SCHEMA
from ocpi_hub.node import audit, keys
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.session import CONNECTIONS, Session, actor, database_of, open_session

Adapter = Session[EmspSettings]


def open_adapter() -> AbstractAsyncContextManager[Adapter]:
    """The adapter's database, running or started for the command."""
    return open_session(EmspSettings, EMSP_SCHEMA)


@asynccontextmanager
async def open_office() -> AsyncIterator[Office]:
    """The same with all that the adapter's own parts work with; nothing runs beside the command."""
    async with database_of(EmspSettings, EMSP_SCHEMA) as (settings, url):
        few = settings.model_copy(update={"pool_size": CONNECTIONS})
        async with app.open_office(few, url, keys.current(settings)) as office:
            yield office


async def record(
    conn: Hot, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """The audit row of an action, in the transaction that carries it out."""
    await audit.record(conn, actor(), action=action, subject=subject, detail=detail)
