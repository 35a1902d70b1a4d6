"""Each row of the module table as a request: who makes it, at which URL, with which valid body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from ocpi_hub.protocol.modules import CONFIGURATION, FUNCTIONAL, VERSION, Kind, Operation
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.urls import segment
from ocpi_hub.protocol.v2_2_1 import (
    cdrs,
    charging_profiles,
    commands,
    credentials,
    locations,
    sessions,
    tariffs,
    tokens,
)
from tests import samples

# What the hub serves: it sends HubClientInfo and never receives it.
SERVED = (*FUNCTIONAL, *(row for row in CONFIGURATION if row.interface is Interface.SENDER))
WITH_BODY = tuple(row for row in SERVED if row.body is not None)

Sample = Callable[..., dict[str, Any]]

_SAMPLES: Mapping[type[BaseModel], Sample] = {
    locations.Location: samples.location,
    locations.EVSE: samples.evse,
    locations.Connector: samples.connector,
    sessions.Session: samples.session,
    sessions.ChargingPreferences: samples.charging_preferences,
    cdrs.CDR: samples.cdr,
    tariffs.Tariff: samples.tariff,
    tokens.Token: samples.token,
    tokens.LocationReferences: samples.location_references,
    commands.CancelReservation: samples.cancel_reservation,
    commands.ReserveNow: samples.reserve_now,
    commands.StartSession: samples.start_session,
    commands.StopSession: samples.stop_session,
    commands.UnlockConnector: samples.unlock_connector,
    commands.CommandResult: samples.command_result,
    charging_profiles.SetChargingProfile: samples.set_charging_profile,
    charging_profiles.ActiveChargingProfile: samples.active_charging_profile,
    charging_profiles.ActiveChargingProfileResult: samples.active_charging_profile_result,
    charging_profiles.ChargingProfileResult: samples.profile_result,
    charging_profiles.ClearProfileResult: samples.profile_result,
    credentials.Credentials: samples.credentials,
}

IDS = {
    "location_id": "LOC1",
    "evse_uid": "EVSE1",
    "connector_id": "1",
    "tariff_id": "TARIFF1",
    "token_uid": "04A1B2C3D4E5F6",
    "session_id": "SESSION1",
    "cdr_reference": "no-such-reference",
    "command": "START_SESSION",
    "result_id": "no-such-result",
}


def sample(operation: Operation, **overrides: Any) -> dict[str, Any]:
    """A valid body for the row."""
    assert operation.body is not None
    return _SAMPLES[operation.body](**overrides)


def caller_role(operation: Operation) -> Role:
    """The role that speaks in these tests: the CPO where it may, else the eMSP."""
    return Role.CPO if Role.CPO in operation.callers else Role.EMSP


def path(operation: Operation, owner: str = "", **ids: str) -> str:
    """The path below /ocpi; `owner` is like NL/CPO, for rows that have one in their URL."""
    country_code, _, party_id = owner.partition("/")
    given = IDS | {"country_code": country_code, "party_id": party_id} | ids
    below = [
        segment(given[step[1:-1]]) if step.startswith("{") else step for step in operation.segments
    ]
    side = "" if operation.kind is Kind.CONFIG else f"/{operation.interface.lower()}"
    return "/".join([f"{side}/{VERSION}/{operation.module}", *below])


def owned(operation: Operation) -> bool:
    """Whether the URL names the owner."""
    return "{country_code}" in operation.segments


def names_owner(operation: Operation) -> bool:
    """Whether the body of a pushed object names its owner."""
    pushed = operation.kind in (Kind.WRITE, Kind.EVENT)
    return pushed and operation.body is not None and "party_id" in operation.body.model_fields
