"""Whatever is pushed in whatever order: what a search sees is what the EVSEs say."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from emsp_adapter.network import location_writes as writes
from emsp_adapter.store import evses
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from tests import samples
from tests.emsp_adapter.places import location

CPO = Party("NL", "CPO")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
STATUSES = ("AVAILABLE", "CHARGING", "OUTOFORDER", "PLANNED", "REMOVED", "UNKNOWN")
STANDARDS = ("IEC_62196_T2", "IEC_62196_T2_COMBO", "CHADEMO")
POWERS = (11000, 22000, 150000)

Step = Callable[[Hot], Awaitable[object]]


class Pushes:
    """A CPO that pushes this and that; stamps go forward and sometimes back."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.at = datetime(2026, 1, 15, tzinfo=UTC)

    def next(self) -> Step:
        """One push."""
        kinds = (self._location, self._evse, self._connector, self._status, self._power)
        return self.random.choice(kinds)()

    def _location(self) -> Step:
        uids = self.random.sample("ABCDE", self.random.randint(0, 5))
        document = location(
            "LOC1",
            publish=self.random.random() < 0.8,
            evses=[self._an_evse(uid) for uid in uids],
            last_updated=self._stamp(),
        )
        return lambda conn: writes.put_location(conn, CPO, document, now=NOW)

    def _evse(self) -> Step:
        document = self._an_evse(self.random.choice("ABCDE"))
        return lambda conn: writes.put_evse(conn, CPO, "LOC1", document, now=NOW)

    def _connector(self) -> Step:
        uid, document = self.random.choice("ABCDE"), self._a_connector(self.random.choice("123"))
        return lambda conn: writes.put_connector(conn, CPO, "LOC1", uid, document, now=NOW)

    def _status(self) -> Step:
        uid = self.random.choice("abcde")
        changes = {"status": self.random.choice(STATUSES), "last_updated": self._stamp()}
        return lambda conn: writes.patch_evse(conn, CPO, "LOC1", uid, changes, now=NOW)

    def _power(self) -> Step:
        uid = self.random.choice("ABCDE")
        changes = {
            "max_electric_power": self.random.choice(POWERS),
            "last_updated": self._stamp(),
        }
        return lambda conn: writes.patch_connector(conn, CPO, "LOC1", uid, "1", changes, now=NOW)

    def _an_evse(self, uid: str) -> dict[str, Any]:
        ids = ["1", *self.random.sample("23", self.random.randint(0, 2))]
        return samples.evse(
            uid=uid,
            status=self.random.choice(STATUSES),
            connectors=[self._a_connector(each) for each in ids],
            last_updated=self._stamp(),
        )

    def _a_connector(self, connector_id: str) -> dict[str, Any]:
        return samples.connector(
            id=connector_id,
            standard=self.random.choice(STANDARDS),
            max_electric_power=self.random.choice(POWERS),
            tariff_ids=self.random.sample(["T1", "T2", "T3"], self.random.randint(0, 2)),
            last_updated=self._stamp(),
        )

    def _stamp(self) -> str:
        self.at += timedelta(seconds=self.random.choice((60, 60, 60, 0, -90)))
        return format_datetime(self.at)


async def _pushed(conn: Hot, pushes: Pushes, count: int) -> None:
    first = location("LOC1", evses=[], last_updated="2026-01-14T00:00:00Z")
    await writes.put_location(conn, CPO, first, now=NOW)
    for _ in range(count):
        async with conn.transaction():
            await pushes.next()(conn)


async def _expected(conn: Hot) -> dict[str, Any]:
    """The same counted the long way, from the documents."""
    listed = [each.document for each in await evses.of_location(conn, CPO, "LOC1")]
    usable = [each for each in listed if each["status"] not in ("PLANNED", "REMOVED")]
    connectors = [each for evse in usable for each in evse["connectors"]]
    free = [evse for evse in usable if evse["status"] == "AVAILABLE"]
    kinds = {(each["standard"], each["max_electric_power"]) for each in connectors}
    return {
        "evses": len(usable),
        "free": len(free),
        "plugs": sorted({each["standard"] for each in connectors}),
        "max_watts": max((each["max_electric_power"] for each in connectors), default=None),
        "tariff_ids": sorted({id_.lower() for each in connectors for id_ in each["tariff_ids"]}),
        "kwh_price": _price(connectors),
        "offers": {kind: sum(_offers(evse, kind) for evse in free) for kind in kinds},
    }


def _offers(evse: dict[str, Any], kind: tuple[str, int]) -> bool:
    return kind in {(each["standard"], each["max_electric_power"]) for each in evse["connectors"]}


def _price(connectors: list[dict[str, Any]]) -> Decimal | None:
    prices = [Decimal(id_[1:]) for each in connectors for id_ in each["tariff_ids"]]
    return min(prices, default=None)


async def _seen(conn: Hot) -> dict[str, Any]:
    cursor = await conn.execute(
        "SELECT evses, free, plugs, max_watts, tariff_ids, kwh_price, offers FROM places"
    )
    row = await cursor.fetchone()
    assert row is not None
    *counted, offers = row
    names = ("evses", "free", "plugs", "max_watts", "tariff_ids", "kwh_price")
    kinds = {(each["standard"], each["watts"]): each["free"] for each in offers}
    return dict(zip(names, counted, strict=True)) | {"offers": kinds}


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_seen_is_what_is_there(emsp_db: Database, seed: int) -> None:
    async with emsp_db.hot() as conn:
        await conn.execute(
            "INSERT INTO tariffs (owner, id, document, kwh_price, currency, last_updated)"
            " SELECT 'nl/cpo', 't' || n, '{}', n, 'EUR', now() FROM generate_series(1, 3) n"
        )
        await _pushed(conn, Pushes(seed), 60)

        assert await _seen(conn) == await _expected(conn)
