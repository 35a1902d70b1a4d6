"""What names a service to others stays with its data, and commands go by it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import psycopg
import pytest

from tests.cpo_adapter.commands import CpoCommands
from tests.emsp_adapter.commands import EmspCommands
from tests.hub.commands import KEY, Commands
from tests.serving import free_port

RUNS_AS = {"COUNTRY_CODE": "be", "PARTY_ID": "OWN", "NAME": "Example of ours"}


@dataclass(frozen=True)
class Kind:
    """One of the services; `registered` has a partner in its tables."""

    commands: type[Commands]
    invite: tuple[str, ...]
    registered: str


KINDS = {
    "hub": Kind(
        Commands,
        ("partner", "invite"),
        "INSERT INTO hub.platforms (id, name, status) VALUES ('1', 'first', 'registered')",
    ),
    "cpo": Kind(
        CpoCommands,
        ("invite",),
        "INSERT INTO cpo.peers (id, name, status) VALUES ('1', 'first', 'registered')",
    ),
    "emsp": Kind(
        EmspCommands,
        ("invite",),
        "INSERT INTO emsp.peers (id, name, status) VALUES ('1', 'first', 'registered')",
    ),
}


@dataclass(frozen=True)
class Service:
    """A service on a database of its own; `bare` commands are told nothing but where that is."""

    kind: Kind
    url: str

    @property
    def bare(self) -> Commands:
        return self.kind.commands({"DATABASE_URL": self.url, "SECRET_KEY": KEY})

    def ran_as(self, **settings: str) -> str:
        """It ran with these settings; where it was reached."""
        port = str(free_port())
        with self.bare.given(PORT=port, LOG_LEVEL="error", **settings).running("serve"):
            return f"http://127.0.0.1:{port}"

    def refusal(self, **settings: str) -> tuple[int, str]:
        """Why a command with these settings is refused."""
        ran = self.bare.given(**settings)(*self.kind.invite, "x", "--json")
        return ran.code, ran.json["error"]["message"] if ran.code else ""

    def refused_start(self, **settings: str) -> tuple[int, str]:
        """Why it does not start with these settings."""
        commands = self.bare.given(PORT=str(free_port()), **settings)
        process = commands.started("serve")
        said, _ = process.communicate(timeout=30)
        return process.returncode, json.loads(said)["error"]["message"]

    def execute(self, statement: str) -> None:
        """Changes what it keeps."""
        with psycopg.connect(self.url) as conn:
            conn.execute(statement.encode())


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def service(request: pytest.FixtureRequest, empty_database_url: str) -> Service:
    """Each of the three, as after an installation."""
    found = Service(request.param, empty_database_url)
    assert found.bare("migrate").code == 0
    return found


def test_a_command_needs_only_to_know_where_the_data_is(service: Service) -> None:
    where = service.ran_as(**RUNS_AS)

    invited = service.bare(*service.kind.invite, "x", "--json")

    assert invited.json["versions_url"] == f"{where}/ocpi/versions"


def test_a_command_with_another_setting_than_is_kept_is_refused(service: Service) -> None:
    where = service.ran_as(**RUNS_AS)

    party = service.refusal(PARTY_ID="OTH")
    url = service.refusal(PUBLIC_URL="https://other.example")

    prefix = service.kind.commands.prefix
    assert party == (
        78,
        f"{prefix}PARTY_ID is 'OTH': expected nothing or 'OWN', whose data this is",
    )
    assert url == (
        78,
        f"{prefix}PUBLIC_URL is 'https://other.example': expected nothing or '{where}', where the"
        " service was started last",
    )
    assert service.refusal(**RUNS_AS, PUBLIC_URL=f"{where}/") == (0, "")


def test_a_service_goes_on_as_who_it_was(service: Service) -> None:
    service.ran_as(**RUNS_AS)

    elsewhere = service.ran_as()

    assert service.refusal(**RUNS_AS, PUBLIC_URL=elsewhere) == (0, "")
    assert service.refusal(NAME="Another")[0] == 78


def test_a_service_becomes_another_party_only_while_nobody_knows_it(service: Service) -> None:
    service.ran_as()
    service.ran_as(**RUNS_AS)
    service.execute(service.kind.registered)

    code, message = service.refused_start(PARTY_ID="OTH")

    assert code == 78
    assert "PARTY_ID is 'OTH': expected nothing or 'OWN'" in message
    assert service.refusal(**RUNS_AS) == (0, "")


def test_who_comes_first_says_whose_data_it_is(service: Service) -> None:
    first = service.refusal(**RUNS_AS)

    assert first == (0, "")
    assert service.refusal(PARTY_ID="OTH")[0] == 78
