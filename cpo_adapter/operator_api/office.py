"""What the routes of the operator API work with, and who may use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, cast

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from cpo_adapter.errands import Errands
from cpo_adapter.frames import FrameRecorder
from cpo_adapter.ocpp.registry import Registry
from cpo_adapter.reservations import Reservations
from cpo_adapter.rules import Rules
from cpo_adapter.settings import CpoSettings
from cpo_adapter.store import operator_tokens, stations
from cpo_adapter.store.operator_tokens import Operator, Role
from cpo_adapter.store.stations import Station
from cpo_adapter.uploads import Drop
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.node.rest.requests import exact
from ocpi_hub.node.secrets import Vault, hash_token

PREFIX = "/operator/v1"

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_bearer = HTTPBearer(auto_error=False, description="Made by `cpo-adapter operator token`.")


@dataclass(frozen=True, slots=True)
class Office:
    """The parts of the adapter that operators reach; `poke` says that partners may be told."""

    settings: CpoSettings
    db: Database
    rules: Rules
    registry: Registry
    frames: FrameRecorder
    errands: Errands
    reservations: Reservations
    drop: Drop
    vault: Vault
    server_key: bytes
    now: Callable[[], datetime]
    poke: Callable[[], None]


def office_of(request: Request) -> Office:
    """The parts of the adapter that serves this request."""
    return cast("Office", request.app.state.office)


async def known_station(conn: Hot, station_id: str) -> Station:
    """The station, or 404."""
    found = await stations.find(conn, station_id)
    if found is None:
        raise Problem(404, f"station {station_id!r} is not known")
    return found


class OperatorRoute(APIRoute):
    """A route for operators: nothing of a request is read before it is known whose it is."""

    most_bytes: ClassVar[int] = 512_000

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the door."""
        handle = super().get_route_handler()

        async def behind_the_door(request: Request) -> Response:
            request.state.operator = await _operator(request)
            return await handle(exact(request, most=self.most_bytes))

        return behind_the_door


class ImportRoute(OperatorRoute):
    """A route that takes all Locations or Tariffs of an operator at once."""

    most_bytes = 10_000_000


async def _operator(request: Request) -> Operator:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Problem(401, "expected Authorization: Bearer TOKEN", headers=_CHALLENGE)
    async with office_of(request).db.hot() as conn:
        found = await operator_tokens.find(conn, hash_token(token.strip()))
    if found is None:
        raise Problem(401, "the token is not known, or was revoked", headers=_CHALLENGE)
    return found


def _at_least(role: Role) -> Callable[..., Awaitable[Operator]]:
    async def allowed(request: Request, _: Annotated[object, Depends(_bearer)]) -> Operator:
        operator = cast("Operator", request.state.operator)
        if not operator.role.covers(role):
            raise Problem(403, f"this needs the role {role.value}, the token has {operator.role}")
        return operator

    return allowed


# What a route asks for.
At = Annotated[Office, Depends(office_of)]
Reader = Annotated[Operator, Depends(_at_least(Role.READ))]
Worker = Annotated[Operator, Depends(_at_least(Role.OPERATE))]
Admin = Annotated[Operator, Depends(_at_least(Role.ADMIN))]
