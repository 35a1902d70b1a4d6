"""Drivers far behind the hub charge at stations: four processes, and bills that are right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.protocol.types import format_datetime
from tests import samples
from tests.chargers import Charger
from tests.cpo_adapter.running import plugged_in
from tests.e2e.emsp.process import EVSE1, App, Document
from tests.e2e.emsp.world import World
from tests.parties import RecordingParty
from tests.partners import eventually
from tests.pricing.cases import element, tariff

# The first test waits until four processes have started.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.xdist_group("emsp")]

VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])
STOPS = {"1.6": "RemoteStopTransaction", "2.0.1": "RequestStopTransaction"}


def kwh(charge: Document) -> Decimal:
    """What was charged so far."""
    return Decimal(charge["energy_kwh"] or 0)


def later(**lengths: float) -> str:
    """That much from now."""
    return format_datetime(datetime.now(UTC) + timedelta(**lengths))


# --- by app and by card --------------------------------------------------------------------------


@VERSIONS
async def test_a_driver_starts_watches_stops_and_gets_the_receipt(
    world: World, ada: App, version: str
) -> None:
    async with world.station(ada, version) as station:
        started = await ada.start()
        transaction = await plugged_in(station, meter=1_000)
        await station.meter(transaction, 6_000)
        watched = await ada.charge(started["id"], lambda found: kwh(found) == 5)
        await ada.send("POST", f"/charges/{started['id']}/stop")
        await station.expect(STOPS[version])
        await station.stop(transaction, 13_345, reason="Remote")
        receipt = await ada.only("receipts")
        charge = await ada.in_state(started["id"], "finished")
        cdr = await world.cdr_of(charge)

    assert watched["state"] == "charging"
    assert (watched["cost_is"], watched["cost"]["total"]["net"]) == ("estimate", "1.50")
    assert (charge["source"], kwh(charge)) == ("app", Decimal("12.345"))
    assert (charge["cost_is"], charge["receipt_id"]) == ("final", receipt["id"])
    assert (receipt["charge_id"], receipt["net"]) == (started["id"], "3.70")
    assert charge["payment"]["state"] == "captured"
    assert Decimal(charge["payment"]["amount"]) == Decimal(receipt["gross"])
    assert (cdr["state"], await world.verdict(cdr["session_id"])) == ("accepted", "match")


@VERSIONS
async def test_a_card_is_asked_about_and_its_session_billed(
    world: World, ada: App, version: str
) -> None:
    uid = world.new_card()
    await ada.send("POST", "/cards", {"uid": uid, "label": "The blue one"})

    async with world.station(ada, version) as station:
        await let_in(station, uid)
        await station.card_session(uid, [0, 2_000, 7_000])
        receipt = await ada.only("receipts")
        charge = await ada.only("charges", "?state=past")
        cdr = await world.cdr_of(charge)

    assert (charge["source"], kwh(charge)) == ("card", Decimal(7))
    assert (receipt["charge_id"], receipt["net"]) == (charge["id"], "2.10")
    assert await world.verdict(cdr["session_id"]) == "match"


async def let_in(station: Charger, uid: str) -> None:
    """Waits until a card, which the CPO has to hear of first, is let in."""

    async def accepted() -> bool:
        return await station.authorize(uid) == "Accepted"

    await eventually(accepted)


async def test_a_blocked_card_is_not_let_in(world: World, ada: App) -> None:
    uid = world.new_card()
    card = await ada.send("POST", "/cards", {"uid": uid})
    await ada.send("PATCH", f"/cards/{card['id']}", {"blocked": True})

    async with world.station(ada) as station:
        await eventually(lambda: is_blocked(station, uid))


async def is_blocked(station: Charger, uid: str) -> bool:
    """Whether the station hears that a card is blocked."""
    return await station.authorize(uid) == "Blocked"


async def test_an_adapter_that_was_killed_while_a_car_charged_catches_up(
    world: World, ada: App
) -> None:
    async with world.station(ada) as station:
        started = await ada.start()
        transaction = await plugged_in(station)
        await station.meter(transaction, 3_000)
        await ada.in_state(started["id"], "charging")
        await world.emsp.kill()
        await station.meter(transaction, 6_000)
        await station.stop(transaction, 9_000)
        await world.emsp.start()
        charge = await ada.in_state(started["id"], "finished")
        receipt = await ada.only("receipts")

    assert kwh(charge) == 9
    assert (receipt["charge_id"], receipt["net"]) == (charge["id"], "2.70")


async def test_a_start_at_a_station_that_went_away_fails_with_a_sentence_and_costs_nothing(
    world: World, ada: App
) -> None:
    async with world.station(ada):
        pass

    started = await ada.start()
    charge = await ada.charge(
        started["id"], lambda found: found["payment"]["state"] not in {"held", "captured"}
    )

    assert charge["state"] == "failed"
    assert "the station is offline" in charge["reason"]
    assert not (await ada.get("/receipts"))["receipts"]


# --- reservations and preferences ----------------------------------------------------------------


async def test_a_reservation_is_used(world: World, ada: App) -> None:
    async with world.station(ada, "2.0.1") as station:
        made = await ada.send("POST", "/reservations", EVSE1 | {"until": later(minutes=10)})
        held = await station.expect("ReserveNow")
        await ada.until("/reservations", is_now(made, "confirmed"))
        started = await ada.start()
        transaction = await plugged_in(station, reservation_id=held["id"])
        await ada.until("/reservations", is_now(made, "used"))
        await station.stop(transaction, 6_000)
        charge = await ada.in_state(started["id"], "finished")
        receipt = await ada.only("receipts")

    assert kwh(charge) == 6
    assert receipt["net"] == "1.80"


async def test_a_reservation_expires_and_costs_nothing(world: World, ada: App) -> None:
    async with world.station(ada) as station:
        made = await ada.send("POST", "/reservations", EVSE1 | {"until": later(seconds=3)})
        await station.expect("ReserveNow")
        await station.status("Reserved")
        await ada.until("/reservations", is_now(made, "expired"))

    assert not (await ada.get("/receipts"))["receipts"]


def is_now(made: Document, state: str) -> Any:
    """Whether a reservation of a list is in that state."""

    def so(listed: Document) -> bool:
        return any(
            each["id"] == made["id"] and each["state"] == state for each in listed["reservations"]
        )

    return so


async def test_a_charging_preference_reaches_the_station(world: World, ada: App) -> None:
    async with world.station(ada) as station:
        started = await ada.start()
        transaction = await plugged_in(station)
        await ada.in_state(started["id"], "charging")
        wish = {
            "profile_type": "GREEN",
            "departure_time": later(hours=8),
            "energy_need_kwh": "20",
        }
        await ada.send("PUT", f"/charges/{started['id']}/preferences", wish)
        profile = await station.expect("SetChargingProfile")
        await station.stop(transaction, 1_000)
        await ada.in_state(started["id"], "finished")

    assert profile["connector_id"] == 1


# --- a CPO that cheats ---------------------------------------------------------------------------

PER_KWH = tariff(
    [element("ENERGY 0.30 vat 21")], id="T1", party_id="CHT", last_updated="2026-01-01T00:00:00Z"
)


@pytest.fixture(scope="module")
async def cheat(world: World) -> RecordingParty:
    """NL/CHT, which sells a kWh for 0.30."""
    party = await world.hub.join("NL/CHT/CPO")
    evse = samples.evse(connectors=[samples.connector(tariff_ids=["T1"])])
    place = samples.location(party_id="CHT", name="Back Street", evses=[evse])
    await party.call("PUT", "receiver", "tariffs", "NL/CHT/T1", PER_KWH)
    await party.call("PUT", "receiver", "locations", "NL/CHT/LOC1", place)
    return party


async def customer(world: World, ada: App, party: RecordingParty) -> dict[str, Any]:
    """The token of a card of Ada, as the cheat has heard of it."""
    uid = world.new_card()
    await ada.until("/locations?text=Back", lambda listed: bool(listed["locations"]))
    await ada.send("POST", "/cards", {"uid": uid})
    where = f"/receiver/tokens/NL/EMS/{uid}"
    await eventually(lambda: bool(party.of("PUT", where)))
    token = party.of("PUT", where)[-1].json
    return {name: token[name] for name in samples.cdr_token()}


def cdr_of(token: dict[str, Any], id_: str, *, cost: str, hours_ago: int = 0) -> dict[str, Any]:
    """A CDR of an hour with 10 kWh, which are worth 3.00."""
    begun, ended = later(hours=-1 - hours_ago), later(hours=-hours_ago)
    price = {"excl_vat": Decimal(cost), "incl_vat": Decimal(cost) * Decimal("1.21")}
    period = {
        "start_date_time": begun,
        "dimensions": [{"type": "ENERGY", "volume": Decimal(10)}],
        "tariff_id": "T1",
    }
    return {
        "country_code": "NL",
        "party_id": "CHT",
        "id": id_,
        "start_date_time": begun,
        "end_date_time": ended,
        "cdr_token": token,
        "auth_method": "WHITELIST",
        "cdr_location": samples.cdr_location(),
        "currency": "EUR",
        "tariffs": [PER_KWH],
        "charging_periods": [period],
        "total_cost": price,
        "total_energy": Decimal(10),
        "total_energy_cost": price,
        "total_time": Decimal(1),
        "last_updated": ended,
    }


async def billed(party: RecordingParty, cdr: dict[str, Any]) -> None:
    """The cheat sends a CDR, and hears that it has arrived."""
    answer = await party.call("POST", "receiver", "cdrs", "", cdr, to="NL/EMS")
    assert answer.json()["status_code"] == 1000, answer.text


async def states_of(world: World, *ids: str) -> dict[str, str]:
    """How each of these CDRs stands at the eMSP."""
    return {
        each["cdr_id"]: each["state"] for each in await world.emsp.cdrs() if each["cdr_id"] in ids
    }


async def test_a_cdr_that_is_too_high_is_disputed_and_not_billed(
    world: World, ada: App, cheat: RecordingParty
) -> None:
    token = await customer(world, ada, cheat)

    await billed(cheat, cdr_of(token, "HIGH", cost="4.50"))
    await billed(cheat, cdr_of(token, "RIGHT", cost="3.00"))
    receipt = await ada.only("receipts")

    assert await states_of(world, "HIGH", "RIGHT") == {"HIGH": "disputed", "RIGHT": "accepted"}
    assert (receipt["net"], receipt["gross"]) == ("3.00", "3.63")


async def test_the_same_cdr_twice_is_billed_once(
    world: World, ada: App, cheat: RecordingParty
) -> None:
    token = await customer(world, ada, cheat)
    twice = cdr_of(token, "TWICE", cost="3.00")

    await billed(cheat, twice)
    await billed(cheat, twice)
    await billed(cheat, cdr_of(token, "ONCE", cost="3.00", hours_ago=2))
    await ada.until("/receipts", lambda listed: len(listed["receipts"]) == 2)

    assert await states_of(world, "TWICE", "ONCE") == {"TWICE": "accepted", "ONCE": "accepted"}
