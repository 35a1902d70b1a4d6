"""The parties and roles that a platform claims to speak for: who may claim, hold and drop them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role, party_in_role
from ocpi_hub.store.platforms import PlatformStatus
from ocpi_hub.store.tables import parties, platforms

# A Party.key and a role.
Pair = tuple[str, Role]


@dataclass(frozen=True, slots=True)
class Claim:
    """A party and role that a platform says it speaks for."""

    party: Party
    role: Role
    business_details: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Claim:
        """From `NL/TNM/CPO`, or InvalidParameters."""
        return cls(*party_in_role(text), {})

    def __str__(self) -> str:
        return f"{self.party}/{self.role}"

    @property
    def key(self) -> Pair:
        """What may be held by one platform only."""
        return self.party.key, self.role


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What came and went with a registration."""

    added: tuple[Pair, ...]
    removed: tuple[Pair, ...]


def check_claims(claims: Sequence[Claim], *, bound_to: Sequence[str] | None, hub: Party) -> None:
    """Refuse roles that no platform may have, or this one may not (CRE-02, CRE-19, T5)."""
    times = Counter(claim.key for claim in claims)
    invited = None if bound_to is None else {name.lower() for name in bound_to}
    for index, claim in enumerate(claims):
        where = f"roles.{index}"
        if claim.role is Role.HUB:
            raise InvalidParameters(f"{where}.role: HUB is not for parties behind this hub")
        if claim.party == hub:
            raise InvalidParameters(f"{where}: {claim.party} is the hub's own party")
        if times[claim.key] > 1:
            raise InvalidParameters(f"{where}: {claim} is listed {times[claim.key]} times")
        if invited is not None and str(claim).lower() not in invited:
            raise InvalidParameters(f"{where}: {claim} is not among the invited roles")


# A role belongs to the platform that registered it. It may move when that platform was removed,
# or dropped it and the operator's invitation names it.
_TAKE = text("""
    INSERT INTO hub.parties AS held
           (owner, role, country_code, party_id, platform_id, business_details, last_updated)
    SELECT owner, role, country_code, party_id, :platform_id, business_details, :now
      FROM jsonb_to_recordset(CAST(:claims AS jsonb))
        AS c(owner text, role text, country_code text, party_id text, business_details jsonb)
     ORDER BY owner, role
        ON CONFLICT (owner, role) DO UPDATE
       SET platform_id = excluded.platform_id,
           country_code = excluded.country_code,
           party_id = excluded.party_id,
           business_details = excluded.business_details,
           suspended = false,
           last_updated = CASE
               WHEN held.suspended OR held.platform_id <> excluded.platform_id
               THEN excluded.last_updated ELSE held.last_updated END
     WHERE held.platform_id = excluded.platform_id
        OR held.suspended AND (
               :named
               OR EXISTS (SELECT FROM hub.platforms AS holder
                           WHERE holder.id = held.platform_id AND holder.status = 'removed'))
    RETURNING owner, role
""")


async def take_roles(
    conn: AsyncConnection, platform: RowMapping, *, claims: Sequence[Claim], now: datetime
) -> tuple[Pair, ...]:
    """Enter the claims; what the platform did not speak for before.

    InvalidParameters names the first that another platform holds.
    """
    # What an invitation planned was not spoken for yet.
    registered = platform["status"] == PlatformStatus.REGISTERED
    before = await _active(conn, platform["id"]) if registered else set()
    taken = await _take(
        conn, platform["id"], claims=claims, named=platform["bound_to"] is not None, now=now
    )
    for index, claim in enumerate(claims):
        if claim.key not in taken:
            raise InvalidParameters(f"roles.{index}: {claim} is registered by another platform")
    return tuple(sorted(taken - before))


async def plan_roles(conn: AsyncConnection, platform_id: str, *, now: datetime) -> None:
    """Make what an invitation names known as PLANNED, until the platform is registered.

    InvalidParameters names the first that another platform holds.
    """
    invited = select(platforms.c.bound_to).where(
        platforms.c.id == platform_id, platforms.c.status == PlatformStatus.INVITED
    )
    bound_to = await conn.scalar(invited.with_for_update())
    if bound_to is None:
        return
    claims = [Claim.parse(name) for name in bound_to]
    await conn.execute(
        delete(parties).where(
            parties.c.platform_id == platform_id,
            parties.c.suspended.is_(False),
            tuple_(parties.c.owner, parties.c.role).not_in([claim.key for claim in claims]),
        )
    )
    taken = await _take(conn, platform_id, claims=claims, named=True, now=now)
    for claim in claims:
        if claim.key not in taken:
            raise InvalidParameters(f"{claim} is held by another platform")


async def _take(
    conn: AsyncConnection,
    platform_id: str,
    *,
    claims: Sequence[Claim],
    named: bool,
    now: datetime,
) -> set[Pair]:
    """Which of the claims are the platform's now."""
    rows = await conn.execute(
        _TAKE,
        {
            "platform_id": platform_id,
            "named": named,
            "now": now,
            "claims": dumps([_claim_row(claim) for claim in claims]).decode(),
        },
    )
    return {(owner, Role(role)) for owner, role in rows}


def _claim_row(claim: Claim) -> dict[str, Any]:
    return {
        "owner": claim.party.key,
        "role": claim.role.value,
        "country_code": claim.party.country_code,
        "party_id": claim.party.party_id,
        "business_details": claim.business_details,
    }


async def suspend_others(
    conn: AsyncConnection, platform_id: str, *, claims: Sequence[Claim], now: datetime
) -> tuple[Pair, ...]:
    """Suspend what the platform no longer lists: kept, as it was known to others (CRE-20)."""
    dropped = sorted(await _active(conn, platform_id) - {claim.key for claim in claims})
    for owner, role in dropped:
        await conn.execute(
            update(parties)
            .where(parties.c.owner == owner, parties.c.role == role)
            .values(suspended=True, last_updated=now)
        )
    return tuple(dropped)


async def _active(conn: AsyncConnection, platform_id: str) -> set[Pair]:
    held = select(parties.c.owner, parties.c.role).where(
        parties.c.platform_id == platform_id, parties.c.suspended.is_(False)
    )
    return {(owner, Role(role)) for owner, role in await conn.execute(held.with_for_update())}
