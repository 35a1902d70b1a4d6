"""Look-ups of single objects of the catalogue, as JSON the way a GET serves them; ids as sent.

Ids are unique per owner only, so a look-up names the owners that count and may find several.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from ocpi_hub.node.engine import Hot
from ocpi_hub.store.serving import EVSES_OF, LOCATION_TEXT

_VISIBLE = sql.SQL("""
    c.module = %(module)s AND c.id = %(id)s AND c.sub = %(sub)s AND NOT c.absent
    AND c.owner = ANY(%(owners)s)
""")
_FIND_ROW = (
    sql.SQL("SELECT c.owner, c.document::text FROM catalogue c WHERE {visible}")
    .format(visible=_VISIBLE)
    .as_string()
)
_FIND_LOCATION = (
    sql.SQL("SELECT c.owner, {text} FROM catalogue c {evses} WHERE {visible}")
    .format(text=LOCATION_TEXT, evses=EVSES_OF, visible=_VISIBLE)
    .as_string()
)
_FIND_CONNECTOR = (
    sql.SQL("""
SELECT c.owner, connector::text
FROM catalogue c CROSS JOIN jsonb_array_elements(c.document -> 'connectors') AS connector
WHERE {visible} AND lower(connector ->> 'id') = %(connector_id)s
""")
    .format(visible=_VISIBLE)
    .as_string()
)
_OWNERS = """
SELECT owner FROM catalogue
WHERE module = %s AND id = %s AND sub = %s AND NOT absent
ORDER BY owner
"""


Found = list[tuple[str, bytes]]


async def find_location(conn: Hot, location_id: str, *, owners: Sequence[str]) -> Found:
    """Every (owner, JSON) of a Location of this id, its EVSEs in it."""
    return await _find(conn, _FIND_LOCATION, ("locations", location_id, ""), owners)


async def find_evse(conn: Hot, location_id: str, *, evse_uid: str, owners: Sequence[str]) -> Found:
    """Every (owner, JSON) of an EVSE."""
    return await _find(conn, _FIND_ROW, ("locations", location_id, evse_uid), owners)


async def find_connector(
    conn: Hot, location_id: str, *, evse_uid: str, connector_id: str, owners: Sequence[str]
) -> Found:
    """Every (owner, JSON) of a Connector."""
    ids = ("locations", location_id, evse_uid)
    return await _find(conn, _FIND_CONNECTOR, ids, owners, connector_id=connector_id)


async def find_tariff(conn: Hot, tariff_id: str, *, owners: Sequence[str]) -> Found:
    """Every (owner, JSON) of a Tariff."""
    return await _find(conn, _FIND_ROW, ("tariffs", tariff_id, ""), owners)


async def find_token(conn: Hot, uid: str, *, type_: str, owners: Sequence[str]) -> Found:
    """Every (owner, JSON) of a Token."""
    return await _find(conn, _FIND_ROW, ("tokens", uid, type_), owners)


async def owners_of_location(
    conn: Hot, location_id: str, *, evse_uid: str | None = None
) -> list[str]:
    """Who has a Location of this id, with this EVSE when one is named."""
    return await _owners(conn, "locations", location_id, evse_uid or "")


async def owners_of_tariff(conn: Hot, tariff_id: str) -> list[str]:
    """Who has a Tariff of this id."""
    return await _owners(conn, "tariffs", tariff_id, "")


async def owners_of_token(conn: Hot, uid: str, *, type_: str) -> list[str]:
    """Who has a Token of this uid and type."""
    return await _owners(conn, "tokens", uid, type_)


async def _find(
    conn: Hot,
    statement: str,
    ids: tuple[str, str, str],
    owners: Sequence[str],
    *,
    connector_id: str = "",
) -> Found:
    module, id_, sub = ids
    values = {
        "module": module,
        "id": id_.lower(),
        "sub": sub.lower(),
        "connector_id": connector_id.lower(),
        "owners": list(owners),
    }
    cursor = await conn.execute(statement, values)
    return [(owner, text.encode()) for owner, text in await cursor.fetchall()]


async def _owners(conn: Hot, module: str, id_: str, sub: str) -> list[str]:
    cursor = await conn.execute(_OWNERS, (module, id_.lower(), sub.lower()))
    return [owner for (owner,) in await cursor.fetchall()]
