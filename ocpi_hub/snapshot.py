"""Who is connected, at one moment: platforms, parties, agreements and presence.

A Snapshot answers every question on the way of a message by dict look-ups. It does not change and
does not know where it came from: the Registry makes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from ocpi_hub.protocol.modules import FUNCTIONAL, Kind
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus
from ocpi_hub.store.agreements import Agreement, pair
from ocpi_hub.store.clearing_modes import ClearingMode
from ocpi_hub.store.platforms import PlatformStatus, Presence, TokenKind

Mode = Literal["open", "required"]

_OWNERS = {row.module: row.receivers for row in FUNCTIONAL if row.kind is Kind.LIST}
# Who is told each module that is broadcast.
RECEIVERS = {row.module: row.receivers for row in FUNCTIONAL if row.broadcast}


@dataclass(frozen=True)
class PartyRole:
    """One role of one party, and the platform that speaks for it."""

    party: Party
    role: Role
    platform_id: str
    suspended: bool
    business_details: Mapping[str, Any]
    last_updated: datetime


@dataclass(frozen=True)
class Platform:
    """A peer: it hosts parties, and has endpoints and tokens."""

    id: str
    name: str
    status: PlatformStatus
    version: str | None
    versions_url: str | None
    # The credentials token it issued to the hub.
    token_out: str | None = field(repr=False)
    endpoints: Mapping[tuple[str, Interface], str]
    quirks: frozenset[str]
    presence: Presence
    presence_since: datetime | None
    last_seen: datetime | None
    roles: tuple[PartyRole, ...]

    @property
    def registered(self) -> bool:
        """Whether messages may go to and come from it."""
        return self.status is PlatformStatus.REGISTERED

    @property
    def connected(self) -> bool:
        """Whether it answered when last heard of."""
        return self.registered and self.presence is Presence.CONNECTED

    def endpoint(self, module: str, interface: Interface) -> str | None:
        """The URL it published for a module, or None when it does not have it."""
        return self.endpoints.get((module, interface))


@dataclass(frozen=True)
class TokenEntry:
    """What a credentials token that the hub issued is good for: a protocol.server.Caller."""

    platform: Platform
    kind: TokenKind
    expires_at: datetime | None

    @property
    def id(self) -> str:
        """The platform's id."""
        return self.platform.id

    @property
    def invited(self) -> bool:
        """Whether it is a token A: good for versions and credentials only (AUTH-04)."""
        return self.kind is TokenKind.INVITATION

    @property
    def quirks(self) -> frozenset[str]:
        """Names of the platform's quirks."""
        return self.platform.quirks


