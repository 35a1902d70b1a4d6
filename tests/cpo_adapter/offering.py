"""What tests of the inventory and of statuses share: a site with two EVSEs, and its reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cpo_adapter import inventory, stations, statuses
from cpo_adapter.ocpp.events import StatusNotified
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import PlugSpec, parse_plug
from cpo_adapter.skew import Skews
from cpo_adapter.stations import NewStation
from cpo_adapter.store import evses
from cpo_adapter.store import stations as station_rows
from cpo_adapter.store.evses import Evse
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.party import Party
from tests import samples

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=1.5)
PARTY = Party("NL", "CPO")
SERVER_KEY = b"k" * 32
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Clock:
    """A clock that a test sets."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        """Now."""
        return self.at

    def forward(self, by: timedelta) -> None:
        """Some time goes by."""
        self.at += by


def location(*uids: str, **overrides: Any) -> dict[str, Any]:
    """LOC1 with EVSEs of these uids."""
    return samples.location(evses=[evse(uid) for uid in uids]) | overrides


def evse(uid: str, **overrides: Any) -> dict[str, Any]:
    """An EVSE as the operator writes it: its status and capabilities are not his to say."""
    found = samples.evse(uid=uid) | overrides
    return {name: value for name, value in found.items() if name not in ("capabilities", "status")}


async def offered(db: Database, *documents: dict[str, Any]) -> inventory.Imported:
    """Imports Locations."""
    async with db.hot_transaction() as conn:
        return await inventory.import_locations(conn, documents, party=PARTY, now=NOW)


async def mapped(
    db: Database, station_id: str, *plugs: str, shared_outlet: bool = False
) -> str | None:
    """Adds a station whose plugs are these."""
    specs: list[PlugSpec] = [parse_plug(text) for text in plugs]
    new = NewStation(id=station_id, plugs=specs, shared_outlet=shared_outlet)
    async with db.hot_transaction() as conn:
        return await stations.add(conn, new, server_key=SERVER_KEY, now=NOW)


async def site(db: Database, *, shared_outlet: bool = False) -> None:
    """LOC1 with EVSE1 and EVSE2, the plugs of CS1, which last spoke 1.6."""
    await offered(db, location("EVSE1", "EVSE2"))
    await mapped(db, "CS1", "EVSE1", "EVSE2", shared_outlet=shared_outlet)


def notice(
    evse_id: int | None, status: str | None, *, at: datetime = NOW, **overrides: Any
) -> StatusNotified:
    """A StatusNotification of connector 1 of an EVSE of CS1, received when it was sent."""
    values: Mapping[str, Any] = {
        "station_id": "CS1",
        "version": Version.V16,
        "action": "StatusNotification",
        "received_at": at,
        "payload": {},
        "timestamp": at,
        "evse_id": evse_id,
        "connector_id": 1 if evse_id else 0,
        "status": status,
        "error_code": "NoError",
        "info": None,
        "vendor_id": None,
        "vendor_error_code": None,
    }
    return StatusNotified(**{**values, **overrides})


async def said(db: Database, *events: StatusNotified, skews: Skews | None = None) -> None:
    """Applies reports, each in a transaction of its own."""
    shared = skews or Skews()
    for event in events:
        async with db.hot_transaction() as conn:
            await statuses.notified(conn, event, skews=shared, now=event.received_at, settle=SETTLE)


async def evse_row(db: Database, uid: str = "EVSE1") -> Evse:
    """An EVSE's row."""
    async with db.hot() as conn:
        return (await evses.named(conn, [uid]))[0]


async def station_row(db: Database, station_id: str = "CS1") -> station_rows.Station:
    """A station's row."""
    async with db.hot() as conn:
        found = await station_rows.find(conn, station_id)
    assert found is not None
    return found


async def published(db: Database, module: str = "locations") -> dict[tuple[str, str], Any]:
    """What partners are told, by folded id and sub."""
    async with db.hot() as conn:
        rows = await conn.execute(
            "SELECT id, sub, document FROM published WHERE module = %s AND NOT deleted", (module,)
        )
        return {(id_, sub): document for id_, sub, document in await rows.fetchall()}


async def executed(db: Database, statement: str, *values: object) -> None:
    """Runs a statement, for what other parts of the adapter would have written."""
    async with db.hot() as conn:
        await conn.execute(statement.encode(), values)
