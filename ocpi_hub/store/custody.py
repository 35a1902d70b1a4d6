"""CDRs in the hub's custody: the bytes as received, kept for good, pushed until there is an answer.

A CDR is `held` until its receiver took it (`delivered`) or refused it (`refused`); after 30 days
without an outcome it is `dead`. It is never deleted, and a list always serves it to its parties;
one that is `withheld` is its CPO's alone until somebody decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

from psycopg.rows import class_row

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.group_commit import GroupCommit
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import loads, same
from ocpi_hub.store.private import Listing, Pager

_STEPS = (0, 5, 30, 120, 600, 1800, 3600, 7200, 14400)
_LAST_STEP = 8 * 3600
_GIVE_UP = timedelta(days=30)


class CdrState(StrEnum):
    """Where a CDR is on its way."""

    HELD = "held"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DEAD = "dead"
    WITHHELD = "withheld"


class Taking(Enum):
    """What became of a POSTed CDR."""

    NEW = auto()
    SAME = auto()  # already held, withheld or delivered with equal content
    AGAIN = auto()  # refused or given up before, and now held anew
    DIFFERENT = auto()  # the id was taken by other content; this is kept as evidence


@dataclass(frozen=True, slots=True)
class CdrDraft:
    """A validated CDR on its way into custody; `owner` and `emsp` are Party.keys.

    `next_at` is when it is pushed if no one has by then; None: its receiver GETs it. What it is
    compared with other CDRs by is folded, and None where the CDR does not say it.
    """

    owner: str
    id: str
    emsp: str
    raw: bytes
    sha256: bytes
    last_updated: datetime
    correlation_id: str
    reference: str
    next_at: datetime | None
    session_id: str | None = None
    token_uid: str | None = None
    location_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    credit: bool = False
    credit_of: str | None = None
    withheld: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by; CiStrings are compared without regard to case."""
        return self.owner, self.id.lower()


@dataclass(frozen=True, slots=True)
class Cdr:
    """A CDR in custody; `id` is folded, the spelling as sent stands in `raw`."""

    owner: str
    id: str
    reference: str
    emsp: str
    raw: bytes
    sha256: bytes
    received_at: datetime
    correlation_id: str
    state: str
    attempts: int
    next_at: datetime | None
    location: str | None
    answer_code: int | None
    answer_message: str | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it, and what custody holds under its id."""

    taking: Taking
    cdr: Cdr


COLUMNS = """owner, id, reference, emsp, raw, sha256, received_at, correlation_id, state,
              attempts, next_at, location, answer_code, answer_message, delivered_at"""

_TAKE = f"""
    INSERT INTO hub.cdrs (owner, id, emsp, raw, sha256, last_updated, correlation_id, reference,
                          next_at, session_id, token_uid, location_id, started_at, ended_at,
                          credit, credit_of, received_at, held_since, state, withheld_at)
    SELECT owner, id, emsp, raw, sha256, last_updated, correlation_id, reference,
           next_at, session_id, token_uid, location_id, started_at, ended_at,
           credit, credit_of, %(now)s, %(now)s,
           CASE WHEN withheld THEN 'withheld' ELSE 'held' END,
           CASE WHEN withheld THEN %(now)s::timestamptz END
      FROM unnest(%(owner)s::text[], %(id)s::text[], %(emsp)s::text[], %(raw)s::bytea[],
                  %(sha256)s::bytea[], %(last_updated)s::timestamptz[],
                  %(correlation_id)s::text[], %(reference)s::text[], %(next_at)s::timestamptz[],
                  %(session_id)s::text[], %(token_uid)s::text[], %(location_id)s::text[],
                  %(started_at)s::timestamptz[], %(ended_at)s::timestamptz[],
                  %(credit)s::boolean[], %(credit_of)s::text[], %(withheld)s::boolean[])
        AS d(owner, id, emsp, raw, sha256, last_updated, correlation_id, reference, next_at,
             session_id, token_uid, location_id, started_at, ended_at, credit, credit_of, withheld)
     ORDER BY owner, id
        ON CONFLICT (owner, id) DO NOTHING
    RETURNING {COLUMNS}
