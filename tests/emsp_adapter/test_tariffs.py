"""Tariffs as CPOs push them: every version kept, and the price from which a kWh is had."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from emsp_adapter.money import price_turns
from emsp_adapter.money.price_turns import PriceTurns
from emsp_adapter.network import places, tariffs
from emsp_adapter.network.places import UnknownPlace
from emsp_adapter.store import tariffs as store
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from tests import samples
from tests.emsp_adapter.places import location, pushed
from tests.emsp_adapter.running import Adapter, Cpo

CPO = Party("NL", "CPO")
BEFORE = "2026-01-15T09:00:00Z"
AFTER = "2026-01-15T12:00:00Z"


def flat(price: str, **overrides: Any) -> dict[str, Any]:
    """TARIFF1 with one price for a kWh, without VAT."""
    component = samples.price_component(price=Decimal(price), vat=None)
    return samples.tariff(elements=[{"price_components": [component]}], **overrides)


async def _price(emsp: Adapter) -> tuple[Any, ...] | None:
    return await emsp.row("SELECT kwh_price, currency FROM places WHERE location_id = 'loc1'")


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (samples.tariff()["elements"], Decimal("0.3025")),
        ([{"price_components": [samples.price_component(vat=None)]}], Decimal("0.35")),
        ([{"price_components": [samples.price_component(type="TIME")]}], None),
        (
            [
                {
                    "price_components": [samples.price_component(type="FLAT")],
                    "restrictions": {"reservation": "RESERVATION"},
                },
                {"price_components": [samples.price_component(price=Decimal("0.50"))]},
            ],
            Decimal("0.605"),
        ),
    ],
    ids=["the least of several, with VAT", "without VAT", "no energy", "beside a reservation"],
)
def test_the_least_that_a_kwh_costs(elements: list[Any], expected: Decimal | None) -> None:
    assert tariffs.kwh_price(samples.tariff(elements=elements)) == expected


async def test_a_tariff_is_kept_shown_and_deleted(partner: Cpo) -> None:
    path = "NL/CPO/TARIFF1"
    put = await partner.put("tariffs", "TARIFF1", samples.tariff())
    shown = await partner.party.call("GET", "receiver", "tariffs", path)
    deleted = await partner.party.call("DELETE", "receiver", "tariffs", path)
    again = await partner.party.call("DELETE", "receiver", "tariffs", path)
    gone = await partner.party.call("GET", "receiver", "tariffs", path)
    back = await partner.put("tariffs", "TARIFF1", samples.tariff())

    assert (put, back) == ((201, 1000), (201, 1000))
    assert shown.json()["data"]["currency"] == "EUR"
    assert [each.status_code for each in (deleted, again, gone)] == [200, 404, 404]


_NONE = Decimal(10**28)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param(
            {"elements": [{"price_components": [samples.price_component(price=_NONE)]}]},
            "elements.0.price_components.0.price",
            id="price",
        ),
        pytest.param({"max_price": {"excl_vat": _NONE}}, "max_price.excl_vat", id="limit"),
    ],
)
async def test_a_price_that_is_none_is_refused_by_its_field(
    emsp: Adapter, partner: Cpo, changes: dict[str, Any], field: str
) -> None:
    put = await partner.party.call(
        "PUT", "receiver", "tariffs", "NL/CPO/TARIFF1", samples.tariff(**changes)
    )

    assert put.json()["status_code"] == 2001
    assert put.json()["status_message"].startswith(f"{field}: expected at most ")
    assert await emsp.rows("SELECT id FROM tariffs") == []


async def test_an_older_version_is_1000_and_not_kept(emsp: Adapter, partner: Cpo) -> None:
    await partner.put("tariffs", "TARIFF1", flat("0.40", last_updated=AFTER))

    answered = await partner.put("tariffs", "TARIFF1", flat("0.10", last_updated=BEFORE))

    assert answered == (200, 1000)
    assert await emsp.row("SELECT count(*) FROM tariff_versions") == (1,)


async def test_the_version_of_a_moment_is_the_one_that_was_known_then(
    emsp: Adapter, partner: Cpo
) -> None:
    """T22"""
    await partner.put("tariffs", "TARIFF1", flat("0.40"))
    between = datetime.now(UTC)
    await partner.put("tariffs", "tariff1", flat("0.90", last_updated=AFTER))

    async with emsp.db.hot() as conn:
        (then,) = await store.versions_at(conn, CPO, ["TARIFF1"], between)
        (now,) = await store.versions_at(conn, CPO, ["tariff1"], datetime.now(UTC))
        none = await store.versions_at(conn, CPO, ["TARIFF2"], between)

    assert then is not None
    assert then["elements"][0]["price_components"][0]["price"] == Decimal("0.40")
    assert now is not None
    assert now["elements"][0]["price_components"][0]["price"] == Decimal("0.90")
    assert none == []


async def test_a_place_has_the_price_whichever_comes_first(emsp: Adapter, partner: Cpo) -> None:
    await pushed(partner, location("LOC1"))
    before = await _price(emsp)

    await partner.put("tariffs", "TARIFF1", flat("0.40"))

    assert before == (None, None)
    assert await _price(emsp) == (Decimal("0.40"), "EUR")


async def test_a_changed_and_a_deleted_tariff_change_the_price(emsp: Adapter, partner: Cpo) -> None:
    await partner.put("tariffs", "TARIFF1", flat("0.40"))
    await pushed(partner, location("LOC1"))

    await partner.put("tariffs", "TARIFF1", flat("0.55", last_updated=AFTER))
    changed = await _price(emsp)
    await partner.party.call("DELETE", "receiver", "tariffs", "NL/CPO/TARIFF1")

    assert changed == (Decimal("0.55"), "EUR")
    assert await _price(emsp) == (None, None)


async def test_a_tariff_counts_from_when_it_begins(emsp: Adapter, partner: Cpo) -> None:
    begins = datetime.now(UTC) + timedelta(hours=1)
    await partner.put("tariffs", "TARIFF1", flat("0.40", start_date_time=format_datetime(begins)))
    await pushed(partner, location("LOC1"))

    early = await _price(emsp)
    await PriceTurns(replace(emsp.office, now=lambda: begins)).step()

    assert early == (None, None)
    assert await _price(emsp) == (Decimal("0.40"), "EUR")


async def test_a_tariff_of_many_places_reaches_all_of_them(
    emsp: Adapter, partner: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_turns, "_AT_ONCE", 2)
    await pushed(partner, *(location(f"L{number}") for number in range(5)))

    await partner.put("tariffs", "TARIFF1", flat("0.40"))
    at_once = await emsp.rows("SELECT kwh_price FROM places WHERE kwh_price IS NOT NULL")
    await PriceTurns(emsp.office).step()

    assert len(at_once) >= 2
    assert await emsp.rows("SELECT DISTINCT kwh_price FROM places") == [(Decimal("0.40"),)]


async def test_a_plug_is_found_with_its_tariffs(emsp: Adapter, partner: Cpo) -> None:
    await partner.put("tariffs", "TARIFF1", flat("0.40"))
    await pushed(partner, location("LOC1"))

    async with emsp.db.hot() as conn:
        plug = await places.plug(conn, "nl*cpo*loc1", "evse1")
        offered = await places.tariffs_of(conn, plug, datetime.now(UTC))
    await partner.party.call("DELETE", "receiver", "tariffs", "NL/CPO/TARIFF1")
    async with emsp.db.hot() as conn:
        deleted = await places.tariffs_of(conn, plug, datetime.now(UTC))

    assert (plug.key, plug.evse_uid, plug.connector_id) == ("NL*CPO*LOC1", "EVSE1", "1")
    assert (plug.status, plug.time_zone) == ("AVAILABLE", "Europe/Amsterdam")
    assert [each["id"] for each in offered] == ["TARIFF1"]
    assert deleted == []


@pytest.mark.parametrize(
    "overrides",
    [{"end_date_time": BEFORE}, {"start_date_time": "2090-01-01T00:00:00Z"}],
    ids=["over", "not yet"],
)
async def test_a_tariff_that_does_not_hold_is_none_of_a_plug(
    emsp: Adapter, partner: Cpo, overrides: dict[str, Any]
) -> None:
    await partner.put("tariffs", "TARIFF1", flat("0.40", **overrides))
    await pushed(partner, location("LOC1"))
    async with emsp.db.hot() as conn:
        plug = await places.plug(conn, "NL*CPO*LOC1", "EVSE1")
        offered = await places.tariffs_of(conn, plug, datetime.now(UTC))

    assert offered == []


@pytest.mark.parametrize(
    ("key", "evse_uid", "connector_id"),
    [
        ("NL*CPO*LOC2", "EVSE1", None),
        ("NL*CPO*LOC1", "EVSE2", None),
        ("NL*CPO*LOC1", "EVSE1", "2"),
        ("LOC1", "EVSE1", None),
        ("NL*CPO*", "EVSE1", None),
        ("NLD*CPO*LOC1", "EVSE1", None),
        ("NL*CPO*LOC1\x00", "EVSE1", None),
    ],
    ids=["location", "EVSE", "connector", "no key", "no id", "no party", "NUL"],
)
async def test_a_place_that_is_none_is_unknown(
    emsp: Adapter, partner: Cpo, key: str, evse_uid: str, connector_id: str | None
) -> None:
    await pushed(partner, location("LOC1"))

    async with emsp.db.hot() as conn:
        with pytest.raises(UnknownPlace):
            await places.plug(conn, key, evse_uid, connector_id)
