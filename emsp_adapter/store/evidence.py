"""SQL of what is known beside a CDR: its Session, its authorisation, and other CDRs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from emsp_adapter.store.cdrs import CdrRow
from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Evidence:
    """Ids are folded, owners are Party.keys."""

    # Of the Session the CDR names: the token it began with, the status it is in and every one it
    # was in, when it was first told of, when it began and, once COMPLETED, ended, what it says it
    # took, and what hung at its connector when it was new.
    session_token_id: str | None
    session_status: str | None
    session_statuses: list[str] | None
    session_received_at: datetime | None
    session_start: datetime | None
    session_end: datetime | None
    session_kwh: Decimal | None
    session_tariff_ids: list[str] | None
    # When the start that the CDR refers to was asked for.
    asked_at: datetime | None
    # Who tells of a Session of that id, of the same token, while the CDR's own CPO does not.
    session_of_others: list[str]
    # What became of the reservation: the state it is in here.
    reservation: str | None
    # The ProfileType that the driver chose for the Session.
    profile: str | None
    # Other CDRs of the same charge that count instead of this one.
    same_charge: list[str]
    # The Credit CDR that came before what it takes back.
    taken_back_by: str | None
    # Sessions and CDRs of the same token at the same time at other Locations.
    elsewhere: list[str]


_THIS = """
WITH this AS (
    SELECT id, owner, cdr_id, session_id, driver_id, token_id, location_id, started_at, ended_at,
        received_at, lower(document -> 'cdr_location' ->> 'evse_uid') AS evse_uid,
        lower(document ->> 'authorization_reference') AS reference
    FROM cdrs WHERE id = %s
)
"""

# One charge is billed once, whatever ids its CDRs bear: those of one Session are of one charge, and
# those of one start, and those of a driver at one EVSE at one time. Which was accepted counts
# before which came earlier: what came earlier may have become visible later. A Credit CDR takes
# back once it is accepted, for anybody can send one that is wrong.
_SAME_CHARGE = """
    SELECT other.cdr_id FROM cdrs other, this
    WHERE other.owner = this.owner AND other.id <> this.id AND NOT other.credit
        AND (other.state = 'accepted' OR (other.state IN ('received', 'disputed')
            AND (other.received_at, other.id) < (this.received_at, this.id)))
        AND (
            other.session_id = this.session_id
            OR (other.state <> 'disputed' AND other.driver_id = this.driver_id AND (
                (
                    other.location_id = this.location_id
                    AND lower(other.document -> 'cdr_location' ->> 'evse_uid') = this.evse_uid
                    AND (other.started_at, other.ended_at) OVERLAPS (this.started_at, this.ended_at)
                ) OR (
                    lower(other.document ->> 'authorization_reference') = this.reference
                    AND EXISTS (
                        SELECT FROM charges
                        WHERE charges.id = this.reference AND charges.source <> 'card'
                    )
                )
            ))
        )
        AND NOT EXISTS (
            SELECT FROM cdrs back
            WHERE back.owner = other.owner AND back.credit_of = other.cdr_id
                AND back.credit AND back.state = 'accepted'
        )
    ORDER BY other.received_at
"""

_EVIDENCE = f"""
{_THIS}
SELECT session.token_id AS session_token_id, session.status AS session_status,
    session.statuses AS session_statuses, session.tariff_ids AS session_tariff_ids,
    session.received_at AS session_received_at,
    (session.document ->> 'start_date_time')::timestamptz AS session_start,
    CASE WHEN session.status = 'COMPLETED' THEN
        coalesce((session.document ->> 'end_date_time')::timestamptz, session.last_updated)
    END AS session_end,
    (session.document ->> 'kwh')::numeric AS session_kwh,
    (
        SELECT coalesce(charges.start_at, charges.requested_at) FROM charges
        WHERE charges.id = this.reference AND charges.source <> 'card'
            AND charges.driver_id = this.driver_id AND charges.party = this.owner
    ) AS asked_at,
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
    ARRAY({_SAME_CHARGE}) AS same_charge,
    (
        SELECT back.cdr_id FROM cdrs back, this
        WHERE back.owner = this.owner AND back.credit_of = this.cdr_id
            AND back.credit AND back.state IN ('received', 'disputed') AND back.decided_at IS NULL
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
"""  # noqa: S608 - constants

_ALSO = f"{_THIS}{_SAME_CHARGE}".encode()
_TO_BE_BILLED = f"""
{_THIS}
SELECT cdrs.document ->> 'id' FROM cdrs, this
WHERE cdrs.owner = this.owner AND cdrs.state = 'accepted' AND cdrs.cdr_id IN ({_SAME_CHARGE})
ORDER BY cdrs.received_at
""".encode()  # noqa: S608 - constants


async def about(conn: Hot, cdr: CdrRow) -> Evidence:
    """Everything that is known beside a CDR."""
    async with conn.cursor(row_factory=class_row(Evidence)) as cursor:
        await cursor.execute(_EVIDENCE.encode(), (cdr.id,))
        found = await cursor.fetchone()
    if found is None:
        raise LookupError(f"there is no CDR {cdr.id}")
    return found


async def claim(conn: Hot, cdr: CdrRow) -> None:
    """Whoever settles a CDR of the same CPO at the same time waits."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"clearing {cdr.owner}",)
    )


async def same_charge(conn: Hot, cdr: CdrRow) -> list[str]:
    """Other CDRs of the same charge that count instead of this one, as it is now."""
    found = await conn.execute(_ALSO, (cdr.id,))
    return [each for (each,) in await found.fetchall()]


async def to_be_billed(conn: Hot, cdr: CdrRow) -> list[str]:
    """Other CDRs of the same charge that were billed, or will be."""
    found = await conn.execute(_TO_BE_BILLED, (cdr.id,))
    return [each for (each,) in await found.fetchall()]