@dataclass(frozen=True)
class Snapshot:
    """Everybody, at one moment. `parties` is keyed by Party.key, `tokens` by SHA-256."""

    version: int
    hub: Party
    mode: Mode
    platforms: Mapping[str, Platform]
    tokens: Mapping[bytes, TokenEntry]
    parties: Mapping[str, Mapping[Role, PartyRole]]
    agreements: Mapping[tuple[str, str], Mapping[str, Agreement]]
    # Of each pair that does not just observe.
    clearing_modes: Mapping[tuple[str, str], ClearingMode] = field(default_factory=dict)

    def authenticate(self, token_hash: bytes, *, now: datetime) -> TokenEntry | None:
        """Whose token it is; None when unknown, expired, or of a suspended platform (T2)."""
        entry = self.tokens.get(token_hash)
        if entry is None or (entry.expires_at is not None and entry.expires_at <= now):
            return None
        if entry.platform.status in (PlatformStatus.SUSPENDED, PlatformStatus.REMOVED):
            return None
        return entry

    def platform_of(self, party: Party, roles: frozenset[Role]) -> PartyRole | None:
        """The party in one of `roles`, active ones first; None when nobody registered it so."""
        held = [entry for role, entry in self._roles(party) if role in roles]
        return next((entry for entry in held if self.active(entry)), held[0] if held else None)

    def platform(self, entry: PartyRole) -> Platform:
        """The platform that speaks for a party."""
        return self.platforms[entry.platform_id]

    def active(self, entry: PartyRole) -> bool:
        """Whether the party takes part: neither it nor its platform is suspended or removed."""
        return not entry.suspended and self.platforms[entry.platform_id].registered

    def allowed(self, a: Party, b: Party, module: str) -> bool:
        """Whether two parties may exchange a module now."""
        if self.mode == "open" or a == b:
            return True
        agreement = self._between(a.key, b.key).get(module)
        return agreement is not None and agreement.ended_at is None

    def ended(self, a: Party, b: Party, module: str) -> bool:
        """Whether they had an agreement: it still carries what was begun under it."""
        agreement = self._between(a.key, b.key).get(module)
        return agreement is not None and agreement.ended_at is not None

    def clearing_mode(self, a: Party, b: Party) -> ClearingMode:
        """What happens between two parties to a CDR that does not cost what it claims."""
        return self.clearing_modes.get(pair(a.key, b.key), ClearingMode.OBSERVE)

    def known_between(self, a: Party, b: Party, module: str) -> bool:
        """Whether they have or had an agreement about a module."""
        return self.allowed(a, b, module) or self.ended(a, b, module)

    def status_for(self, viewer: Platform, entry: PartyRole) -> ConnectionStatus:
        """What a platform is told about a party. Source: 2.2.1 HubClientInfo, ConnectionStatus."""
        platform = self.platforms[entry.platform_id]
        if entry.suspended or platform.status in (PlatformStatus.SUSPENDED, PlatformStatus.REMOVED):
            return ConnectionStatus.SUSPENDED
        if not platform.registered or not self._may_meet(viewer, entry):
            return ConnectionStatus.PLANNED
        return ConnectionStatus.CONNECTED if platform.connected else ConnectionStatus.OFFLINE

    def status_since(self, viewer: Platform, entry: PartyRole) -> datetime:
        """The moment `status_for` last changed, for ClientInfo.last_updated (HCI-12)."""
        moments = [entry.last_updated]
        presence_since = self.platforms[entry.platform_id].presence_since
        if presence_since is not None:
            moments.append(presence_since)
        if self.mode == "required":
            moments += [
                agreement.ended_at or agreement.since
                for agreement in self._agreements_of(viewer, entry)
            ]
        return max(moments)

    def visible_owners(self, viewer: Party, module: str) -> list[str]:
        """Keys of the other parties whose objects of a module the viewer may see (RTE-23, T10)."""
        owners = self._owners.get(module, frozenset())
        if self.mode == "open":
            return sorted(owners - {viewer.key})
        return sorted(owners & self._partners.get((viewer.key, module), frozenset()))

    def visible_to(self, viewer: Party, module: str) -> frozenset[str]:
        """`visible_owners` for the fan-out, which asks for every change."""
        key = viewer.key, module
        if key not in self._visible:
            self._visible[key] = frozenset(self.visible_owners(viewer, module))
        return self._visible[key]

    def receivers(self, module: str) -> tuple[PartyRole, ...]:
        """Whom a broadcast module is sent to, each party once, present or not (RTE-10, RTE-31)."""
        return self._receivers.get(module, ())

    def _roles(self, party: Party) -> list[tuple[Role, PartyRole]]:
        return sorted(self.parties.get(party.key, {}).items())

    def _between(self, a: str, b: str) -> Mapping[str, Agreement]:
        return self.agreements.get(pair(a, b), {})

    def _agreements_of(self, viewer: Platform, entry: PartyRole) -> list[Agreement]:
        return [
            agreement
            for own in viewer.roles
            for agreement in self._between(own.party.key, entry.party.key).values()
        ]

    def _may_meet(self, viewer: Platform, entry: PartyRole) -> bool:
        if self.mode == "open":
            return True
        return any(a.ended_at is None for a in self._agreements_of(viewer, entry))

    @cached_property
    def _visible(self) -> dict[tuple[str, str], frozenset[str]]:
        return {}

    @cached_property
    def _owners(self) -> Mapping[str, frozenset[str]]:
        """Per module, the active parties whose objects it holds."""
        return {
            module: frozenset(e.party.key for e in self._entries() if e.role in roles)
            for module, roles in _OWNERS.items()
        }

    @cached_property
    def _partners(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Per party and module, the parties with an agreement in force."""
        found: dict[tuple[str, str], set[str]] = {}
        for (first, second), modules in self.agreements.items():
            for module, agreement in modules.items():
                if agreement.ended_at is None:
                    found.setdefault((first, module), set()).add(second)
                    found.setdefault((second, module), set()).add(first)
        return {key: frozenset(partners) for key, partners in found.items()}

    @cached_property
    def _receivers(self) -> Mapping[str, tuple[PartyRole, ...]]:
        return {module: self._receivers_of(module, roles) for module, roles in RECEIVERS.items()}

    def _receivers_of(self, module: str, roles: frozenset[Role]) -> tuple[PartyRole, ...]:
        once: dict[str, PartyRole] = {}
        for entry in self._entries():
            url = self.platforms[entry.platform_id].endpoint(module, Interface.RECEIVER)
            if entry.role in roles and url is not None:
                once.setdefault(entry.party.key, entry)
        return tuple(once.values())

    def _entries(self) -> Iterable[PartyRole]:
        """Every active party and role, in a fixed order."""
        for key in sorted(self.parties):
            for _, entry in sorted(self.parties[key].items()):
                if self.active(entry):
                    yield entry
