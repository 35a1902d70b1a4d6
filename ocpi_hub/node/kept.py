"""What belongs to a service's data and not to whoever works with it: its party, its name, its URL.

A service keeps them with its data when it starts. Commands use them, so that they speak and write
as the service does, and end where they were given something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Table, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.node.engine import open_unlimited
from ocpi_hub.node.schema import Schema
from ocpi_hub.node.settings import SettingsT
from ocpi_hub.service.refusals import SettingsError

# What each setting is to the data; they are columns of the service's row about itself.
_MEANINGS = {
    "country_code": "whose data this is",
    "party_id": "whose data this is",
    "name": "the name the service was started with last",
    "public_url": "where the service was started last",
}
_PARTY = ("country_code", "party_id")
_ALL = tuple(_MEANINGS)

Kept = Mapping[str, str]


async def for_service(url: str, schema: Schema, settings: SettingsT) -> SettingsT:
    """The settings a service starts with, kept from here on: what is not given is as it was.

    SettingsError when it would become another party although others know it already.
    """
    async with open_unlimited(url, schema=schema.service.schema) as conn:
        kept = await _kept(conn, schema)
        if await conn.scalar(text(schema.known_to_others)):
            _check(settings, kept, _PARTY)
        found = _completed(settings, kept, (*_PARTY, "name"))
        await _keep(conn, schema, {name: getattr(found, name) for name in _ALL})
    return found


async def for_command(url: str, schema: Schema, settings: SettingsT) -> SettingsT:
    """The settings a command works with; SettingsError when one differs from what is kept.

    The first to work with new data says whose it is.
    """
    async with open_unlimited(url, schema=schema.service.schema) as conn:
        kept = await _kept(conn, schema)
        _check(settings, kept, _ALL)
        found = _completed(settings, kept, _ALL)
        if not kept.keys() >= set(_PARTY):
            await _keep(conn, schema, {name: getattr(found, name) for name in _PARTY})
    return found


async def _kept(conn: AsyncConnection, schema: Schema) -> Kept:
    own = _own(schema)
    row = (await conn.execute(select(*(own.c[name] for name in _ALL)))).one_or_none()
    found = {} if row is None else row._asdict()
    return {name: value for name, value in found.items() if value is not None}


async def _keep(conn: AsyncConnection, schema: Schema, values: Kept) -> None:
    statement = insert(_own(schema)).values(only=True, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=["only"], set_=dict(values)))


def _own(schema: Schema) -> Table:
    return schema.service.metadata.tables[f"{schema.service.schema}.{schema.own}"]


def _check(settings: SettingsT, kept: Kept, names: Sequence[str]) -> None:
    for name in names:
        given = getattr(settings, name)
        if name in settings.model_fields_set and name in kept and given != kept[name]:
            raise SettingsError(
                f"{settings.variable(name)} is {given!r}: expected nothing or {kept[name]!r},"
                f" {_MEANINGS[name]}"
            )


def _completed(settings: SettingsT, kept: Kept, names: Sequence[str]) -> SettingsT:
    missing = {name for name in names if name in kept} - settings.model_fields_set
    return settings.model_copy(update={name: kept[name] for name in missing})
