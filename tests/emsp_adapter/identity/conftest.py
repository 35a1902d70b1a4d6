"""One adapter for the tests of a file: each has drivers and apps of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from anyio.from_thread import BlockingPortal

from tests.databases import copied
from tests.emsp_adapter.identity.browsing import Shared
from tests.emsp_adapter.running import adapter


@pytest.fixture(scope="module")
def shared(postgres_url: str, emsp_template: str, beside: BlockingPortal) -> Iterator[Shared]:
    """A running adapter on a real socket."""
    with (
        contextmanager(copied)(postgres_url, emsp_template) as url,
        beside.wrap_async_context_manager(adapter(url)) as running,
    ):
        yield Shared(running, beside)
