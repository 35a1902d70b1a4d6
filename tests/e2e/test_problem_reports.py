"""A driver's report of a broken charger: from the eMSP adapter to the CPO adapter, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from cpo_adapter.store import operator_tokens
from cpo_adapter.store.operator_tokens import Role
from cpo_adapter.store.schema import CPO_SCHEMA
from emsp_adapter.store.schema import EMSP_SCHEMA
from ocpi_hub.node.secrets import hash_token
from tests import samples
from tests.cpo_adapter import running as cpo_running
from tests.databases import copied, template
from tests.emsp_adapter import running as emsp_running
from tests.emsp_adapter.reporting import until
from tests.hub.network import running_network

OPERATOR = {"Authorization": "Bearer operate-token"}


@pytest.fixture(scope="session")
def cpo_template(postgres_url: str, beside: BlockingPortal) -> str:
    """The name of a database with the CPO adapter's schema."""
    return template(
        postgres_url, "reporting_cpo_template", migrate=CPO_SCHEMA.migrate, beside=beside
    )


@pytest.fixture
def cpo_database_url(postgres_url: str, cpo_template: str) -> Iterator[str]:
    """A database with that schema, for one test."""
    yield from copied(postgres_url, cpo_template)


@pytest.fixture(scope="session")
def emsp_template(postgres_url: str, beside: BlockingPortal) -> str:
    """The name of a database with the eMSP adapter's schema."""
    return template(
        postgres_url, "reporting_emsp_template", migrate=EMSP_SCHEMA.migrate, beside=beside
    )


@pytest.fixture
def emsp_database_url(postgres_url: str, emsp_template: str) -> Iterator[str]:
    """A database with that schema, for one test."""
    yield from copied(postgres_url, emsp_template)


@dataclass
class Both:
    """NL/EMS with a driver, NL/CPO with LOC1 and an operator."""

    emsp: emsp_running.Adapter
    cpo: cpo_running.Adapter
    driver: emsp_running.Driver

    async def knows_the_charger(self) -> None:
        """Waits until the eMSP has LOC1."""
        await until(lambda: self.emsp.rows("SELECT 1 FROM evses WHERE uid = 'evse1'"))

    async def operator(self, method: str, path: str, body: Any = None) -> Any:
        """An operator of the CPO asks."""
        async with httpx.AsyncClient(headers=OPERATOR, trust_env=False) as client:
            answer = await client.request(method, f"{self.cpo.url}/operator/v1{path}", json=body)
        return answer.json()

    async def report_and_answer(self) -> dict[str, Any]:
        """The report as its driver sees it when the operator has answered it."""
        given = {
            "kind": "broken",
            "text": "The plug is stuck.",
            "location": "NL*CPO*LOC1",
            "evse_uid": "EVSE1",
        }
        made = (await self.driver.api.post("/problems", json=given)).json()
        assert made["state"] == "with_operator"
        (problem,) = await until(lambda: self.operator("GET", "/problems?state=open"))
        assert (problem["provider"], problem["station_id"]) == ("NL/EMS", "CS1")
        answer = {"text": "Repaired.", "close": True}
        await self.operator("POST", f"/problems/{problem['number']}/answers", answer)

        async def closed() -> dict[str, Any] | None:
            found: dict[str, Any] = (await self.driver.api.get(f"/problems/{made['id']}")).json()
            return found if found["state"] == "closed" else None

        found = await until(closed)
        assert found is not None
        return found


@pytest.fixture
async def both(emsp_database_url: str, cpo_database_url: str) -> AsyncIterator[Both]:
    """Two adapters that do not know each other yet."""
    async with (
        emsp_running.adapter(emsp_database_url) as emsp,
        cpo_running.adapter(cpo_database_url) as cpo,
    ):
        async with cpo.db.hot() as conn:
            await operator_tokens.add(
                conn, hash_token("operate-token"), role=Role.OPERATE, label=None
            )
        yield Both(emsp, cpo, await emsp.driver("ada@drivers.example"))


async def test_peer_to_peer(both: Both) -> None:
    invitation = await both.cpo.parts.side.registrar.invite("emsp")
    await both.emsp.office.side.registrar.connect(
        "cpo", versions_url=f"{both.cpo.url}/ocpi/versions", token=invitation.token
    )
    await both.knows_the_charger()

    found = await both.report_and_answer()

    mail = await both.emsp.mail_to("ada@drivers.example", subject="An answer to your report")
    assert [(each["from"], each["text"]) for each in found["answers"]] == [
        ("operator", "Repaired.")
    ]
    assert "Answer: Repaired." in mail.get_content()


async def test_through_the_hub(both: Both, database_url: str) -> None:
    async with running_network(database_url) as hub:
        for name, side in (("cpo", both.cpo.parts.side), ("emsp", both.emsp.office.side)):
            peer = await side.registrar.connect(
                "hub", versions_url=hub.versions_url, token=await hub.invite(name)
            )
            await side.clients.read(peer)
        await both.cpo.parts.side.clients.read(both.cpo.parts.side.peers.named("hub"))
        await both.knows_the_charger()

        found = await both.report_and_answer()

    assert [(each["from"], each["text"]) for each in found["answers"]] == [
        ("operator", "Repaired.")
    ]


async def test_a_cpo_behind_the_hub_that_takes_no_reports_is_tried_once(
    both: Both, database_url: str
) -> None:
    async with running_network(database_url) as hub:
        side = both.emsp.office.side
        cpo = await hub.join("DE/CPO/CPO")
        peer = await side.registrar.connect(
            "hub", versions_url=hub.versions_url, token=await hub.invite("emsp")
        )
        await side.clients.read(peer)
        await cpo.call(
            "PUT",
            "receiver",
            "locations",
            "DE/CPO/LOC1",
            samples.location(country_code="DE"),
            to="NL/HUB",
        )
        await both.knows_the_charger()
        given = {"kind": "broken", "text": "It is stuck.", "location": "DE*CPO*LOC1"}
        made = (await both.driver.api.post("/problems", json=given)).json()

        row = await until(
            lambda: both.emsp.row(
                "SELECT operator, refusal FROM problems WHERE id = %s AND state = 'open'",
                made["id"],
            )
        )

    assert row is not None
    assert made["state"] == "with_operator"
    assert row[0] == "de/cpo"
    assert "no RECEIVER interface of charging-problems" in row[1]
    assert not cpo.of("PUT", "/receiver/charging")
