"""Folders that Postgres can get into whoever runs the tests, and one with a database made once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from tests.databases import data_folder
from tests.service import clusters

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def reachable() -> Iterator[Path]:
    """A folder that anybody may enter: as root Postgres runs as somebody else."""
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def made(reachable: Path, beside: BlockingPortal) -> Path:
    """A DATA_DIR whose database was made and stopped; tests work on copies of it."""
    data_dir = reachable / "made"
    beside.call(clusters.make, data_dir)
    return data_dir


@pytest.fixture
def data_dir(made: Path, reachable: Path) -> Path:
    """A DATA_DIR of a test's own, with one row in its database."""
    return clusters.copy(made, reachable / f"copy-{next(_NUMBERS)}")
