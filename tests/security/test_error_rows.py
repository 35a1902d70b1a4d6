"""The rows of checklist section 5b that are about more than one field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import samples
from tests.security.scene import Scene

_LOCATIONS = "/receiver/2.2.1/locations/NL/CPO"
_SESSIONS = "/receiver/2.2.1/sessions/NL/CPO"
_TARIFFS = "/receiver/2.2.1/tariffs/NL/CPO"
_TOKENS = "/receiver/2.2.1/tokens/DE/EMS"
_CDRS = "/receiver/2.2.1/cdrs"
_COMMANDS = "/receiver/2.2.1/commands"
_PROFILES = "/receiver/2.2.1/chargingprofiles/SESSION1"
_STAMP = {"last_updated": samples.LATER}


@dataclass(frozen=True)
class Row:
    """A request and its answer; `says` is in the message. `party` is an attribute of Scene."""

    party: str
    method: str
    path: str
    status: tuple[int, int]
    says: str = ""
    body: dict[str, Any] | None = None
    routing: dict[str, str] = field(default_factory=dict)


_TO_HUB = {"to": "NL/HUB"}
_URL = "response_url=http://127.0.0.1/1"

ROWS = {
    "ERR-05 a Location": Row(
        "cpo", "PATCH", f"{_LOCATIONS}/LOC1", (200, 2001), "last_updated", {"name": "x"}
    ),
    "ERR-05 a Session": Row(
        "cpo", "PATCH", f"{_SESSIONS}/SESSION1", (200, 2001), "last_updated", {"kwh": 1}
    ),
    "ERR-05 a Token": Row(
        "emsp", "PATCH", f"{_TOKENS}/04A1B2C3D4E5F6", (200, 2001), "last_updated", {"valid": True}
    ),
    "ERR-06 an empty PATCH": Row("cpo", "PATCH", f"{_LOCATIONS}/LOC1", (200, 2001), "empty", {}),
    "ERR-07 a Location": Row("cpo", "PATCH", f"{_LOCATIONS}/NONE", (404, 2003), "NONE", _STAMP),
    "ERR-07 an EVSE": Row("cpo", "PATCH", f"{_LOCATIONS}/LOC1/NONE", (404, 2003), "NONE", _STAMP),
    "ERR-07 a Connector": Row(
        "cpo", "PATCH", f"{_LOCATIONS}/LOC1/EVSE1/99", (404, 2003), "99", _STAMP
    ),
    "ERR-07 a Token": Row("emsp", "PATCH", f"{_TOKENS}/NONE", (404, 2001), "NONE", _STAMP),
    "STA-17 an EVSE below no Location": Row(
        "cpo", "PUT", f"{_LOCATIONS}/NONE/EVSE1", (404, 2003), "NONE", samples.evse()
    ),
    "ERR-08 an id": Row(
        "cpo", "PUT", f"{_LOCATIONS}/LOC2", (200, 2001), "id: 'LOC1'", samples.location()
    ),
    "ERR-08 an EVSE's uid": Row(
        "cpo", "PUT", f"{_LOCATIONS}/LOC1/EVSE2", (200, 2001), "uid: 'EVSE1'", samples.evse()
    ),
    "ERR-08 an owner": Row(
        "cpo",
        "PUT",
        f"{_LOCATIONS}/LOC1",
        (200, 2001),
        "party_id",
        samples.location(party_id="RIV"),
    ),
    "ERR-09 the owner is another's": Row(
        "rival_cpo", "PUT", f"{_LOCATIONS}/LOC1", (404, 2001), "NL/CPO", samples.location()
    ),
    "ERR-10 a Location": Row("cpo", "GET", f"{_LOCATIONS}/NONE", (404, 2003), "NONE"),
    "ERR-10 a Tariff": Row("cpo", "GET", f"{_TARIFFS}/NONE", (404, 2001), "NONE"),
    "ERR-10 a Token": Row("emsp", "GET", f"{_TOKENS}/NONE", (404, 2001), "NONE"),
    "ERR-10 a CDR": Row("cpo", "GET", f"{_CDRS}/none", (404, 2001), "CDR"),
    "ERR-11 an EVSE of another Location": Row(
        "emsp", "GET", "/sender/2.2.1/locations/NONE/EVSE1", (404, 2003), "NONE", routing=_TO_HUB
    ),
    "ERR-12 sessions without date_from": Row(
        "emsp", "GET", "/sender/2.2.1/sessions", (200, 2001), "date_from", routing=_TO_HUB
    ),
    "ERR-14 an unknown Tariff": Row("cpo", "DELETE", f"{_TARIFFS}/NONE", (404, 2001), "NONE"),
    "ERR-17 a credit without its reference": Row(
        "cpo",
        "POST",
        _CDRS,
        (200, 2001),
        "credit_reference_id",
        samples.credit_cdr(credit_reference_id=None),
    ),
    "ERR-17 an id of 37": Row("cpo", "POST", _CDRS, (200, 2001), "id", samples.cdr(id="x" * 37)),
    "ERR-17 a dimension of sessions": Row(
        "cpo",
        "POST",
        _CDRS,
        (200, 2001),
        "charging_periods",
        samples.cdr(
            charging_periods=[samples.charging_period(dimensions=[{"type": "POWER", "volume": 1}])]
        ),
    ),
    "T17 a CDR for another eMSP than its token's": Row(
        "cpo", "POST", _CDRS, (200, 2001), "cdr_token", samples.cdr(), {"to": "DE/RIV"}
    ),
    "ERR-18 preferences for an unknown session": Row(
        "emsp",
        "PUT",
        "/sender/2.2.1/sessions/NONE/charging_preferences",
        (200, 4001),
        "session",
        samples.charging_preferences(),
    ),
    "ERR-19 an unknown token": Row(
        "cpo", "POST", "/sender/2.2.1/tokens/NONE/authorize", (404, 2004), "NONE"
    ),
    "ERR-20 an unknown command": Row(
        "emsp", "POST", f"{_COMMANDS}/EXPLODE", (404, 2001), "EXPLODE", samples.stop_session()
    ),
    "ERR-20 a relative response_url": Row(
        "emsp",
        "POST",
        f"{_COMMANDS}/STOP_SESSION",
        (200, 2001),
        "response_url",
        samples.stop_session(response_url="/results/1"),
    ),
    "ERR-20 connector_id without evse_uid": Row(
        "emsp",
        "POST",
        f"{_COMMANDS}/START_SESSION",
        (200, 2001),
        "evse_uid",
        samples.start_session(evse_uid=None),
    ),
    "ERR-21 without response_url": Row(
        "emsp", "GET", f"{_PROFILES}?duration=60", (200, 2001), "response_url"
    ),
    "ERR-21 without duration": Row("emsp", "GET", f"{_PROFILES}?{_URL}", (200, 2001), "duration"),
    "ERR-22 a result nobody asked for": Row(
        "cpo",
        "POST",
        "/sender/2.2.1/commands/START_SESSION/none",
        (404, 2001),
        "response_url",
        samples.command_result(),
    ),
    "ERR-23 POST while registered": Row(
        "cpo", "POST", "/2.2.1/credentials", (405, 2000), "registered", samples.credentials()
    ),
    "ERR-24 TO is unknown": Row(
        "emsp",
        "POST",
        f"{_COMMANDS}/STOP_SESSION",
        (200, 4001),
        "BE/XXX",
        samples.stop_session(),
        {"to": "BE/XXX"},
    ),
    "ERR-25 FROM is another's": Row(
        "cpo",
        "PUT",
        f"{_LOCATIONS}/LOC1",
        (200, 2001),
        "OCPI-from",
        samples.location(),
        {"from_": "NL/RIV"},
    ),
    "ERR-25 a Session to everybody": Row(
        "cpo",
        "PUT",
        f"{_SESSIONS}/SESSION1",
        (200, 2001),
        "OCPI-to",
        samples.session(),
        _TO_HUB,
    ),
    "ERR-25 a CDR to everybody": Row(
        "cpo", "POST", _CDRS, (200, 2001), "OCPI-to", samples.cdr(), _TO_HUB
    ),
    "RTE-24 a GET of a Receiver interface": Row(
        "cpo", "GET", f"{_LOCATIONS}/LOC1", (200, 2000), "Receiver", routing=_TO_HUB
    ),
    "TOK-02 a Token of another type": Row(
        "emsp",
        "PUT",
        f"{_TOKENS}/04A1B2C3D4E5F6?type=OTHER",
        (200, 2001),
        "type",
        samples.token(),
    ),
    "CMD-10 a command with another's token": Row(
        "emsp",
        "POST",
        f"{_COMMANDS}/START_SESSION",
        (200, 2001),
        "token",
        samples.start_session(token=samples.token(party_id="RIV")),
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_a_request_that_makes_no_sense_is_refused_with_its_code(hub: Scene, row: Row) -> None:
    party = getattr(hub, row.party)

    answer = await hub.refused(party, row.method, row.path, row.body, **row.routing)

    assert answer.status == row.status, answer.message
    assert row.says in answer.message


# ERR-15: what the modules' method tables call n/a, and what no module knows.
NOT_AVAILABLE = {
    f"{method} {path}": (method, path)
    for path, methods in {
        f"{_LOCATIONS}/LOC1": ("POST", "DELETE"),
        f"{_LOCATIONS}/LOC1/EVSE1": ("POST", "DELETE"),
        "/sender/2.2.1/locations": ("POST", "PUT", "PATCH", "DELETE"),
        f"{_SESSIONS}/SESSION1": ("POST", "DELETE"),
        f"{_TARIFFS}/TARIFF1": ("POST", "PATCH"),
        f"{_TOKENS}/04A1B2C3D4E5F6": ("POST", "DELETE"),
        _CDRS: ("GET", "PUT", "PATCH", "DELETE"),
        f"{_CDRS}/1": ("PUT", "PATCH", "DELETE"),
        f"{_COMMANDS}/START_SESSION": ("GET", "PUT", "PATCH", "DELETE"),
        _PROFILES: ("POST", "PATCH"),
        "/2.2.1/hubclientinfo": ("POST", "PUT", "PATCH", "DELETE"),
        "/2.2.1/credentials": ("PATCH", "OPTIONS", "TRACE"),
        "/versions": ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        "/2.2.1": ("POST", "DELETE"),
    }.items()
    for method in methods
}


@pytest.mark.parametrize(("method", "path"), NOT_AVAILABLE.values(), ids=NOT_AVAILABLE)
async def test_a_method_that_is_not_available_is_405_and_says_which_are(
    hub: Scene, method: str, path: str
) -> None:
    answer = await hub.refused(hub.cpo, method, path, b"{}")

    assert answer.status == (405, 2000), answer.message
    assert method not in answer.response.headers["allow"].split(", ")


NOWHERE = (
    "",
    "/",
    "/2.1.1",
    "/2.2.1/locations",
    "/2.2.1/hubclientinfo/NL/CPO",
    "/sender/2.2.1",
    "/sender/2.1.1/locations",
    "/receiver/2.2.1/locations",
    "/receiver/2.2.1/locations/NL/CPO",
    "/receiver/2.2.1/locations/NL/CPO/LOC1/EVSE1/1/more",
    "/receiver/2.2.1/tokens/DE/EMS/04A1B2C3D4E5F6/authorize",
    "/admin",
    "/docs",
    "/metrics",
    "/openapi.json",
)


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_is_not_there_is_404(hub: Scene, path: str) -> None:
    """T8: nothing of the operator's is found below /ocpi either."""
    answer = await hub.refused(hub.cpo, "GET", path)

    assert answer.status == (404, 2000), answer.message