"""  # noqa: S608 - only the column list, a constant
_DRAFTED = [field.name for field in fields(CdrDraft) if field.name != "id"]


def writer(db: Database, *, now: Callable[[], datetime]) -> GroupCommit[CdrDraft, Taken]:
    """Takes concurrent CDRs into custody with one commit for many; somebody has to `run` it."""

    async def write(conn: Hot, drafts: Sequence[CdrDraft]) -> list[Taken]:
        return await take_all(conn, drafts, now=now())

    return GroupCommit(db, write=write, key=lambda draft: draft.key)


async def take(conn: Hot, draft: CdrDraft, *, now: datetime) -> Taken:
    """Take one CDR into custody."""
    return (await take_all(conn, [draft], now=now))[0]


async def take_all(conn: Hot, drafts: Sequence[CdrDraft], *, now: datetime) -> list[Taken]:
    """Take CDRs of different keys into custody: new ones with one statement, others in turn."""
    values: dict[str, object] = {
        name: [getattr(draft, name) for draft in drafts] for name in _DRAFTED
    }
    values |= {"id": [draft.key[1] for draft in drafts], "now": now}
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(_TAKE, values)
        new = {cdr.reference: cdr for cdr in await cursor.fetchall()}
    return [
        Taken(Taking.NEW, new[draft.reference])
        if draft.reference in new
        else await _take_again(conn, draft, now=now)
        for draft in drafts
    ]


async def _take_again(conn: Hot, draft: CdrDraft, *, now: datetime) -> Taken:
    async with conn.transaction():
        held = await _find(conn, "owner = %s AND id = %s FOR UPDATE", draft.key)
        if held is None:
            raise RuntimeError("a CDR that was in the way of another is gone")
        if held.sha256 != draft.sha256 and not same(loads(held.raw), loads(draft.raw)):
            await _keep_evidence(conn, draft, now=now)
            return Taken(Taking.DIFFERENT, held)
        if held.state in (CdrState.HELD, CdrState.DELIVERED, CdrState.WITHHELD):
            return Taken(Taking.SAME, held)
        again = await _hold(
            conn, held, next_at=draft.next_at, now=now, withheld_at=now if draft.withheld else None
        )
        return Taken(Taking.AGAIN, again)


async def _keep_evidence(conn: Hot, draft: CdrDraft, *, now: datetime) -> None:
    await conn.execute(
        """
        INSERT INTO hub.cdr_conflicts (owner, id, sha256, raw, correlation_id, received_at)
        VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        (*draft.key, draft.sha256, draft.raw, draft.correlation_id, now),
    )


async def _hold(
    conn: Hot,
    cdr: Cdr,
    *,
    next_at: datetime | None,
    now: datetime,
    withheld_at: datetime | None = None,
) -> Cdr:
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"""
            UPDATE hub.cdrs
               SET state = CASE WHEN %(withheld_at)s::timestamptz IS NULL
                                THEN 'held' ELSE 'withheld' END,
                   withheld_at = %(withheld_at)s, attempts = 0, next_at = %(next_at)s,
                   held_since = %(now)s, answer_code = NULL, answer_message = NULL
             WHERE owner = %(owner)s AND id = %(id)s RETURNING {COLUMNS}
            """,  # noqa: S608 - only the column list, a constant
            {
                "withheld_at": withheld_at,
                "next_at": next_at,
                "now": now,
                "owner": cdr.owner,
                "id": cdr.id,
            },
        )
        held = await cursor.fetchone()
    if held is None:
        raise RuntimeError("a locked CDR is gone")
    return held


