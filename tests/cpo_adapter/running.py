"""An adapter on a real socket, with an eMSP registered at it and stations connected to it.

LOC1 has EVSE1 and EVSE2 at station CS1, and EVSE3 at CS2; all of it costs 0.30 a kWh.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from cpo_adapter import inventory, stations
from cpo_adapter.app import CpoApp, Parts
from cpo_adapter.ocpp.ports import SecurityProfile
from cpo_adapter.plugs import parse_plug
from cpo_adapter.settings import CpoSettings
from cpo_adapter.stations import NewStation
from ocpi_hub.node.engine import Database
from tests import samples
from tests.chargers import Answer, Charger, Transaction, charger, variables
from tests.cpo_adapter.offering import NOW, PARTY, evse, location
from tests.hub.commands import KEY
from tests.parties import Received, RecordingParty
from tests.partners import eventually
from tests.pricing.cases import element, tariff
from tests.serving import free_port, serving

PLUGS = {"CS1": ("EVSE1", "EVSE2"), "CS2": ("EVSE3",)}
PER_KWH = tariff([element("ENERGY 0.30")])
_VARIABLES = {
    "ReservationCtrlr.Available": "true",
    "SmartChargingCtrlr.Available": "true",
    "SmartChargingCtrlr.RateUnit": "A,W",
}


def _keys(**keys: str) -> dict[str, Answer]:
    listed = [{"key": key, "readonly": True, "value": value} for key, value in keys.items()]
    return {"GetConfiguration": {"configuration_key": listed, "unknown_key": []}}


# What stations say of themselves after a boot: that they can reserve and charge by profiles.
ABLE: dict[str, dict[str, Answer]] = {
    "1.6": _keys(SupportedFeatureProfiles="Core,Reservation,SmartCharging"),
    "2.0.1": {"GetVariables": lambda asked: variables(asked, _VARIABLES)},
}
CORE_ONLY = _keys(SupportedFeatureProfiles="Core")


@dataclass
class Adapter:
    """The adapter at `url`, which a test can stop and start again."""

    url: str
    database_url: str
    settings: CpoSettings
    app: CpoApp = field(init=False)
    _served: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def parts(self) -> Parts:
        """What it is made of."""
        assert self.app.running is not None
        return self.app.running

    @property
    def db(self) -> Database:
        """Its database."""
        return self.parts.db

    @property
    def stations_url(self) -> str:
        """Where stations connect."""
        return f"{self.url.replace('http', 'ws', 1)}/ocpp"

    async def start(self) -> None:
        """Serve it where it says it is."""
        self.app = CpoApp(self.settings, self.database_url, KEY)
        self._served = AsyncExitStack()
        port = urlsplit(self.url).port
        assert port is not None
        await self._served.enter_async_context(serving(self.app, port))

    async def stop(self) -> None:
        """From now on nobody listens."""
        await self._served.aclose()

    async def row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """The first row of a question to its database."""
        async with self.db.hot() as conn:
            found = await conn.execute(statement.encode(), values)
            return await found.fetchone()

    async def price(self, priced: dict[str, Any]) -> None:
        """From now on TARIFF1 is this."""
        async with self.db.hot_transaction() as conn:
            await inventory.import_tariffs(conn, [priced | {"id": "TARIFF1"}], party=PARTY, now=NOW)

    async def can(self, evse_uid: str, capability: str) -> None:
        """The operator says that an EVSE can do something."""
        capable = evse(evse_uid) | {"capabilities": [capability]}
        evses = [
            capable if uid == evse_uid else evse(uid) for plugs in PLUGS.values() for uid in plugs
        ]
        async with self.db.hot_transaction() as conn:
            await inventory.import_locations(
                conn, [location() | {"evses": evses}], party=PARTY, now=NOW
            )

    @asynccontextmanager
    async def station(
        self,
        station_id: str = "CS1",
        *,
        version: str = "1.6",
        answers: Mapping[str, Answer] | None = None,
    ) -> AsyncIterator[Charger]:
        """A station that has booted, was asked what it can do, and is free."""
        async with charger(self.stations_url, station_id, version=version) as found:
            found.answers |= ABLE[version] if answers is None else answers
            await found.boot()
            await self.knows(station_id)
            for number, _ in enumerate(PLUGS[station_id], start=1):
                await found.status("Available", connector=number)
            yield found

    async def knows(self, station_id: str) -> None:
        """Waits until the station has said what it can do."""

        async def asked() -> bool:
            row = await self.row("SELECT configuration FROM stations WHERE id = %s", station_id)
            return row is not None and bool(row[0])

        await eventually(asked)


@asynccontextmanager
async def adapter(database_url: str, **settings: Any) -> AsyncIterator[Adapter]:
    """A running adapter with its site, quick where a person would wait."""
    port = free_port()
    quick = {
        "status_settle": 0.05,
        "billing_grace": 0.2,
        "session_interval": 0.1,
        "call_timeout": 3.0,
        "command_timeout": 3.0,
    }
    url = f"http://127.0.0.1:{port}"
    made = Adapter(
        url,
        database_url,
        CpoSettings(port=port, public_url=url, allow_private_networks=True, **(quick | settings)),
    )
    await made.start()
    try:
        await furnish(made)
        yield made
    finally:
        await made.stop()


async def furnish(made: Adapter) -> None:
    """The Location, its Tariff, and the stations."""
    evses = [evse(uid) for plugs in PLUGS.values() for uid in plugs]
    await made.price(PER_KWH)
    async with made.db.hot_transaction() as conn:
        await inventory.import_locations(
            conn, [location() | {"evses": evses}], party=PARTY, now=NOW
        )
        for station_id, plugs in PLUGS.items():
            new = NewStation(
                id=station_id,
                plugs=[parse_plug(text) for text in plugs],
                security_profile=SecurityProfile.NONE,
            )
            await stations.add(conn, new, server_key=made.parts.server_key, now=NOW)


@dataclass
class Emsp:
    """DE/EMS, registered at the adapter: what it asks, and what it has heard."""

    party: RecordingParty
    _numbers: Any = field(default_factory=lambda: count(1))

    async def command(self, kind: str, *, to: str | None = None, **body: Any) -> Command:
        """A command, and what it is answered at once."""
        path = f"/results/{kind.lower()}/{next(self._numbers)}"
        asked = body | {"response_url": f"{self.party.url}/ocpi{path}"}
        response = await self.party.call("POST", "receiver", "commands", kind, asked, to=to)
        return Command(self, path, response.status_code, response.json())

    async def start(self, **body: Any) -> Command:
        """START_SESSION of an app's driver at EVSE1."""
        return await self.command(
            "START_SESSION",
            **({"token": APP_USER, "location_id": "LOC1", "evse_uid": "EVSE1"} | body),
        )

    async def profile(
        self, method: str, session_id: str, body: Any = None, query: str = ""
    ) -> Command:
        """A charging profile is set, read or cleared."""
        path = f"/results/{method.lower()}/{next(self._numbers)}"
        url = f"{self.party.url}/ocpi{path}"
        asked = None if body is None else body | {"response_url": url}
        if body is None:
            query = f"?{query}&response_url={url}" if query else f"?response_url={url}"
        response = await self.party.call(
            method, "receiver", "chargingprofiles", f"{session_id}{query}", asked
        )
        return Command(self, path, response.status_code, response.json())

    def sessions(self) -> list[dict[str, Any]]:
        """Every Session it was told, in that order."""
        return [each.json for each in self.party.of("PUT", "/receiver/sessions")]

    def statuses(self, session_id: str | None = None) -> list[str]:
        """The statuses of a session, or of all, each once in a row."""
        said = [each["status"] for each in self.sessions() if session_id in (None, each["id"])]
        return [each for before, each in zip([None, *said], said, strict=False) if each != before]

    async def session(self, status: str, session_id: str | None = None) -> dict[str, Any]:
        """The newest Session once it has this status."""

        def found() -> list[dict[str, Any]]:
            return [
                each
                for each in self.sessions()
                if each["status"] == status and session_id in (None, each["id"])
            ]

        await eventually(lambda: bool(found()))
        return found()[-1]

    async def cdr(self) -> dict[str, Any]:
        """The only CDR, once it is there."""
        await eventually(lambda: bool(self.party.of("POST", "/receiver/cdrs")))
        (posted,) = self.party.of("POST", "/receiver/cdrs")
        return dict(posted.json)


