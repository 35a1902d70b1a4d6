"""What the registry knows of everybody, and how it stays in step with the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import hash_token
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus
from ocpi_hub.registry import Registry
from ocpi_hub.snapshot import Mode, Platform, Snapshot
from ocpi_hub.store import agreements, platforms
from ocpi_hub.store.platforms import Presence
from tests.hub.registering import HUB, NOW, VAULT, invited, put, registered, registry

CPO, EMS, OTHER = Party("NL", "CPO"), Party("DE", "EMS"), Party("DE", "OTH")
LATER = NOW + timedelta(hours=1)


@asynccontextmanager
async def following(followed: Registry) -> AsyncIterator[Registry]:
    """The registry while it runs."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(followed.run())
        yield followed
        running.cancel()


async def until_connected(followed: Registry, name: str, *, connected: bool) -> None:
    async with asyncio.timeout(4):
        snapshot = await followed.newer_than(0)
        while snapshot.platforms[name].connected is not connected:
            snapshot = await followed.newer_than(snapshot.version)


async def agree(db: Database, a: Party, b: Party, *modules: str) -> None:
    async with db.begin() as conn:
        await agreements.add(conn, a, b=b, modules=modules, now=NOW)


async def end(db: Database, a: Party, b: Party, *modules: str) -> None:
    async with db.begin() as conn:
        await agreements.end(conn, a, b=b, modules=modules, now=LATER)


async def two_parties(db: Database) -> None:
    await registered(db, "cpo", "NL/CPO/CPO")
    await registered(db, "ems", "DE/EMS/EMSP", "DE/OTH/OTHER")


async def test_a_change_elsewhere_is_seen_at_once(db: Database) -> None:
    await registered(db, "cpo", "NL/CPO/CPO")

    async with following(registry(db)) as followed:
        await until_connected(followed, "id-cpo", connected=True)
        async with db.begin() as conn:
            await platforms.set_presence(conn, "id-cpo", presence=Presence.OFFLINE, now=NOW)

        # Sooner than the comparison of versions every five seconds.
        await until_connected(followed, "id-cpo", connected=False)


async def test_a_lost_connection_is_made_anew(db: Database) -> None:
    await registered(db, "cpo", "NL/CPO/CPO")

    async with following(registry(db)) as followed:
        await until_connected(followed, "id-cpo", connected=True)
        async with db.hot() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        async with db.begin() as core:
            await platforms.set_presence(core, "id-cpo", presence=Presence.OFFLINE, now=NOW)

        await until_connected(followed, "id-cpo", connected=False)


async def test_without_the_database_for_30_seconds_nothing_may_be_written(db: Database) -> None:
    seconds = 0.0
    watched = Registry(db, hub=HUB, mode="open", vault=VAULT, clock=lambda: seconds)
    await watched.refresh()

    seconds = 29.9
    assert watched.writable
    seconds = 30.0
    assert not watched.writable
    await watched.refresh()
    assert watched.writable
    assert watched.stale_for == 0


async def test_an_unchanged_version_is_not_loaded_again(db: Database) -> None:
    await registered(db, "cpo", "NL/CPO/CPO")
    kept = registry(db)
    first = await kept.refresh()

    second = await kept.refresh()

    assert first is second


async def test_a_token_out_is_not_shown(db: Database) -> None:
    await registered(db, "cpo", "NL/CPO/CPO")

    snapshot = await registry(db).refresh()

    assert snapshot.platforms["id-cpo"].token_out == "out"
    assert "'out'" not in repr(snapshot)


@pytest.mark.parametrize(
    ("mode", "agreed", "ended", "expected"),
    [
        pytest.param("open", False, False, (True, False, True), id="open"),
        pytest.param("required", False, False, (False, False, False), id="none"),
        pytest.param("required", True, False, (True, False, True), id="in force"),
        pytest.param("required", True, True, (False, True, True), id="ended"),
    ],
)
async def test_who_may_exchange_a_module(
    db: Database, mode: Mode, agreed: bool, ended: bool, expected: tuple[bool, bool, bool]
) -> None:
    """HUB-23, T10: (allowed, ended, known), the same from both sides."""
    modules = ["locations"] if agreed else ["cdrs"]
    await two_parties(db)
    await agree(db, CPO, EMS, *modules)
    await end(db, EMS, CPO, *(modules if ended else []))

    snapshot = await registry(db, mode=mode).refresh()

    assert answers(snapshot, CPO, EMS) == answers(snapshot, EMS, CPO) == expected


def answers(snapshot: Snapshot, a: Party, b: Party) -> tuple[bool, bool, bool]:
    return (
        snapshot.allowed(a, b, "locations"),
        snapshot.ended(a, b, "locations"),
        snapshot.known_between(a, b, "locations"),
    )


async def test_visible_are_the_owners_with_an_agreement_about_the_module(db: Database) -> None:
    """RTE-23."""
    await two_parties(db)
    await registered(db, "two", "NL/TWO/CPO")
    await agree(db, CPO, EMS, "locations", "tokens")

    snapshot = await registry(db, mode="required").refresh()

    assert snapshot.visible_owners(EMS, "locations") == ["nl/cpo"]
    assert snapshot.visible_owners(EMS, "tariffs") == []
    assert snapshot.visible_owners(CPO, "tokens") == ["de/ems"]
    assert snapshot.visible_owners(OTHER, "locations") == []


