"""A scenario file: the stations of a simulation, and what happens at each, step by step."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cpo_adapter.simulator.connector import Outlet
from cpo_adapter.simulator.station import Spec
from cpo_adapter.simulator.vehicle import Model
from cpo_adapter.simulator.versions import VERSIONS, VersionName
from ocpi_hub.service.refusals import Refusal

# OCPP's identifierString, and what else stations have in their ids.
StationName = Annotated[str, Field(pattern=r"^[A-Za-z0-9*_=:+|@.-]{1,48}$")]
Key = Annotated[str, Field(min_length=1, max_length=40)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Kilo = Annotated[Decimal, Field(gt=0, le=1000, decimal_places=3)]

ErrorCode = Literal[
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "OtherError",
    "OverCurrentFailure",
    "OverVoltage",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "WeakSignal",
]


class ScenarioError(Refusal):
    """A scenario file cannot be used; the text names the place in it."""

    exit_code = 64


class ScenarioFailed(Refusal):
    """A step of a scenario waited for something that did not come."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ConnectorModel(_Model):
    """A connector of a station."""

    power_kw: Kilo = Decimal(11)
    phases: Literal[1, 3] = 3
    current: Literal["AC", "DC"] = "AC"

    def outlet(self) -> Outlet:
        """The connector as a station has it."""
        return Outlet(int(self.power_kw * 1000), self.phases, self.current == "DC")


class _Step(_Model):
    """Something that happens `at` so many seconds after the beginning, or else right after the
    step before it."""

    at: Seconds | None = None


class _AtConnector(_Step):
    connector: Annotated[int, Field(ge=1)] = 1


class Plug(_AtConnector):
    """A vehicle is plugged in."""

    do: Literal["plug"]
    battery_kwh: Kilo = Decimal(60)
    charged: Annotated[int, Field(ge=0, le=100)] = 40
    ac_kw: Kilo = Decimal(11)
    dc_kw: Kilo = Decimal(100)

    def model(self) -> Model:
        """The vehicle."""
        battery, alternating, direct = (
            int(kilo * 1000) for kilo in (self.battery_kwh, self.ac_kw, self.dc_kw)
        )
        return Model(battery, alternating, direct)


class Swipe(_AtConnector):
    """A card is shown."""

    do: Literal["swipe"]
    uid: Annotated[str, Field(min_length=1, max_length=36)]


class RemoteStart(_AtConnector):
    """A remote start is expected; the scenario fails without one."""

    do: Literal["remote_start"]
    within: Seconds = 120


class Charge(_AtConnector):
    """The vehicle charges for a while."""

    do: Literal["charge"]
    seconds: Seconds


class Stop(_AtConnector):
    """The transaction is ended at the station."""

    do: Literal["stop"]


class Unplug(_AtConnector):
    """The vehicle is unplugged."""

    do: Literal["unplug"]


class Fault(_AtConnector):
    """The connector breaks down."""

    do: Literal["fault"]
    error: ErrorCode = "InternalError"


class Recover(_AtConnector):
    """It works again."""

    do: Literal["recover"]


class Drop(_Step):
    """The connection to the central system is lost."""

    do: Literal["drop"]


class Return(_Step):
    """The connection can be made again."""

    do: Literal["return"]


Step = Annotated[
    Plug | Swipe | RemoteStart | Charge | Stop | Unplug | Fault | Recover | Drop | Return,
    Field(discriminator="do"),
]


class StationModel(_Model):
    """A station; without steps it lives a day like any other. Without `visitors` nobody comes by
    himself on such a day, only who has started by app."""

    name: StationName
    key: Key
    protocol: VersionName = "1.6"
    connectors: Annotated[tuple[ConnectorModel, ...], Field(min_length=1, max_length=20)] = (
        ConnectorModel(),
    )
    visitors: bool = True
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        latest = 0.0
        for number, step in enumerate(self.steps):
            self._check(step, f"steps.{number}")
            if step.at is not None:
                if step.at < latest:
                    raise ValueError(f"steps.{number}.at: {step.at:g} is before an earlier step")
                latest = step.at
        return self

    def _check(self, step: Step, place: str) -> None:
        connectors, longest = len(self.connectors), VERSIONS[self.protocol].token_length
        if isinstance(step, _AtConnector) and step.connector > connectors:
            raise ValueError(f"{place}.connector: {step.connector}, expected at most {connectors}")
        if isinstance(step, Swipe) and len(step.uid) > longest:
            raise ValueError(
                f"{place}.uid: OCPP {self.protocol} has at most {longest} characters for it"
            )

    def spec(self) -> Spec:
        """What the station is."""
        return Spec(self.name, self.key, tuple(each.outlet() for each in self.connectors))


class Scenario(_Model):
    """All stations of a simulation."""

    stations: Annotated[tuple[StationModel, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [station.name for station in self.stations]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"stations: two are called {twice}")
        return self


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file, or ScenarioError."""
    try:
        return Scenario.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        reasons = "; ".join(_sentence(dict(each)) for each in error.errors())
        raise ScenarioError(f"{path}: {reasons}") from error


def _sentence(error: dict[str, object]) -> str:
    location = error["loc"]
    place = ".".join(map(str, location)) if isinstance(location, tuple) else ""
    unknown = error["type"] == "extra_forbidden"
    message = "no field here has this name" if unknown else _message(error)
    return f"{place}: {message}" if place else message


def _message(error: dict[str, object]) -> str:
    return str(error["msg"]).removeprefix("Value error, ")
