"""The driver's own account over the driver API: seen, changed, taken along, closed."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal

import httpx
import pytest

from emsp_adapter.store import drivers, plans
from emsp_adapter.store.personal_data import HOLDINGS
from emsp_adapter.store.plans import Plan
from ocpi_hub.node.engine import Database
from tests.emsp_adapter.running import Adapter, adapter
from tests.partners import eventually

_TABLES = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'emsp' AND column_name = 'driver_id' ORDER BY table_name
"""


async def test_no_table_that_knows_drivers_is_forgotten(emsp_db: Database) -> None:
    async with emsp_db.hot() as conn:
        rows = await (await conn.execute(_TABLES)).fetchall()

    assert not {table for (table,) in rows} - {each.table for each in HOLDINGS}


async def test_a_driver_sees_and_changes_the_profile(emsp: Adapter) -> None:
    ada = await emsp.driver()

    before = (await ada.api.get("/me")).json()
    await ada.api.patch("/me", json={"name": "Ada", "locale": "de"})
    after = (await ada.api.patch("/me", json={"locale": "en"})).json()

    assert (before["id"], before["name"], before["locale"]) == (ada.id, None, "en")
    assert after.keys() == {
        *("id", "email", "pending_email", "name", "locale", "plan", "payment_ready", "created_at")
    }
    assert (after["name"], after["locale"]) == ("Ada", "en")


async def test_changes_at_once_lose_nothing(emsp: Adapter) -> None:
    ada = await emsp.driver()

    for number in range(5):
        wishes: tuple[dict[str, str], ...] = ({"name": f"Ada {number}"}, {"locale": "de"})
        await asyncio.gather(*(ada.api.patch("/me", json=each) for each in wishes))
        me = (await ada.api.get("/me")).json()
        assert (me["name"], me["locale"]) == (f"Ada {number}", "de")
        await ada.api.patch("/me", json={"locale": "en"})


async def test_of_addresses_asked_for_at_once_one_link_is_good(emsp: Adapter) -> None:
    ada = await emsp.driver()
    wanted = [f"ada{number}@drivers.example" for number in range(4)]

    answers = await asyncio.gather(*(ada.api.patch("/me", json={"email": each}) for each in wanted))

    assert [each.status_code for each in answers] == [200] * 4
    pending = (await ada.api.get("/me")).json()["pending_email"]
    assert await emsp.rows("SELECT email FROM mail_tokens") == [(pending,)]


async def test_of_plans_chosen_at_once_the_last_takes_the_place_of_the_others_at_the_months_end(
    emsp: Adapter,
) -> None:
    ada = await emsp.driver()
    async with emsp.db.hot() as conn:
        for each in ("gold", "silver"):
            await plans.add(
                conn, Plan(each, each, "EUR", Decimal(5), Decimal(0), Decimal(0), Decimal(0))
            )

    chosen = ("gold", "silver")
    await asyncio.gather(*(ada.api.put("/plan", json={"id": each}) for each in chosen))

    answer = (await ada.api.get("/plans")).json()
    assert answer["current"] in chosen
    assert answer["next_plan"] is not None
    assert {answer["current"], answer["next_plan"]["id"]} == set(chosen)


_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


async def test_a_change_that_waits_for_the_end_of_the_account_is_none(emsp: Adapter) -> None:
    ada = await emsp.driver()

    async def two_wait() -> bool:
        return await emsp.row(_WAITING) == (2,)

    async def one_waits() -> bool:
        return await emsp.row(_WAITING) == (1,)

    async with emsp.db.hot_transaction() as conn:
        await drivers.find(conn, ada.id, lock=True)
        closing = asyncio.create_task(ada.api.delete("/me"))
        await eventually(one_waits)
        changing = asyncio.create_task(ada.api.patch("/me", json={"name": "Ada"}))
        await eventually(two_wait)

    assert ((await closing).status_code, (await changing).status_code) == (204, 401)
    assert await emsp.rows("SELECT name, status FROM drivers") == [(None, "deleted")]


BAD_PROFILES = [
    {"name": "x" * 101},
    {"name": "a\x00b"},
    {"locale": "xx"},
    {"locale": None},
    {"email": "nobody"},
    {"email": None},
    {"status": "active"},
]


