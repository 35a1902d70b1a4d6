"""SQL of readings: what a transaction's meter showed, and when its phase changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A row of `readings`: see there for what each column means."""

    at: datetime
    received_at: datetime
    kind: str
    register: Decimal | None = None
    power_watts: Decimal | None = None
    current_amps: Decimal | None = None
    state_of_charge: Decimal | None = None
    phase: str | None = None
    anomaly: str | None = None
    signed: Sequence[Mapping[str, Any]] | None = None


_ADD = """
INSERT INTO readings (
    transaction_id, at, received_at, kind, register, power_watts, current_amps, state_of_charge,
    phase, anomaly, signed, raw
)
SELECT %(transaction_id)s, %(at)s, %(received_at)s, %(kind)s, %(register)s::numeric,
    %(power_watts)s::numeric, %(current_amps)s::numeric, %(state_of_charge)s::numeric, %(phase)s,
    %(anomaly)s, %(signed)s::jsonb, %(raw)s::jsonb
WHERE NOT EXISTS (
    SELECT 1 FROM readings
    WHERE transaction_id = %(transaction_id)s AND at = %(at)s AND kind = %(kind)s
        AND register IS NOT DISTINCT FROM %(register)s::numeric
        AND phase IS NOT DISTINCT FROM %(phase)s AND anomaly IS NOT DISTINCT FROM %(anomaly)s
        AND power_watts IS NOT DISTINCT FROM %(power_watts)s::numeric
        AND signed IS NOT DISTINCT FROM %(signed)s::jsonb
)
"""

_OF = """
SELECT at, received_at, kind, register, power_watts, current_amps, state_of_charge, phase, anomaly,
    signed
FROM readings WHERE transaction_id = %s ORDER BY at, id
"""


async def add(conn: Hot, transaction_id: str, reading: Reading, *, raw: Any = None) -> bool:
    """Whether it was new; the same reading again changes nothing."""
    signed = None if reading.signed is None else Jsonb(list(reading.signed))
    values = {name: getattr(reading, name) for name in Reading.__dataclass_fields__}
    values |= {"transaction_id": transaction_id, "signed": signed, "raw": Jsonb(raw)}
    return (await conn.execute(_ADD, values)).rowcount == 1


async def of(conn: Hot, transaction_id: str) -> list[Reading]:
    """All readings of a transaction in the order of time."""
    async with conn.cursor(row_factory=class_row(Reading)) as cursor:
        await cursor.execute(_OF, (transaction_id,))
        return await cursor.fetchall()
