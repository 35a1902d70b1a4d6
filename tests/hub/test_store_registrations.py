"""Invitations, tokens and the parties a platform speaks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import hash_token
from ocpi_hub.protocol.errors import InvalidParameters, Unauthorized
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus
from ocpi_hub.snapshot import Snapshot
from ocpi_hub.store import registrations
from ocpi_hub.store.platforms import PlatformStatus, TokenKind
from ocpi_hub.store.registrations import Claim, RoleChange
from tests.hub.registering import (
    NOW,
    invited,
    put,
    register,
    registered,
    registration,
    registry,
)

TNM = Party("NL", "TNM")
CPO = frozenset({Role.CPO})


async def snapshot_of(db: Database) -> Snapshot:
    return await registry(db).refresh()


def kind(snapshot: Snapshot, token: str) -> TokenKind | None:
    entry = snapshot.authenticate(hash_token(token), now=NOW)
    return None if entry is None else entry.kind


async def test_an_invitation_is_good_until_it_expires(db: Database) -> None:
    await invited(db, "tnm")

    snapshot = await snapshot_of(db)

    assert kind(snapshot, "tnm-A") is TokenKind.INVITATION
    assert snapshot.authenticate(hash_token("tnm-A"), now=NOW + timedelta(days=30)) is None


async def test_registering_replaces_the_invitation(db: Database) -> None:
    """AUTH-13, AUTH-15, SEC-05."""
    platform_id = await registered(db, "tnm", "NL/TNM/CPO", "NL/TNM/EMSP")

    snapshot = await snapshot_of(db)

    assert kind(snapshot, "tnm-A") is None
    assert kind(snapshot, "tnm-C") is TokenKind.REGISTERED
    assert snapshot.platforms[platform_id].status is PlatformStatus.REGISTERED
    assert snapshot.platforms[platform_id].token_out == "out"
    assert {entry.role for entry in snapshot.platforms[platform_id].roles} == {Role.CPO, Role.EMSP}


async def test_an_invitation_registers_once(db: Database) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")

    with pytest.raises(Unauthorized):
        await register(db, "tnm", "NL/TNM/CPO", token="another")

    assert kind(await snapshot_of(db), "tnm-C") is TokenKind.REGISTERED


async def test_inviting_again_replaces_the_tokens_and_keeps_the_rest(db: Database) -> None:
    """CRE-22: the answer to the POST was lost."""
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")

    again = await invited(db, "tnm", token="second A")

    snapshot = await snapshot_of(db)
    platform = snapshot.platforms[platform_id]
    assert again == platform_id
    assert kind(snapshot, "tnm-C") is None
    assert kind(snapshot, "second A") is TokenKind.INVITATION
    assert platform.token_out == "out"
    assert platform.endpoints
    assert snapshot.platform_of(TNM, CPO) in platform.roles


async def test_after_inviting_again_the_platform_registers_as_before(db: Database) -> None:
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")
    await invited(db, "tnm", token="second A")

    change = await register(db, "tnm", "NL/TNM/CPO", presented="second A", token="second C")

    snapshot = await snapshot_of(db)
    assert change.added == ()
    assert kind(snapshot, "second C") is TokenKind.REGISTERED
    assert kind(snapshot, "second A") is None
    assert snapshot.platforms[platform_id].registered


Exchange = Callable[..., Awaitable[RoleChange]]


async def post_by_ddd(db: Database, *claims: str) -> RoleChange:
    return await register(db, "ddd", *claims)


async def put_by_ccc(db: Database, *claims: str) -> RoleChange:
    return await put(db, "ccc", *claims, presented="ccc-C", token="new")


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        pytest.param(["NL/AAA/CPO"], "roles.0: NL/AAA/CPO is registered", id="takeover"),
        pytest.param(["nl/aaa/CPO"], "roles.0: nl/aaa/CPO is registered", id="other case"),
        pytest.param(["NL/CCC/CPO", "NL/AAA/CPO"], "roles.1", id="beside a free one"),
        pytest.param(["NL/CCC/HUB"], "roles.0.role: HUB", id="role HUB"),
        pytest.param(["NL/HUB/CPO"], "the hub's own party", id="the hub's party"),
        pytest.param(["nl/hub/CPO"], "the hub's own party", id="the hub's party in other case"),
        pytest.param(["NL/CCC/CPO", "nl/ccc/CPO"], "listed 2 times", id="twice in other case"),
    ],
)
@pytest.mark.parametrize("exchange", [post_by_ddd, put_by_ccc])
async def test_a_role_that_is_not_free_is_refused_and_nothing_changes(
    db: Database, exchange: Exchange, claims: list[str], named: str
) -> None:
    """T5, CRE-18, CRE-23: ocn-node checked POST only."""
    await registered(db, "aaa", "NL/AAA/CPO")
    await registered(db, "ccc", "NL/CCC/EMSP")
    await invited(db, "ddd")
    before = await snapshot_of(db)

    with pytest.raises(InvalidParameters, match=named):
        await exchange(db, *claims)

    after = await snapshot_of(db)
    assert after.version == before.version
    assert after.parties == before.parties
    assert after.tokens == before.tokens
    assert after.platforms == before.platforms


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        pytest.param(["NL/TNM/CPO"], True, id="as invited"),
        pytest.param(["nl/tnm/CPO"], True, id="in other case"),
        pytest.param(["NL/TNM/EMSP"], False, id="another role"),
        pytest.param(["NL/TNM/CPO", "NL/AAA/CPO"], False, id="another party beside it"),
    ],
)
async def test_a_bound_invitation_admits_only_what_it_names(
    db: Database, claims: list[str], accepted: bool
) -> None:
    """CRE-19."""
    await invited(db, "tnm", bound_to=["NL/TNM/CPO"])

    refusal = await refusal_of(register(db, "tnm", *claims))

    assert (refusal is None) is accepted
    assert refusal is None or "not among the invited roles" in refusal.message
    assert (await snapshot_of(db)).platforms["id-tnm"].registered is accepted


async def test_an_invitation_that_names_parties_makes_them_planned(db: Database) -> None:
    """HCI-02: they are known before the platform is registered."""
    await registered(db, "viewer", "NL/AAA/EMSP")
    await invited(db, "tnm", bound_to=["NL/TNM/CPO"])

    snapshot = await snapshot_of(db)

    planned = snapshot.platform_of(TNM, CPO)
    assert planned is not None
    viewer = snapshot.platforms["id-viewer"]
    assert snapshot.status_for(viewer, planned) is ConnectionStatus.PLANNED


async def test_registering_counts_a_planned_party_as_new(db: Database) -> None:
    await invited(db, "tnm", bound_to=["NL/TNM/CPO"])

    change = await register(db, "tnm", "NL/TNM/CPO")

    assert change.added == (("nl/tnm", Role.CPO),)


async def test_inviting_again_without_parties_keeps_the_binding(db: Database) -> None:
    await invited(db, "tnm", bound_to=["NL/TNM/CPO"])

    await invited(db, "tnm", token="second A")

    async with db.begin() as conn:
        assert await registrations.bound_to(conn, "id-tnm") == ["NL/TNM/CPO"]
    assert set((await snapshot_of(db)).parties) == {"nl/tnm"}


async def test_inviting_again_with_other_parties_frees_the_first(db: Database) -> None:
    await invited(db, "tnm", bound_to=["NL/TNM/CPO"])

    await invited(db, "tnm", token="second A", bound_to=["NL/BBB/CPO"])

    assert set((await snapshot_of(db)).parties) == {"nl/bbb"}


async def test_a_party_of_another_platform_cannot_be_invited(db: Database) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    before = await snapshot_of(db)

    with pytest.raises(InvalidParameters, match="NL/TNM/CPO is held by another platform"):
        await invited(db, "other", bound_to=["NL/TNM/CPO"])

    assert (await snapshot_of(db)).version == before.version


async def test_a_registered_platform_has_no_planned_parties(db: Database) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")

    await invited(db, "tnm", token="second A", bound_to=["NL/TNM/CPO", "NL/BBB/CPO"])

    assert set((await snapshot_of(db)).parties) == {"nl/tnm"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("NL/TNM/MSP", "expected EMSP", id="MSP"),
        pytest.param("NL/TNM/CAR", "expected one of CPO", id="no role"),
        pytest.param("NL/TNM", "of the form NL/TNM/CPO", id="no third part"),
        pytest.param("NLD/TNM/CPO", "two letters", id="country code"),
    ],
)
def test_a_malformed_claim_says_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(InvalidParameters, match=expected):
        Claim.parse(text)


async def refusal_of(exchange: Awaitable[RoleChange]) -> InvalidParameters | None:
    try:
        await exchange
    except InvalidParameters as error:
        return error
    return None


async def test_two_platforms_that_claim_a_party_at_once_do_not_both_get_it(db: Database) -> None:
    await invited(db, "one")
    await invited(db, "two")

    refusals = await asyncio.gather(
        refusal_of(register(db, "one", "NL/AAA/CPO", "NL/BBB/CPO")),
        refusal_of(register(db, "two", "NL/BBB/CPO", "NL/AAA/CPO")),
    )

    snapshot = await snapshot_of(db)
    assert sum(refusal is None for refusal in refusals) == 1
    assert len({entry.platform_id for p in snapshot.parties.values() for entry in p.values()}) == 1


async def test_a_party_that_is_left_out_of_a_put_is_suspended(db: Database) -> None:
    """CRE-20."""
    await registered(db, "tnm", "NL/TNM/CPO", "NL/AAA/CPO")

    change = await put(db, "tnm", "NL/TNM/CPO", "NL/BBB/CPO", presented="tnm-C", token="new")

    snapshot = await snapshot_of(db)
    dropped = snapshot.platform_of(Party("NL", "AAA"), CPO)
    assert change.added == (("nl/bbb", Role.CPO),)
    assert change.removed == (("nl/aaa", Role.CPO),)
    assert dropped is not None
    assert dropped.suspended


async def test_a_dropped_party_moves_when_the_invitation_names_it(db: Database) -> None:
    await registered(db, "white-label", "NL/TNM/CPO", "NL/AAA/CPO")
    await put(db, "white-label", "NL/AAA/CPO", presented="white-label-C", token="new")
    platform_id = await invited(db, "tnm", bound_to=["NL/TNM/CPO"])

    await register(db, "tnm", "NL/TNM/CPO")

    entry = (await snapshot_of(db)).platform_of(TNM, CPO)
    assert entry is not None
    assert (entry.platform_id, entry.suspended) == (platform_id, False)


async def test_a_dropped_party_is_not_free_for_everybody(db: Database) -> None:
    await registered(db, "white-label", "NL/TNM/CPO", "NL/AAA/CPO")
    await put(db, "white-label", "NL/AAA/CPO", presented="white-label-C", token="new")
    await invited(db, "hostile")

    with pytest.raises(InvalidParameters, match="registered by another platform"):
        await register(db, "hostile", "NL/TNM/CPO")


async def test_old_and_new_token_are_good_until_the_new_one_is_used(db: Database) -> None:
    """AUTH-17, AUTH-18, F25."""
    await registered(db, "tnm", "NL/TNM/CPO")
    await put(db, "tnm", "NL/TNM/CPO", presented="tnm-C", token="new")
    between = await snapshot_of(db)

    async with db.begin() as conn:
        promoted = await registrations.promote(conn, hash_token("new"))

    after = await snapshot_of(db)
    assert (kind(between, "tnm-C"), kind(between, "new")) == ("C", "P")
    assert promoted
    assert (kind(after, "tnm-C"), kind(after, "new")) == (None, "C")


async def test_an_old_token_is_refused_after_a_day(db: Database) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    await put(db, "tnm", "NL/TNM/CPO", presented="tnm-C", token="new")

    snapshot = await snapshot_of(db)

    just_before = NOW + timedelta(hours=23, minutes=59)
    assert snapshot.authenticate(hash_token("tnm-C"), now=just_before) is not None
    assert snapshot.authenticate(hash_token("tnm-C"), now=NOW + timedelta(hours=24)) is None
    assert snapshot.authenticate(hash_token("new"), now=NOW + timedelta(hours=24)) is not None


@pytest.mark.parametrize("presented", ["tnm-C", "first"])
async def test_a_put_again_leaves_the_token_it_was_made_with(db: Database, presented: str) -> None:
    """F25: whichever answer was lost, the platform is never without a token that works."""
    await registered(db, "tnm", "NL/TNM/CPO")
    await put(db, "tnm", "NL/TNM/CPO", presented="tnm-C", token="first")

    await put(db, "tnm", "NL/TNM/CPO", presented=presented, token="second")

    snapshot = await snapshot_of(db)
    good = {t for t in ("tnm-C", "first", "second") if kind(snapshot, t) is not None}
    assert good == {presented, "second"}


async def test_a_token_handed_over_is_good_beside_the_old_until_registered(db: Database) -> None:
    """AUTH-14: the platform calls back while the hub's own PUT is open."""
    await registered(db, "tnm", "NL/TNM/CPO")
    async with db.begin() as conn:
        await registrations.prepare(conn, "tnm", new_id="unused", token_hash=hash_token("B"))
    between = await snapshot_of(db)

    await register(db, "tnm", "NL/TNM/CPO", presented="B", token="B")

    after = await snapshot_of(db)
    assert (kind(between, "tnm-C"), kind(between, "B")) == ("C", "B")
    assert (kind(after, "tnm-C"), kind(after, "B")) == (None, "C")


