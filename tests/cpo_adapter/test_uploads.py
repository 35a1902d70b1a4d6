"""Files that stations bring: expected, bounded, once, and not for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from cpo_adapter.frames import Forgetting
from cpo_adapter.store import uploads as store
from cpo_adapter.uploads import MOST_BYTES, AlreadyThere, Drop, Expected, expect
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.errors import InvalidParameters, NotFound, TooLarge
from tests.cpo_adapter.offering import NOW, Clock


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    """A body in pieces."""
    for piece in pieces:
        yield piece


async def expected(db: Database) -> Expected:
    """A file of CS1 is expected."""
    async with db.hot() as conn:
        return await expect(conn, "CS1", kind="diagnostics", now=NOW)


async def content(db: Database, upload: Expected) -> bytes | None:
    """What has come."""
    async with db.hot() as conn:
        return await store.content(conn, upload.id)


async def test_a_file_is_kept_as_it_came(cpo_db: Database) -> None:
    upload = await expected(cpo_db)

    size = await Drop(cpo_db, Clock()).take(upload.id, chunks(b"a\x00", b"b"), file_name="log")

    assert (size, await content(cpo_db, upload)) == (3, b"a\x00b")


async def test_a_file_comes_once(cpo_db: Database) -> None:
    upload = await expected(cpo_db)
    drop = Drop(cpo_db, Clock())
    await drop.take(upload.id, chunks(b"first"), file_name=None)

    with pytest.raises(AlreadyThere):
        await drop.take(upload.id, chunks(b"second"), file_name=None)

    assert await content(cpo_db, upload) == b"first"


async def test_a_file_that_nobody_asked_for_is_not_taken(cpo_db: Database) -> None:
    with pytest.raises(NotFound):
        await Drop(cpo_db, Clock()).take("guessed", chunks(b"x"), file_name=None)


async def test_a_file_that_comes_after_its_time_is_not_taken(cpo_db: Database) -> None:
    upload = await expected(cpo_db)
    late = Clock(NOW + timedelta(days=1))

    with pytest.raises(NotFound):
        await Drop(cpo_db, late).take(upload.id, chunks(b"x"), file_name=None)


@pytest.mark.parametrize(
    ("pieces", "refusal"),
    [
        pytest.param((), InvalidParameters, id="empty"),
        pytest.param((bytes(MOST_BYTES), b"x"), TooLarge, id="a byte too many"),
    ],
)
async def test_a_file_that_does_not_fit_may_come_again(
    cpo_db: Database, pieces: tuple[bytes, ...], refusal: type[Exception]
) -> None:
    upload = await expected(cpo_db)
    drop = Drop(cpo_db, Clock())

    with pytest.raises(refusal):
        await drop.take(upload.id, chunks(*pieces), file_name=None)

    assert await drop.take(upload.id, chunks(b"x"), file_name=None) == 1


async def test_files_are_forgotten_with_the_frames(cpo_db: Database) -> None:
    upload = await expected(cpo_db)
    clock = Clock(NOW + timedelta(days=15))

    await Forgetting(cpo_db, timedelta(days=14), clock).step()

    async with cpo_db.hot() as conn:
        assert await store.find(conn, upload.id) is None