def next_attempt(attempts: int, *, now: datetime, random: Callable[[], float]) -> datetime:
    """When to try after so many attempts: at a step of the schedule, up to a quarter later.

    `random` gives a number from 0 to 1; without it a receiver that comes back would get
    everything at the same moment.
    """
    step = _STEPS[attempts] if attempts < len(_STEPS) else _LAST_STEP
    return now + timedelta(seconds=step * (1 + 0.25 * random()))


async def receivers_due(conn: Hot, *, now: datetime) -> list[str]:
    """The eMSPs for which something is to be pushed."""
    cursor = await conn.execute(
        "SELECT DISTINCT emsp FROM hub.cdrs WHERE state = 'held' AND next_at <= %s", (now,)
    )
    return sorted(emsp for (emsp,) in await cursor.fetchall())


async def claim_due(
    conn: Hot, emsp: str, *, now: datetime, until: datetime, limit: int
) -> list[Cdr]:
    """What to push to an eMSP now, oldest first; nobody else is given it before `until`.

    A claimer that dies leaves it due again at `until`.
    """
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"""
            UPDATE hub.cdrs SET next_at = %s
             WHERE (owner, id) IN (SELECT owner, id FROM hub.cdrs
                                    WHERE emsp = %s AND state = 'held' AND next_at <= %s
                                    ORDER BY created LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING {COLUMNS}
            """,  # noqa: S608 - only the column list, a constant
            (until, emsp, now, limit),
        )
        claimed = await cursor.fetchall()
    return sorted(claimed, key=lambda cdr: cdr.received_at)


async def mark_delivered(conn: Hot, cdr: Cdr, *, location: str | None, now: datetime) -> None:
    """The receiver has it, under `location` if it said so."""
    await conn.execute(
        """
        UPDATE hub.cdrs
           SET state = 'delivered', delivered_at = %s, location = %s, next_at = NULL,
               attempts = attempts + 1, answer_code = NULL, answer_message = NULL
         WHERE owner = %s AND id = %s AND state <> 'delivered'
        """,
        (now, location, cdr.owner, cdr.id),
    )


async def mark_refused(conn: Hot, cdr: Cdr, *, code: int, message: str | None) -> None:
    """The receiver answered 2xxx: it is not tried again by itself."""
    await conn.execute(
        """
        UPDATE hub.cdrs
           SET state = 'refused', next_at = NULL, attempts = attempts + 1,
               answer_code = %s, answer_message = %s
         WHERE owner = %s AND id = %s AND state = 'held'
        """,
        (code, message, cdr.owner, cdr.id),
    )


async def reschedule(
    conn: Hot,
    cdr: Cdr,
    *,
    next_at: datetime,
    code: int | None,
    message: str | None,
) -> None:
    """An attempt had no outcome: count it, and try again at `next_at`."""
    await conn.execute(
        """
        UPDATE hub.cdrs
           SET attempts = attempts + 1, next_at = %s, answer_code = %s, answer_message = %s
         WHERE owner = %s AND id = %s AND state = 'held'
        """,
        (next_at, code, message, cdr.owner, cdr.id),
    )


async def hasten(conn: Hot, emsp: str, *, now: datetime, busy_until: datetime) -> int:
    """Make what waits for an eMSP due, because it is back; how many.

    What is due by `busy_until` anyway is left alone: somebody may be in the middle of an attempt.
    """
    cursor = await conn.execute(
        """
        UPDATE hub.cdrs SET next_at = %s, attempts = 0
         WHERE emsp = %s AND state = 'held' AND next_at > %s
        """,
        (now, emsp, busy_until),
    )
    return cursor.rowcount


async def give_up(conn: Hot, *, now: datetime) -> list[Cdr]:
    """Dead-letter what could not be pushed for 30 days."""
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"""
            UPDATE hub.cdrs SET state = 'dead', next_at = NULL
             WHERE state = 'held' AND next_at IS NOT NULL AND held_since <= %s
            RETURNING {COLUMNS}
            """,  # noqa: S608 - only the column list, a constant
            (now - _GIVE_UP,),
        )
        return await cursor.fetchall()


