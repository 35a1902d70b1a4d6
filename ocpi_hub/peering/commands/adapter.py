"""What the commands about peers work with: an adapter's settings and data, and its peers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import MetaData

from ocpi_hub.node.engine import Database
from ocpi_hub.node.output import CommandError, Exit
from ocpi_hub.node.secrets import Vault
from ocpi_hub.node.settings import NodeSettings
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.side import OcpiSide, open_side
from ocpi_hub.peering.store import announced
from ocpi_hub.protocol.roles import Role

LONGEST_NAME = 100
_TIMEOUT = 15.0


class Opened(Protocol):
    """What a command of an adapter works with."""

    @property
    def settings(self) -> NodeSettings: ...

    @property
    def db(self) -> Database: ...

    @property
    def vault(self) -> Vault: ...


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter as its commands see it: what it is called, its role, how its data is opened.

    `tables` are those of its schema.
    """

    program: str
    role: Role
    open: Callable[[], AbstractAsyncContextManager[Opened]]
    tables: MetaData

    @asynccontextmanager
    async def side(self, *, running: bool) -> AsyncIterator[OcpiSide]:
        """Its side of OCPI; CommandError where it has to be `running` and is not."""
        async with self.open() as opened:
            if running:
                await self._require_running(opened.db)
            async with open_side(
                Identity.of(opened.settings, self.role),
                opened.db,
                opened.vault,
                allow_private_networks=opened.settings.allow_private_networks,
                timeout=_TIMEOUT,
                pull_interval=0,
            ) as side:
                yield side

    async def _require_running(self, db: Database) -> None:
        async with db.hot() as conn:
            if not await announced.alive(conn):
                raise CommandError(
                    f"{self.program} is not running, and the peer calls it back: start it with"
                    f" `{self.program} up`",
                    code=Exit.UNAVAILABLE,
                )


def check_name(name: str) -> None:
    """CommandError unless it can be the name of a peer."""
    if not (name and name == name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
        raise CommandError(
            f"NAME: expected 1 to {LONGEST_NAME} printable characters without spaces around them",
            code=Exit.BAD_INPUT,
        )
