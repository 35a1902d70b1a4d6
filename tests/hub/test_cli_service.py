"""`ocpi-hub up`, `serve`, `migrate`, `backup`, `restore` and `key`: a hub and its own database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from ocpi_hub import __version__
from ocpi_hub.cli import app
from ocpi_hub.node.engine import Database
from ocpi_hub.service.lifecycle import bound
from ocpi_hub.store.schema import HUB_SCHEMA
from tests.databases import data_folder
from tests.hub.commands import Commands
from tests.hub.registering import registered
from tests.parties import RecordingParty
from tests.serving import free_port, serving


@pytest.fixture(scope="module")
def embedded() -> Iterator[Commands]:
    """`ocpi-hub` with a database of its own, as after an installation."""
    with data_folder() as folder:
        yield Commands(
            {
                "DATA_DIR": f"{folder}/hub",
                "PORT": str(free_port()),
                "ALLOW_PRIVATE_NETWORKS": "true",
                "LOG_LEVEL": "error",
            }
        )


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A service that is refused in this process has set up logging before."""
    root = logging.getLogger()
    handlers, level, loud = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:], logging.raiseExceptions = handlers, loud
    root.setLevel(level)


# --- the hub's own database ------------------------------------------------------------------


def test_a_command_starts_the_database_when_no_hub_runs(embedded: Commands) -> None:
    ran = embedded("partner", "invite", "first", "--json")

    assert ran.code == 0
    assert [p["name"] for p in embedded("partner", "list", "--json").json] == ["first"]


async def test_commands_work_while_the_hub_runs(embedded: Commands, tmp_path: Path) -> None:
    """One hub for all of it: it takes seconds to start."""
    party_port = free_port()
    party = RecordingParty(url=f"http://127.0.0.1:{party_port}", roles=["NL/TNM/CPO"])
    hub_port = free_port()
    with embedded.running("up", "--port", str(hub_port)) as hub:
        async with httpx.AsyncClient() as client:
            ready = await client.get(f"http://127.0.0.1:{hub_port}/readyz")
        invited = await embedded.aside("partner", "invite", "other", "--json")
        async with serving(party, party_port):
            words = ("partner", "connect", "tnm", "--versions-url", f"{party.url}/ocpi/versions")
            connected = await embedded.aside(*words, "--token", party.token, "--json")
            rotated = await embedded.aside("key", "rotate", "--json")
            again = await embedded.aside("partner", "rotate", "tnm", "--json")
        second = await embedded.aside("up", "--port", str(hub_port), "--json")
        status = await embedded.aside("status", "--json")
        saved = await embedded.aside("backup", tmp_path / "hub.dump", "--json")
        restoring = await embedded.aside("restore", tmp_path / "hub.dump", "--yes")
        alive = hub.poll() is None
        code, seconds = embedded.stop(hub)

    assert ready.status_code == 200
    assert invited.json["versions_url"] == f"http://127.0.0.1:{hub_port}/ocpi/versions"
    assert (connected.code, connected.json["status"]) == (0, "CONNECTED")
    assert rotated.json == {"resealed": 1}
    assert (again.code, alive) == (0, True)
    assert second.code == 75
    assert "already running" in second.json["error"]["message"]
    assert status.json["running"] is True
    assert saved.json["bytes"] == (tmp_path / "hub.dump").stat().st_size
    assert restoring.code == 75
    assert (code, seconds < 10) == (0, True)
    after = await embedded.aside(*words, "--token", "any")
    assert after.code == 69


# --- backups ---------------------------------------------------------------------------------


async def test_a_backup_is_restored_in_place_of_what_there_is(
    db: Database, ocpi_hub: Commands, tmp_path: Path
) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    file = tmp_path / "hub.dump"
    await ocpi_hub.aside("backup", file)
    await db.pool.close()
    await db.engine.dispose()
    await ocpi_hub.aside("partner", "invite", "later")

    refused = await ocpi_hub.aside("restore", file)
    done = await ocpi_hub.aside("restore", file, "--yes", "--json")

    assert (refused.code, "2 partners" in refused.stderr) == (1, True)
    assert done.json == {
        "file": str(file), "schema": HUB_SCHEMA.head(), "platforms": 1, "secret_key_fits": True
    }  # fmt: skip
    listed = (await ocpi_hub.aside("partner", "list", "--json")).json
    assert [p["name"] for p in listed] == ["tnm"]
    assert file.stat().st_mode & 0o077 == 0


async def test_a_backup_with_other_keys_says_so(
    db: Database, ocpi_hub: Commands, empty_database_url: str, tmp_path: Path
) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    await ocpi_hub.aside("backup", tmp_path / "hub.dump")
    elsewhere = ocpi_hub.given(
        DATABASE_URL=empty_database_url, SECRET_KEY=Fernet.generate_key().decode()
    )

    ran = await elsewhere.aside("restore", tmp_path / "hub.dump", "--json")

    assert (ran.code, ran.json["secret_key_fits"]) == (0, False)
    assert "need the SECRET_KEY of the hub that was backed up" in ran.stderr
    assert (await elsewhere.aside("partner", "list")).code == 78


async def test_a_database_in_use_is_not_replaced(
    db: Database, ocpi_hub: Commands, tmp_path: Path
) -> None:
    await ocpi_hub.aside("backup", tmp_path / "hub.dump")

    ran = await ocpi_hub.aside("restore", tmp_path / "hub.dump", "--yes")

    assert (ran.code, "the hub is running: stop it first" in ran.stderr) == (75, True)


