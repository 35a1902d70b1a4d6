"""The keys that sign ID tokens: made when there is none, sealed, and replaced in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt

from emsp_adapter.identity import keys
from emsp_adapter.store import signing_keys
from emsp_adapter.store.signing_keys import SigningKey
from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import Vault
from tests.hub.commands import KEY

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def vault() -> Vault:
    """The keys that seal."""
    return Vault(KEY)


async def _turned(db: Database, vault: Vault, *moments: datetime) -> list[SigningKey]:
    for moment in moments:
        async with db.hot_transaction() as conn:
            await keys.turn(conn, vault, now=moment)
    async with db.hot() as conn:
        return await signing_keys.every(conn)


async def _kid(db: Database, vault: Vault, now: datetime) -> str | None:
    async with db.hot_transaction() as conn:
        return (await keys.signing(conn, vault, now=now)).kid


async def test_the_next_key_is_published_a_day_before_it_signs(
    emsp_db: Database, vault: Vault
) -> None:
    found = await _turned(emsp_db, vault, NOW, NOW + 89 * DAY)

    newer, older = found
    assert newer.signs_from == NOW + 90 * DAY
    assert await _kid(emsp_db, vault, NOW + 89 * DAY) == older.kid
    assert await _kid(emsp_db, vault, NOW + 90 * DAY) == newer.kid


async def test_an_old_key_stays_until_nothing_it_signed_is_good(
    emsp_db: Database, vault: Vault
) -> None:
    during = await _turned(emsp_db, vault, NOW, NOW + 89 * DAY, NOW + 90 * DAY)
    after = await _turned(emsp_db, vault, NOW + 92 * DAY)

    assert (len(during), len(after)) == (2, 1)


async def test_processes_that_start_together_make_one_key(emsp_db: Database, vault: Vault) -> None:
    await asyncio.gather(*(_kid(emsp_db, vault, NOW) for _ in range(4)))

    assert len(await _turned(emsp_db, vault)) == 1


async def test_a_replaced_key_is_good_for_nothing(emsp_db: Database, vault: Vault) -> None:
    async with emsp_db.hot_transaction() as conn:
        key = await keys.signing(conn, vault, now=NOW)
        token = jwt.encode({"alg": "ES256", "kid": str(key.kid)}, {"iss": "i", "sub": "s"}, key)
        before = keys.subject_of(token, await signing_keys.every(conn), issuer="i")
        await keys.replace(conn, vault, now=NOW)
        after = keys.subject_of(token, await signing_keys.every(conn), issuer="i")

    assert (before, after) == ("s", None)


async def test_private_keys_are_sealed(emsp_db: Database, vault: Vault) -> None:
    (found,) = await _turned(emsp_db, vault, NOW)

    assert b'"d"' not in bytes(found.sealed)
    assert '"d"' in vault.decrypt(bytes(found.sealed))
