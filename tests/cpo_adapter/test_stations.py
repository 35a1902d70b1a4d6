"""Stations: who may connect, what they hear when they boot, and who is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from cpo_adapter import follow_ups, stations
from cpo_adapter.admission import Admission, UnknownStations
from cpo_adapter.ocpp.answers import BootAnswer, RegistrationStatus
from cpo_adapter.ocpp.calls import (
    GetVariables,
    SetVariable,
    Trigger,
    TriggerMessage,
    Variable,
    VariableValue,
)
from cpo_adapter.ocpp.events import Booted
from cpo_adapter.ocpp.ports import Link, SecurityProfile
from cpo_adapter.ocpp.security import key_hmac
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import BadPlug, PlugSpec
from cpo_adapter.presence import Presence
from cpo_adapter.stations import BadStation, NewStation, StationState
from cpo_adapter.store.tables import metadata
from ocpi_hub.node.columns import sealed_columns
from ocpi_hub.node.engine import Database
from ocpi_hub.node.sealed import seal_anew
from ocpi_hub.node.secrets import Vault
from tests.cpo_adapter.offering import (
    MINUTE,
    NOW,
    SECOND,
    SERVER_KEY,
    SETTLE,
    Clock,
    evse_row,
    location,
    mapped,
    notice,
    offered,
    published,
    said,
    site,
    station_row,
)

GRACE = 10 * MINUTE


@pytest.fixture
def db(cpo_db: Database) -> Database:
    """The adapter's database."""
    return cpo_db


def admission(db: Database, unknown: UnknownStations = "reject", chance: float = 0.0) -> Admission:
    return Admission(db, unknown, 300, lambda: NOW, lambda: chance)


def boot(station_id: str = "CS1", **overrides: Any) -> Booted:
    values: dict[str, Any] = {
        "station_id": station_id,
        "version": Version.V16,
        "action": "BootNotification",
        "received_at": NOW,
        "payload": {},
        "vendor": "Example",
        "model": "Box 22",
        "serial_number": "4711",
        "firmware_version": "1.2.3",
        "reason": None,
        "iccid": None,
        "imsi": None,
        "meter_type": None,
        "meter_serial_number": None,
    }
    return Booted(**(values | overrides))


async def booted(db: Database, event: Booted, **options: Any) -> BootAnswer:
    async with db.hot_transaction() as conn:
        return await admission(db, **options).booted(conn, event)


async def added(db: Database, new: NewStation) -> str | None:
    async with db.hot_transaction() as conn:
        return await stations.add(conn, new, server_key=SERVER_KEY, now=NOW)


# --- adding --------------------------------------------------------------------------------------


async def test_a_station_gets_a_random_key_of_which_a_hash_is_kept(db: Database) -> None:
    key = await added(db, NewStation(id="CS1"))

    assert key is not None
    assert len(bytes.fromhex(key)) >= 16
    assert (await station_row(db)).key_hmac == key_hmac(SERVER_KEY, key)


async def test_a_given_key_is_the_stations_key(db: Database) -> None:
    await added(db, NewStation(id="CS1", key="my-own-key-of-the-station"))

    found = await admission(db).credentials("CS1")

    assert found is not None
    assert found.profile is SecurityProfile.BASIC
    assert found.key_hmac == key_hmac(SERVER_KEY, "my-own-key-of-the-station")


async def test_a_station_with_a_certificate_needs_no_key(db: Database) -> None:
    profile = SecurityProfile.TLS_CERTIFICATE

    assert await added(db, NewStation(id="CS1", security_profile=profile)) is None


async def test_a_new_key_takes_the_place_of_the_old(db: Database) -> None:
    await added(db, NewStation(id="CS1", key="the-old-key-of-the-station"))

    async with db.hot_transaction() as conn:
        key = await stations.set_key(
            conn,
            "CS1",
            key=None,
            security_profile=SecurityProfile.TLS_BASIC,
            server_key=SERVER_KEY,
        )

    row = await station_row(db)
    assert key is not None
    assert (row.key_hmac, row.security_profile) == (key_hmac(SERVER_KEY, key), 2)


REFUSED = {
    "an id with a slash": (NewStation(id="a/b"), "station id 'a/b': expected"),
    "a key with a space": (NewStation(id="CS2", key="a b"), "key: expected"),
    "a station that is there": (NewStation(id="CS1"), "station 'CS1' is there already"),
}


@pytest.mark.parametrize(("new", "why"), REFUSED.values(), ids=REFUSED)
async def test_a_station_that_cannot_be_is_refused(db: Database, new: NewStation, why: str) -> None:
    await added(db, NewStation(id="CS1"))

    with pytest.raises(BadStation, match=why):
        await added(db, new)


async def test_the_case_of_an_id_matters(db: Database) -> None:
    await added(db, NewStation(id="CS1"))

    assert await added(db, NewStation(id="cs1")) is not None


