"""Who is connected, at one moment: what a Snapshot answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus
from ocpi_hub.snapshot import Platform, TokenEntry
from ocpi_hub.store.agreements import Agreement
from ocpi_hub.store.platforms import PlatformStatus, Presence, TokenKind
from tests.hub.snapshots import ENDED, IN_FORCE, NOW, platform, snapshot

CPO, EMSP = platform("NL/CPO/CPO"), platform("DE/EMS/EMSP")
VIEWER = Party("DE", "EMS")


def keys(*platforms: Platform, module: str = "locations", **rest: object) -> list[str]:
    """The owners that DE/EMS sees."""
    return snapshot(*platforms, EMSP, **rest).visible_owners(VIEWER, module)  # type: ignore[arg-type]  # passed on


# --- tokens --------------------------------------------------------------------------------------

TOKENS = {
    "registered": (PlatformStatus.REGISTERED, None, True),
    "invited": (PlatformStatus.INVITED, None, True),
    "suspended": (PlatformStatus.SUSPENDED, None, False),
    "removed": (PlatformStatus.REMOVED, None, False),
    "not yet expired": (PlatformStatus.INVITED, NOW + timedelta(seconds=1), True),
    "expired": (PlatformStatus.INVITED, NOW, False),
}


@pytest.mark.parametrize(("status", "expires_at", "known"), TOKENS.values(), ids=TOKENS)
def test_a_token_is_good_while_its_platform_and_its_time_are(
    status: PlatformStatus, expires_at: object, known: bool
) -> None:
    """T2."""
    peer = platform("NL/CPO/CPO", status=status)
    entry = TokenEntry(peer, TokenKind.INVITATION, expires_at)  # type: ignore[arg-type]  # a table
    world = replace(snapshot(peer), tokens={b"hash": entry})

    assert world.authenticate(b"hash", now=NOW) == (entry if known else None)


def test_an_unknown_token_is_nobodys() -> None:
    assert snapshot(CPO).authenticate(b"hash", now=NOW) is None


# --- who sees whose objects ----------------------------------------------------------------------


def test_owners_are_the_parties_with_the_role_of_the_module() -> None:
    owners = keys(CPO, platform("BE/CP2/CPO"), platform("FR/EM2/EMSP"), platform("FR/NAV/NSP"))

    assert owners == ["be/cp2", "nl/cpo"]


def test_a_party_does_not_see_itself_among_the_owners() -> None:
    both = platform("BE/ABC/CPO", "BE/ABC/EMSP")

    assert snapshot(both).visible_owners(Party("BE", "ABC"), "locations") == []


@pytest.mark.parametrize(
    "gone",
    [
        platform("NL/CPO/CPO", suspended=["NL/CPO/CPO"]),
        platform("NL/CPO/CPO", status=PlatformStatus.SUSPENDED),
        platform("NL/CPO/CPO", status=PlatformStatus.REMOVED),
    ],
    ids=["party suspended", "platform suspended", "platform removed"],
)
def test_what_a_suspended_party_owns_is_not_shown(gone: Platform) -> None:
    assert keys(gone) == []


def test_what_an_offline_party_owns_is_still_shown() -> None:
    assert keys(platform("NL/CPO/CPO", presence=Presence.OFFLINE)) == ["nl/cpo"]


BETWEEN = ("NL/CPO", "DE/EMS")
AGREEMENTS: dict[str, tuple[dict[str, Agreement], list[str]]] = {
    "none": ({}, []),
    "in force": ({"locations": IN_FORCE}, ["nl/cpo"]),
    "ended": ({"locations": ENDED}, []),
    "about another module": ({"tariffs": IN_FORCE}, []),
}


@pytest.mark.parametrize(("modules", "owners"), AGREEMENTS.values(), ids=AGREEMENTS)
def test_where_agreements_are_required_only_they_show_objects(
    modules: dict[str, Agreement], owners: list[str]
) -> None:
    """RTE-23, T10."""
    assert keys(CPO, mode="required", agreements={BETWEEN: modules}) == owners


def test_the_fan_out_sees_what_a_get_shows() -> None:
    world = snapshot(CPO, EMSP, platform("BE/CP2/CPO"))

    assert world.visible_to(VIEWER, "locations") == set(world.visible_owners(VIEWER, "locations"))


# --- whom a broadcast reaches --------------------------------------------------------------------

RECEIVERS = {
    "locations": ["be/nap", "de/ems", "fr/nav", "fr/oth"],
    "tariffs": ["be/nap", "de/ems", "fr/nav", "fr/oth"],
    "tokens": ["nl/cpo"],
    "sessions": [],
    "cdrs": [],
}


@pytest.mark.parametrize(("module", "expected"), RECEIVERS.items(), ids=str)
def test_a_broadcast_reaches_the_opposite_roles(module: str, expected: list[str]) -> None:
    """RTE-10, RTE-11, RTE-14."""
    world = snapshot(
        CPO,
        EMSP,
        platform("FR/NAV/NSP", "FR/OTH/OTHER"),
        platform("BE/NAP/NAP"),
        platform("BE/SCS/SCSP"),
    )

    assert [entry.party.key for entry in world.receivers(module)] == expected


def test_a_platform_without_the_receiver_interface_is_not_sent_to() -> None:
    pull_only = replace(
        EMSP, endpoints={("locations", Interface.SENDER): "https://ems.example/locations"}
    )

    assert snapshot(pull_only).receivers("locations") == ()


def test_a_party_with_two_receiving_roles_is_sent_to_once() -> None:
    world = snapshot(platform("DE/EMS/EMSP", "DE/EMS/NSP"))

    assert len(world.receivers("locations")) == 1


def test_each_party_of_a_platform_is_a_receiver() -> None:
    """RTE-31: TO names one party."""
    world = snapshot(platform("DE/EMS/EMSP", "DE/EM2/EMSP"))

    assert [entry.party.key for entry in world.receivers("locations")] == ["de/em2", "de/ems"]


# --- what others are told of a party -------------------------------------------------------------

STATUSES = {
    "connected": (CPO, ConnectionStatus.CONNECTED),
    "offline": (platform("NL/CPO/CPO", presence=Presence.OFFLINE), ConnectionStatus.OFFLINE),
    "invited": (platform("NL/CPO/CPO", status=PlatformStatus.INVITED), ConnectionStatus.PLANNED),
    "suspended": (
        platform("NL/CPO/CPO", status=PlatformStatus.SUSPENDED),
        ConnectionStatus.SUSPENDED,
    ),
    "removed": (
        platform("NL/CPO/CPO", status=PlatformStatus.REMOVED),
        ConnectionStatus.SUSPENDED,
    ),
    "party suspended": (
        platform("NL/CPO/CPO", suspended=["NL/CPO/CPO"]),
        ConnectionStatus.SUSPENDED,
    ),
}


@pytest.mark.parametrize(("peer", "expected"), STATUSES.values(), ids=STATUSES)
def test_the_status_of_a_party(peer: Platform, expected: ConnectionStatus) -> None:
    assert snapshot(peer, EMSP).status_for(EMSP, peer.roles[0]) is expected


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ({}, ConnectionStatus.PLANNED),
        ({"tariffs": IN_FORCE}, ConnectionStatus.CONNECTED),
        ({"tariffs": ENDED}, ConnectionStatus.PLANNED),
    ],
    ids=["none", "in force", "ended"],
)
def test_a_party_without_an_agreement_is_planned(
    modules: dict[str, Agreement], expected: ConnectionStatus
) -> None:
    """HUB-23."""
    world = snapshot(CPO, EMSP, mode="required", agreements={BETWEEN: modules})

    assert world.status_for(EMSP, CPO.roles[0]) is expected


def test_an_active_role_is_found_before_a_suspended_one() -> None:
    peer = platform("DE/EMS/EMSP", "DE/EMS/NSP", suspended=["DE/EMS/EMSP"])

    found = snapshot(peer).platform_of(VIEWER, frozenset({Role.EMSP, Role.NSP}))

    assert found is not None
    assert found.role is Role.NSP