@dataclass(frozen=True)
class Command:
    """What was asked, as it was answered at once."""

    emsp: Emsp
    path: str
    http_status: int
    answer: dict[str, Any]

    @property
    def code(self) -> tuple[int, int]:
        """HTTP status and OCPI code."""
        return self.http_status, self.answer["status_code"]

    @property
    def response(self) -> str:
        """The CommandResponse, or the ChargingProfileResponse."""
        return str(self.answer["data"]["result"])

    def results(self) -> list[Received]:
        """Every result so far."""
        return self.emsp.party.of("POST", self.path)

    async def result(self) -> str:
        """The first result."""
        return str((await self.whole_result())["result"])

    async def whole_result(self) -> dict[str, Any]:
        """The first result, with all it says."""
        await eventually(lambda: bool(self.results()))
        return dict(json.loads(self.results()[0].body, parse_float=Decimal))


@asynccontextmanager
async def scene(
    database_url: str, *, version: str = "1.6", **settings: Any
) -> AsyncIterator[tuple[Adapter, Emsp, Charger]]:
    """The adapter, an eMSP, and CS1 connected and free."""
    async with (
        adapter(database_url, **settings) as cpo,
        emsp(cpo) as ems,
        cpo.station(version=version) as station,
    ):
        yield cpo, ems, station


