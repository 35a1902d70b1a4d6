"""SQL of the short names of plugs."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class PlugCode:
    """A row of `plug_codes`; `party` is the Party.key of the CPO."""

    code: str
    party: str
    location_id: str
    evse_uid: str
    connector_id: str


async def find(conn: Hot, code: str) -> PlugCode | None:
    """The plug of that name."""
    async with conn.cursor(row_factory=class_row(PlugCode)) as cursor:
        await cursor.execute(
            "SELECT code, party, location_id, evse_uid, connector_id FROM plug_codes"
            " WHERE code = %s",
            (code,),
        )
        return await cursor.fetchone()


async def add(conn: Hot, named: PlugCode) -> bool:
    """Whether the plug has that name now, or had it before."""
    values = (
        named.code,
        named.party,
        named.location_id,
        named.evse_uid,
        named.connector_id,
    )
    await conn.execute(
        "INSERT INTO plug_codes (code, party, location_id, evse_uid, connector_id)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        values,
    )
    return await find(conn, named.code) == named
