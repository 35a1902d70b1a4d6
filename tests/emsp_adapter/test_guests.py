"""Charging without an account: the sticker, the start, and how far its token reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emsp_adapter.charging import plug_codes
from emsp_adapter.network import places
from tests.emsp_adapter import charging
from tests.emsp_adapter.charging import AT_EVSE1, count, heard, over, publish, result, tell
from tests.emsp_adapter.commands import EmspCommands
from tests.emsp_adapter.running import Adapter, Cpo
from tests.hub.commands import KEY

PAYS = {"email": "grace@guests.example", "payment": {"kind": "demo"}}


@pytest.fixture
async def passer_by(emsp: Adapter) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without an account."""
    async with httpx.AsyncClient(base_url=f"{emsp.url}/app/v1", timeout=30) as client:
        yield client


async def sticker(partner: Cpo, **evse: Any) -> str:
    """The code of EVSE1, whose Location NL/CPO has published."""
    await publish(partner, **evse)
    async with partner.adapter.db.hot_transaction() as conn:
        plug = await places.plug(conn, charging.LOCATION, "EVSE1")
        return await plug_codes.code_of(conn, plug)


async def test_a_sticker_names_a_plug_and_its_price(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner)

    answer = await passer_by.get(f"/guest/{code.upper()}")

    shown = answer.json()
    assert answer.status_code == 200
    assert shown["location"]["id"] == charging.LOCATION
    assert (shown["evse_uid"], shown["connector_id"], shown["status"]) == (
        "EVSE1",
        "1",
        "AVAILABLE",
    )
    # 20 kWh for 0.30, with VAT of 21 %.
    assert shown["price"]["total"]["gross"] == "7.26"
    assert shown["price"]["plan"] is None


async def test_a_sticker_says_how_old_the_status_is_and_why_not_to_rely_on_it(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner, last_updated=charging.ago(hours=30))

    german = {"Accept-Language": "de"}
    shown = (await passer_by.get(f"/guest/{code}", headers=german)).json()

    assert shown["status_age_s"] == pytest.approx(30 * 3600, abs=60)
    assert shown["status_note"].startswith("Der Betreiber hat diesen Status zuletzt vor 1 Tag")


async def test_a_sticker_names_the_plug_as_it_stands_there(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner, physical_reference="3", floor_level="-1")

    shown = (await passer_by.get(f"/guest/{code}")).json()

    assert (shown["physical_reference"], shown["floor_level"]) == ("3", "-1")
    assert shown["evse_id"] == "NL*CPO*E1"
    assert (shown["standard"], shown["format"]) == ("IEC_62196_T2", "SOCKET")
    assert shown["max_kw"] == "22"


@pytest.mark.parametrize(
    ("asked", "gross"),
    [
        pytest.param({"energy_kwh": "10"}, "3.63", id="less energy"),
        pytest.param({"energy_kwh": "20", "minutes": "30"}, "3.99", id="too short for it"),
    ],
)
async def test_a_guest_sees_the_price_of_what_he_thinks_of(
    partner: Cpo, passer_by: httpx.AsyncClient, asked: dict[str, str], gross: str
) -> None:
    code = await sticker(partner)

    shown = (await passer_by.get(f"/guest/{code}", params=asked)).json()

    assert shown["price"]["total"]["gross"] == gross


async def test_an_energy_that_no_car_takes_is_refused_by_its_name(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner)

    refused = await passer_by.get(f"/guest/{code}", params={"energy_kwh": "-1"})

    assert (refused.status_code, refused.json()["field"]) == (422, "energy_kwh")


async def test_the_same_plug_always_has_the_same_code(partner: Cpo) -> None:
    first = await sticker(partner)

    assert await sticker(partner) == first


async def test_a_code_that_names_nothing_is_404(partner: Cpo, passer_by: httpx.AsyncClient) -> None:
    shown = await passer_by.get("/guest/aaaaaaaaaa")
    started = await passer_by.post("/guest/aaaaaaaaaa/charges", json=PAYS)

    assert (shown.status_code, started.status_code) == (404, 404)


async def test_a_guest_charges_follows_and_stops_with_the_token_of_the_charge(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner)

    answer = await passer_by.post(f"/guest/{code}/charges", json=PAYS)
    made = answer.json()
    passer_by.headers["Authorization"] = f"Bearer {made['access_token']}"
    command = heard(partner, "START_SESSION")
    await result(partner, command)
    await tell(partner, command)
    running = (await passer_by.get(f"/charges/{made['charge']['id']}")).json()
    stopping = await passer_by.post(f"/charges/{made['charge']['id']}/stop")
    await partner.patch("sessions", "SESSION1", over())
    over_now = (await passer_by.get(f"/charges/{made['charge']['id']}")).json()

    assert answer.status_code == 201
    assert command["token"]["type"] == "AD_HOC_USER"
    assert (running["state"], running["source"]) == ("charging", "guest")
    assert running["payment"]["state"] == "held"
    assert stopping.json()["state"] == "stopping"
    assert over_now["state"] == "finished"