async def plugged_in(station: Charger, *, meter: int = 0, **fields: Any) -> Transaction:
    """The driver plugs in: the transaction that the station was asked to start last."""
    (action,) = {"RemoteStartTransaction", "RequestStartTransaction"} & set(
        dir(station.package.call)
    )
    await station.expect(action)
    asked = station.asked(action)[-1]
    if action == "RemoteStartTransaction":
        return await station.start(asked["id_tag"], meter=meter, **fields)
    number = asked["remote_start_id"]
    uid = asked["id_token"]["id_token"]
    return await station.start(uid, meter=meter, remote_start_id=number, **fields)


async def charging(ems: Emsp, station: Charger, **body: Any) -> tuple[dict[str, Any], Transaction]:
    """A session that an app has started at EVSE1, and the station's transaction."""
    started = await ems.start(**body)
    assert await started.result() == "ACCEPTED"
    transaction = await plugged_in(station)
    return await ems.session("ACTIVE"), transaction


APP_USER = samples.token(uid="0b7b6b3e-0a4c-4f7b-9f0c-3a1d5e2f7c11", type="APP_USER")


@asynccontextmanager
async def emsp(
    to: Adapter,
    *,
    name: str = "emsp",
    roles: str = "DE/EMS/EMSP",
    tokens: Sequence[dict[str, Any]] = (),
    more: tuple[str, ...] = (),
) -> AsyncIterator[Emsp]:
    """An eMSP that the adapter has registered at; `tokens` are there to be read, and it takes
    `more` modules than the usual ones."""
    port = free_port()
    party = RecordingParty(url=f"http://127.0.0.1:{port}", roles=[roles])
    party.receivers += more
    party.hub_versions_url = f"{to.url}/ocpi/versions"
    party.lists["tokens"] = list(tokens)
    async with serving(party, port):
        try:
            await to.parts.side.registrar.connect(
                name, versions_url=f"{party.url}/ocpi/versions", token=party.token
            )
            yield Emsp(party)
        finally:
            party.released.set()
