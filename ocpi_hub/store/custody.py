"""CDRs in the hub's custody: the bytes as received, kept for good, pushed until there is an answer.

A CDR is `held` until its receiver took it (`delivered`) or refused it (`refused`); after 30 days
without an outcome it is `dead`. It is never deleted, and a list always serves it to its parties.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

from psycopg.rows import class_row

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.group_commit import GroupCommit
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


class Taking(Enum):
    """What became of a POSTed CDR."""

    NEW = auto()
    SAME = auto()  # already held or delivered with equal content
    AGAIN = auto()  # refused or given up before, and now held anew
    DIFFERENT = auto()  # the id was taken by other content; this is kept as evidence


@dataclass(frozen=True, slots=True)
class CdrDraft:
    """A validated CDR on its way into custody; `owner` and `emsp` are Party.keys.

    `next_at` is when it is pushed if no one has by then; None: its receiver GETs it.
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


_COLUMNS = """owner, id, reference, emsp, raw, sha256, received_at, correlation_id, state,
              attempts, next_at, location, answer_code, answer_message, delivered_at"""

_TAKE = f"""
    INSERT INTO hub.cdrs (owner, id, emsp, raw, sha256, last_updated, correlation_id, reference,
                          next_at, received_at, held_since)
    SELECT *, %s, %s
      FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[], %s::bytea[],
                  %s::timestamptz[], %s::text[], %s::text[], %s::timestamptz[])
        AS d(owner, id, emsp, raw, sha256, last_updated, correlation_id, reference, next_at)
     ORDER BY owner, id
        ON CONFLICT (owner, id) DO NOTHING
    RETURNING {_COLUMNS}
"""  # noqa: S608 - only the column list, a constant


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
    columns = [
        [draft.owner for draft in drafts],
        [draft.key[1] for draft in drafts],
        [draft.emsp for draft in drafts],
        [draft.raw for draft in drafts],
        [draft.sha256 for draft in drafts],
        [draft.last_updated for draft in drafts],
        [draft.correlation_id for draft in drafts],
        [draft.reference for draft in drafts],
        [draft.next_at for draft in drafts],
    ]
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(_TAKE, (now, now, *columns))
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
        if held.state in (CdrState.HELD, CdrState.DELIVERED):
            return Taken(Taking.SAME, held)
        again = await _hold(conn, held, next_at=draft.next_at, now=now)
        return Taken(Taking.AGAIN, again)


async def _keep_evidence(conn: Hot, draft: CdrDraft, *, now: datetime) -> None:
    await conn.execute(
        """
        INSERT INTO hub.cdr_conflicts (owner, id, sha256, raw, correlation_id, received_at)
        VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        (*draft.key, draft.sha256, draft.raw, draft.correlation_id, now),
    )


async def _hold(conn: Hot, cdr: Cdr, *, next_at: datetime | None, now: datetime) -> Cdr:
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"""
            UPDATE hub.cdrs
               SET state = 'held', attempts = 0, next_at = %s, held_since = %s,
                   answer_code = NULL, answer_message = NULL
             WHERE owner = %s AND id = %s RETURNING {_COLUMNS}
            """,  # noqa: S608 - only the column list, a constant
            (next_at, now, cdr.owner, cdr.id),
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
            RETURNING {_COLUMNS}
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
            RETURNING {_COLUMNS}
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


async def in_state(
    conn: Hot, states: Sequence[CdrState], *, emsp: str | None = None, limit: int
) -> list[Cdr]:
    """CDRs in one of these states, for one eMSP or for all, the last to arrive first."""
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM hub.cdrs WHERE state = ANY (%(states)s) "  # noqa: S608 - constants
            "AND (%(emsp)s::text IS NULL OR emsp = %(emsp)s) ORDER BY created DESC LIMIT %(limit)s",
            {"states": list(states), "emsp": emsp, "limit": limit},
        )
        return await cursor.fetchall()


async def by_reference(conn: Hot, reference: str, *, viewer: str) -> Cdr | None:
    """The CDR behind a Location the hub gave out, for one of its two parties (T7)."""
    return await _find(
        conn,
        "reference = %s AND (owner = %s OR emsp = %s)",
        (reference, viewer, viewer),
    )


async def by_id(conn: Hot, owner: str, *, cdr_id: str) -> Cdr | None:
    """One CDR of a CPO, or None."""
    return await _find(conn, "owner = %s AND id = %s", (owner, cdr_id.lower()))


async def _find(conn: Hot, where: str, values: Sequence[object]) -> Cdr | None:
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM hub.cdrs WHERE {where}",  # noqa: S608 - constants
            values,
        )
        return await cursor.fetchone()


page: Pager = Listing("hub.cdrs", "raw").page