@pytest.mark.parametrize("content", [None, b"no backup"], ids=["no file", "another file"])
def test_what_is_no_backup_changes_nothing(
    ocpi_hub: Commands, tmp_path: Path, content: bytes | None
) -> None:
    ocpi_hub("partner", "invite", "tnm")
    if content is not None:
        (tmp_path / "file").write_bytes(content)

    ran = ocpi_hub("restore", tmp_path / "file", "--yes")

    assert (ran.code, "is not a backup" in ran.stderr) == (64, True)
    assert len(ocpi_hub("partner", "list", "--json").json) == 1


def test_a_backup_that_breaks_off_leaves_what_there_was(ocpi_hub: Commands, tmp_path: Path) -> None:
    ocpi_hub("partner", "invite", "tnm")
    ocpi_hub("backup", tmp_path / "whole")
    half = (tmp_path / "whole").read_bytes()[:-60]
    (tmp_path / "half").write_bytes(half)

    ran = ocpi_hub("restore", tmp_path / "half", "--yes")

    assert ran.code == 69
    assert len(ocpi_hub("partner", "list", "--json").json) == 1


def test_a_backup_needs_a_folder_that_is_there(ocpi_hub: Commands, tmp_path: Path) -> None:
    ran = ocpi_hub("backup", tmp_path / "nowhere" / "hub.dump")

    assert (ran.code, "cannot be written" in ran.stderr) == (64, True)


# --- keys ------------------------------------------------------------------------------------


async def test_a_given_key_is_rotated_once_the_new_one_is_first(
    db: Database, ocpi_hub: Commands
) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    old, new = ocpi_hub.settings["SECRET_KEY"], Fernet.generate_key().decode()

    early = await ocpi_hub.aside("key", "rotate")
    done = await ocpi_hub.given(SECRET_KEY=f"{new},{old}").aside("key", "rotate", "--json")

    assert (early.code, "put a new one before it" in early.stderr) == (78, True)
    assert done.json == {"resealed": 1}
    assert (await ocpi_hub.given(SECRET_KEY=new).aside("partner", "list")).code == 0
    assert (await ocpi_hub.aside("partner", "list")).code == 78


# --- a given database ------------------------------------------------------------------------


def test_serve_runs_on_a_database_that_is_up_to_date(ocpi_hub: Commands) -> None:
    port = free_port()
    with ocpi_hub.running("serve", "--port", str(port), "--no-fanout") as hub:
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        code, _ = ocpi_hub.stop(hub)

    assert (ready.status_code, code) == (200, 0)


def test_the_fanout_runs_by_itself(ocpi_hub: Commands) -> None:
    with ocpi_hub.running("fanout") as process:
        code, _ = ocpi_hub.stop(process)

    assert code == 0


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("partner", "list"), ("fanout",)])
def test_a_given_database_is_not_migrated_unasked(
    ocpi_hub: Commands, empty_database_url: str, words: tuple[str, ...]
) -> None:
    empty = ocpi_hub.given(DATABASE_URL=empty_database_url)

    refused = empty(*words, "--json")
    migrated = empty("migrate", "--json")
    again = empty("migrate", "--json")

    assert refused.code == 69
    assert refused.json["error"]["message"] == (
        "the database has no hub schema yet: run `ocpi-hub migrate`"
    )
    assert migrated.json == {"before": None, "schema": HUB_SCHEMA.head()}
    assert again.json == {"before": HUB_SCHEMA.head(), "schema": HUB_SCHEMA.head()}
    assert empty("partner", "list").code == 0


@pytest.mark.parametrize("word", ["serve", "fanout"])
def test_production_needs_a_given_database(word: str) -> None:
    ran = Commands()(word, "--json")

    assert ran.code == 78
    assert ran.json["error"]["message"].startswith("OCPI_HUB_DATABASE_URL is missing")


def test_a_port_in_use_is_named(ocpi_hub: Commands) -> None:
    port = free_port()
    with bound("127.0.0.1", port) as sock:
        sock.listen()
        ran = ocpi_hub("serve", "--port", str(port))

    assert ran.code == 69
    assert f"cannot listen on 127.0.0.1 port {port}: another process does" in ran.stderr


def test_a_database_that_does_not_answer_is_unavailable(ocpi_hub: Commands) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"

    ran = ocpi_hub.given(DATABASE_URL=url)("partner", "list")

    assert (ran.code, "cannot be reached" in ran.stderr) == (69, True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"PORT": "eight"}, "OCPI_HUB_PORT is 'eight'", id="port"),
        pytest.param({"AGREEMENTS": "some"}, "OCPI_HUB_AGREEMENTS is 'some'", id="agreements"),
        pytest.param({"DATABASE_URL": "postgresql://x"}, "OCPI_HUB_SECRET_KEY", id="no key"),
    ],
)
def test_a_bad_setting_is_named(settings: dict[str, str], said: str) -> None:
    ran = Commands(settings)("up", "--json")

    assert ran.code == 78
    assert said in ran.json["error"]["message"]


# --- help ------------------------------------------------------------------------------------

_DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
_COMMANDS = [
    *[(command.name,) for command in app.registered_commands],
    *[
        (group.name, command.name)
        for group in app.registered_groups
        if group.typer_instance is not None
        for command in group.typer_instance.registered_commands
    ],
]


@pytest.mark.parametrize("words", _COMMANDS, ids=" ".join)
def test_every_command_has_json_an_example_and_a_place_in_the_docs(words: tuple[str, ...]) -> None:
    name = " ".join(["ocpi-hub", *words])

    ran = Commands()(*words, "--help")

    assert ran.code == 0
    assert "--json" in ran.stdout
    assert f"Example:\n    {name}" in ran.stdout
    assert f"`{name}" in _DOCS.read_text()


def test_the_version_is_told() -> None:
    assert Commands()("--version").stdout == f"ocpi-hub {__version__}\n"


def test_a_wrong_command_line_exits_2() -> None:
    assert Commands()("partner", "lis").code == 2
