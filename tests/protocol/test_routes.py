"""From a URL path to a row of the table."""

from __future__ import annotations

import pytest

from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.modules import OPERATIONS, Kind, Operation
from ocpi_hub.protocol.routes import Match, Routes, VersionsRequest, for_registration
from tests.protocol.messages import params_of, path_of, tail_of

ROUTES = Routes(OPERATIONS)
CUSTOM = Routes(OPERATIONS, custom=True)
EACH = [pytest.param(row, id=row.operation_id) for row in OPERATIONS]
LOCATIONS = "/receiver/2.2.1/locations"


def matched(method: str, path: str, *, routes: Routes = ROUTES) -> Match:
    """The match of a path that is no version's."""
    found = routes.match(method, path)
    assert isinstance(found, Match)
    return found


def refused(method: str, path: str, *, routes: Routes = ROUTES) -> OcpiError:
    """The error a path ends in."""
    with pytest.raises(OcpiError) as error:
        routes.match(method, path)
    return error.value


@pytest.mark.parametrize("slash", ["", "/"], ids=["without slash", "with slash"])
@pytest.mark.parametrize("row", EACH)
def test_a_row_is_found_at_its_path(row: Operation, slash: str) -> None:
    """FAP-03, AMB-03: both forms are served, none redirected."""
    found = matched(row.method, path_of(row).removeprefix("/ocpi") + slash)

    assert found.operation == row
    assert found.params == params_of(row)
    assert found.tail == tail_of(row)


@pytest.mark.parametrize(
    ("path", "version"),
    [("/versions", None), ("/versions/", None), ("/2.2.1", "2.2.1"), ("/2.2.1/", "2.2.1")],
)
def test_versions_are_found(path: str, version: str | None) -> None:
    assert ROUTES.match("GET", path) == VersionsRequest(version)


IDS = {
    "slash": ("A%2FB", "A/B"),
    "lower case": ("A%2fB", "A/B"),
    "space": ("A%20B", "A B"),
    "question mark": ("A%3FB", "A?B"),
    "hash": ("A%23B", "A#B"),
    "percent": ("A%25B", "A%B"),
    "encoded twice": ("A%252FB", "A%2FB"),
    "plus": ("A+B", "A+B"),
    "star": ("DE*ABC*E1", "DE*ABC*E1"),
    "colon": ("A:B", "A:B"),
}


@pytest.mark.parametrize(("given", "decoded"), IDS.values(), ids=IDS)
def test_an_id_is_decoded_once_and_never_splits_the_path(given: str, decoded: str) -> None:
    """TRN-18, FAP-05."""
    found = matched("PUT", f"{LOCATIONS}/NL/CPO/{given}")

    assert found.params["location_id"] == decoded
    assert found.tail == f"NL/CPO/{given}"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/nothing",
        "//versions",
        "/versions//",
        "/2.1.1",
        "/2.1.1/credentials",
        "/sender/2.2.1",
        "/sender/2.1.1/locations",
        "/other/2.2.1/locations",
        "/2.2.1/locations",
        "/sender/2.2.1/credentials",
        "/sender/2.2.1/nothing",
        f"{LOCATIONS}//NL/CPO/LOC1",
        f"{LOCATIONS}/NL/CPO",
        f"{LOCATIONS}/NL/CPO/LOC1/EVSE1/1/2",
        f"{LOCATIONS}/NL/CPO/.",
        f"{LOCATIONS}/NL/CPO/..",
        f"{LOCATIONS}/NL/CPO/%2e%2e",
        f"{LOCATIONS}/NL/CPO/%2E",
        f"{LOCATIONS}/NL/CPO/%00",
        f"{LOCATIONS}/NL/CPO/%0d%0a",
        f"{LOCATIONS}/NL/CPO/%C3%A9",
        f"{LOCATIONS}/NL/CPO/%ff",
        f"{LOCATIONS}/NL/CPO/é",
        f'{LOCATIONS}/NL/CPO/"',
        f"{LOCATIONS}/NL/CPO/\\",
        "/%73ender/2.2.1/locations",
        "/sender/2.2.1/location%73",
    ],
)
def test_everything_else_is_a_404(path: str) -> None:
    """STA-21: 404 with 2000; T3: no trick of spelling leads elsewhere."""
    error = refused("PUT", path)

    assert (error.http_status, error.status_code) == (404, 2000)


