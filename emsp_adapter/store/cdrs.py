"""SQL of CDRs: the bytes as they came, what was thought of them, and whether they were billed.

A CDR is `received` until it is priced, then `accepted` or `disputed`; what is disputed is accepted
or `refused` by staff. One that its CPO took back before it was billed is `cancelled`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.party import Party


class CdrState(StrEnum):
    """How far it is."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class NotToBeBilled(LookupError):
    """The CDR is not accepted, or has a bill already."""


class CreditedBefore(Exception):
    """There is a Credit CDR of that original already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrDraft:
    """A validated CDR of a token of ours."""

    id: str
    owner: Party
    document: Mapping[str, Any]
    raw: bytes
    sha256: bytes
    driver_id: str
    token_id: str
    started_at: datetime | None
    ended_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrRow:
    """A CDR without its bytes. `tariffs` are those it was priced with, `clearing` what came of it;
    `bill_id` is there once the driver was billed."""

    id: str
    owner: str
    driver_id: str
    token_id: str
    charge_id: str | None
    document: dict[str, Any]
    sha256: bytes
    started_at: datetime | None
    ended_at: datetime | None
    state: CdrState
    reason: str | None
    verdict: str | None
    flags: list[dict[str, str]]
    clearing: dict[str, Any] | None
    tariffs: list[dict[str, Any]]
    received_at: datetime
    cleared_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
    bill_id: str | None
    bill_due_at: datetime | None

    @property
    def party(self) -> Party:
        """The CPO."""
        return Party(self.document["country_code"], self.document["party_id"])

    @property
    def cdr_id(self) -> str:
        """The CPO's id, as it is spelled."""
        return str(self.document["id"])

    @property
    def is_credit(self) -> bool:
        """Whether it takes another one back."""
        return bool(self.document.get("credit"))


_NAMES = ", ".join(each.name for each in fields(CdrRow))

_ADD = """
INSERT INTO cdrs (id, owner, cdr_id, driver_id, token_id, session_id, location_id, started_at,
    ended_at, raw, sha256, document, credit, credit_of, received_at)
VALUES (%(id)s, %(owner)s, lower(%(cdr_id)s), %(driver)s, %(token)s, lower(%(session)s),
    lower(%(location)s), %(started_at)s, %(ended_at)s, %(raw)s, %(sha256)s, %(document)s,
    %(credit)s, lower(%(credit_of)s), %(received_at)s)
ON CONFLICT (owner, cdr_id) DO NOTHING
"""


async def add(conn: Hot, draft: CdrDraft) -> bool:
    """Keep a new CDR; False when its id is taken. CreditedBefore ends the transaction."""
    cdr = draft.document
    credit = bool(cdr.get("credit"))
    values = {
        "id": draft.id,
        "owner": draft.owner.key,
        "cdr_id": cdr["id"],
        "driver": draft.driver_id,
        "token": draft.token_id,
        "session": cdr.get("session_id"),
        "location": cdr["cdr_location"]["id"],
        "started_at": draft.started_at,
        "ended_at": draft.ended_at,
        "raw": draft.raw,
        "sha256": draft.sha256,
        "document": Jsonb(cdr),
        "credit": credit,
        "credit_of": cdr.get("credit_reference_id") if credit else None,
        "received_at": draft.received_at,
    }
    try:
        return (await conn.execute(_ADD, values)).rowcount == 1
    except UniqueViolation as error:
        raise CreditedBefore(cdr["credit_reference_id"]) from error


async def get(conn: Hot, id_: str, *, lock: bool = False) -> CdrRow | None:
    """The CDR with that id of ours."""
    return await _one(conn, "id = %s" + (" FOR UPDATE" if lock else ""), id_)


async def raw(conn: Hot, id_: str) -> bytes:
    """The bytes of a CDR as they came."""
    (found,) = await one_row(conn, "SELECT raw FROM cdrs WHERE id = %s", (id_,))
    return bytes(found)


async def find(conn: Hot, owner: Party, cdr_id: str, *, lock: bool = False) -> CdrRow | None:
    """The CDR of a CPO with its own id."""
    where = "owner = %s AND cdr_id = lower(%s)" + (" FOR UPDATE" if lock else "")
    return await _one(conn, where, owner.key, cdr_id)


async def received(conn: Hot, *, limit: int) -> list[CdrRow]:
    """What is not priced yet, the oldest first."""
    return await _many(conn, "state = 'received' ORDER BY received_at, id LIMIT %s", limit)


