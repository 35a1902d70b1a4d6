"""Tokens that eMSPs push, change and list, and the lists that stations get of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cpo_adapter import local_list, tokens
from cpo_adapter.local_list import Sync
from cpo_adapter.ocpp.answers import AuthorizationStatus
from cpo_adapter.store import stations
from cpo_adapter.store import tokens as store
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.errors import InvalidParameters, UnknownToken
from ocpi_hub.protocol.party import Party
from tests import samples
from tests.cpo_adapter.site import CARD, NOON, Site, open_site

OWNER = Party("DE", "EMS")
LATER = "2026-02-01T00:00:00Z"
_AFTER = NOON + timedelta(minutes=1)


async def _put(site: Site, token: dict[str, Any], **url: Any) -> None:
    where = {"uid": token["uid"], "type_": None} | url
    async with site.db.hot_transaction() as conn:
        await tokens.put(conn, OWNER, token=token, rules=site.rules, now=NOON, **where)


async def _get(site: Site, uid: str, type_: str | None = None) -> dict[str, Any]:
    async with site.db.hot() as conn:
        return await tokens.get(conn, OWNER, uid=uid, type_=type_)


async def test_a_token_is_kept_as_it_came_and_found_in_any_case(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    token = samples.token(uid="AbCd")

    await _put(site, token)

    assert await _get(site, "aBcD") == token


async def test_the_type_is_part_of_the_key(cpo_db: Database) -> None:
    """TOK-01, TOK-02."""
    site = await open_site(cpo_db)
    token = samples.token(uid="APP1", type="APP_USER", whitelist="NEVER")
    await _put(site, token)

    assert await _get(site, "APP1", "APP_USER") == token
    with pytest.raises(UnknownToken):
        await _get(site, "APP1")


@pytest.mark.parametrize(
    ("token", "url", "named"),
    [
        ({"party_id": "XYZ"}, {}, "country_code, party_id"),
        ({}, {"uid": "OTHER"}, "uid"),
        ({"type": "APP_USER"}, {"type_": "RFID"}, "type"),
        ({"valid": "yes"}, {}, "valid"),
    ],
)
async def test_a_token_that_does_not_fit_its_url_is_refused(
    cpo_db: Database, token: dict[str, Any], url: dict[str, Any], named: str
) -> None:
    """TOK-03."""
    site = await open_site(cpo_db)

    with pytest.raises(InvalidParameters, match=named):
        await _put(site, samples.token(**token), **url)


@pytest.mark.parametrize(
    ("stamp", "valid"), [(LATER, False), ("2025-01-01T00:00:00Z", True)], ids=["newer", "older"]
)
async def test_a_patch_changes_what_is_older(cpo_db: Database, stamp: str, valid: bool) -> None:
    site = await open_site(cpo_db)

    async with cpo_db.hot_transaction() as conn:
        await tokens.patch(
            conn,
            OWNER,
            uid=CARD,
            type_=None,
            changes={"valid": False, "last_updated": stamp},
            rules=site.rules,
            now=NOON,
        )

    assert (await _get(site, CARD))["valid"] is valid


@pytest.mark.parametrize(
    ("stamp", "written"), [(LATER, True), (samples.MOMENT, False)], ids=["newer", "the same"]
)
async def test_a_pull_never_goes_over_what_is_newer(
    cpo_db: Database, stamp: str, written: bool
) -> None:
    site = await open_site(cpo_db)
    token = samples.token(uid=CARD, issuer="Pulled", last_updated=stamp)

    async with cpo_db.hot_transaction() as conn:
        found = await tokens.pulled(conn, OWNER, token=token, rules=site.rules, now=NOON)

    assert found is written
    assert ((await _get(site, CARD))["issuer"] == "Pulled") is written


async def _sync(site: Site, *, after: timedelta = timedelta(minutes=1)) -> Sync | None:
    async with site.db.hot() as conn:
        station = await stations.find(conn, "CS1")
        assert station is not None
        return await local_list.sync(conn, station, now=NOON + after)


async def test_a_station_gets_all_cards_and_then_what_changed(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    await _put(site, samples.token(uid="ASK", whitelist="NEVER"))
    async with cpo_db.hot() as conn:
        await store.put_local(conn, "staff", status="Blocked", label=None, now=NOON)
    whole = await _sync(site)
    assert whole is not None
    async with cpo_db.hot() as conn:
        await local_list.acknowledged(conn, "CS1", version=whole.version)
        nothing = await _sync(site)
        token = samples.token(uid=CARD, valid=False)
        await store.put(conn, "de/ems", token=token, now=_AFTER)
    changed = await _sync(site, after=timedelta(minutes=2))

    (call,) = whole.calls
    assert call.full
    assert [(each.id_token.value, _status(each)) for each in call.entries] == [
        (CARD, AuthorizationStatus.ACCEPTED),
        ("staff", AuthorizationStatus.BLOCKED),
    ]
    assert nothing is None
    assert changed is not None
    assert changed.version > whole.version
    (difference,) = changed.calls
    assert not difference.full
    assert [(each.id_token.value, each.authorization) for each in difference.entries] == [
        (CARD, None)
    ]


async def test_a_long_list_goes_in_as_many_messages_as_the_station_needs(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    for number in range(6):
        await _put(site, samples.token(uid=f"CARD{number}"))
    async with cpo_db.hot() as conn:
        await stations.set_configuration(
            conn, "CS1", configuration={"SendLocalListMaxLength": {"value": "3"}}
        )

    found = await _sync(site)

    assert found is not None
    assert [(each.full, len(each.entries)) for each in found.calls] == [
        (True, 3),
        (False, 3),
        (False, 1),
    ]
    versions = [each.list_version for each in found.calls]
    assert versions == sorted(set(versions))
    assert versions[-1] == found.version


def _status(entry: Any) -> AuthorizationStatus:
    status: AuthorizationStatus = entry.authorization.status
    return status
