"""What a place must be like, and the same as conditions of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from psycopg.sql import SQL, Composable

# A plug that is free, and strong enough, and of a wanted standard: one plug that is all of it.
_OFFERED = SQL("""
EXISTS (
    SELECT FROM jsonb_to_recordset(offers) AS o (standard text, watts integer, free integer)
    WHERE (%(plugs)s::text[] IS NULL OR o.standard = ANY (%(plugs)s::text[]))
        AND o.watts >= %(min_watts)s AND (NOT %(free)s OR o.free > 0)
)
""")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a place must be like; None and False ask for nothing.

    `owners` are the CPOs whose places may be seen, `open_hours` the opening hours that are open
    now; a place whose CPO gives none is not held to be closed.
    """

    owners: tuple[str, ...]
    plugs: tuple[str, ...] | None = None
    min_watts: int = 0
    free: bool = False
    operator: str | None = None
    max_price: Decimal | None = None
    words: tuple[str, ...] = ()
    open_hours: tuple[str, ...] | None = None


def values_of(filters: Filters) -> dict[str, object]:
    """The values that the conditions name."""
    return {
        "owners": list(filters.owners),
        "plugs": None if filters.plugs is None else list(filters.plugs),
        "min_watts": filters.min_watts,
        "free": filters.free,
        "operator": filters.operator,
        "max_price": filters.max_price,
        "words": _prefixes(filters.words),
        "open_hours": None if filters.open_hours is None else list(filters.open_hours),
    }


def conditions_of(filters: Filters) -> list[Composable]:
    """The conditions on rows of `places`; only what is asked for is one."""
    found: list[Composable] = [SQL("owner = ANY (%(owners)s)")]
    if filters.plugs is not None:
        found.append(SQL("plugs && %(plugs)s::text[]"))
    if filters.free:
        found.append(SQL("free > 0"))
    if filters.min_watts:
        found.append(SQL("max_watts >= %(min_watts)s"))
    if filters.plugs is not None or filters.min_watts:
        found.append(_OFFERED)
    if filters.operator is not None:
        found.append(SQL("strpos(lower(operator), lower(%(operator)s)) > 0"))
    if filters.max_price is not None:
        found.append(SQL("kwh_price <= %(max_price)s"))
    if filters.words:
        found.append(SQL("words @@ %(words)s::tsquery"))
    if filters.open_hours is not None:
        found.append(SQL("(hours IS NULL OR hours = ANY (%(open_hours)s))"))
    return found


def _prefixes(words: Sequence[str]) -> str:
    """Words of letters and digits alone, as prefixes that must all be there."""
    return " & ".join(f"'{word}':*" for word in words)
