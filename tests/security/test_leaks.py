"""Where secrets must not turn up: logs at DEBUG, metrics, error answers, the database (T34).

Every token, key and card number here is unique. The hub goes through registrations that work and
that do not, refusals, and failures of its own; then everything it left behind is searched.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg import sql

from ocpi_hub.catalogue import Catalogue
from ocpi_hub.custody import Custody
from ocpi_hub.service import logs
from ocpi_hub.store import registrations
from tests import samples
from tests.parties import RecordingParty, encoded
from tests.security.scene import Scene, scene

_KEY = Fernet.generate_key().decode()
_METRICS_TOKEN = "canary-of-the-metrics"
_UID, _CONTRACT = "CANARY-CARD-7351", "CANARY-CONTRACT-7351"
_PASSWORD = "canary-of-a-url"
_TARIFF = samples.tariff()


@dataclass
class Aftermath:
    """What the hub left behind, and what must not be in it."""

    secrets: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def found(self, place: str) -> list[str]:
        """Names of the secrets that a place shows, plain or in a form they travel in."""
        text = self.texts[place].lower()
        return [
            name
            for name, secret in self.secrets.items()
            for form in (secret, encoded(secret), secret.encode().hex())
            if form.lower() in text
        ]


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Everything that the service's own logging writes, at DEBUG."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        logs.configure("debug")
        try:
            yield stream
        finally:
            root.handlers[:], root.level, logging.raiseExceptions = handlers, level, raises
            logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # as setLevel does


@pytest.fixture(scope="module")
async def aftermath(shared_database_url: str) -> Aftermath:
    """The hub after all that, and what can be read of it."""
    left = Aftermath({"the key": _KEY, "the metrics token": _METRICS_TOKEN})
    with _logged() as log:
        async with scene(shared_database_url, secret_key=_KEY, metrics_token=_METRICS_TOKEN) as hub:
            refusals = [*await _registrations(hub, left.secrets), *await _failures(hub)]
            left.texts["error answers"] = "\n".join(refusals)
            left.texts["metrics"] = (await hub.client.get("/metrics")).text
            await hub.network.hub.exchanges.flush()
            left.texts["the database"] = await _rows(hub.rows)
        left.texts["logs"] = log.getvalue()
    return left


async def _registrations(hub: Scene, secrets: dict[str, str]) -> list[str]:
    """Texts of refused registrations; their tokens, and those of the parties, become secrets."""
    network = hub.network
    for party in (hub.cpo, hub.rival_cpo, hub.emsp, hub.rival_emsp):
        secrets |= {f"{party.first} A to us": party.token, f"{party.first} C": party.hub_token}
    await _rotate(hub.cpo)
    secrets["a token after PUT"] = hub.cpo.hub_token
    secrets["an invitation"] = invitation = await network.invite("newcomer")
    newcomer = await network.stranger("FR/NEW/EMSP")
    refused = []
    for number, wrong in enumerate(_WRONG_CREDENTIALS):
        token = f"canary{number}-of-credentials"
        secrets[f"refused credentials {number}"] = token
        body = newcomer.credentials(token) | wrong
        body["token"] = body["token"].replace("TOKEN", token)
        where = f"{network.url}/ocpi/2.2.1/credentials"
        refused.append((await newcomer.request("POST", where, body, token=invitation)).text)
    return refused


# Each is refused at another step. TOKEN stands for a token of its own.
_WRONG_CREDENTIALS: tuple[dict[str, Any], ...] = (
    {"token": "TOKEN", "url": "http://127.0.0.1:1/ocpi/versions"},
    {"token": "TOKEN", "url": f"http://me:{_PASSWORD}@127.0.0.1:1/ocpi/versions"},
    {"token": "TOKEN", "url": "http://0.0.0.0/ocpi/versions"},
    {"token": "TOKEN", "url": "no URL"},
    {"token": "TOKEN", "roles": []},
    {"token": "TOKEN with spaces"},
    {"token": "TOKEN\u00e9"},
    {"token": "TOKEN\x00"},
    {"token": "TOKEN" + "x" * 64},
    {"token": "TOKEN"},
)


async def _rotate(party: RecordingParty) -> None:
    where = party.hub_endpoints[("credentials", "SENDER")]
    answer = await party.request("PUT", where, party.credentials(party.token))
    party.hub_token = answer.json()["data"]["token"]


async def _failures(hub: Scene) -> list[str]:
    """Texts of refusals of other kinds, and of failures of the hub itself."""
    card = samples.token(uid=_UID, contract_id=_CONTRACT)
    session = {"uid": _UID, "contract_id": _CONTRACT}
    cdr = samples.cdr(cdr_token=samples.cdr_token(**session))
    where = f"/receiver/2.2.1/tokens/DE/EMS/{_UID}"
    answers = [
        await hub.ask(hub.emsp, "PUT", where, card),
        await hub.ask(hub.cpo, "POST", "/receiver/2.2.1/cdrs", cdr),
        await hub.ask(hub.cpo, "GET", f"/sender/2.2.1/locations?x={hub.cpo.hub_token}"),
        await hub.ask(hub.cpo, "GET", "/nothing/here"),
    ]
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Catalogue, "write", _fail)
        broken.setattr(Custody, "post", _fail)
        broken.setattr(registrations, "update_registration", _fail)
        answers += [
            await hub.ask(hub.cpo, "PUT", "/receiver/2.2.1/tariffs/NL/CPO/TARIFF1", _TARIFF),
            await hub.ask(hub.cpo, "POST", "/receiver/2.2.1/cdrs", cdr),
            await hub.ask(hub.cpo, "PUT", "/2.2.1/credentials", hub.cpo.credentials(hub.cpo.token)),
        ]
    assert [answer.http for answer in answers[-3:]] == [500, 500, 500]
    refused = [
        await hub.client.get("/ocpi/versions", headers={"Authorization": authorization})
        for authorization in (hub.emsp.hub_token, f"Token {hub.emsp.hub_token}", "Bearer x")
    ]
    return [answer.response.text for answer in answers] + [answer.text for answer in refused]


async def _fail(*args: object, **kwargs: object) -> NoReturn:
    raise RuntimeError("this failure was made for a test")


async def _rows(conn: psycopg.AsyncConnection) -> str:
    """Every row of every table as text; bytes as hexadecimal."""
    tables = await conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'hub'")
    texts = []
    for (table,) in await tables.fetchall():
        lines = await conn.execute(
            sql.SQL("SELECT t::text FROM hub.{} t").format(sql.Identifier(table))
        )
        texts += [line for (line,) in await lines.fetchall()]
    return "\n".join(texts)


@pytest.mark.parametrize("place", ["logs", "metrics", "error answers", "the database"])
async def test_no_token_and_no_key_is_found(aftermath: Aftermath, place: str) -> None:
    """T34, SEC-02, invariant 7 of the design."""
    assert aftermath.texts[place]
    assert aftermath.found(place) == []


@pytest.mark.parametrize("place", ["logs", "metrics"])
@pytest.mark.parametrize("number", [_UID, _CONTRACT])
async def test_drivers_cards_are_not_found(aftermath: Aftermath, place: str, number: str) -> None:
    """T20: whoever reads the logs learns no UID to clone."""
    assert number not in aftermath.texts[place]


@pytest.mark.parametrize("place", ["logs", "error answers"])
async def test_a_password_in_a_url_is_not_found(aftermath: Aftermath, place: str) -> None:
    assert _PASSWORD not in aftermath.texts[place]


async def test_the_failures_were_logged_and_told_apart_from_refusals(aftermath: Aftermath) -> None:
    """The control: what was searched does hold the failures."""
    assert aftermath.texts["logs"].count("this failure was made for a test") >= 3
    assert "this failure was made for a test" not in aftermath.texts["error answers"]
    assert _UID in aftermath.texts["the database"]
