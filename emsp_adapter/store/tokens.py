"""SQL of drivers' tokens; `uid` is folded, its spelling stands in the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot, one_row


@dataclass(frozen=True, slots=True)
class Holder:
    """The driver of a token: status is active, blocked or deleted."""

    id: str
    status: str
    locale: str


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token and the Token that partners see; state is active, blocked or removed."""

    id: str
    driver_id: str
    type: str
    label: str | None
    state: str
    contract_id: str
    document: dict[str, Any]
    created_at: datetime
    # How it was last used as no driver uses a card: {rule, message, at}.
    suspicion: dict[str, str] | None = None

    @property
    def uid(self) -> str:
        """As it is spelled."""
        return str(self.document["uid"])


_COLUMNS = "id, driver_id, type, label, state, contract_id, document, created_at, suspicion"

_PROVEN = f"""
SELECT {_COLUMNS} FROM tokens t
WHERE driver_id = %s AND state = 'active' AND (
    type <> 'RFID'
    OR EXISTS (SELECT FROM authorizations a WHERE a.token_id = t.id)
    OR EXISTS (SELECT FROM sessions s WHERE s.token_id = t.id)
)
ORDER BY created_at, id
"""  # noqa: S608 - a constant


async def holder(conn: Hot, driver_id: str, *, lock: bool = False) -> Holder | None:
    """The driver; with `lock` nobody else changes the driver's tokens meanwhile."""
    statement = "SELECT id, status, locale FROM drivers WHERE id = %s"
    async with conn.cursor(row_factory=class_row(Holder)) as cursor:
        await cursor.execute(statement + (" FOR NO KEY UPDATE" if lock else ""), (driver_id,))
        return await cursor.fetchone()


async def next_number(conn: Hot) -> int:
    """A number that no contract has had."""
    (number,) = await one_row(conn, "SELECT nextval('contract_numbers')")
    return int(number)


async def add(
    conn: Hot,
    token_id: str,
    *,
    driver_id: str,
    document: Mapping[str, Any],
    label: str | None,
    now: datetime,
) -> bool:
    """Keep a new token; False when one of that uid and type is in use."""
    done = await conn.execute(
        """
INSERT INTO tokens (id, driver_id, uid, type, label, contract_id, document, created_at)
VALUES (%s, %s, lower(%s), %s, %s, %s, %s, %s)
ON CONFLICT (uid, type) WHERE state <> 'removed' DO NOTHING
""",
        (
            token_id,
            driver_id,
            document["uid"],
            document["type"],
            label,
            document["contract_id"],
            Jsonb(document),
            now,
        ),
    )
    return done.rowcount == 1


async def change(
    conn: Hot, token_id: str, *, state: str, label: str | None, document: Mapping[str, Any]
) -> None:
    """Keep a token in another state."""
    await conn.execute(
        "UPDATE tokens SET state = %s, label = %s, document = %s WHERE id = %s",
        (state, label, Jsonb(document), token_id),
    )


async def proven(conn: Hot, driver_id: str) -> list[TokenRow]:
    """The driver's tokens in use that the driver has for certain: not a card whose uid was typed
    in, before a CPO has asked about it or told of a Session with it."""
    async with conn.cursor(row_factory=class_row(TokenRow)) as cursor:
        await cursor.execute(_PROVEN, (driver_id,))
        return await cursor.fetchall()


async def suspect(
    conn: Hot, token_id: str, suspicion: Mapping[str, str], *, before: datetime
) -> bool:
    """Keep how a token was used as no driver uses one; False when the same was kept since then."""
    done = await conn.execute(
        """
UPDATE tokens SET suspicion = %(suspicion)s
WHERE id = %(id)s AND (
    suspicion IS NULL OR suspicion ->> 'rule' <> %(rule)s
    OR (suspicion ->> 'at')::timestamptz <= %(before)s
)
""",
        {
            "suspicion": Jsonb(suspicion),
            "id": token_id,
            "rule": suspicion["rule"],
            "before": before,
        },
    )
    return done.rowcount == 1


async def suspected(conn: Hot) -> list[TokenRow]:
    """Every token in use that was used as no driver uses one, the last of them first."""
    async with conn.cursor(row_factory=class_row(TokenRow)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM tokens WHERE suspicion IS NOT NULL AND state <> 'removed'"  # noqa: S608 - a constant
            " ORDER BY suspicion ->> 'at' DESC, id"
        )
        return await cursor.fetchall()


async def get(conn: Hot, token_id: str) -> TokenRow | None:
    """The token of that id."""
    return await _one(conn, "id = %s", token_id)


async def find(
    conn: Hot, *, uid: str, type_: str, contract_id: str | None = None
) -> TokenRow | None:
    """The token that a partner means: that of the contract it names, else the one in use, else the
    last that was."""
    return await _one(
        conn,
        "uid = lower(%s) AND type = %s"
        " ORDER BY upper(contract_id) = upper(%s) DESC NULLS LAST, state = 'removed',"
        " created_at DESC LIMIT 1",
        uid,
        type_,
        contract_id,
    )


async def of_type(conn: Hot, driver_id: str, *, type_: str) -> TokenRow | None:
    """The driver's token of a type of which a driver has one."""
    return await _one(
        conn,
        "driver_id = %s AND type = %s AND state <> 'removed' ORDER BY created_at LIMIT 1",
        driver_id,
        type_,
    )


async def of_driver(conn: Hot, driver_id: str) -> list[TokenRow]:
    """Every token that a driver has or had, the oldest first."""
    async with conn.cursor(row_factory=class_row(TokenRow)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM tokens WHERE driver_id = %s ORDER BY created_at, id",  # noqa: S608 - a constant
            (driver_id,),
        )
        return await cursor.fetchall()


async def _one(conn: Hot, where: str, *values: object) -> TokenRow | None:
    async with conn.cursor(row_factory=class_row(TokenRow)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM tokens WHERE {where}".encode(),  # noqa: S608 - constants
            values,
        )
        return await cursor.fetchone()
