"""The operator API: who may do what, stations, and any CALL to them."""

from __future__ import annotations

import pytest

from tests.cpo_adapter.operating import Operated

# What each role may do, by one route of each kind.
READ = [
    "/stations",
    "/stations/CS1",
    "/stations/CS1/connectivity",
    "/stations/CS1/plugs",
    "/stations/CS1/configuration",
    "/stations/CS1/timeline",
    "/stations/CS1/frames",
    "/stations/CS1/uptime",
    "/stations/CS1/outages",
    "/stations/CS1/uploads",
    "/sessions",
    "/sessions/unbillable",
    "/sessions/stuck",
    "/reservations",
    "/charging-profiles",
    "/tokens",
    "/locations",
    "/locations/LOC1",
    "/tariffs",
    "/alerts",
    "/certificates",
    "/campaigns",
    "/exports/sessions.csv",
    "/exports/cdrs.csv",
    "/exports/uptime.csv",
]


async def test_a_reader_may_look_at_everything_that_runs(shared_operator: Operated) -> None:
    found = {path: (await shared_operator("GET", path, role="read")).status for path in READ}

    assert found == dict.fromkeys(READ, 200)


@pytest.mark.parametrize(
    ("path", "most"), [("/stations", 512_000), ("/locations", 10_000_000)], ids=["usual", "import"]
)
async def test_a_body_is_as_large_as_its_route_needs(
    shared_operator: Operated, path: str, most: int
) -> None:
    within, beyond = b'"' + b"x" * (most - 2) + b'"', b'"' + b"x" * (most - 1) + b'"'

    taken = await shared_operator("POST", path, content=within)
    refused = await shared_operator("POST", path, content=beyond)

    assert taken.status == 422
    assert (refused.status, refused.json["detail"]) == (
        413,
        f"the body is larger than {most} bytes",
    )


WITHIN_REACH = [
    pytest.param("PUT", "/tokens/CARD1", "read", 403, id="a reader changes nothing"),
    pytest.param("PUT", "/tokens/CARD1", "operate", 200, id="an operator adds a token"),
    pytest.param("GET", "/audit", "operate", 403, id="an operator does not audit"),
    pytest.param("GET", "/audit", "admin", 200, id="an administrator audits"),
    pytest.param("GET", "/webhooks", "operate", 403, id="an operator sees no webhooks"),
    pytest.param("PUT", "/stations/CS1/key", "operate", 403, id="an operator sets no key"),
    pytest.param("GET", "/stations", "nobody", 401, id="an unknown token"),
    pytest.param("GET", "/stations", None, 401, id="no token"),
]


@pytest.mark.parametrize(("method", "path", "role", "status"), WITHIN_REACH)
async def test_a_role_reaches_as_far_as_it_should(
    shared_operator: Operated, method: str, path: str, role: str | None, status: int
) -> None:
    answer = await shared_operator(method, path, {} if method == "PUT" else None, role=role)

    assert answer.status == status


async def test_nobody_is_asked_for_a_token_with_a_challenge(shared_operator: Operated) -> None:
    answer = await shared_operator("POST", "/stations", content=b"{not json", role=None)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_each_action_leaves_a_row_in_the_audit(shared_operator: Operated) -> None:
    await shared_operator("PUT", "/tokens/04A1B2C3D4", {"status": "Blocked"}, role="operate")

    (row,) = (await shared_operator("GET", "/audit?limit=1")).json
    assert (row["actor"], row["action"]) == ("the operate one", "token put")
    assert (row["subject"], row["detail"]) == ("04A1…", {"status": "Blocked"})


async def test_the_description_needs_no_token_and_names_every_route(
    shared_operator: Operated,
) -> None:
    described = (await shared_operator("GET", "/openapi.json", role=None)).json

    assert "/stations/{station_id}/ocpp/{action}" in described["paths"]
    assert set(described["paths"]["/stations"]["post"]["responses"]) == {
        *("201", "400", "401", "403", "409", "413", "422", "503")
    }
    assert "ProblemDetails" in described["components"]["schemas"]
    assert (await shared_operator("GET", "/docs", role="admin")).status == 404


# --- bad input -----------------------------------------------------------------------------------

