"""`cpo-adapter`: every command once, the exit codes of bad input, and that the docs are whole."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer import Typer

from cpo_adapter.cli import app
from cpo_adapter.store import transactions
from cpo_adapter.store.transactions import Transaction
from ocpi_hub import __version__
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.jsontext import dumps
from tests.chargers import Access, charger
from tests.cpo_adapter.commands import CpoCommands
from tests.cpo_adapter.offering import location
from tests.databases import data_folder
from tests.hub.commands import KEY
from tests.pricing.cases import element, tariff
from tests.serving import free_port

DOCS = (Path(__file__).parents[2] / "docs" / "cpo-cli.md").read_text()


@pytest.fixture
def cli(cpo_database_url: str) -> CpoCommands:
    """`cpo-adapter` on a database of its own, migrated and empty."""
    return CpoCommands({"DATABASE_URL": cpo_database_url, "SECRET_KEY": KEY})


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A service that is refused in this process has set up logging before."""
    root = logging.getLogger()
    handlers, level, loud = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:], logging.raiseExceptions = handlers, loud
    root.setLevel(level)


def written(folder: Path, value: Any) -> Path:
    """A file with a JSON value."""
    file = folder / "given.json"
    file.write_bytes(dumps(value))
    return file


@pytest.fixture
def offered(cli: CpoCommands, tmp_path: Path) -> CpoCommands:
    """LOC1 with EVSE1 and EVSE2 has been imported."""
    assert cli("location", "import", written(tmp_path, location("EVSE1", "EVSE2"))).code == 0
    return cli


# --- locations and tariffs -----------------------------------------------------------------------


def test_locations_are_imported_listed_and_exported(offered: CpoCommands, tmp_path: Path) -> None:
    file = tmp_path / "out.json"

    again = offered("location", "import", tmp_path / "given.json", "--json")
    listed = offered("location", "list", "--json")
    exported = offered("location", "export", file, "--json")

    assert again.json["unchanged"] == ["LOC1"]
    assert [each["uid"] for each in listed.json[0]["evses"]] == ["EVSE1", "EVSE2"]
    assert exported.json == {"file": str(file), "locations": 1}
    assert offered("location", "import", file, "--json").json["unchanged"] == ["LOC1"]
    assert "EVSE1" in offered("location", "list").stdout


def test_a_location_gets_a_limit_and_loses_it(offered: CpoCommands) -> None:
    limited = offered("location", "limit", "LOC1", "--kw", "22.5", "--json")
    free = offered("location", "limit", "LOC1", "--json")

    assert (limited.json["limit_watts"], free.json["limit_watts"]) == (22500, None)


def test_tariffs_are_imported_and_exported(cli: CpoCommands, tmp_path: Path) -> None:
    file = written(tmp_path, [tariff([element("ENERGY 0.30")], id="T1")])

    imported = cli("tariff", "import", file, "--json")
    exported = cli("tariff", "export", "-")

    assert imported.json["created"] == ["T1"]
    assert [each["id"] for each in exported.json] == ["T1"]


# --- stations ------------------------------------------------------------------------------------


def test_a_station_is_added_mapped_listed_and_shown(offered: CpoCommands) -> None:
    added = offered("station", "add", "CS1", "--evse", "EVSE1", "--json")
    given = offered("station", "add", "CS2", "--key", "open-sesame-once-more", "--json")
    mapped = offered("station", "map", "CS1", "--evse", "EVSE1=1/1", "--evse", "EVSE2=2", "--json")
    shown = offered("station", "show", "CS1", "--json")
    listed = offered("station", "list", "--json")

    assert (len(added.json["key"]), given.json["key"]) == (32, "open-sesame-once-more")
    assert mapped.json == {"id": "CS1"}
    assert [plug["evse_uid"] for plug in shown.json["plugs"]] == ["EVSE1", "EVSE2"]
    assert added.json["key"] not in shown.stdout
    assert [(each["id"], each["state"]) for each in listed.json] == [
        ("CS1", "never connected"), ("CS2", "never connected")
    ]  # fmt: skip


async def test_a_station_that_waits_is_approved(cli: CpoCommands, cpo_db: Database) -> None:
    async with cpo_db.hot() as conn:
        await conn.execute("INSERT INTO stations (id, status) VALUES ('CS9', 'pending')")

    approved = await cli.aside("station", "approve", "CS9", "--json")

    assert approved.json == {"id": "CS9", "status": "accepted"}


# --- tokens, sessions, operators -----------------------------------------------------------------


