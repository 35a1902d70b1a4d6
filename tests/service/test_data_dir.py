"""DATA_DIR: who may read what, where it is by default, and when it is refused."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocpi_hub.service import account as accounts
from ocpi_hub.service import data_dir, secret_key
from ocpi_hub.service.refusals import DataDirError
from tests.service import clusters

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


@pytest.fixture
def folder(reachable: Path) -> Iterator[Path]:
    """An empty folder that every user can enter."""
    with tempfile.TemporaryDirectory(dir=reachable) as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_a_new_folder_is_private(folder: Path) -> None:
    account = data_dir.prepare(folder / "hub")

    assert clusters.mode(folder / "hub") == 0o700
    assert (folder / "hub").stat().st_uid == account.uid


def test_a_folder_with_other_things_in_it_keeps_its_mode(folder: Path) -> None:
    (folder / "photo.jpg").touch()

    data_dir.prepare(folder)

    assert clusters.mode(folder) == 0o755
    assert folder.stat().st_uid == os.geteuid()


def test_a_file_in_place_of_the_folder_is_refused(folder: Path) -> None:
    (folder / "hub").touch()

    with pytest.raises(DataDirError, match=r"DATA_DIR .*/hub cannot be used: (File exists|Not a)"):
        data_dir.prepare(folder / "hub")


@as_root
def test_below_a_private_home_is_refused_and_the_home_stays_as_it_is(folder: Path) -> None:
    folder.chmod(0o700)

    with pytest.raises(DataDirError) as refused:
        data_dir.prepare(folder / "share" / "hub")

    name = accounts.for_data(folder).name
    assert f"is in {folder}, which user {name}" in str(refused.value)
    assert "such as /var/lib/hub" in str(refused.value)
    assert clusters.mode(folder) == 0o700
    assert not (folder / "share").exists()


@as_root
@pytest.mark.parametrize(
    ("mode", "expected"), [(0o755, "{home}/share/hub"), (0o700, "/var/lib/hub")]
)
def test_the_default_is_a_folder_that_postgres_can_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int, expected: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "share"))
    folder.chmod(mode)

    assert str(data_dir.default("hub")) == expected.format(home=folder)


def test_the_secret_key_is_made_once_and_private(folder: Path) -> None:
    made = secret_key.kept(folder)

    assert secret_key.kept(folder) == made
    assert clusters.mode(folder / data_dir.SECRET_KEY) == 0o600


def test_a_new_key_goes_first_and_the_old_one_can_be_dropped(folder: Path) -> None:
    old = secret_key.kept(folder)

    both = secret_key.add(folder)
    secret_key.drop_old(folder)

    assert both.endswith(f",{old}")
    assert secret_key.kept(folder) == both.removesuffix(f",{old}")


def test_a_link_in_place_of_a_secret_is_replaced_not_followed(folder: Path) -> None:
    (folder / "elsewhere").write_text("untouched")
    (folder / data_dir.DSN).symlink_to(folder / "elsewhere")

    data_dir.write_private(folder, data_dir.DSN, "postgresql:///hub")

    assert (folder / "elsewhere").read_text() == "untouched"
    assert data_dir.read_private(folder, data_dir.DSN) == "postgresql:///hub"
