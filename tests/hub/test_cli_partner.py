"""`ocpi-hub partner` and `agreement`: letting partners in and out, and who roams with whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import hash_token
from ocpi_hub.store import audit, backfills
from tests.hub.commands import Commands
from tests.hub.network import Network, running_network
from tests.hub.registering import invited, registered, registry


async def actions(db: Database) -> list[str]:
    async with db.begin() as conn:
        return [entry.action for entry in await audit.latest(conn, 10)]


async def walks(db: Database, receiver: str) -> set[tuple[str, str]]:
    async with db.hot() as conn:
        return {(w.owner, w.module) for w in await backfills.backfills(conn, receiver)}


# --- invite ----------------------------------------------------------------------------------


async def test_an_invitation_gives_a_token_that_works(db: Database, ocpi_hub: Commands) -> None:
    ran = await ocpi_hub.aside("partner", "invite", "tnm", "--party", "nl/tnm/cpo", "--json")

    assert ran.code == 0
    assert set(ran.json) == {"name", "status", "token", "versions_url", "expires_at", "parties"}
    assert ran.json["versions_url"] == "http://127.0.0.1:8000/ocpi/versions"
    assert ran.json["status"] == "PLANNED"
    assert ran.json["parties"] == [
        {"country_code": "nl", "party_id": "tnm", "role": "CPO", "status": "PLANNED"}
    ]
    snapshot = await registry(db).refresh()
    assert hash_token(ran.json["token"]) in snapshot.tokens
    assert await actions(db) == ["partner.invite"]


def test_the_token_is_shown_to_people_with_the_next_steps(ocpi_hub: Commands) -> None:
    ran = ocpi_hub("partner", "invite", "tnm")

    assert "token A" in ran.stdout
    assert "POST credentials" in ran.stderr


@pytest.mark.parametrize(
    "words", [("partner", "list", "--json"), ("partner", "show", "tnm", "--json"), ("status",)]
)
def test_no_other_command_shows_a_token(ocpi_hub: Commands, words: tuple[str, ...]) -> None:
    token = ocpi_hub("partner", "invite", "tnm", "--json").json["token"]

    ran = ocpi_hub(*words)

    assert ran.code == 0
    assert token not in ran.stdout + ran.stderr


def test_inviting_again_gives_another_token_and_keeps_the_parties(ocpi_hub: Commands) -> None:
    first = ocpi_hub("partner", "invite", "tnm", "--party", "NL/TNM/CPO", "--json").json

    second = ocpi_hub("partner", "invite", "tnm", "--json").json

    assert second["token"] != first["token"]
    assert second["parties"] == first["parties"]


@pytest.mark.parametrize(
    ("name", "party", "said"),
    [
        pytest.param("tnm", "NL/TNM/MSP", "expected EMSP", id="MSP"),
        pytest.param("tnm", "NL/TNM", "NL/TNM/CPO", id="no role"),
        pytest.param("tnm", "NL/TNM/HUB", "HUB is not for parties", id="a hub"),
        pytest.param("tnm", "NL/HUB/CPO", "the hub's own party", id="the hub's party"),
        pytest.param(" ", "NL/TNM/CPO", "NAME: expected", id="no name"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_bad_input(
    ocpi_hub: Commands, name: str, party: str, said: str
) -> None:
    ran = ocpi_hub("partner", "invite", name, "--party", party, "--json")

    assert ran.code == 64
    assert said in ran.json["error"]["message"]
    assert said in ran.stderr


async def test_a_party_of_another_partner_is_refused(db: Database, ocpi_hub: Commands) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")

    ran = await ocpi_hub.aside("partner", "invite", "other", "--party", "NL/TNM/CPO", "--json")

    assert ran.code == 1
    assert ran.json["error"] == {
        "status_code": 2001,
        "message": "NL/TNM/CPO is held by another platform",
    }


# --- looking ---------------------------------------------------------------------------------


async def test_the_list_says_who_is_connected(db: Database, ocpi_hub: Commands) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    await invited(db, "evc")

    ran = await ocpi_hub.aside("partner", "list", "--json")

    assert ran.json == [
        {"name": "evc", "status": "PLANNED", "parties": []},
        {
            "name": "tnm",
            "status": "CONNECTED",
            "parties": [
                {"country_code": "NL", "party_id": "TNM", "role": "CPO", "status": "CONNECTED"}
            ],
        },
    ]


async def test_a_partner_is_shown_with_its_endpoints(db: Database, ocpi_hub: Commands) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")

    ran = await ocpi_hub.aside("partner", "show", "tnm", "--json")

    assert ran.json["version"] == "2.2.1"
    assert {"identifier": "cdrs", "role": "SENDER", "url": "https://peer.example/sender/cdrs"} in (
        ran.json["endpoints"]
    )


@pytest.mark.parametrize(
    "words", [("show",), ("suspend",), ("resume",), ("remove",), ("rotate",), ("resync",)]
)
def test_an_unknown_partner_is_named(ocpi_hub: Commands, words: tuple[str, ...]) -> None:
    ran = ocpi_hub("partner", *words, "nobody", "--json")

    assert ran.code == 1
    assert ran.json["error"]["message"] == "there is no partner nobody (known: none)"


# --- going and coming ------------------------------------------------------------------------


async def test_a_suspended_partner_comes_back_to_everything_it_missed(
    db: Database, ocpi_hub: Commands
) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    await registered(db, "evc", "DE/EVC/EMSP")

    suspended = await ocpi_hub.aside("partner", "suspend", "evc", "--json")
    again = await ocpi_hub.aside("partner", "suspend", "evc")
    resumed = await ocpi_hub.aside("partner", "resume", "evc", "--json")

    assert suspended.json["status"] == "SUSPENDED"
    assert (again.code, "it is SUSPENDED" in again.stderr) == (1, True)
    assert resumed.json["status"] == "OFFLINE"
    assert await walks(db, "de/evc") == {("nl/tnm", "locations"), ("nl/tnm", "tariffs")}
    assert await walks(db, "nl/tnm") == {("de/evc", "tokens")}
    assert await actions(db) == ["partner.resume", "partner.suspend"]


async def test_a_suspended_partner_is_not_invited(db: Database, ocpi_hub: Commands) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    await ocpi_hub.aside("partner", "suspend", "tnm")

    ran = await ocpi_hub.aside("partner", "invite", "tnm")

    assert ran.code == 1
    assert "resume it first" in ran.stderr


async def test_resync_walks_over_everything_the_partner_sees(
    db: Database, ocpi_hub: Commands
) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    await registered(db, "evc", "DE/EVC/EMSP")

    ran = await ocpi_hub.aside("partner", "resync", "evc", "--json")

    assert {(w["owner"], w["module"]) for w in ran.json["backfills"]} == await walks(db, "de/evc")
    assert await walks(db, "nl/tnm") == set()


async def test_quirks_are_set_and_taken_back(db: Database, ocpi_hub: Commands) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")

    on = await ocpi_hub.aside("partner", "quirk", "tnm", "plain_token", "--json")
    off = await ocpi_hub.aside("partner", "quirk", "tnm", "plain_token", "--off", "--json")

    assert (on.json["quirks"], off.json["quirks"]) == (["plain_token"], [])


# --- handshakes ------------------------------------------------------------------------------


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[Network]:
    """A running hub on the database."""
    async with running_network(database_url) as found:
        yield found


@pytest.fixture
def beside_hub(network: Network, ocpi_hub: Commands) -> Commands:
    """Commands with the settings of the running hub."""
    return ocpi_hub.given(
        SECRET_KEY=network.app.secret_key,
        ALLOW_PRIVATE_NETWORKS="true",
        PUBLIC_URL=network.url,
    )


async def connect(commands: Commands, url: str, token: str) -> Any:
    return await commands.aside(
        "partner", "connect", "tnm", "--versions-url", url, "--token", token, "--json"
    )


async def test_connecting_registers_and_again_it_puts(
    network: Network, beside_hub: Commands
) -> None:
    """CRE-10."""
    party = await network.stranger("NL/TNM/CPO")
    url = f"{party.url}/ocpi/versions"

    first = await connect(beside_hub, url, party.token)
    second = await connect(beside_hub, url, party.token)

    assert [r.method for r in party.of("POST", "/credentials")] == ["POST"]
    assert [r.method for r in party.of("PUT", "/credentials")] == ["PUT"]
    assert (first.code, second.code) == (0, 0)
    assert first.json == {
        "name": "tnm",
        "status": "CONNECTED",
        "versions_url": url,
        "version": "2.2.1",
        "parties": [
            {"country_code": "NL", "party_id": "TNM", "role": "CPO", "status": "CONNECTED"}
        ],
    }


async def test_a_partner_that_is_removed_is_told(network: Network, beside_hub: Commands) -> None:
    """CRE-12."""
    party = await network.join("NL/TNM/CPO")

    ran = await beside_hub.aside("partner", "remove", "platform-1", "--json")

    assert ran.json == {"name": "platform-1", "status": "REMOVED", "told": True, "reason": None}
    assert len(party.of("DELETE", "/credentials")) == 1
    assert (await beside_hub.aside("partner", "list", "--json")).json == []
    listed = (await beside_hub.aside("partner", "list", "--all", "--json")).json
    assert listed[0]["status"] == "REMOVED"
    assert listed[0]["parties"][0]["status"] == "SUSPENDED"


async def test_rotating_gives_both_sides_fresh_tokens(
    network: Network, beside_hub: Commands
) -> None:
    party = await network.join("NL/TNM/CPO")
    before = (party.token, party.hub_token)

    ran = await beside_hub.aside("partner", "rotate", "platform-1", "--json")

    assert (ran.code, ran.json["status"]) == (0, "CONNECTED")
    assert party.token != before[0]
    assert party.hub_token != before[1]


async def test_a_partner_that_cannot_be_used_is_refused_with_code_url_and_step(
    network: Network, beside_hub: Commands
) -> None:
    """3001: the partner cannot be called as it should."""
    party = await network.stranger("NL/TNM/CPO")
    url = f"{party.url}/ocpi/nowhere"

    ran = await connect(beside_hub, url, party.token)

    assert ran.code == 1
    assert ran.json["error"]["status_code"] == 3001
    assert f"GET versions {url}" in ran.json["error"]["message"]
    assert party.token not in ran.stdout + ran.stderr


def test_connecting_needs_the_hub_to_run(ocpi_hub: Commands) -> None:
    ran = ocpi_hub(
        "partner", "connect", "tnm", "--versions-url", "https://tnm.example/versions",
        "--token", "-", "--json", stdin="token\n",
    )  # fmt: skip

    assert ran.code == 69
    assert ran.json["error"] == {
        "status_code": None,
        "message": "the hub is not running: start it with `ocpi-hub up`",
    }


# --- agreements ------------------------------------------------------------------------------


async def test_an_agreement_sends_each_side_what_the_other_has(
    db: Database, ocpi_hub: Commands
) -> None:
    await registered(db, "tnm", "NL/TNM/CPO")
    await registered(db, "evc", "DE/EVC/EMSP")
    required = ocpi_hub.given(AGREEMENTS="required")
    words = ("NL/TNM", "DE/EVC", "--modules", "locations,tokens,cdrs", "--json")

    first = await required.aside("agreement", "add", *words)
    second = await required.aside("agreement", "add", *words)

    assert first.json == {
        "parties": ["NL/TNM", "DE/EVC"],
        "modules": ["cdrs", "locations", "tokens"],
        "backfills": 2,
    }
    assert second.json["modules"] == []
    assert await walks(db, "de/evc") == {("nl/tnm", "locations")}
    assert await walks(db, "nl/tnm") == {("de/evc", "tokens")}


def test_an_agreement_is_listed_and_ended(ocpi_hub: Commands) -> None:
    ocpi_hub("agreement", "add", "NL/TNM", "DE/EVC", "--modules", "tariffs,nltnm-extra")

    ended = ocpi_hub("agreement", "remove", "DE/EVC", "NL/TNM", "--modules", "tariffs", "--json")
    listed = ocpi_hub("agreement", "list", "--json").json
    again = ocpi_hub("agreement", "remove", "DE/EVC", "NL/TNM", "--modules", "tariffs")

    assert ended.json["modules"] == ["tariffs"]
    assert listed[0]["parties"] == ["DE/EVC", "NL/TNM"]
    assert {m["module"]: m["ended_at"] is None for m in listed[0]["modules"]} == {
        "tariffs": False,
        "nltnm-extra": True,
    }
    assert again.code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("NL/TNM", "nl/tnm"), "expected two parties", id="one party twice"),
        pytest.param(("NL/TNM", "NL/HUB"), "the hub's own party", id="the hub"),
        pytest.param(("NL/TNM", "EVC"), "not of the form NL/CPO", id="no country"),
        pytest.param(("NL/TNM", "DE/EVC", "--modules", "cars"), "cars is no module", id="module"),
    ],
)
def test_an_agreement_that_makes_no_sense_is_bad_input(
    ocpi_hub: Commands, words: tuple[str, ...], said: str
) -> None:
    ran = ocpi_hub("agreement", "add", *words)

    assert ran.code == 64
    assert said in ran.stderr