def test_a_token_is_added_and_given_another_status(cli: CpoCommands) -> None:
    added = cli("token", "add", "CARD1", "--label", "workshop", "--json")
    cli("token", "add", "card1", "--status", "Blocked")
    listed = cli("token", "list", "--json")

    assert added.json == {"uid": "CARD1", "status": "Accepted", "label": "workshop"}
    assert listed.json == [{"uid": "card1", "status": "Blocked", "label": "workshop"}]


async def test_sessions_are_listed(cli: CpoCommands, cpo_db: Database) -> None:
    now = datetime.now(UTC)
    async with cpo_db.hot() as conn:
        for number, state in enumerate(("active", "completed")):
            session = Transaction(
                id=f"session-{number}",
                station_id="CS1",
                ocpp_id=str(number),
                id_tag=f"CARD{number}",
                state=state,
                started_at=now,
                last_updated=now,
            )
            await transactions.insert(conn, session)

    running = await cli.aside("session", "list", "--open", "--json")
    by_token = await cli.aside("session", "list", "--id-tag", "CARD1", "--station", "CS1", "--json")

    assert [each["id_tag"] for each in running.json] == ["CARD0"]
    assert [each["state"] for each in by_token.json] == ["completed"]


def test_an_operators_token_is_shown_once(cli: CpoCommands) -> None:
    made = cli("operator", "token", "--role", "operate", "--label", "ops", "--json")

    assert (len(made.json["token"]), made.json["role"]) == (43, "operate")


# --- peers ---------------------------------------------------------------------------------------


def test_a_peer_is_invited_listed_and_removed(cli: CpoCommands) -> None:
    invited = cli("invite", "hub", "--json")
    listed = cli("peer", "list", "--json")
    parked = cli("peer", "parked", "--json")
    removed = cli("peer", "remove", "hub", "--json")

    assert invited.json["versions_url"].endswith("/ocpi/versions")
    assert [each["name"] for each in listed.json] == ["hub"]
    assert (parked.json, removed.json["status"]) == ([], "REMOVED")
    assert [each["name"] for each in cli("peer", "list", "--all", "--json").json] == ["hub"]


# --- bad input -----------------------------------------------------------------------------------

BAD = [
    pytest.param(["station", "add", "a/b"], 64, "expected 1 to 48 letters", id="a bad station id"),
    pytest.param(["station", "add", "X", "--key", "a b"], 64, "key: ", id="a key with a space"),
    pytest.param(["station", "add", "X", "--key", "short"], 64, "key: ", id="a short key"),
    pytest.param(["station", "add", "X", "--evse", "NONE"], 64, "is not known", id="unknown EVSE"),
    pytest.param(["station", "add", "X", "--evse", "E=0"], 64, "expected 1 to 999", id="plug 0"),
    pytest.param(["station", "add", "X", "--security-profile", "4"], 2, "", id="a bad profile"),
    pytest.param(["station", "map", "NONE"], 64, "is not known", id="map an unknown station"),
    pytest.param(["station", "show", "NONE"], 1, "there is no station", id="an unknown station"),
    pytest.param(["station", "approve", "NONE"], 1, "is not known", id="approve it"),
    pytest.param(["simulate", "--url", "http://x"], 64, "--url: expected ws", id="no socket"),
    pytest.param(["station", "remove", "NONE"], 1, "is not known", id="remove an unknown station"),
    pytest.param(["location", "import", "/none"], 64, "No such file", id="no file"),
    pytest.param(["location", "export", "/none/x"], 64, "No such file", id="no folder"),
    pytest.param(["location", "limit", "NONE", "--kw", "1"], 1, "no Location", id="no location"),
    pytest.param(["location", "limit", "L", "--kw", "-1"], 64, "kw: ", id="a bad limit"),
    pytest.param(["tariff", "import", "/none"], 64, "No such file", id="no tariff file"),
    pytest.param(["token", "add", "a b"], 64, "UID: ", id="a bad uid"),
    pytest.param(["token", "add", "X", "--status", "Lost"], 2, "", id="a bad status"),
    pytest.param(["operator", "token"], 2, "", id="no role"),
    pytest.param(["peer", "remove", "none"], 1, "none", id="an unknown peer"),
    pytest.param(["peer", "rotate", "none"], 69, "not running", id="rotate without a service"),
    pytest.param(["peer", "replay", "cdrs", "none"], 1, "none", id="nothing to replay"),
    pytest.param(
        ["connect", "--versions-url", "https://x.example/v", "--token", "t"], 69, "run",
        id="the adapter does not run",
    ),
    pytest.param(["simulate", "--scenario", "/none"], 64, "/none", id="no scenario"),
    pytest.param(["statoin"], 2, "", id="a wrong command"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), BAD)
