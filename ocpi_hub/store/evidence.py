"""What the hub saw of the session of a CDR, beside the CDR itself, at the time and since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot
from ocpi_hub.store.facts import About, Evidence, TariffVersion

# A reference is good for a session that begins within a day of it (T21), and nobody charges for
# longer than a week.
_EVIDENCE = """
WITH this AS (
    SELECT coalesce((SELECT created FROM hub.cdrs WHERE owner = %(owner)s AND id = %(id)s),
                    9223372036854775807) AS created
)
SELECT session.emsp AS session_emsp, session.statuses AS session_statuses,
       (SELECT bool_or(cpo = %(owner)s AND token_uid = %(token_uid)s
                       AND coalesce(location_id = %(location_id)s, true)
                       AND coalesce(granted_at >= %(started_at)s::timestamptz - interval '1 day',
                                    true))
          FROM hub.authorizations
         WHERE emsp = %(emsp)s AND reference = %(reference)s) AS reference_fits,
       ARRAY(SELECT other.id FROM hub.cdrs AS other, this
              WHERE other.owner = %(owner)s AND other.session_id = %(session_id)s
                AND other.created < this.created AND NOT other.credit
                AND other.state <> 'refused'
                AND NOT EXISTS (SELECT FROM hub.cdrs AS back
                                 WHERE back.owner = other.owner AND back.credit_of = other.id
                                   AND back.state <> 'refused')
              ORDER BY other.created) AS same_session,
       original.raw AS original, original.emsp AS original_emsp,
       original.credit AS original_is_credit,
       ARRAY(SELECT other.id FROM hub.cdrs AS other, this
              WHERE other.owner = %(owner)s AND other.credit_of = %(credit_of)s
                AND other.created < this.created AND other.state <> 'refused'
              ORDER BY other.created) AS other_credits,
       ARRAY(SELECT owner FROM hub.cdrs
              WHERE %(credit_of)s::text IS NOT NULL AND id = %(credit_of)s
                AND owner <> %(owner)s AND emsp = %(emsp)s
              ORDER BY owner) AS original_elsewhere,
       ARRAY(SELECT other.id FROM hub.cdrs AS other, this
              WHERE other.emsp = %(emsp)s AND other.token_uid = %(token_uid)s
                AND other.started_at > %(started_at)s::timestamptz - interval '7 days'
                AND other.started_at < %(ended_at)s AND other.ended_at > %(started_at)s
                AND other.created < this.created AND NOT other.credit
                AND (other.owner, other.location_id) <> (%(owner)s, %(location_id)s)
              ORDER BY other.created) AS elsewhere,
       ARRAY(SELECT DISTINCT owner FROM hub.catalogue
              WHERE module = 'tokens' AND id = %(token_uid)s AND NOT absent
              ORDER BY owner) AS issuers,
       (SELECT found.connector
          FROM hub.catalogue, jsonb_array_elements(document -> 'connectors') AS found (connector)
         WHERE module = 'locations' AND id = %(location_id)s AND owner = %(owner)s
           AND sub = %(evse_uid)s AND lower(found.connector ->> 'id') = %(connector_id)s
         LIMIT 1) AS connector,
       reserved.expires_at AS reserved_until, reserved.cancelled_at
  FROM (VALUES (1)) AS always (one)
  LEFT JOIN hub.sessions AS session
    ON session.owner = %(owner)s AND session.id = %(session_id)s
  LEFT JOIN hub.cdrs AS original
    ON original.owner = %(owner)s AND original.id = %(credit_of)s
  LEFT JOIN LATERAL (
       SELECT expires_at, cancelled_at FROM hub.reservations
        WHERE owner = %(owner)s AND emsp = %(emsp)s AND token_uid = %(token_uid)s
          AND refused_at IS NULL
          AND (authorization_reference = %(reference)s
               OR (location_id = %(location_id)s AND asked_at <= %(ended_at)s
                   AND expires_at >= %(started_at)s))
        ORDER BY authorization_reference IS NOT DISTINCT FROM %(reference)s DESC, asked_at DESC
        LIMIT 1) AS reserved ON true
"""


async def about(conn: Hot, cdr: About) -> Evidence:
    """Everything the hub knows beside a CDR, whether it is in custody yet or not."""
    values = {name: getattr(cdr, name) for name in cdr.__slots__}
    async with conn.cursor(row_factory=class_row(Evidence)) as cursor:
        await cursor.execute(_EVIDENCE, values)
        found = await cursor.fetchone()
    if found is None:
        raise LookupError("the statement gave no row")
    return found


async def tariffs_at(
    conn: Hot, owner: str, *, ids: Sequence[str], moment: datetime
) -> list[TariffVersion]:
    """Each Tariff of a CPO as it was published at a moment.

    What the hub had by then counts, and only without any what came later with an older stamp:
    a stamp that was set back changes nothing that a driver saw (T22).
    """
    cursor = await conn.execute(
        """
        SELECT DISTINCT ON (id) id, document::text, last_updated, received_at
          FROM hub.tariff_versions
         WHERE owner = %(owner)s AND id = ANY (%(ids)s)
           AND (received_at <= %(moment)s OR last_updated <= %(moment)s)
         ORDER BY id, received_at <= %(moment)s DESC, seq DESC
        """,
        {"owner": owner, "ids": [each.lower() for each in ids], "moment": moment},
    )
    return [TariffVersion(*row) for row in await cursor.fetchall()]


async def current_tariffs(conn: Hot, owner: str, *, ids: Sequence[str]) -> list[str]:
    """The same Tariffs as they are now, as JSON text."""
    cursor = await conn.execute(
        "SELECT document::text FROM hub.catalogue"
        " WHERE module = 'tariffs' AND owner = %s AND id = ANY (%s) AND NOT absent ORDER BY id",
        (owner, [each.lower() for each in ids]),
    )
    return [document for (document,) in await cursor.fetchall()]


async def time_zone_at(conn: Hot, owner: str, *, location_id: str, moment: datetime) -> str | None:
    """The time zone of a Location at a moment; the first it had, where that came later."""
    cursor = await conn.execute(
        """
        SELECT time_zone FROM hub.time_zones
         WHERE owner = %(owner)s AND location_id = %(location_id)s
         ORDER BY since <= %(moment)s DESC, abs(extract(epoch FROM since - %(moment)s)) LIMIT 1
        """,
        {"owner": owner, "location_id": location_id.lower(), "moment": moment},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]
