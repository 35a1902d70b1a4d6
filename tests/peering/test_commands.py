"""`connect`, `invite` and `peer …`, as an adapter mounts them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from migrations import runner
from ocpi_hub.node import kept
from ocpi_hub.node.engine import Database
from ocpi_hub.node.schema import Schema
from ocpi_hub.node.secrets import Vault
from ocpi_hub.node.settings import NodeSettings
from ocpi_hub.peering.commands import Adapter, add_to
from ocpi_hub.peering.store import announced
from ocpi_hub.protocol.roles import Role
from tests.hub.commands import KEY, Ran
from tests.parties import envelope
from tests.partners import eventually
from tests.peering.node import Node, new_metadata, opened
from tests.peering.scene import Scene, behind
from tests.samples import tariff


@dataclass(frozen=True)
class _Opened:
    settings: NodeSettings
    db: Database
    vault: Vault


class _Settings(NodeSettings):
    prefix = "PEERTEST_"


_SCHEMA = Schema(
    runner.Service("peertest", new_metadata()),
    program="cpo-adapter",
    own=announced.TABLE,
    known_to_others=announced.KNOWN_TO_OTHERS,
)


@dataclass(frozen=True)
class Cli:
    """The commands of an adapter whose database is `url`."""

    url: str
    data_dir: Path
    keys: str = KEY

    def settings(self, **more: str) -> _Settings:
        """What an operator of the adapter has set."""
        given = {
            "COUNTRY_CODE": "NL",
            "PARTY_ID": "CPO",
            "NAME": "Example of ours",
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.url,
            "SECRET_KEY": self.keys,
            "ALLOW_PRIVATE_NETWORKS": "true",
            **more,
        }
        return _Settings.from_env({f"PEERTEST_{name}": value for name, value in given.items()})

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[_Opened]:
        settings = await kept.for_command(self.url, _SCHEMA, self.settings())
        async with opened(self.url) as db:
            yield _Opened(settings, db, Vault(self.keys))

    async def __call__(self, *words: str, stdin: str = "", as_json: bool = True) -> Ran:
        """What a command leaves behind, with --json unless people are to read it."""
        app = typer.Typer()
        add_to(app, Adapter("cpo-adapter", Role.CPO, self._open, new_metadata()))
        given = [*words, "--json"] if as_json else list(words)
        ran = await asyncio.to_thread(CliRunner().invoke, app, given, input=stdin)
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return Ran(ran.exit_code, ran.stdout, ran.stderr)


@pytest.fixture
def cli(empty_database_url: str, tmp_path: Path) -> Cli:
    """The commands on the node's database."""
    return Cli(empty_database_url, tmp_path)


def _announced(node: Node, cli: Cli) -> Callable[[], Any]:
    """As its program does: what belongs to its data is kept, and then it runs."""

    async def check() -> bool:
        settings = cli.settings(PUBLIC_URL=node.identity.public_url)
        await kept.for_service(cli.url, _SCHEMA, settings)
        async with node.db.hot() as conn:
            return await announced.alive(conn)

    return check


async def test_connect_registers_at_a_hub_and_reads_who_is_behind_it(
    node: Node, scene: Scene, cli: Cli
) -> None:
    hub = await scene.party("XX/HUB/HUB", senders=("hubclientinfo",))
    hub.lists["hubclientinfo"] = [behind("DE/EMS")]
    await eventually(_announced(node, cli))

    ran = await cli("connect", "--versions-url", f"{hub.url}/ocpi/versions", "--token", hub.token)
    await node.publish("tariffs", tariff(id="T1"))

    assert ran.code == 0, ran.stderr
    assert ran.json["name"] == hub.url.removeprefix("http://")
    assert ran.json["status"] == "CONNECTED"
    assert [each["party_id"] for each in ran.json["parties"]] == ["HUB"]
    assert [each["party_id"] for each in ran.json["clients"]] == ["EMS"]
    await eventually(lambda: bool(hub.of("PUT", "/receiver/tariffs")))


async def test_people_read_who_is_behind_a_hub(node: Node, scene: Scene, cli: Cli) -> None:
    hub = await scene.party("XX/HUB/HUB", senders=("hubclientinfo",))
    hub.lists["hubclientinfo"] = [behind("DE/EMS"), behind("DE/OFF", status="OFFLINE")]
    await eventually(_announced(node, cli))
    url = f"{hub.url}/ocpi/versions"

    connected = await cli("connect", "--versions-url", url, "--token", hub.token, as_json=False)
    listed = await cli("peer", "list", as_json=False)

    assert "behind it: DE/EMS/EMSP, DE/OFF/EMSP (OFFLINE)" in connected.stderr
    assert "DE/EMS/EMSP, DE/OFF/EMSP (OFFLINE)" in listed.stdout


async def test_of_many_behind_a_hub_people_read_the_first(
    node: Node, scene: Scene, cli: Cli
) -> None:
    hub = await scene.party("XX/HUB/HUB", senders=("hubclientinfo",))
    hub.lists["hubclientinfo"] = [behind(f"DE/E{number:02}") for number in range(12)]
    await eventually(_announced(node, cli))
    url = f"{hub.url}/ocpi/versions"

    connected = await cli("connect", "--versions-url", url, "--token", hub.token, as_json=False)

    assert "DE/E09/EMSP, and 2 more" in connected.stderr