async def test_the_token_of_a_guest_is_good_for_nothing_else(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner)
    other = await charging.started(partner, await partner.adapter.driver())
    await partner.patch("sessions", "SESSION1", over())
    made = (await passer_by.post(f"/guest/{code}/charges", json=PAYS)).json()
    passer_by.headers["Authorization"] = f"Bearer {made['access_token']}"

    second = await passer_by.post("/charges", json=AT_EVSE1)
    reservation = await passer_by.post(
        "/reservations", json=AT_EVSE1 | {"until": charging.ahead(minutes=30)}
    )
    others = await passer_by.get(f"/charges/{other['id']}")
    account = await passer_by.get("/me")

    assert (second.status_code, reservation.status_code) == (409, 409)
    assert "one charge only" in second.json()["detail"]
    assert (others.status_code, account.status_code) == (404, 403)


async def test_a_guests_start_without_a_chance_leaves_nobody_behind(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner, status="OUTOFORDER")

    answer = await passer_by.post(f"/guest/{code}/charges", json=PAYS)

    assert answer.status_code == 409
    assert answer.json()["detail"] == "The charging point is out of order."
    assert await partner.adapter.rows("SELECT id FROM drivers WHERE guest") == []


async def test_a_double_tap_of_a_guest_is_one_charge(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner)
    key = {"Idempotency-Key": "0f8f7f4e-6c1b-4b8a-9d53-2f5a1c7e9b10"}

    first = await passer_by.post(f"/guest/{code}/charges", json=PAYS, headers=key)
    second = await passer_by.post(f"/guest/{code}/charges", json=PAYS, headers=key)

    assert first.json()["charge"]["id"] == second.json()["charge"]["id"]
    assert count(partner, "START_SESSION") == 1


async def test_a_key_that_can_be_guessed_gives_no_access_token(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner)
    key = {"Idempotency-Key": "tap-1"}

    answer = await passer_by.post(f"/guest/{code}/charges", json=PAYS, headers=key)

    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
    assert count(partner, "START_SESSION") == 0


async def test_starts_that_fail_do_not_fill_somebodys_mailbox(
    partner: Cpo, passer_by: httpx.AsyncClient
) -> None:
    code = await sticker(partner)
    charging.answers(partner, result="REJECTED")
    spellings = [PAYS["email"], "Grace@guests.example", " grace@guests.example"] * 2

    tried = [
        await passer_by.post(f"/guest/{code}/charges", json=PAYS | {"email": each})
        for each in spellings
    ]
    other = await passer_by.post(
        f"/guest/{code}/charges", json=PAYS | {"email": "eve@guests.example"}
    )

    assert [each.status_code for each in tried] == [201] * 5 + [429]
    assert other.status_code == 201
    assert await partner.adapter.rows(
        "SELECT email, count(*) FROM guests GROUP BY 1 ORDER BY 1"
    ) == [
        ("eve@guests.example", 1),
        ("grace@guests.example", 5),
    ]


WRONG = {
    "an address no mail reaches": PAYS | {"email": "grace@guests..example"},
    "another alphabet": PAYS | {"email": "grâce@guests.example"},
    "encoded words": PAYS | {"email": "=?utf-8?q?grace?=@guests.example"},
    "no e-mail address": PAYS | {"email": "grace"},
    "two addresses": PAYS | {"email": "grace@guests.example, eve@guests.example"},
    "a line more": PAYS | {"email": "grace@guests.example\nBcc: eve@guests.example"},
    "no payment": {"email": "grace@guests.example"},
    "two payments": PAYS | {"payment": {"kind": "demo", "setup": "page-1"}},
    "no such payment": PAYS | {"payment": {"kind": "cash"}},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
async def test_a_guest_says_who_pays_and_where_the_receipt_goes(
    partner: Cpo, passer_by: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    code = await sticker(partner)

    answer = await passer_by.post(f"/guest/{code}/charges", json=body)

    assert answer.status_code == 422
    assert count(partner, "START_SESSION") == 0


async def test_a_guest_is_told_by_e_mail(partner: Cpo, passer_by: httpx.AsyncClient) -> None:
    code = await sticker(partner)
    await passer_by.post(f"/guest/{code}/charges", json=PAYS)
    command = heard(partner, "START_SESSION")

    await tell(partner, command)
    await partner.patch("sessions", "SESSION1", over())
    await partner.adapter.parts.notifier.step()

    told = await partner.adapter.rows("SELECT address FROM outbox WHERE channel = 'mail'")
    assert ("grace@guests.example",) in told


async def test_the_sticker_is_for_staff(partner: Cpo, passer_by: httpx.AsyncClient) -> None:
    code = await sticker(partner)
    staff = await partner.adapter.api(None, scope="support")
    driver = await partner.adapter.driver()

    picture = await staff.get(f"/guest/{code}/qr.svg")
    refused = await driver.api.get(f"/guest/{code}/qr.svg")
    stranger = await passer_by.get(f"/guest/{code}/qr.svg")

    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<svg")
    assert (refused.status_code, stranger.status_code) == (403, 401)


async def test_the_command_writes_the_sticker_of_a_plug(partner: Cpo, tmp_path: Path) -> None:
    code = await sticker(partner)
    emsp = partner.adapter
    commands = EmspCommands(
        {"DATABASE_URL": emsp.database_url, "PUBLIC_URL": emsp.url, "SECRET_KEY": KEY}
    )
    out = tmp_path / "evse1.svg"

    said = (await commands.aside("qr", charging.LOCATION, "EVSE1", "--out", out, "--json")).json

    assert (said["code"], said["url"]) == (code, f"{emsp.url}/g/{code}")
    assert out.read_text() == said["svg"]