async def test_a_withdrawn_token_leaves_the_old_one(db: Database) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    async with db.begin() as conn:
        await registrations.prepare(conn, "tnm", new_id="unused", token_hash=hash_token("B"))

    async with db.begin() as conn:
        await registrations.withdraw(conn, hash_token("B"))

    snapshot = await snapshot_of(db)
    assert (kind(snapshot, "tnm-C"), kind(snapshot, "B")) == ("C", None)


async def test_unregistering_leaves_no_token_in_either_direction(db: Database) -> None:
    """CRE-12, SEC-11."""
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")

    async with db.begin() as conn:
        await registrations.remove(conn, platform_id, now=NOW)

    snapshot = await snapshot_of(db)
    entry = snapshot.platform_of(TNM, CPO)
    assert snapshot.tokens == {}
    assert snapshot.platforms[platform_id].token_out is None
    assert entry is not None
    assert entry.suspended


async def test_a_party_is_free_once_its_platform_has_left(db: Database) -> None:
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")
    async with db.begin() as conn:
        await registrations.remove(conn, platform_id, now=NOW)

    heir = await registered(db, "heir", "NL/TNM/CPO")

    entry = (await snapshot_of(db)).platform_of(TNM, CPO)
    assert entry is not None
    assert (entry.platform_id, entry.suspended) == (heir, False)


async def test_a_removed_platform_may_be_invited_again(db: Database) -> None:
    platform_id = await registered(db, "tnm", "NL/TNM/CPO")
    async with db.begin() as conn:
        await registrations.remove(conn, platform_id, now=NOW)
    await invited(db, "tnm", token="second A")

    change = await register(db, "tnm", "NL/TNM/CPO", presented="second A")

    assert change.added == (("nl/tnm", Role.CPO),)
    assert (await snapshot_of(db)).platforms[platform_id].registered


async def test_expired_tokens_are_purged(db: Database) -> None:
    await invited(db, "tnm")

    async with db.begin() as conn:
        purged = await registrations.purge_tokens(conn, now=NOW + timedelta(days=31))

    assert purged == 1
    assert (await snapshot_of(db)).tokens == {}


async def test_a_thousand_roles_are_one_registration(db: Database) -> None:
    roles = [f"NL/{a}{b}{c}/CPO" for a in "ABCDEFGHIJ" for b in "0123456789" for c in "0123456789"]
    await invited(db, "many")

    change = await register(db, "many", *roles)

    assert len(change.added) == 1000
    assert registration(*roles).claims[0].party.key in (await snapshot_of(db)).parties