async def test_the_key_of_all_keys_is_made_once_and_sealed_anew(db: Database) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    async with db.hot() as conn:
        first = await stations.server_key(conn, Vault(old))
        again = await stations.server_key(conn, Vault(old))
        await seal_anew(conn, sealed_columns(metadata), Vault(f"{new},{old}").rotate)
        rotated = await stations.server_key(conn, Vault(new))

    assert first == again == rotated


# --- plugs ---------------------------------------------------------------------------------------


async def test_a_uid_is_found_in_whatever_spelling(db: Database) -> None:
    await offered(db, location("EVSE1"))

    await mapped(db, "CS1", "evse1")

    assert (await published(db))["loc1", ""]["evses"][0]["capabilities"]


async def test_an_evse_is_one_stations(db: Database) -> None:
    await site(db)

    with pytest.raises(BadPlug, match="EVSE 'EVSE1' belongs to station 'CS1'"):
        await mapped(db, "CS2", "EVSE1")


async def test_plugs_that_are_mapped_anew_leave_their_evse_unknown(db: Database) -> None:
    await site(db)
    await said(db, notice(1, "Available"))

    async with db.hot_transaction() as conn:
        await stations.map_plugs(conn, "CS1", [PlugSpec("EVSE2", 1)], now=NOW)

    assert (await evse_row(db, "EVSE1")).status == "UNKNOWN"
    assert (await evse_row(db, "EVSE2")).status == "AVAILABLE"


# --- booting -------------------------------------------------------------------------------------


async def test_a_station_that_boots_is_kept_as_it_says_it_is(db: Database) -> None:
    await added(db, NewStation(id="CS1"))

    answer = await booted(db, boot())

    row = await station_row(db)
    assert answer == BootAnswer(RegistrationStatus.ACCEPTED, 300, NOW)
    assert (row.vendor, row.model, row.serial_number) == ("Example", "Box 22", "4711")
    assert (row.firmware_version, row.protocol) == ("1.2.3", "ocpp1.6")


async def test_intervals_are_spread_below_the_setting(db: Database) -> None:
    intervals = [admission(db, chance=chance).interval() for chance in (0.0, 0.5, 1.0)]

    assert intervals == [300, 285, 270]


async def test_a_reconnect_without_a_boot_goes_on_as_it_was_accepted(db: Database) -> None:
    await added(db, NewStation(id="CS1"))
    before = await admission(db).credentials("CS1")
    await booted(db, boot())

    after = await admission(db).credentials("CS1")

    assert before is not None
    assert before.status is None
    assert after is not None
    assert after.status is RegistrationStatus.ACCEPTED


UNKNOWN: dict[UnknownStations, str] = {"pending": "Pending", "accept": "Accepted"}


@pytest.mark.parametrize(("unknown", "status"), UNKNOWN.items(), ids=UNKNOWN)
async def test_a_station_nobody_knows_is_registered_at_its_first_boot(
    db: Database, unknown: UnknownStations, status: str
) -> None:
    credentials = await admission(db, unknown).credentials("NEW")
    answer = await booted(db, boot("NEW"), unknown=unknown)

    assert credentials is not None
    assert credentials.profile is SecurityProfile.NONE
    assert answer.status == status
    assert (await station_row(db, "NEW")).vendor == "Example"
    assert not await published(db)


async def test_a_station_nobody_knows_is_not_let_in_by_default(db: Database) -> None:
    """T27."""
    assert await admission(db).credentials("NEW") is None
    assert (await booted(db, boot("NEW"))).status is RegistrationStatus.REJECTED


