"""SQL of firmware campaigns: which stations, in which wave, and how far each has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Campaign:
    """A row of `campaigns`: see there for what each column means."""

    id: str
    firmware_url: str
    version: str | None
    options: Mapping[str, Any]
    state: str
    wave_size: int
    stop_after_failures: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A station of a campaign. `state` is waiting, sent, a word of OCPP, or failed."""

    station_id: str
    wave: int
    state: str
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Word:
    """What a station said last of its firmware, since it was asked."""

    station_id: str
    status: str
    at: datetime


_COLUMNS = ", ".join(field.name for field in fields(Campaign))
_SELECT = f"SELECT {_COLUMNS} FROM campaigns"  # noqa: S608 - only the column list

# A station that says Idle has nothing to say of an update.
_WORDS = """
SELECT s.station_id, h.status, h.at
FROM campaign_stations s
CROSS JOIN LATERAL (
    SELECT detail ->> 'status' AS status, at, id FROM happenings
    WHERE station_id = s.station_id AND kind = 'firmware' AND at > s.updated_at
        AND detail ->> 'status' IS DISTINCT FROM 'Idle'
    ORDER BY id DESC LIMIT 1
) h
WHERE s.campaign_id = %s AND s.state NOT IN ('waiting', 'Installed', 'failed')
    AND h.status IS NOT NULL
"""


async def add(conn: Hot, campaign: Campaign, *, waves: Sequence[Sequence[str]]) -> None:
    """Keeps a new campaign with its stations."""
    await conn.execute(
        "INSERT INTO campaigns (id, firmware_url, version, options, state, wave_size,"
        " stop_after_failures, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            campaign.id,
            campaign.firmware_url,
            campaign.version,
            Jsonb(dict(campaign.options)),
            campaign.state,
            campaign.wave_size,
            campaign.stop_after_failures,
            campaign.created_at,
        ),
    )
    rows = [
        (campaign.id, station_id, number)
        for number, wave in enumerate(waves, start=1)
        for station_id in wave
    ]
    async with conn.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO campaign_stations (campaign_id, station_id, wave) VALUES (%s, %s, %s)",
            rows,
        )


async def find(conn: Hot, campaign_id: str, *, lock: bool = False) -> Campaign | None:
    """A campaign by its id."""
    statement = f"{_SELECT} WHERE id = %s" + (" FOR UPDATE" if lock else "")
    async with conn.cursor(row_factory=class_row(Campaign)) as cursor:
        await cursor.execute(statement, (campaign_id,))
        return await cursor.fetchone()


async def listed(conn: Hot, *, limit: int) -> list[Campaign]:
    """Campaigns, the newest first."""
    async with conn.cursor(row_factory=class_row(Campaign)) as cursor:
        await cursor.execute(f"{_SELECT} ORDER BY created_at DESC, id LIMIT %s", (limit,))
        return await cursor.fetchall()


async def running(conn: Hot) -> list[str]:
    """The ids of those that run, the oldest first."""
    found = await conn.execute(
        "SELECT id FROM campaigns WHERE state = 'running' ORDER BY created_at, id"
    )
    return [row[0] for row in await found.fetchall()]


async def busy(conn: Hot, station_ids: Sequence[str]) -> str | None:
    """One of these stations that a running campaign has not finished with."""
    found = await conn.execute(
        """
SELECT s.station_id FROM campaign_stations s JOIN campaigns c ON c.id = s.campaign_id
WHERE c.state = 'running' AND s.station_id = ANY(%s) AND s.state NOT IN ('Installed', 'failed')
ORDER BY s.station_id LIMIT 1
""",
        (list(station_ids),),
    )
    row = await found.fetchone()
    return None if row is None else row[0]


async def members(conn: Hot, campaign_id: str) -> list[Member]:
    """The stations of a campaign, wave by wave."""
    async with conn.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(
            "SELECT station_id, wave, state, updated_at FROM campaign_stations"
            " WHERE campaign_id = %s ORDER BY wave, station_id",
            (campaign_id,),
        )
        return await cursor.fetchall()


async def words(conn: Hot, campaign_id: str) -> list[Word]:
    """What the stations that were asked have said since the last look."""
    async with conn.cursor(row_factory=class_row(Word)) as cursor:
        await cursor.execute(_WORDS, (campaign_id,))
        return await cursor.fetchall()


async def move(
    conn: Hot, campaign_id: str, station_id: str, *, to: str, at: datetime | None
) -> None:
    """A station of a campaign has come so far."""
    await conn.execute(
        "UPDATE campaign_stations SET state = %s, updated_at = %s"
        " WHERE campaign_id = %s AND station_id = %s",
        (to, at, campaign_id, station_id),
    )


async def begin_wave(conn: Hot, campaign_id: str, *, wave: int, at: datetime) -> None:
    """From now on the stations of a wave may be asked; their time runs."""
    await conn.execute(
        "UPDATE campaign_stations SET updated_at = %s"
        " WHERE campaign_id = %s AND wave = %s AND updated_at IS NULL",
        (at, campaign_id, wave),
    )


async def finish(conn: Hot, campaign_id: str, *, state: str) -> None:
    """A campaign is done, or was stopped."""
    await conn.execute("UPDATE campaigns SET state = %s WHERE id = %s", (state, campaign_id))
