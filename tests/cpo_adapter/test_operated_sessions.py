"""What operators see of sessions, tokens, reservations and the offer, and what they do about it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter.store import tokens
from ocpi_hub.node.engine import Database
from tests import samples
from tests.cpo_adapter.offering import location
from tests.cpo_adapter.operating import Answer, Operated
from tests.cpo_adapter.site import CARD, EMS
from tests.partners import eventually
from tests.pricing.cases import element, tariff


async def known_card(db: Database) -> None:
    """A card of DE/EMS, whose sessions are billed."""
    async with db.hot() as conn:
        token = samples.token(uid=CARD, whitelist="ALWAYS")
        await tokens.put(conn, EMS, token=token, now=datetime.now(UTC))


# --- sessions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_session_is_listed_with_its_kwh(operator: Operated, version: str) -> None:
    await known_card(operator.db)
    async with operator.station("CS1", version=version) as station:
        await station.boot()
        done = await station.card_session(CARD, [1000, 3000, 8250])

    (found,) = await operator.get("/sessions?station=CS1")
    assert (found["id_tag"], found["transaction_id"]) == (CARD, str(done.id))
    assert (found["kwh"], found["stop_reason"]) == (Decimal("7.25"), "Local")
    assert (found["state"], found["billing"], found["suspicions"]) == ("completed", "ok", [])
    assert found["start"] < found["stop"]


async def test_sessions_are_found_by_station_token_and_state(operator: Operated) -> None:
    async with operator.station("CS1") as one, operator.station("CS2") as two:
        await one.boot()
        await two.boot()
        await one.card_session("CARD1", [0, 100, 500])
        running = await two.start("CARD2", meter=0)

    def ids(found: list[dict[str, Any]]) -> list[str]:
        return [each["id_tag"] for each in found]

    assert ids(await operator.get("/sessions")) == ["CARD2", "CARD1"]
    assert ids(await operator.get("/sessions?station=CS1")) == ["CARD1"]
    assert ids(await operator.get("/sessions?id_tag=card2")) == ["CARD2"]
    (still,) = await operator.get("/sessions?open=true")
    assert (still["transaction_id"], still["stop"]) == (str(running.id), None)
    assert ids(await operator.get("/sessions?open=false")) == ["CARD1"]


async def test_sessions_are_listed_a_page_at_a_time(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        for number in range(3):
            await station.card_session(f"CARD{number}", [0, 100, 500])

    first = await operator("GET", "/sessions?limit=2&station=CS1")
    url = first.headers["Link"].removeprefix("<").partition(">")[0]
    second = await operator("GET", url.partition("/operator/v1")[2])

    tags = [each["id_tag"] for each in first.json + second.json]
    assert tags == ["CARD2", "CARD1", "CARD0"]
    assert "Link" not in second.headers


async def test_one_session_is_shown_with_its_readings(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await station.card_session(CARD, [1000, 3000, 8250])
    (listed,) = await operator.get("/sessions")

    found = await operator.get(f"/sessions/{listed['id']}")

    registers = [each["register"] for each in found["readings"] if each["register"] is not None]
    assert registers == [1000, 3000]
    assert (found["kwh"], found["cdr"]) == (Decimal("7.25"), None)


async def test_a_running_session_is_closed_by_hand(operator: Operated) -> None:
    await known_card(operator.db)
    async with operator.station("CS1") as station:
        await station.boot()
        await station.start(CARD, meter=1000)
    (listed,) = await operator.get("/sessions")

    below = await _act(operator, listed, "close", {"meter_stop": 999})
    closed = await _act(operator, listed, "close", {"meter_stop": 6000})
    again = await _act(operator, listed, "close")

    assert (below.status, below.json["field"]) == (422, "meter_stop")
    assert (closed.status, closed.json["kwh"]) == (200, 5)
    assert closed.json["state"] == "completed"
    assert (again.status, "completed" in again.json["detail"]) == (409, True)
    assert [each["id"] for each in await operator.get("/sessions/unbillable")] == [listed["id"]]


async def test_a_held_session_is_released_billed_and_corrected(operator: Operated) -> None:
    await known_card(operator.db)
    await operator("PUT", "/tariffs/TARIFF1", tariff([element("ENERGY 0.30")], id="TARIFF1"))
    async with operator.station("CS1") as station:
        await station.boot()
        await station.start(CARD, meter=0)
    (listed,) = await operator.get("/sessions")
    await _act(operator, listed, "close", {"meter_stop": 6000})

    released = await _act(operator, listed, "release", {"kwh": Decimal("5.5")})
    again = await _act(operator, listed, "release")
    await eventually(lambda: _billed(operator, listed))
    corrected = await _act(operator, listed, "correct", {"kwh": 4})

    assert (released.status, released.json["billing"]) == (200, "released")
    assert again.status == 409
    assert corrected.json["credit"]["credit"] is True
    assert corrected.json["credit"]["total_energy"] == Decimal("5.5")
    assert corrected.json["cdr"]["total_energy"] == 4
    assert (await _billed_cdr(operator, listed))["id"] == corrected.json["cdr"]["id"]


async def test_a_held_session_is_written_off(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await station.card_session("NOBODYS", [0, 100, 500])
    (listed,) = await operator.get("/sessions/unbillable")

    nobody = await _act(operator, listed, "release")
    written_off = await _act(operator, listed, "write-off")

    assert nobody.status == 422
    assert (written_off.status, written_off.json["billing"]) == (200, "written_off")
    assert await operator.get("/sessions/unbillable") == []


# --- tokens and reservations ---------------------------------------------------------------------


async def test_a_token_of_the_operators_own_charges_until_it_is_blocked(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await operator("PUT", "/tokens/STAFF1", {"label": "workshop"}, role="operate")
        accepted = await station.authorize("STAFF1")
        await operator("PUT", "/tokens/STAFF1", {"status": "Blocked"}, role="operate")
        blocked = await station.authorize("STAFF1")
        (listed,) = await operator.get("/tokens")
        removed = await operator("DELETE", "/tokens/STAFF1", role="operate")

    assert (accepted, blocked) == ("Accepted", "Blocked")
    assert (listed["uid"], listed["status"], listed["label"]) == ("STAFF1", "Blocked", "workshop")
    assert (removed.status, await operator.get("/tokens")) == (204, [])


async def test_reservations_are_listed_with_their_status(operator: Operated) -> None:
    async with operator.db.hot() as conn:
        for number, station in ((7, "CS1"), (8, "CS2"), (9, "CS1")):
            await conn.execute(
                "INSERT INTO reservations (id, station_id, evse, connector, location_id, evse_uid,"
                " id_tag, token, started_at, expires_at, state, response_url)"
                " VALUES (%s, %s, 1, 1, 'LOC1', 'EVSE1', 'CARD1', '{}',"
                " now() + %s * interval '1 second', now() + interval '1 hour', 'active', 'secret')",
                (number, station, number),
            )

    found = await operator.get("/reservations?station=CS1")
    rest = await operator.get("/reservations?after=8")

    assert [(each["id"], each["status"]) for each in found] == [(9, "active"), (7, "active")]
    assert [each["id"] for each in rest] == [7]
    assert "secret" not in str(found)


async def test_charging_profiles_are_listed(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await station.start(CARD)
    (session,) = await operator.get("/sessions")
    async with operator.db.hot() as conn:
        await conn.execute(
            "INSERT INTO charging_profiles (transaction_id, document) VALUES (%s, '{}')",
            (session["id"],),
        )

    (found,) = await operator.get("/charging-profiles?station=CS1")

    assert (found["transaction_id"], found["state"]) == (session["id"], "sent")
    assert await operator.get("/charging-profiles?station=CS2") == []


# --- the offer -----------------------------------------------------------------------------------


async def test_locations_come_in_and_go_out_as_ocpi_objects(operator: Operated) -> None:
    second = location("EVSE9", id="LOC2")
    answer = await operator("POST", "/locations", [second], role="operate")
    again = await operator("PUT", "/locations/LOC2", second, role="operate")

    assert (answer.json["created"], again.json["unchanged"]) == (["LOC2"], ["LOC2"])
    shown = await operator.get("/locations/LOC2")
    assert [each["uid"] for each in shown["evses"]] == ["EVSE9"]
    assert [each["id"] for each in await operator.get("/locations")] == ["LOC1", "LOC2"]


async def test_an_evse_that_is_left_out_is_told_to_be_removed(operator: Operated) -> None:
    answer = await operator("PUT", "/locations/LOC1", location("EVSE1"))

    assert answer.json["removed_evses"] == ["EVSE2"]


async def test_a_location_gets_a_limit_and_loses_it(operator: Operated) -> None:
    limited = await operator("PUT", "/locations/LOC1/limit", {"kw": Decimal("22.5")})
    free = await operator("PUT", "/locations/LOC1/limit", {"kw": None})
    unknown = await operator("PUT", "/locations/LOC9/limit", {"kw": 1})

    assert (limited.json["limit_watts"], free.json["limit_watts"]) == (22500, None)
    assert unknown.status == 404


async def test_a_tariff_comes_in_and_is_taken_back(operator: Operated) -> None:
    given = tariff([element("ENERGY 0.30")], id="T1")
    put = await operator("PUT", "/tariffs/T1", given, role="operate")
    listed = await operator.get("/tariffs")
    changed = await operator("POST", "/tariffs", [given | {"currency": "CHF"}])
    gone = await operator("DELETE", "/tariffs/T1", role="operate")

    assert (put.json["created"], [each["id"] for each in listed]) == (["T1"], ["T1"])
    assert changed.json["updated"] == ["T1"]
    assert (gone.status, await operator.get("/tariffs")) == (204, [])


async def test_a_tariff_in_use_is_not_taken_back(operator: Operated) -> None:
    """Without it a session there would be free."""
    await operator("PUT", "/tariffs/T1", tariff([element("ENERGY 0.30")], id="T1"))
    (known,) = await operator.get("/locations")
    evses = [
        evse | {"connectors": [each | {"tariff_ids": ["T1"]} for each in evse["connectors"]]}
        for evse in known["evses"]
    ]
    put = await operator("PUT", f"/locations/{known['id']}", known | {"evses": evses})

    refused = await operator("DELETE", "/tariffs/T1")

    assert put.status == 200, put.content
    assert refused.status == 409
    assert "EVSE1/1" in refused.json["detail"]
    assert [each["id"] for each in await operator.get("/tariffs")] == ["T1"]


# --- exports -------------------------------------------------------------------------------------


async def test_exports_hold_no_formula_of_a_stranger(operator: Operated) -> None:
    """T35: whoever holds a card to a station writes into the operator's spreadsheet."""
    async with operator.station("CS1") as station:
        await station.boot()
        await station.card_session("=1+2", [0, 100, 500])

    answer = await operator("GET", "/exports/sessions.csv", role="read")

    (row,) = csv.DictReader(answer.content.decode().splitlines())
    assert (row["station_id"], row["id_tag"], row["kwh"]) == ("CS1", "'=1+2", "0.5")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


