"""The module table: against the method tables of the specification, and what is made from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ocpi_hub.protocol import document, openapi
from ocpi_hub.protocol.modules import (
    BROADCAST_MODULES,
    FUNCTIONAL,
    FUNCTIONAL_MODULES,
    OPERATIONS,
    PROFILE_RESULTS,
    Kind,
    Operation,
    ResponseUrl,
    operation,
)
from ocpi_hub.protocol.roles import Interface, Role
from tests.protocol.messages import path_of

ROOT = Path(__file__).parents[2]
TABLES = ROOT.parent / "shared" / "spec" / "objects-2.2.1.json"
EACH = [pytest.param(row, id=row.operation_id) for row in OPERATIONS]


# --- the table itself ----------------------------------------------------------------------------


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [row.operation_id for row in OPERATIONS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", EACH)
def test_a_row_is_found_by_its_words(row: Operation) -> None:
    assert operation(row.module, row.interface, row.method, row.path) is row


def test_what_is_not_in_the_table_is_not_found() -> None:
    with pytest.raises(KeyError):
        operation("locations", Interface.SENDER, "PATCH")


def test_locations_tariffs_and_tokens_are_broadcast_and_nothing_else() -> None:
    """RTE-14."""
    assert BROADCAST_MODULES == ("locations", "tariffs", "tokens")


def test_the_functional_modules_are_seven() -> None:
    assert sorted(FUNCTIONAL_MODULES) == [
        "cdrs",
        "chargingprofiles",
        "commands",
        "locations",
        "sessions",
        "tariffs",
        "tokens",
    ]


@pytest.mark.parametrize("row", EACH)
def test_a_row_carries_what_its_method_and_kind_need(row: Operation) -> None:
    reads = row.kind in (Kind.LIST, Kind.READ)

    assert (row.body is not None) == (row.method in ("POST", "PUT", "PATCH"))
    assert row.callers
    assert row.receivers
    assert not row.broadcast or row.kind is Kind.WRITE
    assert not reads or (row.method == "GET" and row.data is not None)


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row.operation_id) for row in OPERATIONS if row.response_url is not None],
)
def test_a_call_with_a_later_result_has_a_row_for_it(row: Operation) -> None:
    asked = row.path if row.module == "commands" else row.method.lower()
    results = [r for r in OPERATIONS if r.module == row.module and r.kind is Kind.CALLBACK]

    assert any(r.path in ("{command}/{result_id}", f"{asked}/{{result_id}}") for r in results)
    assert row.receivers <= frozenset().union(*(r.callers for r in results))


def test_the_kinds_of_profile_results_are_the_methods_that_ask_for_them() -> None:
    asking = {
        row.method.lower()
        for row in OPERATIONS
        if row.module == "chargingprofiles" and row.response_url is not None
    }

    assert asking == set(PROFILE_RESULTS)


def test_a_response_url_in_a_query_is_one_of_the_rows_parameters() -> None:
    rows = [row for row in OPERATIONS if row.response_url is ResponseUrl.QUERY]

    assert {row.method for row in rows} == {"GET", "DELETE"}
    assert all("response_url" in row.query for row in rows)


ROLES: dict[str, tuple[set[str], set[str]]] = {
    "locations": ({"CPO"}, {"EMSP", "NSP", "OTHER", "NAP"}),
    "tariffs": ({"CPO"}, {"EMSP", "NSP", "OTHER", "NAP"}),
    "tokens": ({"EMSP", "OTHER"}, {"CPO"}),
    "sessions": ({"CPO"}, {"EMSP", "SCSP"}),
    "cdrs": ({"CPO"}, {"EMSP"}),
}


@pytest.mark.parametrize(("module", "sides"), ROLES.items(), ids=ROLES)
def test_an_owner_pushes_and_the_others_pull(module: str, sides: tuple[set[str], set[str]]) -> None:
    """OWN-01, OWN-06, RTE-10, RTE-11."""
    owners, others = (frozenset(Role(name) for name in names) for names in sides)
    rows = [row for row in FUNCTIONAL if row.module == module]

    pushed = {(row.callers, row.receivers) for row in rows if row.interface is Interface.RECEIVER}
    pulled = {(row.callers, row.receivers) for row in rows if row.interface is Interface.SENDER}

    assert pushed == {(owners, others)}
    assert pulled == {(others, owners)}


# --- against the specification -------------------------------------------------------------------

SPEC: list[dict[str, Any]] = (
    json.loads(TABLES.read_text())["method_tables"] if TABLES.exists() else []
)
_NAMES = {"mod_charging_profiles": "chargingprofiles", "mod_hub_client_info": "hubclientinfo"}


def _methods_of_the_specification() -> Iterator[Any]:
    for table in SPEC:
        module = _NAMES.get(table["module"], table["module"].removeprefix("mod_"))
        side = table["section"].removesuffix(" Interface").upper()
        methods = {method for method, available in table["methods"].items() if available}
        if module == "credentials":
            yield pytest.param(module, Interface.SENDER, methods, id=module)
        elif side in set(Interface):
            yield pytest.param(module, Interface(side), methods, id=f"{module} {side}")


@pytest.mark.skipif(not SPEC, reason=f"the specification's tables are not there: {TABLES}")
@pytest.mark.parametrize(("module", "side", "methods"), [*_methods_of_the_specification()])
def test_the_methods_are_those_of_the_specification(
    module: str, side: Interface, methods: set[str]
) -> None:
    """TRN-14."""
    rows = [row for row in OPERATIONS if (row.module, row.interface) == (module, side)]

    assert {row.method for row in rows} == methods


# --- what is made from it ------------------------------------------------------------------------


def test_the_page_about_modules_is_up_to_date() -> None:
    """`make docs` makes it anew."""
    assert (ROOT / "docs" / "modules.md").read_text() == document.document()


OPENAPI = openapi.document("https://hub.example")
DESCRIBED = {
    made["operationId"]: (path, method, made)
    for path, methods in OPENAPI["paths"].items()
    for method, made in methods.items()
}


@pytest.mark.parametrize("row", EACH)
def test_every_row_is_described_where_it_is_served(row: Operation) -> None:
    path, method, made = DESCRIBED[row.operation_id]

    assert (path, method) == (openapi.path_of(row), row.method.lower())
    assert made["tags"] == [row.module]
    assert ("requestBody" in made) == (row.body is not None)
    assert {p["name"] for p in made["parameters"] if p["in"] == "query"} == set(row.query)
    assert ("OCPI-to-party-id" in _headers(made)) == (row in FUNCTIONAL)


def _headers(made: dict[str, Any]) -> set[str]:
    return {p["name"] for p in made["parameters"] if p["in"] == "header"}


def test_nothing_else_is_described_but_the_versions() -> None:
    rows = {row.operation_id for row in OPERATIONS}

    assert DESCRIBED.keys() - rows == {"get_versions", "get_version_details"}


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_parameters_of_a_path_are_described(name: str) -> None:
    path, _, made = DESCRIBED[name]
    inside = [p for p in made["parameters"] if p["in"] == "path"]

    assert [p["name"] for p in inside] == re.findall(r"{(\w+)}", path)
    assert all(p["required"] for p in inside)


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_answer_is_an_envelope_with_both_ids(name: str) -> None:
    """TRN-05, IDS-07."""
    answer = DESCRIBED[name][2]["responses"]["default"]

    assert answer["content"]["application/json"]["schema"]["required"] == [
        "status_code",
        "timestamp",
    ]
    assert {"X-Request-ID", "X-Correlation-ID"} <= answer["headers"].keys()


def test_every_reference_leads_to_a_schema() -> None:
    wanted = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(OPENAPI)))

    assert wanted
    assert wanted <= OPENAPI["components"]["schemas"].keys()


def test_the_document_holds_what_openapi_asks_for() -> None:
    assert OPENAPI["openapi"].startswith("3.1.")
    assert OPENAPI["info"] == {"title": "OCPI", "version": "2.2.1"}
    assert OPENAPI["servers"] == [{"url": "https://hub.example"}]
    assert OPENAPI["security"] == [{"token": []}]
    assert OPENAPI["components"]["securitySchemes"]["token"]["name"] == "Authorization"


def test_paths_are_those_that_are_mounted() -> None:
    owned = operation(
        "locations", Interface.RECEIVER, "PUT", "{country_code}/{party_id}/{location_id}"
    )

    assert path_of(owned) == "/ocpi/receiver/2.2.1/locations/NL/CPO/LOC1"
    assert openapi.path_of(owned) == f"/ocpi/receiver/2.2.1/locations/{owned.path}"