async def test_without_agreements_everybody_else_is_visible_while_active(db: Database) -> None:
    await two_parties(db)
    await registered(db, "two", "NL/TWO/CPO", "NL/TRE/CPO")
    await put(db, "two", "NL/TWO/CPO", presented="two-C", token="new")

    snapshot = await registry(db).refresh()

    assert snapshot.visible_owners(EMS, "locations") == ["nl/cpo", "nl/two"]
    assert snapshot.visible_owners(CPO, "locations") == ["nl/two"]


async def test_receivers_are_parties_of_the_other_side_each_once(db: Database) -> None:
    """RTE-10, RTE-31."""
    await registered(db, "cpo", "NL/CPO/CPO", "NL/CPO/OTHER")
    await registered(db, "ems", "DE/EMS/EMSP", "DE/EMS/NSP", "DE/OTH/OTHER")
    await invited(db, "nobody")

    snapshot = await registry(db).refresh()

    assert receivers(snapshot, "locations") == ["de/ems", "de/oth", "nl/cpo"]
    assert receivers(snapshot, "tokens") == ["nl/cpo"]
    assert receivers(snapshot, "sessions") == []


def receivers(snapshot: Snapshot, module: str) -> list[str]:
    return [entry.party.key for entry in snapshot.receivers(module)]


async def test_a_platform_without_the_endpoint_is_no_receiver(db: Database) -> None:
    await two_parties(db)
    snapshot = await registry(db).refresh()

    pull_only = replace(snapshot.platforms["id-ems"], endpoints={})
    snapshot = replace(snapshot, platforms={**snapshot.platforms, "id-ems": pull_only})

    assert receivers(snapshot, "locations") == []


def status(snapshot: Snapshot, viewer: str, party: Party) -> ConnectionStatus:
    platform: Platform = snapshot.platforms[viewer]
    entry = snapshot.platform_of(party, frozenset(Role))
    assert entry is not None
    return snapshot.status_for(platform, entry)


@pytest.mark.parametrize(
    ("presence", "expected"), [(Presence.CONNECTED, "CONNECTED"), (Presence.OFFLINE, "OFFLINE")]
)
async def test_a_party_has_the_presence_of_its_platform(
    db: Database, presence: Presence, expected: str
) -> None:
    """HCI-02."""
    await two_parties(db)
    async with db.begin() as conn:
        await platforms.set_presence(conn, "id-cpo", presence=presence, now=LATER)

    snapshot = await registry(db).refresh()

    assert status(snapshot, "id-ems", CPO) == expected


async def test_a_party_without_an_agreement_is_planned_to_those_without_one(db: Database) -> None:
    """HUB-23: the same party is CONNECTED to who has one."""
    await two_parties(db)
    await registered(db, "two", "DE/TWO/EMSP")
    await agree(db, CPO, EMS, "locations")

    snapshot = await registry(db, mode="required").refresh()

    assert status(snapshot, "id-ems", CPO) == "CONNECTED"
    assert status(snapshot, "id-two", CPO) == "PLANNED"


async def test_a_party_is_planned_again_when_the_agreement_ends(db: Database) -> None:
    await two_parties(db)
    await agree(db, CPO, EMS, "locations")
    await end(db, CPO, EMS, "locations")

    snapshot = await registry(db, mode="required").refresh()

    entry = snapshot.platform_of(CPO, frozenset(Role))
    assert entry is not None
    assert status(snapshot, "id-ems", CPO) == "PLANNED"
    assert snapshot.status_since(snapshot.platforms["id-ems"], entry) == LATER


async def test_a_suspended_platform_takes_its_parties_with_it(db: Database) -> None:
    await two_parties(db)
    async with db.begin() as conn:
        await platforms.suspend(conn, "id-cpo", now=LATER)

    snapshot = await registry(db).refresh()

    entry = snapshot.platform_of(CPO, frozenset(Role))
    assert entry is not None
    assert status(snapshot, "id-ems", CPO) == "SUSPENDED"
    assert snapshot.status_since(snapshot.platforms["id-ems"], entry) == LATER
    assert not snapshot.active(entry)
    assert receivers(snapshot, "tokens") == []


async def test_a_party_is_found_in_any_spelling_and_in_the_wanted_role_only(db: Database) -> None:
    """RTE-07, RTE-29."""
    await two_parties(db)

    snapshot = await registry(db).refresh()

    found = snapshot.platform_of(Party("nl", "Cpo"), frozenset({Role.CPO}))
    assert found is not None
    assert str(found.party) == "NL/CPO"
    assert snapshot.platform_of(CPO, frozenset({Role.EMSP})) is None
    assert snapshot.platform_of(Party("NL", "XXX"), frozenset(Role)) is None


async def test_an_entry_of_a_token_says_whether_it_is_an_invitation(db: Database) -> None:
    """AUTH-04."""
    await invited(db, "tnm")
    await registered(db, "cpo", "NL/CPO/CPO")

    snapshot = await registry(db).refresh()

    entries = [snapshot.authenticate(hash_token(t), now=NOW) for t in ("tnm-A", "cpo-C", "x")]
    assert [entry and (entry.id, entry.invited) for entry in entries] == [
        ("id-tnm", True),
        ("id-cpo", False),
        None,
    ]