@pytest.mark.parametrize("name", ["START", "start_session", "..", "A%2FB"])
def test_an_unknown_command_is_a_404(name: str) -> None:
    """ERR-20."""
    error = refused("POST", f"/receiver/2.2.1/commands/{name}")

    assert error.http_status == 404


def test_an_unknown_command_is_told_which_there_are() -> None:
    error = refused("POST", "/receiver/2.2.1/commands/START")

    assert error.status_code == 2001
    assert "START_SESSION" in error.message


METHODS = {
    "delete location": ("DELETE", f"{LOCATIONS}/NL/CPO/LOC1", "GET, PATCH, PUT"),
    "post location": ("POST", f"{LOCATIONS}/NL/CPO/LOC1", "GET, PATCH, PUT"),
    "patch tariff": ("PATCH", "/receiver/2.2.1/tariffs/NL/CPO/T1", "DELETE, GET, PUT"),
    "delete session": ("DELETE", "/receiver/2.2.1/sessions/NL/CPO/S1", "GET, PATCH, PUT"),
    "delete token": ("DELETE", "/receiver/2.2.1/tokens/DE/EMS/1", "GET, PATCH, PUT"),
    "put cdr": ("PUT", "/receiver/2.2.1/cdrs/1", "GET"),
    "patch cdrs": ("PATCH", "/receiver/2.2.1/cdrs", "POST"),
    "put a list": ("PUT", "/sender/2.2.1/locations", "GET"),
    "patch credentials": ("PATCH", "/2.2.1/credentials", "DELETE, GET, POST, PUT"),
    "post versions": ("POST", "/versions", "GET"),
    "put details": ("PUT", "/2.2.1", "GET"),
    "head": ("HEAD", "/sender/2.2.1/locations", "GET"),
    "options": ("OPTIONS", "/versions", "GET"),
}


@pytest.mark.parametrize(("method", "path", "allowed"), METHODS.values(), ids=METHODS)
def test_a_method_that_is_not_available_is_a_405_with_those_that_are(
    method: str, path: str, allowed: str
) -> None:
    """TRN-14, ERR-15, FAP-11."""
    error = refused(method, path)

    assert (error.http_status, error.status_code) == (405, 2000)
    assert error.headers == {"Allow": allowed}


# --- custom modules ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_custom_module_is_passed_on_unread(method: str) -> None:
    """VER-12."""
    found = matched(method, "/sender/2.2.1/nltst-extra/a%2Fb/c", routes=CUSTOM)

    assert (found.operation.module, found.operation.kind) == ("nltst-extra", Kind.CALL)
    assert found.operation.body is None
    assert found.tail == "a%2Fb/c"


@pytest.mark.parametrize("tail", ["../../admin", "a/%2e%2e/b", ".", "a//b", "%ff", "é"])
def test_the_path_of_a_custom_module_cannot_climb(tail: str) -> None:
    assert refused("GET", f"/sender/2.2.1/nltst-extra/{tail}", routes=CUSTOM).http_status == 404


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PURGE"])
def test_a_custom_module_knows_ocpis_methods_only(method: str) -> None:
    assert refused(method, "/sender/2.2.1/nltst-extra", routes=CUSTOM).http_status == 405


def test_a_custom_module_has_no_configuration_side() -> None:
    assert refused("GET", "/2.2.1/nltst-extra", routes=CUSTOM).http_status == 404


def test_a_module_of_the_table_is_never_a_custom_one() -> None:
    assert refused("DELETE", "/sender/2.2.1/locations", routes=CUSTOM).http_status == 405


# --- invitations ---------------------------------------------------------------------------------

REGISTRATION = {
    "/versions": True,
    "/2.2.1": True,
    "/2.2.1/": True,
    "/2.2.1/credentials": True,
    "/2.2.1/hubclientinfo": False,
    "/sender/2.2.1/locations": False,
    "/sender/2.2.1/credentials": False,
    "/receiver/2.2.1/locations/NL/CPO/versions": False,
    "/receiver/2.2.1/locations/2.2.1/credentials": False,
    "/nothing": False,
}


@pytest.mark.parametrize(("path", "opened"), REGISTRATION.items(), ids=REGISTRATION)
def test_an_invitation_opens_versions_and_credentials(path: str, opened: bool) -> None:
    """AUTH-04."""
    assert for_registration(path) is opened
