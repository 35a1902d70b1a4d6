"""A small site for tests of charging: LOC1 with EVSE1 and EVSE2 at station CS1, EVSE3 at CS2.

Stations speak through `Plugged`, which makes the events that a station's frames become.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from psycopg.types.json import Jsonb

from cpo_adapter import cdrs
from cpo_adapter.authorization import AskOwner
from cpo_adapter.charging import Charging
from cpo_adapter.ocpp.answers import StartAnswer, TransactionAnswer
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    IdToken,
    MeterValuesReceived,
    StatusNotified,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from cpo_adapter.ocpp.meter import ENERGY, Sample, SignedValue
from cpo_adapter.ocpp.version import Version
from cpo_adapter.rules import Rules
from cpo_adapter.settings import CpoSettings
from cpo_adapter.store import tokens, transaction_lists
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Database
from ocpi_hub.peering.store import ddl
from tests import samples

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CARD = "04A1B2C3D4E5F6"
EMS = "de/ems"
STATIONS = {"CS1": ("EVSE1", "EVSE2"), "CS2": ("EVSE3",)}


@dataclass
class Owner:
    """An eMSP that is asked; `answer` is its AuthorizationInfo, an error, or None for silence."""

    answer: Mapping[str, Any] | Exception | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def __call__(self, uid: str, *, type_: str, owner: Any, references: Any) -> Any:
        """What it says."""
        self.asked.append((uid, None if owner is None else owner.key))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Site:
    """The site with its operator's charging, at a time that tests set."""

    db: Database
    owner: Owner = field(default_factory=Owner)
    clock: datetime = NOON

    def __post_init__(self) -> None:
        rules = Rules.of(CpoSettings())
        self.rules = rules
        self.charging = Charging(self.db, rules, lambda: self.clock, self.owner)

    def hurry(self, seconds: float) -> None:
        """Leave eMSPs so long to answer."""
        self.charging = replace(self.charging, rules=replace(self.rules, authorize_timeout=seconds))

    def ask(self, ask: AskOwner) -> None:
        """Ask somebody else."""
        self.charging = replace(self.charging, ask=ask)

    def again(self) -> Site:
        """The same site after a restart."""
        return Site(self.db, self.owner, self.clock)

    async def transactions(self, **filters: Any) -> list[Transaction]:
        """All that has begun, the newest first."""
        async with self.db.hot() as conn:
            return await transaction_lists.listed(conn, limit=5000, **filters)

    async def published(self, module: str) -> list[dict[str, Any]]:
        """What partners see of a module, in the order it was published."""
        async with self.db.hot() as conn:
            rows = await conn.execute(
                "SELECT document FROM published WHERE module = %s ORDER BY created", (module,)
            )
            return [row[0] for row in await rows.fetchall()]

    async def the_session(self) -> dict[str, Any]:
        """The only Session that is published."""
        (session,) = await self.published("sessions")
        return session

    async def bill(self, *, after: timedelta = timedelta(minutes=1)) -> list[dict[str, Any]]:
        """The CDRs once the grace is over."""
        await cdrs.make_due(self.db, rules=self.rules, now=self.clock + after)
        return await self.published("cdrs")


async def open_site(
    db: Database,
    *,
    tariff: Mapping[str, Any] | None = None,
    token: Mapping[str, Any] | None = None,
    location: Mapping[str, Any] | None = None,
    connector: Mapping[str, Any] | None = None,
    stations: Mapping[str, Sequence[str]] = STATIONS,
) -> Site:
    """The site; its connectors give 22 kW, and the card of DE/EMS is known."""
    whole = samples.location(**(location or {}))
    del whole["evses"]
    plug = samples.connector(**(connector or {}))
    async with db.hot_transaction() as conn:
        has = await conn.execute("SELECT to_regclass('published')")
        if (await has.fetchone() or (None,))[0] is None:
            for statement in ddl.CREATE:
                await conn.execute(statement.encode())
        await conn.execute(
            "INSERT INTO locations (id, document) VALUES (%s, %s)", (whole["id"], Jsonb(whole))
        )
        priced = samples.tariff() if tariff is None else dict(tariff)
        priced["id"] = "TARIFF1"
        await conn.execute(
            "INSERT INTO tariffs (id, document) VALUES ('TARIFF1', %s)", (Jsonb(priced),)
        )
        for station_id, evse_uids in stations.items():
            await conn.execute("INSERT INTO stations (id) VALUES (%s)", (station_id,))
            for number, uid in enumerate(evse_uids, start=1):
                document = {"uid": uid, "evse_id": f"NL*CPO*{uid}", "connectors": [plug]}
                await conn.execute(
                    "INSERT INTO evses (uid, location_id, document) VALUES (%s, %s, %s)",
                    (uid, whole["id"], Jsonb(document)),
                )
                await conn.execute(
                    "INSERT INTO plugs (station_id, evse, connector, evse_uid, connector_id)"
                    " VALUES (%s, %s, 1, %s, %s)",
                    (station_id, number, uid, plug["id"]),
                )
        card = samples.token(uid=CARD) if token is None else token
        await tokens.put(conn, EMS, token=card, now=NOON)
    return Site(db)


