"""PATCH without a read before: the patch is merged into the stored document by the database.

For an EVSE without `connectors`, a Token, and a Location without `evses` and `time_zone`; the rest
takes the way of ocpi_hub.store.locations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocpi_hub.node.engine import Hot
from ocpi_hub.store.outcomes import Outcome

# Rows are locked in the order of their key: two writers with keys in common take turns instead of
# waiting for each other for ever.
_APPLY = """
WITH locked AS MATERIALIZED (
    SELECT b.n, c.module, c.id, c.owner, c.sub, b.correlation_id, b.status_only,
        (b.patch ->> 'last_updated')::timestamptz AS last_updated,
        (c.document || b.patch) - b.nulls AS document,
        c.last_updated <= (b.patch ->> 'last_updated')::timestamptz AS fresh,
        nextval('change_seq') AS seq
    FROM json_to_recordset(%s::json) AS b (
        n int, module text, id text, owner text, sub text, patch jsonb, nulls text[],
        correlation_id text, status_only boolean
    ) JOIN catalogue c USING (module, id, owner, sub)
    WHERE NOT c.absent
    ORDER BY c.module, c.id, c.owner, c.sub
    FOR UPDATE OF c
),
written AS (
    UPDATE catalogue c
    SET document = l.document, last_updated = l.last_updated, received_at = now(),
        correlation_id = l.correlation_id, xid = pg_current_xact_id(), seq = l.seq,
        full_xid = CASE WHEN l.status_only THEN c.full_xid ELSE pg_current_xact_id() END,
        full_seq = CASE WHEN l.status_only THEN c.full_seq ELSE l.seq END
    FROM locked l
    WHERE c.module = l.module AND c.id = l.id AND c.owner = l.owner AND c.sub = l.sub
        AND l.fresh AND c.document <> l.document
    RETURNING l.n
)
SELECT l.n, l.fresh, w.n IS NOT NULL FROM locked l LEFT JOIN written w USING (n)
"""

# The same for a lone patch, at half the time; when it changes no row, _APPLY has to say why.
_APPLY_ONE = """
UPDATE catalogue c
SET document = (c.document || p.patch) - p.nulls, last_updated = p.last_updated,
    received_at = now(), correlation_id = p.correlation_id, xid = pg_current_xact_id(),
    seq = p.seq,
    full_xid = CASE WHEN p.status_only THEN c.full_xid ELSE pg_current_xact_id() END,
    full_seq = CASE WHEN p.status_only THEN c.full_seq ELSE p.seq END
FROM (
    SELECT patch, (patch ->> 'last_updated')::timestamptz AS last_updated, nulls, correlation_id,
        status_only, nextval('change_seq') AS seq
    FROM (
        VALUES (%(patch)s::jsonb, %(nulls)s::text[], %(correlation_id)s, %(status_only)s)
    ) AS given (patch, nulls, correlation_id, status_only)
) AS p
WHERE c.module = %(module)s AND c.id = %(id)s AND c.owner = %(owner)s AND c.sub = %(sub)s
    AND NOT c.absent AND c.last_updated <= p.last_updated
    AND c.document <> (c.document || p.patch) - p.nulls
"""

_STATUS_ONLY = frozenset({"status", "last_updated"})


@dataclass(frozen=True, slots=True)
class Patch:
    """A PATCH that was validated; `document` is its JSON text, `fields` what it says by name."""

    module: str
    owner: str
    id: str
    sub: str
    document: str
    null_fields: tuple[str, ...]
    correlation_id: str
    status_only: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The row it changes; CiStrings are compared without regard to case."""
        return self.module, self.id.lower(), self.owner, self.sub.lower()

    @classmethod
    def of(
        cls,
        module: str,
        owner: str,
        id_: str,
        *,
        sub: str = "",
        patch: Mapping[str, object],
        text: str,
        correlation_id: str,
    ) -> Patch:
        """The PATCH of one object: `patch` as parsed, `text` the same as JSON."""
        return cls(
            module=module,
            owner=owner,
            id=id_,
            sub=sub,
            document=text,
            null_fields=tuple(name for name, value in patch.items() if value is None),
            correlation_id=correlation_id,
            status_only=patch.keys() <= _STATUS_ONLY,
        )


async def apply_patches(conn: Hot, patches: Sequence[Patch]) -> list[Outcome]:
    """Merges each into its row, all in one statement; no two may have the same key."""
    if len(patches) == 1 and await _apply_one(conn, patches[0]):
        return [Outcome.UPDATED]
    batch = ",".join(_row(n, patch) for n, patch in enumerate(patches))
    cursor = await conn.execute(_APPLY, (f"[{batch}]",))
    outcomes = [Outcome.UNKNOWN] * len(patches)
    for n, fresh, written in await cursor.fetchall():
        outcomes[n] = _outcome(fresh=fresh, written=written)
    return outcomes


async def _apply_one(conn: Hot, patch: Patch) -> bool:
    module, id_, owner, sub = patch.key
    values = {
        "module": module,
        "id": id_,
        "owner": owner,
        "sub": sub,
        "patch": patch.document,
        "nulls": list(patch.null_fields),
        "correlation_id": patch.correlation_id,
        "status_only": patch.status_only,
    }
    cursor = await conn.execute(_APPLY_ONE, values)
    return cursor.rowcount == 1


def _row(n: int, patch: Patch) -> str:
    module, id_, owner, sub = patch.key
    row = {
        "n": n,
        "module": module,
        "id": id_,
        "owner": owner,
        "sub": sub,
        "nulls": patch.null_fields,
        "correlation_id": patch.correlation_id,
        "status_only": patch.status_only,
    }
    return f'{json.dumps(row)[:-1]}, "patch": {patch.document}}}'


def _outcome(*, fresh: bool, written: bool) -> Outcome:
    if not fresh:
        return Outcome.STALE
    return Outcome.UPDATED if written else Outcome.UNCHANGED
