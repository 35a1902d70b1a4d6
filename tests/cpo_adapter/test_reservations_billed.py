"""Reservations as Sessions and CDRs: used, expired, cancelled."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from cpo_adapter import expectations, sessions
from cpo_adapter.expectations import Wanted
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Database, one_row
from ocpi_hub.pricing import Circumstances, Verdict, compare, price
from ocpi_hub.protocol.party import Party
from tests import samples
from tests.cpo_adapter.site import CARD, NOON, Plugged, Site, open_site, volumes
from tests.pricing.cases import element, tariff

_NUMBER = 4711
_TARIFF = tariff(
    [
        element("TIME 6.00", reservation="RESERVATION"),
        element("TIME 12.00", reservation="RESERVATION_EXPIRES"),
        element("ENERGY 0.30"),
    ]
)


async def _reserved(site: Site) -> Transaction:
    """EVSE 1 of CS1 is reserved for the card, as RESERVE_NOW does it."""
    token = samples.token(uid=CARD)
    wanted = Wanted(
        station_id="CS1",
        version=Version.V16,
        evse=1,
        connector=1,
        owner=Party("DE", "EMS"),
        token=token,
        id_tag=CARD,
        authorization_reference="REF1",
        reservation_id=_NUMBER,
    )
    async with site.db.hot_transaction() as conn:
        made = await expectations.reserve(conn, wanted, rules=site.rules, now=site.clock)
        await conn.execute(
            "INSERT INTO reservations (id, station_id, location_id, id_tag, token, state,"
            " started_at, transaction_id) VALUES (%s, 'CS1', 'LOC1', %s, %s, 'active', %s, %s)",
            (_NUMBER, CARD, Jsonb(token), site.clock, made.id),
        )
        return await sessions.tell(conn, made, rules=site.rules, now=site.clock)


async def _ended(site: Site, state: str, transaction: Transaction) -> None:
    async with site.db.hot_transaction() as conn:
        await conn.execute(
            "UPDATE reservations SET state = %s, ended_at = %s WHERE id = %s",
            (state, site.clock, _NUMBER),
        )
        await expectations.reservation_ended(conn, transaction.id, rules=site.rules, now=site.clock)


def _verdict(cdr: dict[str, Any]) -> Verdict:
    return compare(cdr, price(cdr, circumstances=Circumstances("Europe/Amsterdam"))).verdict


async def test_a_reservation_that_is_used_becomes_the_session(cpo_db: Database) -> None:
    """SES-06, CDR-20."""
    site = await open_site(cpo_db, tariff=_TARIFF)
    await _reserved(site)
    reserved = await site.the_session()
    station = Plugged(site)
    station.wait(15)
    await station.start(0, reservation_id=_NUMBER)
    active = await site.the_session()
    station.wait(60)
    await station.stop(10_000)

    (cdr,) = await site.bill()

    assert (reserved["status"], active["status"]) == ("RESERVATION", "ACTIVE")
    assert reserved["id"] == active["id"] == cdr["session_id"]
    assert cdr["start_date_time"] == "2026-03-10T12:00:00.000Z"
    assert volumes(cdr["charging_periods"], "RESERVATION_TIME") == [Decimal("0.25")]
    assert cdr["total_reservation_cost"]["excl_vat"] == Decimal("1.5")
    assert cdr["total_cost"]["excl_vat"] == Decimal("4.5")
    assert _verdict(cdr) is Verdict.MATCH
    async with cpo_db.hot() as conn:
        (state,) = await one_row(conn, "SELECT state FROM reservations")
    assert state == "used"


@pytest.mark.parametrize(
    ("state", "cost", "with_session"), [("expired", "6", False), ("cancelled", "3", True)]
)
async def test_a_reservation_that_nobody_used_costs_what_its_end_says(
    cpo_db: Database, state: str, cost: str, with_session: bool
) -> None:
    """PRC-20, CDR-08."""
    site = await open_site(cpo_db, tariff=_TARIFF)
    transaction = await _reserved(site)
    site.clock = NOON + timedelta(minutes=30)
    await _ended(site, state, transaction)

    (cdr,) = await site.bill()

    assert (await site.the_session())["status"] == "COMPLETED"
    assert cdr["total_cost"]["excl_vat"] == Decimal(cost)
    assert (cdr["total_energy"], "session_id" in cdr) == (0, with_session)
    assert _verdict(cdr) is Verdict.MATCH


async def test_a_reservation_without_a_price_has_no_cdr(cpo_db: Database) -> None:
    site = await open_site(cpo_db)
    transaction = await _reserved(site)
    site.clock = NOON + timedelta(minutes=30)

    await _ended(site, "expired", transaction)

    assert not await site.bill()
    assert (await site.the_session())["status"] == "COMPLETED"
