"""A service's schema in a database: bring it up to date, or say why it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from migrations import runner
from ocpi_hub.node.engine import open_unlimited
from ocpi_hub.node.settings import NodeSettings
from ocpi_hub.service.refusals import DataDirError


class WrongSchema(Exception):
    """The database is older or newer than this version of the program."""


class OldSchema(WrongSchema):
    """The database has no schema of the service yet, or an older one; `migrate` updates it."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one service and their revisions; `program` is what its operator types.

    The table `own` has one row: who the service is, and that it runs. `known_to_others` asks in SQL
    whether its party stands in what it has published, or in what a partner registered.
    """

    service: runner.Service
    program: str
    own: str
    known_to_others: str

    async def migrate(self, url: str) -> None:
        """Brings the database at `url` up to the newest revision; nothing to do is fine."""
        async with open_unlimited(url, schema=self.service.schema) as conn:
            await conn.run_sync(partial(runner.upgrade, service=self.service))

    async def check(self, url: str) -> None:
        """Raises WrongSchema, with what to do, unless the database is at the newest revision."""
        found = await self.current(url)
        known = runner.revisions(self.service)
        if found == known[0]:
            return
        if found is None:
            raise OldSchema(
                f"the database has no {self.service.schema} schema yet: "
                f"run `{self.program} migrate`"
            )
        if found in known:
            raise OldSchema(
                f"the database is at schema {found}, {self.program} needs {known[0]}: "
                f"run `{self.program} migrate`"
            )
        raise WrongSchema(
            f"the database is at schema {found}, which {self.program} does not know (its newest is "
            f"{known[0]}): run the version of {self.program} that made it, or a later one"
        )

    async def prepare(self, url: str, *, migrate: bool) -> None:
        """WrongSchema unless the database is up to date, or was old and may be migrated."""
        try:
            await self.check(url)
        except OldSchema:
            if not migrate:
                raise
            await self.migrate(url)

    async def require_own(self, url: str, settings: NodeSettings) -> None:
        """DataDirError when the database in DATA_DIR is another service's.

        One that both have written to stays with both: neither loses what it keeps there. A given
        database may be shared, each service has a schema of its own.
        """
        if settings.database_url is not None or await self.current(url) is not None:
            return
        async with open_unlimited(url, schema=self.service.schema) as conn:
            others = await conn.run_sync(partial(runner.others, service=self.service))
        if others:
            raise DataDirError(
                f"DATA_DIR {settings.data_dir} has the database of `{others[0]}`: expected a "
                f"folder for {self.program} alone"
            )

    async def current(self, url: str) -> str | None:
        """The revision the database at `url` is at; None when it has never been migrated."""
        async with open_unlimited(url, schema=self.service.schema) as conn:
            return await conn.run_sync(partial(runner.current, service=self.service))

    def head(self) -> str:
        """The newest revision this version of the program knows."""
        return runner.revisions(self.service)[0]