BAD = [
    pytest.param("POST", "/stations", b"{", 400, None, id="not JSON"),
    pytest.param("POST", "/stations", b"[]", 422, "body", id="not an object"),
    pytest.param("POST", "/stations", b'{"id": 7}', 422, "id", id="a number for an id"),
    pytest.param("POST", "/stations", b'{"id": "\\u0000"}', 422, None, id="NUL"),
    pytest.param("POST", "/stations", b'{"id": "a/b"}', 422, None, id="a bad id"),
    pytest.param("POST", "/stations", b'{"id": "CS1"}', 409, None, id="there already"),
    pytest.param("POST", "/stations", b'{"id":"N","colour":1}', 422, "colour", id="unknown field"),
    pytest.param(
        "POST", "/stations", b'{"id":"N","key":"a b"}', 422, "key", id="a key with a space"
    ),
    pytest.param(
        "POST",
        "/stations",
        b'{"id":"N","plugs":[{"evse_uid":"E","evse":0}]}',
        422,
        "plugs[0].evse",
        id="a plug without a number",
    ),
    pytest.param(
        "PUT", "/stations/CS1/plugs", b'[{"evse_uid":"NO"}]', 422, None, id="an unknown EVSE"
    ),
    pytest.param("GET", "/stations?limit=0", None, 422, "limit", id="an empty page"),
    pytest.param("GET", "/stations?limit=1001", None, 422, "limit", id="a page too large"),
    pytest.param("GET", "/sessions?open=perhaps", None, 422, "open", id="not a boolean"),
    pytest.param("GET", "/sessions?station=%00", None, 422, "station", id="NUL in a query"),
    pytest.param("GET", "/sessions/%00", None, 422, "session_id", id="NUL in a path"),
    pytest.param("GET", "/sessions/none", None, 404, None, id="an unknown session"),
    pytest.param("GET", "/stations/CS9", None, 404, None, id="an unknown station"),
    pytest.param("GET", "/stations/CS9/uptime", None, 404, None, id="its uptime"),
    pytest.param(
        "GET", "/stations/CS1/uptime?since=yesterday", None, 422, "since", id="not a moment"
    ),
    pytest.param(
        "GET", "/stations/CS1/uptime?since=2026-01-01T00:00:00", None, 422, "since", id="no zone"
    ),
    pytest.param(
        "GET", "/stations/CS1/uptime?since=0001-01-01T00:00:00Z", None, 422, "since", id="year 1"
    ),
    pytest.param(
        "GET", "/stations/CS1/uptime?since=2099-01-01T00:00:00Z", None, 422, "since", id="future"
    ),
    pytest.param(
        "POST", "/alerts/99999999999999999999/clear", None, 422, "alert_id", id="beyond a bigint"
    ),
    pytest.param("PUT", "/tokens/CARD", b'{"status":"Lost"}', 422, "status", id="a bad status"),
    pytest.param(
        "PUT", "/locations/LOC1/limit", b'{"kw":-1}', 422, "kw", id="a limit below nothing"
    ),
    pytest.param(
        "PUT", "/locations/LOC1/limit", b'{"kw":NaN}', 400, None, id="a limit that is no number"
    ),
    pytest.param("PUT", "/locations/LOC1", b'{"id":"LOC2"}', 422, "id", id="another id"),
    pytest.param("PUT", "/tariffs/T1", b'{"currency":1}', 422, "currency", id="a bad tariff"),
    pytest.param("POST", "/webhooks", b'{"url":"ftp://x"}', 422, "url", id="a bad URL"),
    pytest.param("POST", "/webhooks", b'{"url":"https://u:p@x"}', 422, "url", id="a user"),
    pytest.param("POST", "/webhooks", b'{"url":"https://x:0/"}', 422, "url", id="a bad port"),
    pytest.param(
        "POST", "/webhooks", b'{"url":"https://x","events":["rain"]}', 422, "events[0]", id="event"
    ),
    pytest.param(
        "POST", "/campaigns", b'{"firmware_url":"x","stations":["CS1"]}', 422, "firmware_url",
        id="firmware nowhere",
    ),
    pytest.param(
        "POST", "/campaigns", b'{"firmware_url":"https://x/f","stations":["CS9"]}', 422,
        "stations", id="firmware for nobody",
    ),
    pytest.param(
        "POST", "/stations/CS1/certificate", b'{"chain":"x"}', 422, "chain", id="not a PEM"
    ),
    pytest.param("DELETE", "/tokens/NONE", None, 404, None, id="an unknown token"),
    pytest.param("DELETE", "/tariffs/NONE", None, 404, None, id="an unknown tariff"),
    pytest.param("DELETE", "/webhooks/NONE", None, 404, None, id="an unknown webhook"),
    pytest.param("GET", "/nothing", None, 404, None, id="nothing there"),
    pytest.param("PATCH", "/stations", b"{}", 405, None, id="another method"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "content", "status", "field"), BAD)
async def test_bad_input_is_a_problem_that_names_the_field(
    shared_operator: Operated,
    method: str,
    path: str,
    content: bytes | None,
    status: int,
    field: str | None,
) -> None:
    headers = {"Authorization": "Bearer admin-token", "Content-Type": "application/json"}

    answer = await shared_operator.client.request(
        method, f"{shared_operator.url}/operator/v1{path}", headers=headers, content=content
    )

    found = answer.json()
    assert (answer.status_code, found["status"], found.get("field")) == (status, status, field)
    assert answer.headers["Content-Type"] == "application/problem+json"
