"""The hub's schema in a database: bring it up to date, or say why it cannot be used."""

from __future__ import annotations

from functools import partial

from migrations import runner
from ocpi_hub.store.engine import open_unlimited
from ocpi_hub.store.tables import metadata

HUB = runner.Service("hub", metadata)


class WrongSchema(Exception):
    """The database is older or newer than this version of the hub."""


class OldSchema(WrongSchema):
    """The database has no schema of the hub yet, or an older one; `migrate` updates it."""


async def migrate(url: str) -> None:
    """Brings the database at `url` up to the newest revision; nothing to do is fine."""
    async with open_unlimited(url) as conn:
        await conn.run_sync(partial(runner.upgrade, service=HUB))


async def check(url: str) -> None:
    """Raises WrongSchema, with what to do, unless the database is at the newest revision."""
    found = await current(url)
    known = runner.revisions(HUB)
    if found == known[0]:
        return
    if found is None:
        raise OldSchema("the database has no hub schema yet: run `ocpi-hub migrate`")
    if found in known:
        raise OldSchema(
            f"the database is at schema {found}, this hub needs {known[0]}: run `ocpi-hub migrate`"
        )
    raise WrongSchema(
        f"the database is at schema {found}, which this hub does not know (its newest is "
        f"{known[0]}): run the version of the hub that made it, or a later one"
    )


async def current(url: str) -> str | None:
    """The revision the database at `url` is at; None when it has never been migrated."""
    async with open_unlimited(url) as conn:
        return await conn.run_sync(partial(runner.current, service=HUB))


def head() -> str:
    """The newest revision this hub knows."""
    return runner.revisions(HUB)[0]
