"""Status, presence and quirks of platforms; agreements; the operator's audit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import Vault, hash_token
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.party import Party
from ocpi_hub.store import agreements, audit, notices, platforms
from ocpi_hub.store.platforms import PlatformStatus, Presence
from tests.hub.registering import NOW, VAULT, invited, registered, registry

CPO, EMS = Party("NL", "CPO"), Party("DE", "EMS")


async def test_a_suspended_platform_is_refused_until_it_is_resumed(db: Database) -> None:
    """T2."""
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")
    async with db.begin() as conn:
        assert await platforms.suspend(conn, platform_id, now=NOW)
    suspended = await registry(db).refresh()

    async with db.begin() as conn:
        assert await platforms.resume(conn, platform_id, now=NOW)

    resumed = await registry(db).refresh()
    assert suspended.authenticate(hash_token("tnm-C"), now=NOW) is None
    assert resumed.authenticate(hash_token("tnm-C"), now=NOW) is not None
    assert resumed.platforms[platform_id].presence is Presence.OFFLINE


async def test_a_platform_that_never_registered_resumes_as_invited(db: Database) -> None:
    platform_id = await invited(db, "tnm")
    async with db.begin() as conn:
        await platforms.suspend(conn, platform_id, now=NOW)

    async with db.begin() as conn:
        await platforms.resume(conn, platform_id, now=NOW)

    snapshot = await registry(db).refresh()
    assert snapshot.platforms[platform_id].status is PlatformStatus.INVITED


async def test_only_a_change_of_presence_is_news(db: Database) -> None:
    """HCI-12: the moment of the change, not of each probe."""
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")
    later = NOW + timedelta(minutes=5)

    async with db.begin() as conn:
        again = await platforms.set_presence(
            conn, platform_id, presence=Presence.CONNECTED, now=later
        )
        gone = await platforms.set_presence(conn, platform_id, presence=Presence.OFFLINE, now=later)

    platform = (await registry(db).refresh()).platforms[platform_id]
    assert (again, gone) == (False, True)
    assert (platform.presence, platform.presence_since) == (Presence.OFFLINE, later)


async def test_an_invited_platform_has_no_presence(db: Database) -> None:
    platform_id = await invited(db, "tnm")

    async with db.begin() as conn:
        news = await platforms.set_presence(conn, platform_id, presence=Presence.CONNECTED, now=NOW)

    assert not news


async def test_a_quirk_is_added_once(db: Database) -> None:
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")

    async with db.begin() as conn:
        await platforms.set_quirks(conn, platform_id, quirks=frozenset({"from_hub"}))
        first = await platforms.add_quirk(conn, platform_id, quirk="plain_token")
        second = await platforms.add_quirk(conn, platform_id, quirk="plain_token")

    snapshot = await registry(db).refresh()
    assert (first, second) == (True, False)
    assert snapshot.platforms[platform_id].quirks == {"from_hub", "plain_token"}


async def test_a_sign_of_life_is_kept_without_a_new_version(db: Database) -> None:
    """HUB-19: written in batches, and never backwards."""
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")
    later = NOW + timedelta(minutes=5)
    before = await registry(db).refresh()

    async with db.begin() as conn:
        await platforms.touch(conn, {platform_id: later, "unknown": later})
        await platforms.touch(conn, {platform_id: NOW})

    after = await registry(db).refresh()
    assert after.platforms[platform_id].last_seen == later
    assert after.version == before.version


async def test_every_stored_token_is_sealed_anew(db: Database) -> None:
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")
    await invited(db, "other")

    async with db.begin() as conn:
        sealed = await platforms.reseal(conn, VAULT.rotate)

    snapshot = await registry(db).refresh()
    assert sealed == 1
    assert snapshot.platforms[platform_id].token_out == "out"


async def test_a_key_that_fits_nothing_reseals_nothing(db: Database) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    stranger = Vault("MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=")

    with pytest.raises(Exception, match="SECRET_KEY"):
        async with db.begin() as conn:
            await platforms.reseal(conn, stranger.rotate)


async def test_a_platform_is_found_by_its_name(db: Database) -> None:
    platform_id = await invited(db, "tnm")

    async with db.begin() as conn:
        found = [await platforms.named(conn, name) for name in ("tnm", "nobody")]

    assert found == [platform_id, None]


async def test_an_agreement_tells_which_modules_are_new(db: Database) -> None:
    async with db.begin() as conn:
        first = await agreements.add(conn, CPO, b=EMS, modules=["tokens", "locations"], now=NOW)
        second = await agreements.add(conn, EMS, b=CPO, modules=["locations", "cdrs"], now=NOW)

    assert first == ["locations", "tokens"]
    assert second == ["cdrs"]


async def test_an_ended_agreement_is_kept_and_begins_anew(db: Database) -> None:
    async with db.begin() as conn:
        await agreements.add(conn, CPO, b=EMS, modules=["locations"], now=NOW)
        ended = await agreements.end(conn, EMS, b=CPO, modules=["locations", "cdrs"], now=NOW)
        kept = await agreements.load(conn)
        again = await agreements.add(conn, CPO, b=EMS, modules=["locations"], now=NOW)

    assert ended == again == ["locations"]
    assert kept["de/ems", "nl/cpo"]["locations"].ended_at == NOW


async def test_an_agreement_needs_two_parties(db: Database) -> None:
    async with db.begin() as conn:
        with pytest.raises(InvalidParameters, match="NL/CPO twice"):
            await agreements.add(conn, CPO, b=Party("nl", "cpo"), modules=["cdrs"], now=NOW)


async def test_only_a_changed_agreement_is_a_new_version(db: Database) -> None:
    async with db.begin() as conn:
        await agreements.add(conn, CPO, b=EMS, modules=["cdrs"], now=NOW)
        before = await notices.version(conn)
        await agreements.add(conn, CPO, b=EMS, modules=["cdrs"], now=NOW)
        after = await notices.version(conn)

    assert before == after


async def test_the_audit_lists_the_last_actions_first(db: Database) -> None:
    async with db.begin() as conn:
        await audit.record(conn, "ann", action="partner.invite", subject="tnm")
        await audit.record(
            conn, "ann", action="agreement.add", subject="NL/CPO", detail={"modules": ["cdrs"]}
        )

        entries = await audit.latest(conn, 10)

    assert [entry.action for entry in entries] == ["agreement.add", "partner.invite"]
    assert entries[0].detail == {"modules": ["cdrs"]}
