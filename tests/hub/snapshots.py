"""Snapshots made by hand, for what is decided without a database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from ocpi_hub.protocol.modules import FUNCTIONAL_MODULES
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.snapshot import Mode, PartyRole, Platform, Snapshot
from ocpi_hub.store.agreements import Agreement, pair
from ocpi_hub.store.platforms import PlatformStatus, Presence

HUB = Party("NL", "HUB")
NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
IN_FORCE = Agreement(NOW, None)
ENDED = Agreement(NOW, NOW)


def platform(
    *roles: str,
    status: PlatformStatus = PlatformStatus.REGISTERED,
    presence: Presence = Presence.CONNECTED,
    quirks: Collection[str] = (),
    suspended: Collection[str] = (),
    host: str = "peer.example",
    modules: Collection[str] = FUNCTIONAL_MODULES,
) -> Platform:
    """A platform with roles like "NL/CPO/CPO", some of them suspended; its id is the first."""
    entries = tuple(_role(role, roles[0], suspended=role in suspended) for role in roles)
    return Platform(
        id=roles[0],
        name=roles[0],
        status=status,
        version="2.2.1",
        versions_url=f"https://{host}/ocpi/versions",
        token_out="token-of-the-peer",
        endpoints={
            (module, side): f"https://{host}/{side.lower()}/{module}"
            for module in modules
            for side in Interface
        },
        quirks=frozenset(quirks),
        presence=presence,
        presence_since=NOW,
        last_seen=NOW,
        roles=entries,
    )


def _role(text: str, platform_id: str, *, suspended: bool) -> PartyRole:
    party, _, role = text.rpartition("/")
    return PartyRole(Party.parse(party), Role(role), platform_id, suspended, {"name": text}, NOW)


def snapshot(
    *platforms: Platform,
    mode: Mode = "open",
    agreements: dict[tuple[str, str], dict[str, Agreement]] | None = None,
) -> Snapshot:
    """The platforms at one moment; `agreements` by two parties like "NL/CPO" and by module."""
    parties: dict[str, dict[Role, PartyRole]] = {}
    for each in platforms:
        for entry in each.roles:
            parties.setdefault(entry.party.key, {})[entry.role] = entry
    return Snapshot(
        version=1,
        hub=HUB,
        mode=mode,
        platforms={each.id: each for each in platforms},
        tokens={},
        parties=parties,
        agreements={
            pair(Party.parse(a).key, Party.parse(b).key): modules
            for (a, b), modules in (agreements or {}).items()
        },
    )
