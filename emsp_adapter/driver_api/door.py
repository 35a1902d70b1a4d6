"""Who asks, and what for: the door of the driver API. Nothing of a request is read before that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import OAuth2, SecurityScopes

from emsp_adapter.driver_api.limits import limits_of
from emsp_adapter.office import Office
from emsp_adapter.store import access_tokens
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.node.rest.requests import address_of
from ocpi_hub.node.rest.routes import ExactRoute
from ocpi_hub.node.secrets import hash_token

PREFIX = "/app/v1"
OAUTH2 = "oauth2"

_LONGEST_TOKEN = 512
# What its flows are is known where the API is served.
_oauth2 = OAuth2(scheme_name=OAUTH2, auto_error=False)


class Scope(StrEnum):
    """What an access token may be good for, beside the scopes of OpenID Connect."""

    LOCATIONS = "locations"  # find chargers and prices
    CHARGING = "charging"  # start, stop, reserve, follow
    HISTORY = "history"  # past charges, receipts, statistics
    ACCOUNT = "account"  # profile, cards, plans, payment, notifications
    PROBLEMS = "problems"  # report a problem
    SUPPORT = "support"  # staff only: unlock, answer problems


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. `driver_id` and `locale` are None where an app speaks for itself."""

    client_id: str
    driver_id: str | None
    scopes: frozenset[str]
    token_hash: bytes
    locale: str | None

    @property
    def name(self) -> str:
        """For the audit."""
        return f"client:{self.client_id}" if self.driver_id is None else f"driver:{self.driver_id}"


def office_of(request: Request) -> Office:
    """The parts of the adapter that serves this request."""
    return cast("Office", request.app.state.office)


def locale_of(request: Request) -> str:
    """The language of the driver who asks; English where nobody is known."""
    asker: Asker | None = getattr(request.state, "asker", None)
    return "en" if asker is None or asker.locale is None else asker.locale


class DriverRoute(ExactRoute):
    """A route behind the door: `router = APIRouter(route_class=DriverRoute)`."""

    most_bytes = 64_000

    async def admit(self, request: Request) -> None:
        """Who comes with a good access token, so often."""
        request.state.asker = await _admitted(request)


class RoomyRoute(DriverRoute):
    """The same for what is long: many cards at once, what support writes."""

    most_bytes = 256_000


def _challenge(error: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer error="{error}"'}


async def _admitted(request: Request) -> Asker:
    """Who asks, within what its token may ask for; refusals are counted by address."""
    limits = limits_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    try:
        asker = await _asker(office_of(request), kind, token)
    except Problem:
        limits.strangers.admit(address_of(request))
        raise
    limits.tokens.admit(token)
    return asker


async def _asker(office: Office, kind: str, token: str) -> Asker:
    if kind.lower() != "bearer" or not token:
        raise Problem(
            401,
            "expected Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        )
    found, hashed = None, hash_token(token)
    if len(token) <= _LONGEST_TOKEN:
        async with office.db.hot() as conn:
            found = await access_tokens.find(conn, hashed, now=office.now())
    if found is None:
        raise Problem(
            401,
            "the access token is not known, has expired or was revoked",
            headers=_challenge("invalid_token"),
        )
    return Asker(
        found.client_id, found.driver_id, frozenset(found.scope.split()), hashed, found.locale
    )


async def _asker_with(
    request: Request, needed: SecurityScopes, _: Annotated[object, Depends(_oauth2)]
) -> Asker:
    asker = cast("Asker", request.state.asker)
    for scope in needed.scopes:
        if scope not in asker.scopes:
            raise _lacking(scope)
    return asker


def _lacking(scope: str) -> Problem:
    challenge = _challenge("insufficient_scope")
    return Problem(403, f"this needs the scope {scope}", headers=challenge)


async def _driver_with(asker: Annotated[Asker, Depends(_asker_with)]) -> str:
    return _driver(asker)


async def _follower_with(
    request: Request, needed: SecurityScopes, _: Annotated[object, Depends(_oauth2)]
) -> str:
    asker = cast("Asker", request.state.asker)
    if not asker.scopes & {*needed.scopes, Scope.HISTORY}:
        raise _lacking(needed.scopes[0])
    return _driver(asker)


def _driver(asker: Asker) -> str:
    if asker.driver_id is None:
        raise Problem(403, "this needs the access token of a driver, not of an app alone")
    return asker.driver_id


# Of a route that is told of a place elsewhere than in its path: there may be no such place.
NAMES_A_PLACE: dict[int | str, dict[str, Any]] = {404: {}}

# What a route asks for: the parts, an asker with a scope, or the id of a driver with a scope.
At = Annotated[Office, Depends(office_of)]
Finder = Annotated[Asker, Security(_asker_with, scopes=[Scope.LOCATIONS])]
Staff = Annotated[Asker, Security(_asker_with, scopes=[Scope.SUPPORT])]
Charging = Annotated[str, Security(_driver_with, scopes=[Scope.CHARGING])]
# Who starts charges may look at one, and so may who sees past ones.
Following = Annotated[str, Security(_follower_with, scopes=[Scope.CHARGING])]
History = Annotated[str, Security(_driver_with, scopes=[Scope.HISTORY])]
Account = Annotated[str, Security(_driver_with, scopes=[Scope.ACCOUNT])]
Problems = Annotated[str, Security(_driver_with, scopes=[Scope.PROBLEMS])]
