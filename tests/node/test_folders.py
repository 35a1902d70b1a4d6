"""A DATA_DIR is one service's: a second one neither works in it nor adds to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cpo_adapter.commands import CpoCommands
from tests.databases import data_folder
from tests.emsp_adapter.commands import EmspCommands
from tests.hub.commands import Commands
from tests.serving import free_port


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The folder of a CPO adapter that has stopped."""
    with data_folder() as found:
        assert _of(CpoCommands, found / "cpo")("migrate").code == 0
        yield found / "cpo"


def _of(kind: type[Commands], folder: Path) -> Commands:
    return kind({"DATA_DIR": str(folder), "PORT": str(free_port())})


TAKERS = {
    "a command": (EmspCommands, ["driver", "list"]),
    "migrate": (EmspCommands, ["migrate"]),
    "a service": (EmspCommands, ["up"]),
    "the hub": (Commands, ["partner", "list"]),
}


@pytest.mark.parametrize(("kind", "words"), TAKERS.values(), ids=TAKERS)
def test_a_folder_of_another_service_is_refused(
    folder: Path, kind: type[Commands], words: list[str]
) -> None:
    ran = _of(kind, folder)(*words, "--json")
    again = _of(CpoCommands, folder)("migrate", "--json")

    assert ran.code == 78
    assert f"DATA_DIR {folder} has the database of `cpo`" in ran.json["error"]["message"]
    assert again.json["before"] == again.json["schema"]


def test_a_backup_is_not_put_into_the_folder_of_another_service(
    folder: Path, tmp_path: Path
) -> None:
    ran = _of(Commands, folder)("restore", str(tmp_path / "none.dump"), "--json")

    assert ran.code == 78
    assert f"DATA_DIR {folder} has the database of `cpo`" in ran.json["error"]["message"]