async def replay(conn: Hot, owner: str, *, cdr_id: str, now: datetime) -> Cdr | None:
    """Push a refused or dead CDR again; None when there is no such one."""
    async with conn.transaction():
        found = await _find(
            conn,
            "owner = %s AND id = %s AND state IN ('refused', 'dead') FOR UPDATE",
            (owner, cdr_id.lower()),
        )
        return None if found is None else await _hold(conn, found, next_at=now, now=now)


async def release(conn: Hot, owner: str, *, cdr_id: str, now: datetime) -> Cdr | None:
    """Let a withheld CDR go on its way; None when there is no such one.

    It is pushed now, unless its receiver pulls, and to that receiver it arrives now. Whoever reads
    its clearing by date sees that it went on.
    """
    return await _changed(
        conn,
        """
        WITH told AS (
            UPDATE hub.clearings SET last_updated = date_trunc('milliseconds', now())
             WHERE owner = %(owner)s AND id = %(id)s
        )
        UPDATE hub.cdrs
           SET state = 'held', withheld_at = NULL, held_since = %(now)s, received_at = %(now)s,
               next_at = CASE WHEN next_at IS NOT NULL THEN %(now)s::timestamptz END
         WHERE owner = %(owner)s AND id = %(id)s AND state = 'withheld'
        """,
        {"owner": owner, "id": cdr_id.lower(), "now": now},
    )


async def refuse(conn: Hot, owner: str, *, cdr_id: str, reason: str) -> Cdr | None:
    """Refuse a withheld CDR in its receiver's place; None when there is no such one.

    The receiver never sees it, unless it is replayed.
    """
    return await _changed(
        conn,
        """
        WITH told AS (
            UPDATE hub.clearings SET last_updated = date_trunc('milliseconds', now())
             WHERE owner = %(owner)s AND id = %(id)s
        )
        UPDATE hub.cdrs
           SET state = 'refused', next_at = NULL, answer_code = %(code)s,
               answer_message = %(reason)s
         WHERE owner = %(owner)s AND id = %(id)s AND state = 'withheld'
        """,
        {
            "owner": owner,
            "id": cdr_id.lower(),
            "code": InvalidParameters.status_code,
            "reason": reason,
        },
    )


async def _changed(conn: Hot, statement: str, values: Mapping[str, object]) -> Cdr | None:
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(f"{statement} RETURNING {COLUMNS}", values)
        return await cursor.fetchone()


async def in_state(
    conn: Hot, states: Sequence[CdrState], *, emsp: str | None = None, limit: int
) -> list[Cdr]:
    """CDRs in one of these states, for one eMSP or for all, the last to arrive first."""
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"SELECT {COLUMNS} FROM hub.cdrs WHERE state = ANY (%(states)s) "  # noqa: S608 - constants
            "AND (%(emsp)s::text IS NULL OR emsp = %(emsp)s) ORDER BY created DESC LIMIT %(limit)s",
            {"states": list(states), "emsp": emsp, "limit": limit},
        )
        return await cursor.fetchall()


async def by_reference(conn: Hot, reference: str, *, viewer: str) -> Cdr | None:
    """The CDR behind a Location the hub gave out, for one of its two parties (T7)."""
    return await _find(
        conn,
        "reference = %s AND (owner = %s OR (emsp = %s AND withheld_at IS NULL))",
        (reference, viewer, viewer),
    )


async def by_id(conn: Hot, owner: str, *, cdr_id: str) -> Cdr | None:
    """One CDR of a CPO, or None."""
    return await _find(conn, "owner = %s AND id = %s", (owner, cdr_id.lower()))


async def _find(conn: Hot, where: str, values: Sequence[object]) -> Cdr | None:
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"SELECT {COLUMNS} FROM hub.cdrs WHERE {where}",  # noqa: S608 - constants
            values,
        )
        return await cursor.fetchone()


page: Pager = Listing("hub.cdrs", "raw", shown="withheld_at IS NULL").page
