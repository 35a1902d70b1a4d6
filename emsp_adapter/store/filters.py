"""What a place must be like, and the same as conditions of SQL."""

from __future__ import annotations

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

# As `listed` is of places that are published.
_PRIVATE = SQL("allowed_to && %(tokens)s::text[] AND allowed_to <> '{}' AND evses > 0")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a place must be like; None and False ask for nothing.

    `owners` are the CPOs whose places may be seen, `open_hours` the opening hours that are open
    now; a place whose CPO gives none is not held to be closed. `words` is a tsquery.
    """

    owners: tuple[str, ...]
    # Not what everybody is shown, but what the owners of these tokens are shown alone.
    tokens: tuple[str, ...] = ()
    plugs: tuple[str, ...] | None = None
    min_watts: int = 0
    free: bool = False
    operator: str | None = None
    max_price: Decimal | None = None
    currency: str | None = None
    words: str | None = None
    open_hours: tuple[str, ...] | None = None


def values_of(filters: Filters) -> dict[str, object]:
    """The values that the conditions name."""
    return {
        "owners": list(filters.owners),
        "tokens": list(filters.tokens),
        "plugs": None if filters.plugs is None else list(filters.plugs),
        "min_watts": filters.min_watts,
        "free": filters.free,
        "operator": filters.operator,
        "max_price": filters.max_price,
        "currency": filters.currency,
        "words": filters.words,
        "open_hours": None if filters.open_hours is None else list(filters.open_hours),
    }


def conditions_of(filters: Filters) -> list[Composable]:
    """The conditions on rows of `places`; only what is asked for is one."""
    found: list[Composable] = [
        _PRIVATE if filters.tokens else SQL("listed"),
        SQL("owner = ANY (%(owners)s)"),
    ]
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
    if filters.currency is not None:
        found.append(SQL("currency = %(currency)s"))
    if filters.words is not None:
        found.append(SQL("words @@ %(words)s::tsquery"))
    if filters.open_hours is not None:
        found.append(SQL("(hours IS NULL OR hours = ANY (%(open_hours)s))"))
    return found