async def settle(
    conn: Hot,
    id_: str,
    *,
    state: CdrState,
    reason: str | None,
    verdict: str | None,
    flags: Sequence[Mapping[str, str]],
    clearing: Mapping[str, Any] | None,
    tariffs: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    """Keep what was thought of a CDR."""
    await conn.execute(
        "UPDATE cdrs SET state = %s, reason = %s, verdict = %s, flags = %s, clearing = %s,"
        " tariffs = %s, cleared_at = %s WHERE id = %s",
        (
            state,
            reason,
            verdict,
            Jsonb(list(flags)),
            None if clearing is None else Jsonb(clearing),
            Jsonb(list(tariffs)),
            now,
            id_,
        ),
    )


async def belongs_to(conn: Hot, id_: str, *, charge_id: str) -> None:
    """Keep which charge a CDR is about."""
    await conn.execute("UPDATE cdrs SET charge_id = %s WHERE id = %s", (charge_id, id_))


async def cancel(conn: Hot, ids: Collection[str]) -> None:
    """What was taken back before it was billed is never billed."""
    await conn.execute("UPDATE cdrs SET state = 'cancelled' WHERE id = ANY (%s)", (list(ids),))


async def decide(conn: Hot, id_: str, *, state: CdrState, by: str, why: str, now: datetime) -> None:
    """Keep what staff decided on a disputed CDR."""
    await conn.execute(
        "UPDATE cdrs SET state = %s, decided_by = %s, decision = %s, decided_at = %s WHERE id = %s",
        (state, by, why, now, id_),
    )


async def let_go(conn: Hot, charge_id: str) -> None:
    """What was reserved for a charge that is over is freed, unless another CDR of it is open."""
    await conn.execute(
        """
UPDATE charges SET release_due = true
WHERE id = %s AND state = 'finished' AND NOT EXISTS (
    SELECT FROM cdrs WHERE cdrs.charge_id = charges.id AND NOT cdrs.credit
        AND cdrs.state IN ('received', 'accepted', 'disputed')
)
""",
        (charge_id,),
    )


async def look_again(conn: Hot, owner: Party, *, credit_of: str) -> None:
    """A Credit CDR that came before its original is judged anew."""
    await conn.execute(
        "UPDATE cdrs SET state = 'received' WHERE owner = %s AND credit_of = lower(%s)"
        " AND state = 'disputed' AND decided_at IS NULL",
        (owner.key, credit_of),
    )


# --- for who bills -------------------------------------------------------------------------------


async def unbilled(conn: Hot, limit: int, *, now: datetime) -> list[CdrRow]:
    """Accepted CDRs without a bill, whoever waited longest first; in a transaction they are this
    one's alone.

    A Credit CDR among them takes back what was billed for the CDR that it refers to.
    """
    return await _many(
        conn,
        "state = 'accepted' AND bill_id IS NULL AND coalesce(bill_due_at, '-infinity') <= %s"
        " ORDER BY coalesce(bill_due_at, received_at), id LIMIT %s FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )


async def bill_later(conn: Hot, id_: str, *, due_at: datetime) -> None:
    """Bill it at that time, and others before."""
    await conn.execute("UPDATE cdrs SET bill_due_at = %s WHERE id = %s", (due_at, id_))


async def dispute(conn: Hot, id_: str, *, reason: str) -> None:
    """What was accepted is for staff to look at; once they accept it, it is billed at once."""
    await conn.execute(
        "UPDATE cdrs SET state = 'disputed', reason = %s, bill_due_at = NULL WHERE id = %s",
        (reason, id_),
    )


async def mark_billed(conn: Hot, id_: str, bill_id: str) -> None:
    """Keep that a CDR was billed; NotToBeBilled when it must not be, or was."""
    done = await conn.execute(
        "UPDATE cdrs SET bill_id = %s WHERE id = %s AND state = 'accepted' AND bill_id IS NULL",
        (bill_id, id_),
    )
    if done.rowcount != 1:
        raise NotToBeBilled(id_)


# --- for people ----------------------------------------------------------------------------------


async def listed(
    conn: Hot, *, state: CdrState | None, driver_id: str | None, limit: int
) -> list[CdrRow]:
    """CDRs, the newest first."""
    return await _many(
        conn,
        "(%s::text IS NULL OR state = %s) AND (%s::text IS NULL OR driver_id = %s)"
        " ORDER BY received_at DESC, id LIMIT %s",
        state,
        state,
        driver_id,
        driver_id,
        limit,
    )


async def named(conn: Hot, name: str) -> list[CdrRow]:
    """The CDRs that a person may mean: by our id, or by the CPO's."""
    return await _many(conn, "id = %s OR cdr_id = lower(%s) ORDER BY id LIMIT 2", name, name)


async def _one(conn: Hot, where: str, *values: object) -> CdrRow | None:
    found = await _many(conn, where, *values)
    return found[0] if found else None


async def _many(conn: Hot, where: str, *values: object) -> list[CdrRow]:
    async with conn.cursor(row_factory=class_row(CdrRow)) as cursor:
        await cursor.execute(f"SELECT {_NAMES} FROM cdrs WHERE {where}".encode(), values)  # noqa: S608 - constants
        return await cursor.fetchall()
