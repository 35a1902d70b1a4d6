"""The module table: every operation of OCPI 2.2.1, once.

From it come the routes, the version details, the OpenAPI document, docs/modules.md, the paths a
client builds, what is broadcast, what needs which role, and the parametrised tests. A module is
rows of this table, never a file of its own. Source: 2.2.1, the method tables of the module
chapters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from pydantic import BaseModel

from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.v2_2_1 import (
    cdrs,
    charging_profiles,
    commands,
    hub_client_info,
    locations,
    sessions,
    tariffs,
    tokens,
)
from ocpi_hub.protocol.v2_2_1 import credentials as credentials_

VERSION = "2.2.1"

SENDER = Interface.SENDER
RECEIVER = Interface.RECEIVER


class Kind(StrEnum):
    """The whole of a hub's behaviour towards an operation."""

    LIST = "list"  # a paginated GET
    READ = "read"  # a GET of one object
    WRITE = "write"  # a client-owned object that may be broadcast
    EVENT = "event"  # something between two parties that the hub keeps or passes on
    CALL = "call"  # a question that only the other party can answer
    CALLBACK = "callback"  # the later result of a call
    CONFIG = "config"  # between two platforms, never routed


class ResponseUrl(StrEnum):
    """Where a call carries the URL for its later result."""

    BODY = "body"
    QUERY = "query"