async def test_cdrs_are_exported_with_their_cost(operator: Operated) -> None:
    await known_card(operator.db)
    async with operator.station("CS1") as station:
        await station.boot()
        await station.card_session(CARD, [0, 100, 5000])
    (session,) = await operator.get("/sessions")
    await eventually(lambda: _billed(operator, session))

    answer = await operator("GET", "/exports/cdrs.csv", role="read")

    (row,) = csv.DictReader(answer.content.decode().splitlines())
    assert (row["session_id"], row["emsp"], row["kwh"]) == (session["id"], "DE/EMS", "5")
    assert (row["currency"], row["credit"]) == ("EUR", "no")


async def test_uptime_is_exported_and_shown_by_port(operator: Operated) -> None:
    shown = await operator.get("/stations/CS1/uptime")
    answer = await operator("GET", "/exports/uptime.csv", role="read")

    (port,) = shown["ports"]
    assert (port["evse_uid"], port["uptime_percent"]) == ("EVSE1", 100)
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    assert [row["evse_uid"] for row in rows] == ["EVSE1", "EVSE2"]


async def test_an_outage_is_excluded_from_the_uptime(operator: Operated) -> None:
    async with operator.station("CS1") as station:
        await station.boot()
        await station.status("Faulted")
    (outage,) = await operator.get("/stations/CS1/outages")

    answer = await operator("PUT", f"/outages/{outage['id']}", {"excluded": True})
    unknown = await operator("PUT", "/outages/999999", {"excluded": True})

    assert (answer.status, unknown.status) == (200, 404)
    (port,) = (await operator.get("/stations/CS1/uptime"))["ports"]
    assert (port["outage_minutes"] > 0, port["uptime_percent"]) == (True, 100)


async def _act(
    operator: Operated, session: dict[str, Any], action: str, body: Any = None
) -> Answer:
    return await operator("POST", f"/sessions/{session['id']}/{action}", body, role="operate")


async def _billed_cdr(operator: Operated, session: dict[str, Any]) -> Any:
    return (await operator.get(f"/sessions/{session['id']}"))["cdr"]


async def _billed(operator: Operated, session: dict[str, Any]) -> bool:
    return await _billed_cdr(operator, session) is not None