async def test_only_so_many_strangers_wait(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cpo_adapter.admission.MOST_PENDING", 1)
    await booted(db, boot("NEW1"), unknown="pending")

    assert await admission(db, "pending").credentials("NEW2") is None


async def test_an_approved_station_is_accepted_at_its_next_boot(db: Database) -> None:
    await booted(db, boot("NEW"), unknown="pending")

    async with db.hot_transaction() as conn:
        await stations.approve(conn, "NEW")

    assert (await booted(db, boot("NEW"), unknown="pending")).status == "Accepted"
    assert follow_ups.after_approval() == [TriggerMessage(Trigger.BOOT)]


async def test_a_rejected_station_hears_so(db: Database) -> None:
    await added(db, NewStation(id="CS1"))

    async with db.hot_transaction() as conn:
        await stations.reject(conn, "CS1")

    assert (await booted(db, boot())).status is RegistrationStatus.REJECTED


async def test_a_station_that_is_not_known_cannot_be_approved(db: Database) -> None:
    with pytest.raises(BadStation, match="'CS9' is not known"):
        async with db.hot_transaction() as conn:
            await stations.approve(conn, "CS9")


# --- what follows --------------------------------------------------------------------------------


async def test_after_a_boot_a_remote_start_needs_no_second_question(db: Database) -> None:
    await added(db, NewStation(id="CS1"))
    await booted(db, boot())

    calls = follow_ups.after_boot(await station_row(db))

    assert calls == [
        SetVariable(Variable("AuthorizeRemoteTxRequests"), "false"),
        GetVariables((Variable("SupportedFeatureProfiles"),)),
    ]


async def test_what_a_station_does_not_change_is_not_tried_again(db: Database) -> None:
    await site(db)
    readonly = VariableValue(Variable("AuthorizeRemoteTxRequests"), "true", readonly=True)
    profiles = VariableValue(Variable("SupportedFeatureProfiles"), "Core,Reservation")
    async with db.hot_transaction() as conn:
        await follow_ups.keep_configuration(conn, "CS1", [readonly, profiles], now=NOW)

    calls = follow_ups.after_boot(await station_row(db))

    assert calls == [GetVariables((Variable("SupportedFeatureProfiles"),))]
    assert "RESERVABLE" in (await published(db))["loc1", ""]["evses"][0]["capabilities"]


async def test_after_a_reconnect_each_connector_is_asked_how_it_is(db: Database) -> None:
    await site(db)
    await booted(db, boot())
    await presence(db, Clock()).connected(link(at=NOW + MINUTE))

    async with db.hot() as conn:
        calls = await follow_ups.after_reconnect(conn, "CS1")

    assert calls == [TriggerMessage(Trigger.STATUS, 1, 1), TriggerMessage(Trigger.STATUS, 2, 1)]


async def test_after_a_boot_nothing_is_asked_twice(db: Database) -> None:
    await site(db)
    await presence(db, Clock()).connected(link(at=NOW - SECOND))
    await booted(db, boot())

    async with db.hot() as conn:
        assert not await follow_ups.after_reconnect(conn, "CS1")


# --- who is there --------------------------------------------------------------------------------


def link(station_id: str = "CS1", *, at: Any = NOW) -> Link:
    return Link(station_id, Version.V16, at, "127.0.0.1")


def presence(db: Database, clock: Clock) -> Presence:
    return Presence(db, GRACE, SETTLE, clock)


async def state(db: Database) -> StationState:
    async with db.hot() as conn:
        return (await stations.connectivity(conn, await station_row(db))).state


async def test_a_station_is_offline_once_it_has_been_silent_for_a_while(db: Database) -> None:
    await site(db)
    clock = Clock(NOW - GRACE)
    watching = presence(db, clock)
    await watching.begin()
    never = await state(db)
    clock.at = NOW
    await watching.connected(link())
    await said(db, notice(1, "Available"))
    online = await state(db)

    await watching.disconnected(link(), "gone")
    clock.forward(GRACE - SECOND)
    await watching.step()
    silent, known = await state(db), (await evse_row(db)).status
    clock.forward(2 * SECOND)
    await watching.step()

    assert (never, online, silent) == (
        StationState.NEVER,
        StationState.ONLINE,
        StationState.SILENT,
    )
    assert known == "AVAILABLE"
    assert await state(db) is StationState.OFFLINE
    assert (await evse_row(db)).status == "UNKNOWN"


async def test_a_station_that_comes_back_is_what_it_last_was(db: Database) -> None:
    await site(db)
    clock = Clock(NOW - GRACE)
    watching = presence(db, clock)
    await watching.begin()
    await watching.connected(link())
    await said(db, notice(1, "Available"))
    await watching.disconnected(link(), "gone")
    clock.at = NOW + 2 * GRACE
    await watching.step()

    await watching.connected(link(at=clock.at))

    assert await state(db) is StationState.ONLINE
    assert (await evse_row(db)).status == "AVAILABLE"


async def test_nobody_is_called_offline_just_after_a_start(db: Database) -> None:
    await site(db)
    clock = Clock()
    watching = presence(db, clock)
    await watching.connected(link())
    clock.forward(10 * GRACE)

    restarted = presence(db, clock)
    await restarted.begin()
    await restarted.step()
    early = await state(db)
    clock.forward(GRACE)
    await restarted.step()

    assert early is StationState.SILENT
    assert await state(db) is StationState.OFFLINE


async def test_the_end_of_a_replaced_connection_is_not_the_stations(db: Database) -> None:
    """T28: the newest connection counts."""
    await site(db)
    watching = presence(db, Clock())
    await watching.connected(link())
    await watching.connected(link(at=NOW + SECOND))

    await watching.disconnected(link(), "replaced")

    assert await state(db) is StationState.ONLINE


async def test_signs_of_life_are_written_together(db: Database) -> None:
    await site(db)
    watching = presence(db, Clock())
    for seconds in range(100):
        watching.heard("CS1", NOW + timedelta(seconds=seconds))
    before = (await station_row(db)).last_seen

    await watching.flush()

    assert before is None
    assert (await station_row(db)).last_seen == NOW + 99 * SECOND


async def test_signs_of_life_outlive_a_lost_database(db: Database) -> None:
    await site(db)
    watching = presence(db, Clock())
    watching.heard("CS1", NOW)
    await db.pool.close()

    with pytest.raises(Exception, match="closed"):
        await watching.flush()

    assert watching._heard == {"CS1": NOW}