# 4.1.8.3 names CPO to eMSP, NSP and OTHER; NAP and SCSP follow the table of roles in the
# terminology chapter (checklist RTE-10, RTE-11).
_CPO = frozenset({Role.CPO})
_EMSP = frozenset({Role.EMSP})
_PUBLIC = frozenset({Role.EMSP, Role.NSP, Role.OTHER, Role.NAP})
_SESSION_READERS = frozenset({Role.EMSP, Role.SCSP})
_ISSUERS = frozenset({Role.EMSP, Role.OTHER})


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `callers` may send it, `receivers` are addressed by it.

    `path` holds the segments after the endpoint, `{name}` for a parameter; `body` and `data` are
    the models of request and answer. `broadcast` tells whether a hub shares it with everybody.
    """

    module: str
    interface: Interface
    method: str
    path: str
    kind: Kind
    callers: frozenset[Role] = frozenset()
    receivers: frozenset[Role] = frozenset()
    body: type[BaseModel] | None = None
    body_optional: bool = False
    data: type[BaseModel] | None = None
    broadcast: bool = False
    response_url: ResponseUrl | None = None
    large: bool = False
    query: tuple[str, ...] = ()

    @property
    def segments(self) -> tuple[str, ...]:
        """The path cut into segments."""
        return _cut(self.path)

    @property
    def patch(self) -> bool:
        """Whether the body holds only what changed."""
        return self.method == "PATCH"

    @property
    def paged(self) -> bool:
        """Whether its answer is a page of a list."""
        return self.query == _PAGE

    @property
    def operation_id(self) -> str:
        """A name that no other row has."""
        level = "_".join(s.strip("{}") for s in self.segments if s not in _OWNER)
        return "_".join(
            p for p in (self.interface.lower(), self.method.lower(), self.module, level) if p
        )


@cache
def _cut(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


_OWNER = ("{country_code}", "{party_id}")
_OWNED = "{country_code}/{party_id}/"
_PAGE = ("date_from", "date_to", "offset", "limit")


def _list(
    module: str, data: type[BaseModel] | None, callers: frozenset[Role], owners: frozenset[Role]
) -> Operation:
    return Operation(module, SENDER, "GET", "", Kind.LIST, callers, owners, data=data, query=_PAGE)


def _owned(
    module: str,
    path: str,
    model: type[BaseModel],
    *,
    methods: tuple[str, ...],
    kind: Kind,
    owners: frozenset[Role],
    others: frozenset[Role],
    query: tuple[str, ...] = (),
    large: bool = False,
) -> tuple[Operation, ...]:
    """The Receiver interface of a client-owned object: its owner calls, the others are called."""
    return tuple(
        Operation(
            module,
            RECEIVER,
            method,
            _OWNED + path,
            Kind.READ if method == "GET" else kind,
            owners,
            others,
            body=model if method in ("PUT", "PATCH") else None,
            data=model if method == "GET" else None,
            broadcast=kind is Kind.WRITE and method != "GET",
            query=query,
            large=large,
        )
        for method in methods
    )


_LOCATION_LEVELS = (
    ("{location_id}", locations.Location),
    ("{location_id}/{evse_uid}", locations.EVSE),
    ("{location_id}/{evse_uid}/{connector_id}", locations.Connector),
)

_LOCATIONS = (
    _list("locations", locations.Location, _PUBLIC, _CPO),
    *(
        Operation("locations", SENDER, "GET", path, Kind.READ, _PUBLIC, _CPO, data=model)
        for path, model in _LOCATION_LEVELS
    ),
    *(
        row
        for path, model in _LOCATION_LEVELS
        for row in _owned(
            "locations",
            path,
            model,
            methods=("GET", "PUT", "PATCH"),
            kind=Kind.WRITE,
            owners=_CPO,
            others=_PUBLIC,
            large=True,
        )
    ),
)

_TARIFFS = (
    _list("tariffs", tariffs.Tariff, _PUBLIC, _CPO),
    Operation(
        "tariffs", SENDER, "GET", "{tariff_id}", Kind.READ, _PUBLIC, _CPO, data=tariffs.Tariff
    ),
    *_owned(
        "tariffs",
        "{tariff_id}",
        tariffs.Tariff,
        methods=("GET", "PUT", "DELETE"),
        kind=Kind.WRITE,
        owners=_CPO,
        others=_PUBLIC,
    ),
)

_TOKENS = (
    _list("tokens", tokens.Token, _CPO, _ISSUERS),
    Operation(
        "tokens",
        SENDER,
        "POST",
        "{token_uid}/authorize",
        Kind.CALL,
        _CPO,
        _ISSUERS,
        body=tokens.LocationReferences,
        body_optional=True,
        data=tokens.AuthorizationInfo,
        query=("type",),
    ),
    *_owned(
        "tokens",
        "{token_uid}",
        tokens.Token,
        methods=("GET", "PUT", "PATCH"),
        kind=Kind.WRITE,
        owners=_ISSUERS,
        others=_CPO,
        query=("type",),
    ),
)

_SESSIONS = (
    _list("sessions", sessions.Session, _SESSION_READERS, _CPO),
    Operation(
        "sessions",
        SENDER,
        "PUT",
        "{session_id}/charging_preferences",
        Kind.CALL,
        _SESSION_READERS,
        _CPO,
        body=sessions.ChargingPreferences,
    ),
    *_owned(
        "sessions",
        "{session_id}",
        sessions.Session,
        methods=("GET", "PUT", "PATCH"),
        kind=Kind.EVENT,
        owners=_CPO,
        others=_SESSION_READERS,
    ),
)

_CDRS = (
    _list("cdrs", cdrs.CDR, _EMSP, _CPO),
    Operation("cdrs", RECEIVER, "POST", "", Kind.EVENT, _CPO, _EMSP, body=cdrs.CDR, large=True),
    # The receiver of a CDR chooses its URL; this is the one the hub answers with.
    Operation("cdrs", RECEIVER, "GET", "{cdr_reference}", Kind.READ, _CPO, _EMSP, data=cdrs.CDR),
)

COMMANDS: dict[str, type[BaseModel]] = {
    "CANCEL_RESERVATION": commands.CancelReservation,
    "RESERVE_NOW": commands.ReserveNow,
    "START_SESSION": commands.StartSession,
    "STOP_SESSION": commands.StopSession,
    "UNLOCK_CONNECTOR": commands.UnlockConnector,
}

_COMMANDS = (
    *(
        Operation(
            "commands",
            RECEIVER,
            "POST",
            command,
            Kind.CALL,
            _ISSUERS,
            _CPO,
            body=body,
            data=commands.CommandResponse,
            response_url=ResponseUrl.BODY,
        )
        for command, body in COMMANDS.items()
    ),
    Operation(
        "commands",
        SENDER,
        "POST",
        "{command}/{result_id}",
        Kind.CALLBACK,
        _CPO,
        _ISSUERS,
        body=commands.CommandResult,
    ),
)

_PROFILE_SETTERS = frozenset({Role.EMSP, Role.SCSP})


def _profile(method: str, body: type[BaseModel] | None, where: ResponseUrl) -> Operation:
    return Operation(
        "chargingprofiles",
        RECEIVER,
        method,
        "{session_id}",
        Kind.CALL,
        _PROFILE_SETTERS,
        _CPO,
        body=body,
        data=charging_profiles.ChargingProfileResponse,
        response_url=where,
        query={"GET": ("duration", "response_url"), "DELETE": ("response_url",)}.get(method, ()),
    )


# What was asked, as it stands in the URL for the result, and the object that comes back.
PROFILE_RESULTS: dict[str, type[BaseModel]] = {
    "get": charging_profiles.ActiveChargingProfileResult,
    "put": charging_profiles.ChargingProfileResult,
    "delete": charging_profiles.ClearProfileResult,
}

_CHARGING_PROFILES = (
    _profile("GET", None, ResponseUrl.QUERY),
    _profile("PUT", charging_profiles.SetChargingProfile, ResponseUrl.BODY),
    _profile("DELETE", None, ResponseUrl.QUERY),
    *(
        Operation(
            "chargingprofiles",
            SENDER,
            "POST",
            f"{asked}/{{result_id}}",
            Kind.CALLBACK,
            _CPO,
            _PROFILE_SETTERS,
            body=result,
        )
        for asked, result in PROFILE_RESULTS.items()
    ),
    Operation(
        "chargingprofiles",
        SENDER,
        "PUT",
        "{session_id}",
        Kind.EVENT,
        _CPO,
        _PROFILE_SETTERS,
        body=charging_profiles.ActiveChargingProfile,
    ),
)

_ANY = frozenset(Role)


def _client_info(method: str) -> Operation:
    return Operation(
        "hubclientinfo",
        RECEIVER,
        method,
        _OWNED.rstrip("/"),
        Kind.CONFIG,
        _ANY,
        _ANY,
        body=hub_client_info.ClientInfo if method == "PUT" else None,
        data=hub_client_info.ClientInfo,
    )


_HUB_CLIENT_INFO = (
    Operation(
        "hubclientinfo",
        SENDER,
        "GET",
        "",
        Kind.CONFIG,
        _ANY,
        _ANY,
        data=hub_client_info.ClientInfo,
        query=_PAGE,
    ),
    _client_info("GET"),
    _client_info("PUT"),
)

_CREDENTIALS = tuple(
    Operation(
        "credentials",
        SENDER,
        method,
        "",
        Kind.CONFIG,
        _ANY,
        _ANY,
        body=credentials_.Credentials if method in ("POST", "PUT") else None,
        data=None if method == "DELETE" else credentials_.Credentials,
    )
    for method in ("GET", "POST", "PUT", "DELETE")
)


def clearing_operations(name: str) -> tuple[Operation, ...]:
    """The rows of a hub's own module about what CDRs should cost; `name` is its identifier."""
    return (
        _list(name, None, _ANY, _ANY),
        Operation(
            name,
            SENDER,
            "GET",
            "{cpo_country_code}/{cpo_party_id}/{cdr_id}",
            Kind.READ,
            _ANY,
            _ANY,
        ),
    )


FUNCTIONAL: tuple[Operation, ...] = (
    *_LOCATIONS,
    *_SESSIONS,
    *_CDRS,
    *_TARIFFS,
    *_TOKENS,
    *_COMMANDS,
    *_CHARGING_PROFILES,
)
CONFIGURATION: tuple[Operation, ...] = (*_HUB_CLIENT_INFO, *_CREDENTIALS)
OPERATIONS: tuple[Operation, ...] = (*FUNCTIONAL, *CONFIGURATION)

FUNCTIONAL_MODULES = tuple(dict.fromkeys(operation.module for operation in FUNCTIONAL))
BROADCAST_MODULES = tuple(
    dict.fromkeys(operation.module for operation in FUNCTIONAL if operation.broadcast)
)


def operation(module: str, interface: Interface, method: str, path: str = "") -> Operation:
    """The row of a module with that method and path; KeyError when there is none."""
    return _BY_KEY[(module, interface, method, path)]


_BY_KEY = {(row.module, row.interface, row.method, row.path): row for row in OPERATIONS}