def test_bad_input_exits_with_its_code_and_a_sentence(
    cli: CpoCommands, words: list[str], code: int, said: str
) -> None:
    ran = cli(*words)

    assert ran.code == code, ran.stderr
    assert said in ran.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"{", "the body is not JSON", id="not JSON"),
        pytest.param(b'{"id": "LOC1"}', "missing", id="not a Location"),
        pytest.param(b'[{"id": 1}, 7]', "[1]: expected a Location", id="a number"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_field(
    cli: CpoCommands, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)

    ran = cli("location", "import", file, "--json")

    assert ran.code == 64
    assert ran.json["error"]["message"].startswith(f"{file}: ")
    assert said in ran.json["error"]["message"]


# --- running -------------------------------------------------------------------------------------


def test_a_schema_that_is_not_there_is_told_and_made(empty_database_url: str) -> None:
    cli = CpoCommands({"DATABASE_URL": empty_database_url, "SECRET_KEY": KEY})

    refused = cli("serve", "--port", str(free_port()), "--json")
    migrated = cli("migrate", "--json")

    assert refused.code == 69
    assert "migrate" in refused.json["error"]["message"]
    assert migrated.json["before"] is None
    assert cli("station", "list", "--json").json == []


def test_a_port_that_is_taken_exits_69(cli: CpoCommands) -> None:
    port = str(free_port())
    with cli.running("serve", "--port", port):
        assert cli("serve", "--port", port, "--json").code == 69


@pytest.fixture
def alone() -> Iterator[CpoCommands]:
    """`cpo-adapter` with a database of its own, as after an installation."""
    with data_folder() as folder:
        port = str(free_port())
        yield CpoCommands({"DATA_DIR": f"{folder}/cpo", "PORT": port, "LOG_LEVEL": "error"})


@pytest.mark.slow
async def test_up_runs_on_a_database_of_its_own(alone: CpoCommands) -> None:
    """One adapter for all of it: it takes seconds to start."""
    host = f"127.0.0.1:{alone.settings['PORT']}"
    with alone.running("up") as adapter:
        added = await alone.aside("station", "add", "CS1", "--json")
        made = await alone.aside("operator", "token", "--role", "read", "--json")
        second = await alone.aside("up", "--json")
        access = Access(key=added.json["key"])
        async with (
            charger(f"ws://{host}/ocpp", "CS1", access=access) as station,
            httpx.AsyncClient(base_url=f"http://{host}", trust_env=False) as client,
        ):
            booted = await station.boot()
            ready = await client.get("/readyz")
            bearer = {"Authorization": f"Bearer {made.json['token']}"}
            stations = await client.get("/operator/v1/stations", headers=bearer)
        code, seconds = alone.stop(adapter)

    assert (booted.status, ready.status_code) == ("Accepted", 200)
    assert [(each["id"], each["state"]) for each in stations.json()] == [("CS1", "online")]
    assert (second.code, code, seconds < 10) == (75, 0, True)


def test_stations_are_simulated(tmp_path: Path) -> None:
    """Nobody listens there, which the stations say and go on trying."""
    url = f"ws://127.0.0.1:{free_port()}/ocpp"

    ran = CpoCommands()("simulate", "--url", url, "--seconds", "0.5", "--json")

    assert ran.code == 0
    assert all("station" in json.loads(line) for line in ran.stdout.splitlines())


# --- help ----------------------------------------------------------------------------------------


def commands(parent: Typer, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for each in parent.registered_commands:
        yield (*words, str(each.name))
    for group in parent.registered_groups:
        if group.typer_instance is not None:
            yield from commands(group.typer_instance, *words, str(group.name))


@pytest.mark.parametrize("words", [*commands(app)], ids=" ".join)
def test_every_command_has_json_an_example_and_its_options_in_the_docs(
    words: tuple[str, ...],
) -> None:
    name = " ".join(["cpo-adapter", *words])

    ran = CpoCommands()(*words, "--help")

    assert ran.code == 0
    assert f"Example:\n    {name}" in ran.stdout
    assert f"`{name}" in DOCS
    options = set(re.findall(r"--[a-z][a-z-]+", ran.stdout.partition("Example:")[0]))
    assert "--json" in options
    assert {option for option in options if option not in DOCS} <= {"--help"}


def test_the_version_is_told() -> None:
    assert CpoCommands()("--version").stdout == f"cpo-adapter {__version__}\n"
