"""Locations, EVSEs and Connectors as CPOs push them, and what a search sees of them then."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from emsp_adapter.network import locations
from ocpi_hub.protocol.party import Party
from tests import samples
from tests.emsp_adapter.places import evse, location, pushed
from tests.emsp_adapter.running import Adapter, Cpo

CPO = Party("NL", "CPO")
BEFORE = "2026-01-15T09:00:00Z"
AFTER = "2026-01-15T12:00:00Z"


async def _counted(emsp: Adapter) -> tuple[Any, ...] | None:
    return await emsp.row("SELECT listed, evses, free FROM places WHERE location_id = 'loc1'")


async def _shown(partner: Cpo, path: str) -> tuple[int, int, Any]:
    answer = await partner.party.call("GET", "receiver", "locations", f"NL/CPO/{path}")
    body = answer.json()
    return answer.status_code, body["status_code"], body.get("data")


async def test_a_location_is_kept_and_shown_to_its_owner(partner: Cpo) -> None:
    answered = await partner.put("locations", "LOC1", samples.location())

    assert answered == (201, 1000)
    status, code, data = await _shown(partner, "LOC1")
    assert (status, code) == (200, 1000)
    assert (data["name"], data["evses"][0]["uid"]) == ("Station Square", "EVSE1")


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [("loc1", "city", "Utrecht"), ("LOC1/evse1", "uid", "EVSE1"), ("LOC1/EVSE1/1", "id", "1")],
    ids=["location", "evse", "connector"],
)
async def test_each_level_is_shown_whatever_the_case_of_its_id(
    partner: Cpo, path: str, field: str, value: str
) -> None:
    await partner.put("locations", "LOC1", samples.location())

    _, _, data = await _shown(partner, path)

    assert data[field] == value


@pytest.mark.parametrize("path", ["LOC2", "LOC1/EVSE2", "LOC1/EVSE1/2"])
async def test_what_is_not_known_is_404_with_2003(partner: Cpo, path: str) -> None:
    await partner.put("locations", "LOC1", samples.location())

    status, code, _ = await _shown(partner, path)

    assert (status, code) == (404, 2003)


async def test_a_search_sees_what_the_evses_offer(emsp: Adapter, partner: Cpo) -> None:
    await partner.put("locations", "LOC1", samples.location())

    row = await emsp.row(
        "SELECT key, listed, evses, free, plugs, max_watts, tariff_ids FROM places"
    )

    assert row == ("NL*CPO*LOC1", True, 1, 1, ["IEC_62196_T2"], 22000, ["tariff1"])


async def test_an_older_push_is_1000_and_changes_nothing(partner: Cpo) -> None:
    """SEM-14"""
    await pushed(partner, location("LOC1", name="New", last_updated=AFTER))

    answered = await partner.put("locations", "LOC1", location("LOC1", name="Old"))

    assert answered == (200, 1000)
    assert (await _shown(partner, "LOC1"))[2]["name"] == "New"


async def test_an_equal_stamp_may_be_news(partner: Cpo) -> None:
    await pushed(partner, location("LOC1", name="One"))

    await partner.put("locations", "LOC1", location("LOC1", name="Other"))

    assert (await _shown(partner, "LOC1"))[2]["name"] == "Other"


async def test_a_stamp_far_in_the_future_freezes_nothing(partner: Cpo) -> None:
    await pushed(partner, location("LOC1", name="Ahead", last_updated="2090-01-01T00:00:00Z"))

    await partner.put("locations", "LOC1", location("LOC1", name="Right"))

    assert (await _shown(partner, "LOC1"))[2]["name"] == "Right"


async def test_a_changed_status_counts_at_once(emsp: Adapter, partner: Cpo) -> None:
    await pushed(partner, location("LOC1", evses=[evse("A"), evse("B")]))

    answered = await partner.patch(
        "locations", "LOC1/A", {"status": "CHARGING", "last_updated": AFTER}
    )

    assert answered == (200, 1000)
    assert await _counted(emsp) == (True, 2, 1)
    # What GET serves is no older than its newest EVSE (SEM-08).
    assert (await _shown(partner, "LOC1"))[2]["last_updated"] == AFTER


async def test_changes_at_the_same_time_are_all_counted(emsp: Adapter, partner: Cpo) -> None:
    uids = [f"E{number}" for number in range(8)]
    await pushed(partner, location("LOC1", evses=[evse(uid) for uid in uids]))

    async with asyncio.TaskGroup() as group:
        for uid in uids:
            group.create_task(
                partner.patch(
                    "locations", f"LOC1/{uid}", {"status": "CHARGING", "last_updated": AFTER}
                )
            )

    assert await _counted(emsp) == (True, 8, 0)


async def test_those_who_change_prices_and_places_do_not_wait_for_each_other(
    emsp: Adapter, partner: Cpo
) -> None:
    await pushed(partner, location("LOC1"))
    await partner.put("tariffs", "TARIFF1", samples.tariff())
    stamps = [f"2026-01-15T12:00:{second:02}Z" for second in range(10)]

    async with asyncio.TaskGroup() as group:
        said = [
            group.create_task(each)
            for stamp in stamps
            for each in (
                partner.put("locations", "LOC1", location("LOC1", name=stamp, last_updated=stamp)),
                partner.put("tariffs", "TARIFF1", samples.tariff(last_updated=stamp)),
                partner.patch("locations", "LOC1/EVSE1", {"last_updated": stamp}),
            )
        ]

    assert {each.result() for each in said} == {(200, 1000)}
    assert await emsp.row("SELECT name, kwh_price FROM places") == (stamps[-1], Decimal("0.3025"))


async def test_an_older_patch_changes_nothing(emsp: Adapter, partner: Cpo) -> None:
    await pushed(partner, location("LOC1"))

    answered = await partner.patch(
        "locations", "LOC1/EVSE1", {"status": "CHARGING", "last_updated": BEFORE}
    )

    assert answered == (200, 1000)
    assert await _counted(emsp) == (True, 1, 1)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PUT", "LOC9/EVSE1", (404, 2003)),
        ("PUT", "LOC1/EVSE9/1", (404, 2003)),
        ("PATCH", "LOC9", (404, 2003)),
        ("PATCH", "LOC1/EVSE9", (404, 2003)),
        ("PATCH", "LOC1/EVSE1/9", (404, 2003)),
    ],
)
async def test_there_is_nothing_below_or_to_change_of_what_is_not_known(
    partner: Cpo, method: str, path: str, expected: tuple[int, int]
) -> None:
    """LOC-06, STA-17"""
    await pushed(partner, location("LOC1"))
    levels = path.count("/")
    whole = samples.evse() if levels == 1 else samples.connector()
    body = whole if method == "PUT" else {"last_updated": AFTER}

    answer = await partner.party.call(method, "receiver", "locations", f"NL/CPO/{path}", body)

    assert (answer.status_code, answer.json()["status_code"]) == expected


async def test_an_evse_that_is_left_out_is_served_no_more_and_may_come_back(
    emsp: Adapter, partner: Cpo
) -> None:
    await pushed(partner, location("LOC1", evses=[evse("A"), evse("B")]))

    await pushed(partner, location("LOC1", evses=[evse("B")], last_updated=AFTER))

    assert await _counted(emsp) == (True, 1, 1)
    assert (await _shown(partner, "LOC1/A"))[:2] == (404, 2003)
    assert await partner.put("locations", "LOC1/A", evse("A")) == (201, 1000)
    data = (await _shown(partner, "LOC1"))[2]
    assert [each["uid"] for each in data["evses"]] == ["B", "A"]


async def test_an_evse_that_is_newer_than_its_location_stays(partner: Cpo) -> None:
    await pushed(partner, location("LOC1"))
    await partner.patch("locations", "LOC1/EVSE1", {"status": "BLOCKED", "last_updated": AFTER})

    await pushed(partner, location("LOC1", last_updated="2026-01-15T11:00:00Z"))

    assert (await _shown(partner, "LOC1/EVSE1"))[2]["status"] == "BLOCKED"


async def test_a_connector_is_added_and_changed(emsp: Adapter, partner: Cpo) -> None:
    await pushed(partner, location("LOC1"))
    second = samples.connector(id="2", standard="CHADEMO", max_electric_power=50000)

    put = await partner.put("locations", "LOC1/EVSE1/2", second)
    patched = await partner.patch(
        "locations", "LOC1/EVSE1/2", {"max_electric_power": 62500, "last_updated": AFTER}
    )

    assert (put, patched) == ((201, 1000), (200, 1000))
    assert await emsp.row("SELECT plugs, max_watts FROM places") == (
        ["CHADEMO", "IEC_62196_T2"],
        62500,
    )


async def test_a_patch_of_a_location_merges_its_evses(partner: Cpo) -> None:
    """AMB-12"""
    await pushed(partner, location("LOC1", evses=[evse("A"), evse("B")]))

    answered = await partner.patch(
        "locations",
        "LOC1",
        {"name": "Renamed", "evses": [{"uid": "A", "status": "BLOCKED"}], "last_updated": AFTER},
    )

    data = (await _shown(partner, "LOC1"))[2]
    assert answered == (200, 1000)
    assert data["name"] == "Renamed"
    assert [(each["uid"], each["status"]) for each in data["evses"]] == [
        ("A", "BLOCKED"),
        ("B", "AVAILABLE"),
    ]


async def test_a_patch_may_not_make_it_invalid(partner: Cpo) -> None:
    await pushed(partner, location("LOC1"))

    answered = await partner.patch(
        "locations", "LOC1", {"publish_allowed_to": [{"group_id": "G"}], "last_updated": AFTER}
    )

    assert answered == (200, 2001)


@pytest.mark.parametrize(
    "overrides",
    [
        {"publish": False},
        {"evses": []},
        {"evses": [evse("A", status="REMOVED")]},
        {"lon": "512.00000"},
    ],
    ids=["unpublished", "without EVSEs", "removed", "nowhere on earth"],
)
async def test_not_listed(emsp: Adapter, partner: Cpo, overrides: dict[str, Any]) -> None:
    await pushed(partner, location("LOC1", **overrides))

    row = await _counted(emsp)

    assert row is not None
    assert row[0] is False


async def test_a_location_of_another_owner_is_refused(partner: Cpo) -> None:
    answer = await partner.party.call(
        "PUT", "receiver", "locations", "DE/XYZ/LOC1", samples.location(country_code="DE")
    )

    assert answer.status_code == 404


async def test_what_is_pulled_is_never_kept_over_what_is_newer(emsp: Adapter, partner: Cpo) -> None:
    await pushed(partner, location("LOC1", name="Pushed"))

    await locations.keep(emsp.office, CPO, location("LOC1", name="Of the same stamp"))
    await locations.keep(emsp.office, CPO, location("LOC2", name="Pulled"))

    assert await emsp.rows("SELECT name FROM places ORDER BY location_id") == [
        ("Pushed",),
        ("Pulled",),
    ]
