"""PUT and DELETE of whole rows of the catalogue, as every module needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.store.outcomes import Outcome

# A stamp in the hub's future must not freeze the object: a PUT replaces one that lies more than
# 5 minutes ahead. `before` only words the answer; what is written is decided under the row's lock.
_PUT = """
WITH new AS MATERIALIZED (
    SELECT document, (document ->> 'last_updated')::timestamptz AS last_updated,
        nextval('change_seq') AS seq
    FROM (SELECT %(document)s::jsonb AS document) AS given
),
before AS MATERIALIZED (
    SELECT c.absent,
        c.last_updated <= new.last_updated OR c.last_updated > now() + interval '5 minutes' AS fresh
    FROM catalogue c, new
    WHERE c.module = %(module)s AND c.id = %(id)s AND c.owner = %(owner)s AND c.sub = %(sub)s
),
written AS (
    INSERT INTO catalogue AS c (
        module, id, owner, sub, document, position, last_updated, correlation_id, seq, full_seq
    )
    SELECT %(module)s, %(id)s, %(owner)s, %(sub)s, document, %(position)s, last_updated,
        %(correlation_id)s, seq, seq
    FROM new
    ON CONFLICT (module, id, owner, sub) DO UPDATE
    SET document = excluded.document, last_updated = excluded.last_updated, absent = false,
        position = CASE WHEN c.absent THEN excluded.position ELSE c.position END,
        received_at = now(), correlation_id = excluded.correlation_id,
        xid = excluded.xid, seq = excluded.seq,
        full_xid = CASE WHEN NOT c.absent AND c.document - '{status,last_updated}'::text[]
            = excluded.document - '{status,last_updated}'::text[]
            THEN c.full_xid ELSE excluded.full_xid END,
        full_seq = CASE WHEN NOT c.absent AND c.document - '{status,last_updated}'::text[]
            = excluded.document - '{status,last_updated}'::text[]
            THEN c.full_seq ELSE excluded.full_seq END
    WHERE (c.last_updated <= excluded.last_updated OR c.last_updated > now() + interval '5 minutes')
        AND (c.document <> excluded.document OR c.absent)
    RETURNING 1
)
SELECT new.seq, EXISTS (SELECT FROM written), (SELECT absent FROM before),
    (SELECT fresh FROM before)
FROM new
"""

_TOMBSTONE = """
UPDATE catalogue
SET absent = true, received_at = now(), correlation_id = %(correlation_id)s,
    xid = pg_current_xact_id(), seq = nextval('change_seq')
WHERE module = %(module)s AND id = %(id)s AND owner = %(owner)s AND sub = '' AND NOT absent
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One row of the catalogue; `id` and `sub` are folded, CiStrings ignore case."""

    module: str
    owner: str
    id: str
    sub: str

    @classmethod
    def of(cls, module: str, owner: str, id_: str, *, sub: str = "") -> Key:
        """The key of an object with ids as sent."""
        return cls(module, owner, id_.lower(), sub.lower())

    def values(self) -> dict[str, object]:
        """As parameters of a statement."""
        return {"module": self.module, "owner": self.owner, "id": self.id, "sub": self.sub}


@dataclass(frozen=True, slots=True)
class Put:
    """What a PUT did, and the number in the order of changes that was kept for it."""

    outcome: Outcome
    seq: int

    @property
    def changed(self) -> bool:
        """Whether the row is another one now."""
        return self.outcome in (Outcome.CREATED, Outcome.UPDATED)


async def put(
    conn: Hot,
    key: Key,
    *,
    document: Mapping[str, Any],
    correlation_id: str,
    position: int = 0,
) -> Put:
    """Stores a document unless what is stored is newer."""
    values = key.values() | {
        "document": dumps(document).decode(),
        "position": position,
        "correlation_id": correlation_id,
    }
    seq, written, absent, fresh = await one_row(conn, _PUT, values)
    return Put(_outcome(written=written, absent=absent, fresh=fresh), seq)


async def tombstone(conn: Hot, key: Key, *, correlation_id: str) -> Outcome:
    """Hides an object from every GET; receivers are sent a DELETE. UNKNOWN when not there."""
    values = key.values() | {"correlation_id": correlation_id}
    cursor = await conn.execute(_TOMBSTONE, values)
    return Outcome.UPDATED if cursor.rowcount else Outcome.UNKNOWN


def _outcome(*, written: bool, absent: bool | None, fresh: bool | None) -> Outcome:
    if not written:
        return Outcome.STALE if fresh is False else Outcome.UNCHANGED
    return Outcome.UPDATED if absent is False else Outcome.CREATED
