"""Transactions of both versions become Sessions and CDRs, whatever comes twice, late or never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cpo_adapter.ocpp.answers import AuthorizationStatus
from cpo_adapter.ocpp.events import IdToken
from cpo_adapter.ocpp.meter import ENERGY_INTERVAL
from cpo_adapter.ocpp.version import Version
from ocpi_hub.node.engine import Database
from ocpi_hub.pricing import Circumstances, Verdict, compare, price
from tests import samples
from tests.cpo_adapter.site import CARD, Plugged, open_site, volumes
from tests.pricing.cases import element, tariff

BOTH = pytest.mark.parametrize("version", list(Version), ids=["2.0.1", "1.6"])


@BOTH
async def test_a_card_session_from_plug_to_cdr(cpo_db: Database, version: Version) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=version)

    await station.start(1000)
    running = await site.the_session()
    station.wait(20)
    await station.measure(5000)
    station.wait(20)
    await station.stop(9123)
    ended = await site.the_session()
    (cdr,) = await site.bill()

    assert (running["status"], ended["status"]) == ("ACTIVE", "COMPLETED")
    assert ended["kwh"] == cdr["total_energy"] == Decimal("8.123")
    assert ended["total_cost"] == cdr["total_cost"]
    assert cdr["session_id"] == ended["id"]
    assert cdr["auth_method"] == "WHITELIST"
    assert cdr["cdr_location"]["evse_uid"] == "EVSE1"
    assert cdr["cdr_token"]["uid"] == CARD
    priced = price(cdr, circumstances=Circumstances(time_zone="Europe/Amsterdam"))
    assert compare(cdr, priced).verdict is Verdict.MATCH


async def test_phases_of_1_6_come_from_statuses(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(0)
    await station.say("Charging")
    station.wait(30)
    await station.measure(5000)
    await station.say("SuspendedEV")
    station.wait(15)
    await station.stop(5000)

    (cdr,) = await site.bill()

    assert cdr["total_parking_time"] == Decimal("0.25")
    assert volumes(cdr["charging_periods"], "TIME") == [Decimal("0.5")]


async def test_phases_of_2_0_1_come_with_the_transaction(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=Version.V201)
    await station.start(0, charging_state="EVConnected")
    station.wait(6)
    await station.update(charging_state="Charging")
    station.wait(30)
    await station.update(charging_state="SuspendedEV", samples=station.register(5000))
    station.wait(15)
    await station.stop(5000)

    (cdr,) = await site.bill()

    assert cdr["total_parking_time"] == Decimal("0.25")
    assert volumes(cdr["charging_periods"], "TIME") == [Decimal("0.6")]


async def test_the_same_start_again_is_the_same_transaction(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    event = station.start_event(1000)

    first = await site.charging.started(event)
    second = await site.charging.started(
        replace(event, received_at=event.received_at + timedelta(1))
    )

    assert first == second
    assert len(await site.transactions()) == 1


@BOTH
async def test_the_same_stop_again_is_only_answered(cpo_db: Database, version: Version) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=version)
    await station.start(0)
    station.wait(30)
    event = station.stop_event(4000)

    await site.charging.ended(event)
    once = await site.transactions()
    await site.charging.ended(event)

    assert await site.transactions() == once
    assert len(await site.bill()) == 1
    assert len(await site.bill()) == 1


async def test_ids_of_1_6_are_random_numbers_and_issued_for_refused_starts_too(
    cpo_db: Database,
) -> None:
    site = await open_site(cpo_db)

    answers = [await Plugged(site, evse=each).start(0, uid="STRANGER") for each in (1, 2)]

    numbers = {answer.transaction_id for answer in answers}
    assert len(numbers) == 2
    assert all(0 < (number or 0) < 2**31 for number in numbers)
    assert [answer.authorization.status for answer in answers if answer.authorization] == [
        AuthorizationStatus.UNKNOWN
    ] * 2


async def test_another_stations_transaction_is_never_touched(cpo_db: Database) -> None:
    """T29."""
    site = await open_site(cpo_db)
    mine, other = Plugged(site), Plugged(site, "CS2")
    await mine.start(1000)
    other.transaction_id = mine.transaction_id
    mine.wait(10)
    other.wait(10)

    await other.measure(99_000)
    await other.stop(99_999)

    running = await site.transactions(station_id="CS1")
    orphans = await site.transactions(station_id="CS2")
    assert [(each.state, each.energy) for each in running] == [("active", None)]
    assert [each.billing for each in orphans] == ["suspect"]
    assert orphans[0].suspicions[0]["code"] == "orphan"
    assert not await site.bill()


async def test_two_stations_with_the_same_transaction_id_are_two_sessions(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    stations = [Plugged(site, each, version=Version.V201) for each in ("CS1", "CS2")]

    for number, station in enumerate(stations, start=1):
        station.wait(minutes=number * 60)
        await station.start(0)
        station.wait(30)
        await station.stop(number * 1000)

    assert [each.ocpp_id for each in await site.transactions()] == ["0", "0"]
    assert sorted(each["total_energy"] for each in await site.bill()) == [1, 2]


async def test_an_end_without_a_beginning_is_a_session(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=Version.V201, transaction_id="T7")
    station.wait(30)
    begin = station.register(500, "Transaction.Begin", at=station.at - timedelta(minutes=30))

    await station.stop(
        None,
        id_token=IdToken(CARD, "ISO14443"),
        samples=begin + station.register(4500, "Transaction.End"),
    )

    (cdr,) = await site.bill()
    assert cdr["total_energy"] == 4
    assert cdr["total_time"] == Decimal("0.5")


async def test_an_update_without_evse_and_token_belongs_to_its_transaction(
    cpo_db: Database,
) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=Version.V201, transaction_id="T7")
    await station.start(0)
    station.wait(10)

    await station.update(evse_id=None, connector_id=None, samples=station.register(2000))

    assert (await site.the_session())["kwh"] == 2


async def test_an_older_event_adds_its_reading_and_nothing_else(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=Version.V201)
    await station.start(0, charging_state="Charging")
    station.wait(20)
    await station.update(seq_no=5, charging_state="SuspendedEV", samples=station.register(4000))
    earlier = station.at - timedelta(minutes=10)

    await station.update(
        seq_no=3, charging_state="Charging", samples=station.register(2000, at=earlier)
    )

    (found,) = await site.transactions()
    assert (found.phase, found.seq_no, found.energy) == ("suspended_ev", 5, Decimal(4000))
    assert not found.suspicions


async def test_meter_values_without_a_transaction_are_of_the_one_that_runs(
    cpo_db: Database,
) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(1000)
    station.wait(10)

    await station.measure(3000, transaction_id=None)

    assert (await site.the_session())["kwh"] == 2


async def test_intervals_are_summed(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=Version.V201)
    await station.start(None)
    for _ in range(3):
        station.wait(10)
        await station.update(samples=station.register(700, measurand=ENERGY_INTERVAL))

    assert (await site.the_session())["kwh"] == Decimal("2.1")


async def test_a_new_start_ends_what_ran_there_and_a_person_has_to_look(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(1000)
    station.wait(10)
    await station.measure(3000)
    station.wait(60)

    await station.start(3000, uid="STRANGER")

    new, old = await site.transactions()
    assert (old.state, old.billing, old.energy) == ("completed", "suspect", Decimal(2000))
    assert old.suspicions[0]["code"] == "replaced"
    assert new.is_open
    assert not await site.bill()


async def test_a_replayed_older_start_ends_nothing(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(9000)
    old = Plugged(site, at=station.at - timedelta(hours=3), delay=timedelta(hours=3))

    await old.start(1000)

    assert [each.state for each in await site.transactions()] == ["active", "active"]


@pytest.mark.parametrize("lost", ["0", "-1"])
async def test_a_stop_without_an_id_ends_what_that_card_began(cpo_db: Database, lost: str) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(1000)
    station.transaction_id = lost
    station.wait(30)
    event = station.stop_event(6000)

    await site.charging.ended(event)
    await site.charging.ended(event)

    (found,) = await site.transactions()
    assert (found.state, found.billing, found.energy) == ("completed", "ok", Decimal(5000))
    assert len(await site.bill()) == 1


async def test_a_session_without_energy_is_invalid_and_has_no_cdr(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(1000)
    station.wait(5)

    await station.stop(1000)

    assert (await site.the_session())["status"] == "INVALID"
    assert not await site.bill()


async def test_energy_alone_is_told_now_and_then(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site)
    await station.start(0)
    told = []
    for wh in (10, 20, 30, 40):
        station.wait(seconds=20)
        await station.measure(wh)
        told.append((await site.the_session())["kwh"])

    assert told == [0, Decimal("0.02"), Decimal("0.02"), Decimal("0.04")]


async def test_signed_values_are_in_the_cdr(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, version=Version.V201)
    await station.start(
        None, samples=station.register(0, "Transaction.Begin", signed="OCMF|begin|sig")
    )
    station.wait(30)
    await station.stop(None, samples=station.register(4000, "Transaction.End", signed="OCMF|end"))

    (cdr,) = await site.bill()

    assert cdr["signed_data"]["encoding_method"] == "OCMF"
    assert [
        (each["nature"], each["signed_data"]) for each in cdr["signed_data"]["signed_values"]
    ] == [("Start", "OCMF|begin|sig"), ("End", "OCMF|end")]


async def test_a_cdr_tells_its_place_and_tariff_as_they_were_at_the_start(cpo_db: Database) -> None:
    site = await open_site(cpo_db, tariff=tariff([element("ENERGY 0.30")]))
    station = Plugged(site)
    await station.start(0)
    async with cpo_db.hot() as conn:
        await conn.execute(
            "UPDATE locations SET document = jsonb_set(document, '{address}', '\"Elsewhere 2\"')"
        )
        await conn.execute("UPDATE tariffs SET deleted = true")
    station.wait(30)
    await station.stop(5000)

    (cdr,) = await site.bill()

    assert cdr["cdr_location"]["address"] == samples.location()["address"]
    assert cdr["total_cost"]["excl_vat"] == Decimal("1.5")


async def test_a_connector_that_is_not_mapped_keeps_its_sessions_to_itself(
    cpo_db: Database,
) -> None:
    site = await open_site(cpo_db)
    station = Plugged(site, evse=9)
    await station.start(0)
    station.wait(30)
    await station.stop(5000)

    (found,) = await site.transactions()

    assert (found.state, found.energy, found.billing) == ("completed", Decimal(5000), "suspect")
    assert not await site.published("sessions")
    assert not await site.bill()


async def test_what_another_process_began_is_found_again(cpo_db: Database) -> None:
    """A kill in the middle of a transaction: the next process has nothing but the database."""
    site = await open_site(cpo_db)
    before = Plugged(site)
    start = before.start_event(1000)
    first = await site.charging.started(start)

    after = Plugged(site.again(), at=before.at)
    replayed = await after.site.charging.started(start)
    after.transaction_id = str(replayed.transaction_id)
    after.wait(30)
    await after.stop(4000)

    assert replayed == first
    (found,) = await site.transactions()
    assert (found.state, found.energy) == ("completed", Decimal(3000))