@pytest.mark.parametrize("profile", BAD_PROFILES, ids=str)
async def test_a_profile_that_cannot_be_is_refused(
    emsp: Adapter, profile: dict[str, str | None]
) -> None:
    ada = await emsp.driver()

    answer = await ada.api.patch("/me", json=profile)

    assert answer.status_code == 422


async def test_a_driver_takes_along_what_is_known_and_no_secret(emsp: Adapter) -> None:
    ada, bob = await emsp.driver(), await emsp.driver("bob@drivers.example")
    await emsp.rows(
        "INSERT INTO favourites (driver_id, location) VALUES (%s, 'NL*CPO*LOC1') RETURNING 1",
        ada.id,
    )

    answer = await ada.api.get("/me/export")

    found = answer.json()
    assert found["profile"]["email"] == "ada@drivers.example"
    assert [row["location"] for row in found["favourites"]] == ["NL*CPO*LOC1"]
    assert "hash" not in str(found)
    assert bob.id not in answer.text
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_every_time_in_what_is_known_has_one_form(emsp: Adapter) -> None:
    ada = await emsp.driver()
    await ada.api.post("/cards", json={"uid": "04A2B3C4D5E6F7"})
    await ada.api.put("/notifications", json={"email": {"charge_started": True}})

    found = (await ada.api.get("/me/export")).text

    times = re.findall(r'"(\d{4}-\d\d-\d\d[^"]*)"', found)
    assert len(times) > 3
    assert [each for each in times if not re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", each)] == []


async def test_a_closed_account_leaves_nothing_of_the_person(emsp: Adapter) -> None:
    ada = await emsp.driver()
    await ada.api.patch("/me", json={"name": "Ada"})

    answer = await ada.api.delete("/me")
    after = await ada.api.get("/me")
    row = await emsp.row(
        "SELECT email, name, password_hash, status FROM drivers WHERE id = %s", ada.id
    )

    assert (answer.status_code, after.status_code) == (204, 401)
    assert row == (None, None, None, "deleted")


async def test_the_cards_of_a_closed_account_are_told_as_not_valid(emsp: Adapter) -> None:
    ada = await emsp.driver()
    await ada.api.post("/cards", json={"uid": "04A2B3C4D5E6F7", "label": "my key ring"})
    async with emsp.db.hot() as conn:
        await conn.execute("UPDATE tokens SET suspicion = '{}'")

    await ada.api.delete("/me")

    told = await emsp.row(
        "SELECT document->'valid', deleted FROM published WHERE module = 'tokens'"
    )
    kept = await emsp.row("SELECT label, suspicion FROM tokens WHERE driver_id = %s", ada.id)
    assert told == (False, False)
    assert kept == (None, None)


async def test_the_address_of_a_closed_account_is_free_again(emsp: Adapter) -> None:
    ada = await emsp.driver()
    await ada.api.delete("/me")

    again = await emsp.driver()

    assert again.id != ada.id


async def test_a_closed_account_leaves_no_mail_to_an_address_that_was_asked_for(
    emsp_database_url: str,
) -> None:
    async with adapter(emsp_database_url, smtp_url="smtp://127.0.0.1:1") as emsp:
        ada = await emsp.driver()
        await ada.api.patch("/me", json={"email": "new@drivers.example"})
        owed = await emsp.rows("SELECT address FROM outbox ORDER BY address")

        await ada.api.delete("/me")

        assert owed == [("ada@drivers.example",), ("new@drivers.example",)]
        assert await emsp.rows("SELECT address FROM outbox") == []


async def test_an_account_with_a_charge_under_way_stays(emsp: Adapter) -> None:
    ada = await emsp.driver()
    await emsp.rows(
        "INSERT INTO charges (id, driver_id, source, state, party, location_id, evse_uid, place,"
        " requested_at, updated_at) VALUES ('c1', %s, 'app', 'charging', 'NL*CPO', 'loc1', 'e1',"
        " '{}', now(), now()) RETURNING 1",
        ada.id,
    )

    answer = await ada.api.delete("/me")

    assert answer.status_code == 409
    assert "end or cancel it first" in answer.json()["detail"]


async def test_an_account_needs_the_scope_account(emsp: Adapter) -> None:
    ada = await emsp.driver()
    api: httpx.AsyncClient = await emsp.api(ada.id, scope="locations")

    answers = [
        await api.get("/me"),
        await api.patch("/me", json={}),
        await api.get("/me/export"),
        await api.delete("/me"),
    ]

    assert {answer.status_code for answer in answers} == {403}
