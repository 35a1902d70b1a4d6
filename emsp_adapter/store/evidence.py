"""SQL of what is known beside a CDR: its Session, its authorisation, and other CDRs."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from emsp_adapter.store.cdrs import CdrRow
from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Evidence:
    """Ids are folded, owners are Party.keys."""

    # Of the Session the CDR names: the token it began with and every status it was in.
    session_token_id: str | None
    session_statuses: list[str] | None
    # Who tells of a Session of that id, of the same token, while the CDR's own CPO does not.
    session_of_others: list[str]
    # What became of the reservation: the state it is in here.
    reservation: str | None
    # The ProfileType that the driver chose for the Session.
    profile: str | None
    # Other CDRs of the Session that came before and were not taken back.
    same_session: list[str]
    # The Credit CDR that came before what it takes back.
    taken_back_by: str | None
    # Sessions and CDRs of the same token at the same time at other Locations.
    elsewhere: list[str]


_EVIDENCE = """
WITH this AS (
    SELECT id, owner, cdr_id, session_id, token_id, location_id, started_at, ended_at, received_at
    FROM cdrs WHERE id = %s
)
SELECT session.token_id AS session_token_id, session.statuses AS session_statuses,
    ARRAY(
        SELECT other.owner FROM sessions other, this
        WHERE session.id IS NULL AND other.id = this.session_id
            AND other.token_id = this.token_id AND other.owner <> this.owner
        ORDER BY other.owner
    ) AS session_of_others,
    (
        SELECT reservations.state FROM reservations
        WHERE reservations.party = this.owner AND lower(reservations.session_id) = this.session_id
        ORDER BY created_at DESC LIMIT 1
    ) AS reservation,
    (
        SELECT charges.preferences ->> 'profile_type' FROM charges
        WHERE charges.party = this.owner AND lower(charges.session_id) = this.session_id
    ) AS profile,
    ARRAY(
        SELECT other.cdr_id FROM cdrs other, this
        WHERE other.owner = this.owner AND other.session_id = this.session_id
            AND NOT other.credit AND (other.received_at, other.id) < (this.received_at, this.id)
            AND other.state NOT IN ('refused', 'cancelled')
            AND NOT EXISTS (
                SELECT FROM cdrs back
                WHERE back.owner = other.owner AND back.credit_of = other.cdr_id
                    AND back.state IN ('received', 'accepted')
            )
        ORDER BY other.received_at
    ) AS same_session,
    (
        SELECT back.cdr_id FROM cdrs back, this
        WHERE back.owner = this.owner AND back.credit_of = this.cdr_id
            AND back.state IN ('received', 'disputed') AND back.decided_at IS NULL
        LIMIT 1
    ) AS taken_back_by,
    ARRAY(
        SELECT other.cdr_id FROM cdrs other, this
        WHERE other.token_id = this.token_id AND NOT other.credit AND other.id <> this.id
            AND other.state <> 'cancelled'
            AND (other.owner, other.location_id) <> (this.owner, this.location_id)
            AND other.started_at < this.ended_at AND other.ended_at > this.started_at
        UNION
        SELECT other.id FROM sessions other, this
        WHERE other.token_id = this.token_id AND other.status IN ('ACTIVE', 'COMPLETED')
            AND (other.owner, other.location_id) <> (this.owner, this.location_id)
            AND (other.document ->> 'start_date_time')::timestamptz < this.ended_at
            AND coalesce((other.document ->> 'end_date_time')::timestamptz, other.last_updated)
                > this.started_at
    ) AS elsewhere
FROM this LEFT JOIN sessions session
    ON session.owner = this.owner AND session.id = this.session_id
"""


async def about(conn: Hot, cdr: CdrRow) -> Evidence:
    """Everything that is known beside a CDR."""
    async with conn.cursor(row_factory=class_row(Evidence)) as cursor:
        await cursor.execute(_EVIDENCE, (cdr.id,))
        found = await cursor.fetchone()
    if found is None:
        raise LookupError(f"there is no CDR {cdr.id}")
    return found
