"""Who may charge: by whitelist, by the eMSP's answer, after a command, or as one of the house."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter import aliases, expectations, tokens
from cpo_adapter.aliases import Grant
from cpo_adapter.expectations import Wanted
from cpo_adapter.ocpp.answers import AuthorizationStatus
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store import tokens as token_store
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.errors import UnknownToken
from ocpi_hub.protocol.party import Party
from tests import samples
from tests.cpo_adapter.site import CARD, EMS, NOON, Plugged, Site, open_site

OWNER = Party("DE", "EMS")
YES, NO = AuthorizationStatus.ACCEPTED, AuthorizationStatus.BLOCKED


def _card(whitelist: str = "ALLOWED", **overrides: Any) -> dict[str, Any]:
    return samples.token(uid=CARD, whitelist=whitelist, **overrides)


def _said(allowed: str, **overrides: Any) -> dict[str, Any]:
    return samples.authorization_info(allowed=allowed, token=_card(), **overrides)


@pytest.mark.parametrize(
    ("whitelist", "valid", "answer", "expected", "asked"),
    [
        ("ALWAYS", True, _said("BLOCKED"), YES, 0),
        ("ALWAYS", False, _said("ALLOWED"), NO, 0),
        ("ALLOWED", True, _said("BLOCKED"), YES, 0),
        ("ALLOWED", False, _said("ALLOWED"), YES, 1),
        ("ALLOWED", False, None, NO, 1),
        ("ALLOWED_OFFLINE", True, _said("ALLOWED"), YES, 1),
        ("ALLOWED_OFFLINE", True, _said("EXPIRED"), AuthorizationStatus.EXPIRED, 1),
        ("ALLOWED_OFFLINE", True, None, YES, 1),
        ("ALLOWED_OFFLINE", False, None, NO, 1),
        ("NEVER", True, _said("ALLOWED"), YES, 1),
        ("NEVER", True, _said("NO_CREDIT"), AuthorizationStatus.NO_CREDIT, 1),
        ("NEVER", True, _said("NOT_ALLOWED"), AuthorizationStatus.NOT_AT_THIS_LOCATION, 1),
        ("NEVER", True, UnknownToken(), AuthorizationStatus.UNKNOWN, 1),
        ("NEVER", True, None, NO, 1),
        ("NEVER", True, {"allowed": "PERHAPS"}, NO, 1),
    ],
)
async def test_the_whitelist_decides_who_is_asked(
    cpo_db: Database,
    whitelist: str,
    valid: bool,
    answer: Mapping[str, Any] | Exception | None,
    expected: AuthorizationStatus,
    asked: int,
) -> None:
    """TOK-08 to TOK-10, AUT-11."""
    site = await open_site(cpo_db, token=_card(whitelist, valid=valid))
    site.owner.answer = answer

    found = await Plugged(site).authorize()

    assert found == expected
    assert site.owner.asked == [(CARD, EMS)] * asked


async def test_an_emsp_that_is_slow_counts_as_silent(cpo_db: Database) -> None:
    site = await open_site(cpo_db, token=_card("ALLOWED_OFFLINE"))
    site.hurry(0.05)

    async def slow(*_: Any, **__: Any) -> None:
        await asyncio.sleep(30)

    site.ask(slow)

    assert await Plugged(site).authorize() == YES


async def test_a_card_that_nobody_told_us_of_may_be_somebodys(cpo_db: Database) -> None:
    """AUT-10."""
    site = await open_site(cpo_db)
    site.owner.answer = samples.authorization_info(token=samples.token(uid="NEW1"))
    station = Plugged(site)

    assert await station.authorize("NEW1") == YES
    await station.start(0, uid="NEW1")

    session = await site.the_session()
    assert site.owner.asked == [("NEW1", None)]
    assert session["auth_method"] == "AUTH_REQUEST"
    assert session["authorization_reference"] == "AUTH1"


async def test_what_an_emsp_allowed_is_the_starts_reference(cpo_db: Database) -> None:
    site = await open_site(cpo_db, token=_card("NEVER"))
    site.owner.answer = _said("ALLOWED")
    station = Plugged(site)
    await station.authorize()

    await station.start(0)

    session = await site.the_session()
    assert len(site.owner.asked) == 1
    assert (session["auth_method"], session["authorization_reference"]) == ("AUTH_REQUEST", "AUTH1")


async def test_a_start_without_a_question_before_asks_after_it_is_kept(cpo_db: Database) -> None:
    site = await open_site(cpo_db, token=_card("NEVER"))
    site.owner.answer = _said("ALLOWED")

    answer = await Plugged(site).start(0)

    assert answer.authorization is not None
    assert answer.authorization.status is YES
    assert (await site.the_session())["auth_method"] == "AUTH_REQUEST"


async def test_a_refused_start_is_kept_and_not_told(cpo_db: Database) -> None:
    site = await open_site(cpo_db, token=_card("NEVER"))
    station = Plugged(site)
    event = station.start_event(0)

    first = await site.charging.started(event)
    again = await site.charging.started(event)
    station.transaction_id = str(first.transaction_id)
    station.wait(10)
    await station.stop(2000)

    assert first == again
    (found,) = await site.transactions()
    assert (found.state, found.billing, found.energy) == ("completed", "unbillable", Decimal(2000))
    assert not await site.published("sessions")


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Accepted", YES), ("Blocked", NO), ("Expired", AuthorizationStatus.EXPIRED)],
)
async def test_a_token_of_the_house_decides_alone_and_is_not_billed(
    cpo_db: Database, status: str, expected: AuthorizationStatus
) -> None:
    site = await open_site(cpo_db)
    async with cpo_db.hot() as conn:
        await token_store.put_local(conn, CARD, status=status, label=None, now=NOON)
    station = Plugged(site)

    assert await station.authorize(CARD.lower()) == expected
    await station.start(0)
    station.wait(10)
    await station.stop(2000)

    assert not site.owner.asked
    assert not await site.published("sessions")
    assert not await site.bill()


async def test_the_group_is_told_unless_it_is_too_long(cpo_db: Database) -> None:
    """TOK-11."""
    site = await open_site(cpo_db, token=_card(group_id="GROUP-1"))
    long_site = Plugged(site, "CS2")

    answer = await Plugged(site).start(0)
    async with cpo_db.hot() as conn:
        await token_store.put(conn, EMS, token=_card(group_id="G" * 21), now=NOON)
    long_site.wait(300)
    other = await long_site.start(0)

    assert answer.authorization is not None
    assert answer.authorization.group is not None
    assert answer.authorization.group.value == "GROUP-1"
    assert other.authorization is not None
    assert other.authorization.group is None


async def test_a_token_charges_one_vehicle_at_a_time(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    await Plugged(site).start(0)

    answer = await Plugged(site, "CS2").start(0)

    assert answer.authorization is not None
    assert answer.authorization.status is AuthorizationStatus.CONCURRENT_TX


@pytest.mark.parametrize(
    ("token", "version", "shown"),
    [
        ({"uid": CARD}, Version.V16, CARD),
        ({"uid": "C" * 21}, Version.V16, None),
        ({"uid": "C" * 36}, Version.V201, "C" * 36),
        ({"uid": "APP-1", "type": "APP_USER"}, Version.V16, None),
        ({"uid": "APP-1", "type": "AD_HOC_USER"}, Version.V201, None),
    ],
    ids=["a card", "a long card on 1.6", "a long card on 2.0.1", "an app", "ad hoc"],
)
async def test_what_a_station_is_shown_for_a_token(
    cpo_db: Database, token: dict[str, Any], version: Version, shown: str | None
) -> None:
    async with cpo_db.hot() as conn:
        found = await aliases.shown(
            conn,
            Grant(OWNER, samples.token(**token), "REF1", "COMMAND1"),
            station_id="CS1",
            version=version,
            now=NOON,
            window=timedelta(minutes=15),
            make_up=lambda: "0123456789ABCDEF0123",
        )

    assert found.value == (shown or "0123456789ABCDEF0123")


async def _commanded(site: Site, token: Mapping[str, Any], version: Version) -> str:
    """START_SESSION for EVSE 1 of CS1, as the command does it."""
    async with site.db.hot_transaction() as conn:
        id_token = await aliases.shown(
            conn,
            Grant(OWNER, token, "REF1", "COMMAND1"),
            station_id="CS1",
            version=version,
            now=site.clock,
            window=site.rules.start_window,
        )
        wanted = Wanted(
            station_id="CS1",
            version=version,
            evse=1,
            connector=1,
            owner=OWNER,
            token=token,
            id_tag=id_token.value,
            authorization_reference="REF1",
            remote_start_id=7,
        )
        expected = await expectations.expect(conn, wanted, rules=site.rules, now=site.clock)
        await expectations.announce(conn, expected.id, rules=site.rules, now=site.clock)
    return id_token.value


@pytest.mark.parametrize("version", list(Version), ids=["2.0.1", "1.6"])
@pytest.mark.parametrize("type_", ["APP_USER", "RFID"])
async def test_a_session_that_was_asked_for_is_its_emsps(
    cpo_db: Database, version: Version, type_: str
) -> None:
    site = await open_site(cpo_db)
    token = samples.token(uid="0123456789-0123456789-0123456789-012", type=type_)
    id_tag = await _commanded(site, token, version)
    pending = await site.the_session()
    station = Plugged(site, version=version)
    station.wait(2)

    assert await station.authorize(id_tag.lower()) == YES
    number = 7 if version is Version.V201 else None
    await station.start(0, uid=id_tag.lower(), remote_start_id=number)
    active = await site.the_session()
    station.wait(30)
    await station.stop(5000)

    (cdr,) = await site.bill()
    assert (pending["status"], active["status"]) == ("PENDING", "ACTIVE")
    assert pending["id"] == active["id"] == cdr["session_id"]
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("COMMAND", "REF1")
    assert cdr["cdr_token"]["uid"] == token["uid"]
    assert not site.owner.asked


async def test_a_session_that_was_asked_for_and_never_began_ends(cpo_db: Database) -> None:
    """SES-20."""
    site = await open_site(cpo_db)
    await _commanded(site, samples.token(), Version.V16)

    await expectations.expire(cpo_db, rules=site.rules, now=site.clock + timedelta(minutes=16))

    assert (await site.the_session())["status"] == "INVALID"


async def test_a_card_nobody_knew_is_its_emsps_once_it_proves_so(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, delay=timedelta(hours=5))
    answer = await station.start(0, uid="LATE1")
    station.wait(30)
    await station.stop(5000)

    async with cpo_db.hot_transaction() as conn:
        await tokens.put(
            conn,
            OWNER,
            uid="late1",
            type_=None,
            token=samples.token(uid="Late1", whitelist="ALWAYS"),
            rules=site.rules,
            now=site.clock,
        )

    (cdr,) = await site.bill()
    assert answer.authorization is not None
    assert answer.authorization.status is AuthorizationStatus.UNKNOWN
    assert (cdr["auth_method"], cdr["cdr_token"]["uid"]) == ("WHITELIST", "Late1")
