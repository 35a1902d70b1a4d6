"""The registry: the current Snapshot, kept in step with the database.

A notice only wakes it. On every connect and every five seconds it compares versions, and it says
how long ago that last worked, so that a revoked token cannot live on beside a lost database.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.secrets import Vault
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.snapshot import Mode, PartyRole, Platform, Snapshot, TokenEntry
from ocpi_hub.store import agreements, clearing_modes, notices, platforms
from ocpi_hub.store.clearing_modes import ClearingMode
from ocpi_hub.store.platforms import PlatformStatus, Presence, Rows, TokenKind

__all__ = ["Mode", "PartyRole", "Platform", "Registry", "Snapshot", "TokenEntry"]

log = logging.getLogger(__name__)

_CHECK_SECONDS = 5.0
_STALE_SECONDS = 30.0
_RETRY_SECONDS = 1.0


class Registry:
    """Holds the snapshot; `run` follows the database until it is cancelled."""

    def __init__(
        self,
        db: Database,
        *,
        hub: Party,
        mode: Mode,
        vault: Vault,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._checked_at = clock()
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self.snapshot = Snapshot(
            version=-1, hub=hub, mode=mode, platforms={}, tokens={}, parties={}, agreements={}
        )

    @property
    def stale_for(self) -> float:
        """Seconds since the snapshot was last known to be current."""
        return self._clock() - self._checked_at

    @property
    def writable(self) -> bool:
        """Whether the hub may act on what the snapshot says."""
        return self.stale_for < _STALE_SECONDS

    async def ready(self) -> str | None:
        """None while the hub may act, else why not: a node.health.Ready."""
        return None if self.writable else f"no database for {self.stale_for:.0f} s"

    async def run(self) -> None:
        """Follow the database, and come back to it whenever it was lost."""
        while True:
            try:
                async with notices.listening(self._db) as notice:
                    while True:
                        await self.refresh()
                        await notice(_CHECK_SECONDS)
            except UNAVAILABLE as error:
                log.warning("registry lost the database", extra={"reason": str(error)})
            await asyncio.sleep(_RETRY_SECONDS)

    async def refresh(self) -> Snapshot:
        """The snapshot as of now, loaded anew if it has changed."""
        async with self._turn, asyncio.timeout(_CHECK_SECONDS):
            begun = self._clock()
            async with self._db.begin() as conn:
                await platforms.freeze(conn)
                version = await notices.version(conn)
                if version != self.snapshot.version:
                    rows = await platforms.load(conn)
                    agreed = await agreements.load(conn)
                    modes = await clearing_modes.load(conn)
                    self.snapshot = self._assemble(version, rows, agreed, modes)
                    self._news.set()
                    self._news = asyncio.Event()
            self._checked_at = begun
        return self.snapshot

    async def newer_than(self, version: int) -> Snapshot:
        """The first snapshot after that version; waits for it."""
        while self.snapshot.version <= version:
            await self._news.wait()
        return self.snapshot

    def _assemble(
        self,
        version: int,
        rows: Rows,
        agreed: Mapping[tuple[str, str], Mapping[str, agreements.Agreement]],
        modes: Mapping[tuple[str, str], ClearingMode],
    ) -> Snapshot:
        entries = [_party_role(row) for row in rows.parties]
        hosts = {row["id"]: self._platform(row, entries) for row in rows.platforms}
        parties: dict[str, dict[Role, PartyRole]] = {}
        for entry in entries:
            parties.setdefault(entry.party.key, {})[entry.role] = entry
        return Snapshot(
            version=version,
            hub=self.snapshot.hub,
            mode=self.snapshot.mode,
            platforms=hosts,
            tokens={bytes(row["hash"]): _token(row, hosts) for row in rows.tokens},
            parties=parties,
            agreements=agreed,
            clearing_modes=modes,
        )

    def _platform(self, row: Mapping[str, Any], entries: Sequence[PartyRole]) -> Platform:
        sealed = row["token_out"]
        return Platform(
            id=row["id"],
            name=row["name"],
            status=PlatformStatus(row["status"]),
            version=row["version"],
            versions_url=row["versions_url"],
            token_out=None if sealed is None else self._vault.decrypt(bytes(sealed)),
            endpoints={(e["identifier"], Interface(e["role"])): e["url"] for e in row["endpoints"]},
            quirks=frozenset(row["quirks"]),
            presence=Presence(row["presence"]),
            presence_since=row["presence_since"],
            last_seen=row["last_seen"],
            roles=tuple(entry for entry in entries if entry.platform_id == row["id"]),
        )


def _party_role(row: Mapping[str, Any]) -> PartyRole:
    return PartyRole(
        party=Party(row["country_code"], row["party_id"]),
        role=Role(row["role"]),
        platform_id=row["platform_id"],
        suspended=row["suspended"],
        business_details=row["business_details"],
        last_updated=row["last_updated"],
    )


def _token(row: Mapping[str, Any], hosts: Mapping[str, Platform]) -> TokenEntry:
    return TokenEntry(hosts[row["platform_id"]], TokenKind(row["kind"]), row["expires_at"])