async def test_the_token_may_come_from_standard_input(node: Node, scene: Scene, cli: Cli) -> None:
    emsp = await scene.party("DE/EMS/EMSP")
    await eventually(_announced(node, cli))
    url = f"{emsp.url}/ocpi/versions"

    ran = await cli(
        "connect", "--versions-url", url, "--token", "-", "--name", "ems", stdin=f"{emsp.token}\n"
    )

    assert (ran.code, ran.json["name"]) == (0, "ems")


async def test_the_tokens_of_peers_are_sealed_with_the_first_key(
    node: Node, scene: Scene, cli: Cli
) -> None:
    await scene.emsp()
    new = Fernet.generate_key().decode()

    early = await cli("key", "rotate")
    done = await replace(cli, keys=f"{new},{KEY}")("key", "rotate")
    with_new = await replace(cli, keys=new)("peer", "list")
    with_old = await cli("peer", "list")

    assert (early.code, "put a new one before it" in early.stdout) == (78, True)
    assert done.json == {"resealed": 1}
    assert (with_new.code, [each["name"] for each in with_new.json]) == (0, ["emsp"])
    assert (with_old.code, "SECRET_KEY" in with_old.stdout) == (78, True)


async def test_connect_needs_the_service(db: Database, cli: Cli) -> None:
    assert db.pool

    ran = await cli("connect", "--versions-url", "http://127.0.0.1:9/", "--token", "t")

    assert ran.code == 69
    assert "cpo-adapter up" in ran.json["error"]["message"]


async def test_a_failed_handshake_has_its_code(node: Node, scene: Scene, cli: Cli) -> None:
    emsp = await scene.party("DE/EMS/EMSP")
    await eventually(_announced(node, cli))

    ran = await cli(
        "connect", "--versions-url", f"{emsp.url}/ocpi/versions", "--token", "not-its-token"
    )

    assert ran.code == 1
    assert ran.json["error"]["status_code"] == 3001
    assert emsp.url in ran.json["error"]["message"]


async def test_invite_makes_a_token_that_registers(node: Node, scene: Scene, cli: Cli) -> None:
    await eventually(_announced(node, cli))
    emsp = await scene.party("DE/EMS/EMSP")

    invitation = (await cli("invite", "ems")).json
    response = await emsp.register(invitation["versions_url"], invitation["token"])
    (listed,) = [p for p in (await cli("peer", "list")).json if p["name"] == "ems"]

    assert invitation["status"] == "PLANNED"
    assert invitation["versions_url"] == node.identity.versions_url
    assert response.json()["status_code"] == 1000
    assert (listed["status"], listed["parties"][0]["party_id"]) == ("CONNECTED", "EMS")


async def test_an_invitation_may_name_the_parties_it_is_for(
    node: Node, scene: Scene, cli: Cli
) -> None:
    await eventually(_announced(node, cli))
    other = await scene.party("DE/OTH/EMSP")

    invitation = (await cli("invite", "ems", "--party", "DE/EMS/EMSP")).json
    again = (await cli("invite", "ems")).json
    refused = await other.register(again["versions_url"], again["token"])
    wrong = await cli("invite", "ems", "--party", "DE/EMS")

    assert invitation["invited_parties"] == again["invited_parties"] == ["DE/EMS/EMSP"]
    assert refused.json()["status_code"] == 2001
    assert (wrong.code, "DE/EMS" in wrong.json["error"]["message"]) == (64, True)


async def test_a_name_has_to_be_one(db: Database, cli: Cli) -> None:
    assert db.pool

    assert (await cli("invite", " x ")).code == 64


async def test_rotate_and_remove(node: Node, scene: Scene, cli: Cli) -> None:
    emsp = await scene.emsp()
    await eventually(_announced(node, cli))

    rotated = await cli("peer", "rotate", "emsp")
    removed = await cli("peer", "remove", "emsp")
    again = await cli("peer", "remove", "emsp")
    unknown = await cli("peer", "remove", "nobody")

    assert (rotated.code, removed.code, again.code, unknown.code) == (0, 0, 1, 1)
    assert removed.json == {"name": "emsp", "status": "REMOVED", "told": True, "reason": None}
    assert [r.method for r in emsp.received if r.path == "/credentials"] == [
        "POST",
        "PUT",
        "DELETE",
    ]


async def test_what_was_refused_is_listed_and_sent_again(
    node: Node, scene: Scene, cli: Cli
) -> None:
    emsp = await scene.emsp()
    emsp.say(lambda: envelope(None, 2001, message="no such currency"), below="/receiver/tariffs")
    await node.publish("tariffs", tariff(id="T1"))
    await eventually(node.has_parked)
    emsp.begin_anew()

    (parked,) = (await cli("peer", "parked")).json
    replayed = await cli("peer", "replay", "tariffs", "T1")
    nothing = await cli("peer", "replay", "tariffs", "T2")

    await eventually(node.has_nothing_parked)
    assert (parked["receiver"], parked["reason"]) == ("emsp", "no such currency")
    assert (json.loads(replayed.stdout)["replayed"], nothing.code) == (1, 1)