@dataclass
class Plugged:
    """A station that says what happens at one of its EVSEs; `at` is its clock and the site's."""

    site: Site
    station_id: str = "CS1"
    evse: int = 1
    version: Version = Version.V16
    at: datetime = NOON
    # How much later than it happened a message arrives.
    delay: timedelta = timedelta()
    transaction_id: str | None = None
    seq_no: Any = field(default_factory=count)

    def wait(self, minutes: float = 0, seconds: float = 0) -> None:
        """Time goes by."""
        self.at += timedelta(minutes=minutes, seconds=seconds)

    async def authorize(self, uid: str = CARD) -> str:
        """What Authorize is answered."""
        event = AuthorizeRequested(**self._common("Authorize"), id_token=IdToken(uid))
        return (await self.site.charging.authorized(event)).authorization.status

    async def start(
        self, meter: int | str | None = 0, *, uid: str | None = CARD, **overrides: Any
    ) -> StartAnswer:
        """A transaction begins."""
        answer = await self.site.charging.started(self.start_event(meter, uid=uid, **overrides))
        if answer.transaction_id is not None:
            self.transaction_id = str(answer.transaction_id)
        return answer

    def start_event(
        self, meter: int | str | None = 0, *, uid: str | None = CARD, **overrides: Any
    ) -> TransactionStarted:
        """The event of a start."""
        old = self.version is Version.V16
        if not old and self.transaction_id is None:
            self.transaction_id = "0"
        values = {
            **self._common("StartTransaction" if old else "TransactionEvent"),
            **self._transaction(uid),
            "meter_start": None if not old or meter is None else Decimal(meter),
            "samples": () if old or meter is None else self.register(meter, "Transaction.Begin"),
        }
        if old:
            values["transaction_id"] = None
        return TransactionStarted(**(values | overrides))

    async def update(self, **overrides: Any) -> TransactionAnswer:
        """An event of 2.0.1 in between."""
        return await self.site.charging.updated(self.update_event(**overrides))

    def update_event(self, **overrides: Any) -> TransactionUpdated:
        """The event of an update."""
        values = {**self._common("TransactionEvent"), **self._transaction(None), "samples": ()}
        return TransactionUpdated(**(values | overrides))

    async def measure(self, meter: int | str, **overrides: Any) -> None:
        """MeterValues with the register."""
        values = {
            **self._common("MeterValues"),
            "evse_id": self.evse,
            "connector_id": 1,
            "transaction_id": self.transaction_id if self.version is Version.V16 else None,
            "samples": self.register(meter),
        }
        await self.site.charging.measured(MeterValuesReceived(**(values | overrides)))

    async def say(self, status: str) -> None:
        """A StatusNotification."""
        event = StatusNotified(
            **self._common("StatusNotification"),
            evse_id=self.evse,
            connector_id=1,
            status=status,
            error_code=None,
            info=None,
            vendor_id=None,
            vendor_error_code=None,
        )
        await self.site.charging.phase_reported(event)

    async def stop(self, meter: int | str | None, **overrides: Any) -> TransactionAnswer:
        """A transaction ends."""
        return await self.site.charging.ended(self.stop_event(meter, **overrides))

    def stop_event(self, meter: int | str | None, **overrides: Any) -> TransactionEnded:
        """The event of an end."""
        old = self.version is Version.V16
        values = {
            **self._common("StopTransaction" if old else "TransactionEvent"),
            **self._transaction(CARD if old else None),
            "reason": "Local",
            "meter_stop": None if not old or meter is None else Decimal(meter),
            "samples": () if old or meter is None else self.register(meter, "Transaction.End"),
        }
        return TransactionEnded(**(values | overrides))

    def register(
        self,
        meter: int | str,
        context: str = "Sample.Periodic",
        *,
        at: datetime | None = None,
        measurand: str = ENERGY,
        signed: str | None = None,
    ) -> tuple[Sample, ...]:
        """Samples with the register alone, in Wh."""
        moment = at or self.at
        return (
            Sample(
                at=moment,
                at_text=moment.isoformat(),
                measurand=measurand,
                value=Decimal(meter),
                text=str(meter),
                unit="Wh",
                context=context,
                phase=None,
                location="Outlet",
                signed=None if signed is None else SignedValue(signed, "ECDSA", "OCMF"),
            ),
        )

    def _common(self, action: str) -> dict[str, Any]:
        received = self.at + self.delay
        self.site.clock = max(self.site.clock, received)
        return {
            "station_id": self.station_id,
            "version": self.version,
            "action": action,
            "received_at": received,
            "payload": {},
            "timestamp": self.at,
            "timestamp_text": self.at.isoformat(),
        }

    def _transaction(self, uid: str | None) -> dict[str, Any]:
        return {
            "transaction_id": self.transaction_id,
            "evse_id": self.evse,
            "connector_id": 1,
            "id_token": None if uid is None else IdToken(uid),
            "seq_no": None if self.version is Version.V16 else next(self.seq_no),
        }


def volumes(periods: Sequence[Mapping[str, Any]], kind: str) -> list[Decimal]:
    """The volumes of one dimension, period by period."""
    return [
        each["volume"]
        for period in periods
        for each in period["dimensions"]
        if each["type"] == kind
    ]
