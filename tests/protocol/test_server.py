"""The door: every request becomes a Message or a refusal, and every answer an envelope."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.protocol.errors import ReceiverTimeout, UnknownReceiver
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import FUNCTIONAL, OPERATIONS, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from tests import samples
from tests.protocol.desk import INVITATION, Caller, Desk, caller
from tests.protocol.messages import document_of, params_of, path_of, query_of, tail_of

LOCATION = "/ocpi/receiver/2.2.1/locations/NL/CPO/LOC1"
LIST = "/ocpi/sender/2.2.1/locations"
TARIFF = "/ocpi/receiver/2.2.1/tariffs/NL/CPO/TARIFF1"
IDS = {"X-Request-ID": "their-request", "X-Correlation-ID": "their-correlation"}
FROM = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "CPO"}
TO = {"OCPI-to-country-code": "DE", "OCPI-to-party-id": "EMS"}


def named(*rows: Operation) -> Any:
    """Parameters whose ids are the rows' names."""
    return [pytest.param(row, id=row.operation_id) for row in rows]


EACH = named(*OPERATIONS)
WRITES = named(*(row for row in OPERATIONS if row.body is not None and not row.body_optional))
OWNED = named(*(row for row in OPERATIONS if "{country_code}" in row.segments))


def url_of(row: Operation) -> str:
    """The path of a row with the query it needs."""
    query = query_of(row)
    return f"{path_of(row)}?{query}" if query else path_of(row)


def body_of(row: Operation) -> bytes:
    """The sample body of a row."""
    document = document_of(row)
    return b"" if document is None else dumps(document)


@pytest.fixture
def call() -> Caller:
    """A caller of a server that answers 1000."""
    return caller()


def said_by(error: Exception) -> Desk:
    """A service that answers everything with an error."""

    def answer(message: Message) -> Reply:
        raise error

    return Desk(answer=answer)


# --- a request becomes a Message -----------------------------------------------------------------


@pytest.mark.parametrize("row", EACH)
async def test_every_row_reaches_the_service_as_it_was_sent(call: Caller, row: Operation) -> None:
    answer = await call(row.method, url_of(row), body=body_of(row), headers=IDS | FROM | TO)

    assert answer.codes == (200, 1000)
    (heard,) = call.desk.heard
    functional = row in FUNCTIONAL
    assert heard.operation == row
    assert heard.params == params_of(row)
    assert (heard.tail, heard.query) == (tail_of(row), query_of(row))
    assert (heard.request_id, heard.correlation_id) == ("their-request", "their-correlation")
    assert heard.sender == (Party("NL", "CPO") if functional else None)
    assert heard.receiver == (Party("DE", "EMS") if functional else None)
    assert heard.body == body_of(row)
    assert heard.peer == "registered"


async def test_the_bytes_of_a_body_are_kept_as_they_came(call: Caller) -> None:
    """TYP-10."""
    body = b'\xef\xbb\xbf { "last_updated" : "2026-01-15T10:00:00Z", "vendor":1.50 }'

    answer = await call("PATCH", LOCATION, body=body)

    assert answer.codes == (200, 1000)
    assert call.desk.heard[0].body == body


async def test_a_body_may_arrive_in_pieces(call: Caller) -> None:
    body = dumps(samples.location())

    answer = await call("PUT", LOCATION, pieces=[body[:10], b"", body[10:]])

    assert answer.codes == (200, 1000)
    assert "connection" not in answer.headers
    assert call.desk.heard[0].body == body


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "Application/JSON", None])
async def test_the_media_type_of_a_body_is_not_looked_at(call: Caller, media: str | None) -> None:
    """TRN-03, TRN-04."""
    headers = {"Content-Type": media} if media else {}

    answer = await call("PUT", LOCATION, body=dumps(samples.location()), headers=headers)

    assert answer.codes == (200, 1000)


async def test_an_encoded_slash_in_an_id_does_not_split_the_path(call: Caller) -> None:
    """TRN-18."""
    await call("GET", f"{LIST}/A%2FB")

    assert call.desk.heard[0].params == {"location_id": "A/B"}
    assert call.desk.heard[0].tail == "A%2FB"


async def test_an_authorize_without_a_body_is_fine(call: Caller) -> None:
    answer = await call("POST", "/ocpi/sender/2.2.1/tokens/04A1/authorize")

    assert answer.codes == (200, 1000)
    assert call.desk.heard[0].document is None


@pytest.mark.parametrize(
    "body",
    [
        samples.command_result(),
        {"data": samples.command_result(), "status_code": 1000, "timestamp": samples.MOMENT},
    ],
    ids=["bare", "in an envelope"],
)
async def test_a_result_is_taken_out_of_an_envelope(call: Caller, body: Any) -> None:
    """CMD-04, AMB-42."""
    answer = await call("POST", "/ocpi/sender/2.2.1/commands/START_SESSION/1", body=dumps(body))

    assert answer.codes == (200, 1000)
    assert call.desk.heard[0].document == samples.command_result()


async def test_a_remarkable_body_is_handed_on_with_what_is_remarkable(call: Caller) -> None:
    """AMB-55: an enum that 2.3.0 opened."""
    connector = samples.connector(standard="NACS")
    body = samples.location(evses=[samples.evse(connectors=[connector])])

    answer = await call("PUT", LOCATION, body=dumps(body))

    assert answer.codes == (200, 1000)
    assert any("standard" in finding for finding in call.desk.heard[0].findings)


async def test_the_versions_are_answered_by_the_service(call: Caller) -> None:
    listed = await call("GET", "/ocpi/versions")
    details = await call("GET", "/ocpi/2.2.1/")

    assert (listed.json["data"], details.json["data"]) == (None, "2.2.1")


# --- who may come in -----------------------------------------------------------------------------

UNKNOWN: dict[str, list[tuple[str, str]]] = {
    "no header": [],
    "unknown": [("Authorization", "Token dW5rbm93bg==")],
    "plain": [("Authorization", "Token a-known-token")],
    "bearer": [("Authorization", "Bearer YS1rbm93bi10b2tlbg==")],
    "twice": [("Authorization", "Token YS1rbm93bi10b2tlbg==")] * 2,
    "broken base64": [("Authorization", "Token YS1rbm93bi10b2tlbg")],
}


@pytest.mark.parametrize("headers", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", LIST),
        ("PUT", LOCATION),
        ("DELETE", LOCATION),
        ("GET", "/ocpi/versions"),
        ("GET", "/ocpi/2.2.1"),
        ("POST", "/ocpi/2.2.1/credentials"),
        ("GET", "/ocpi/nothing"),
        ("GET", "/ocpi"),
        ("GET", f"{LIST}?x=credentials"),
    ],
)
async def test_a_401_comes_before_everything_else(
    call: Caller, method: str, path: str, headers: list[tuple[str, str]]
) -> None:
    """AUTH-02, AUTH-03, FAP-04, ERR-01: also before 400, 404, 405 and 413."""
    answer = await call(method, path, body=b"no json", headers=headers, token=None)

    assert answer.codes == (401, 2000)
    assert answer.headers["www-authenticate"] == "Token"
    assert call.desk.heard == []


@pytest.mark.parametrize("row", EACH)
async def test_an_invitation_is_good_for_credentials_only(call: Caller, row: Operation) -> None:
    """AUTH-04, T2."""
    answer = await call(row.method, url_of(row), body=body_of(row), token=INVITATION)

    assert answer.status == (200 if row.module == "credentials" else 401)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ocpi/versions", 200),
        ("/ocpi/2.2.1", 200),
        ("/ocpi/nothing", 401),
        ("/ocpi/sender/2.2.1/nothing", 401),
        ("/ocpi/sender/2.2.1/locations/credentials", 401),
    ],
)
async def test_an_invitation_finds_out_nothing_else(call: Caller, path: str, status: int) -> None:
    assert (await call("GET", path, token=INVITATION)).status == status


# --- ids -----------------------------------------------------------------------------------------

ANSWERS: dict[str, tuple[str, str, bytes, str | None, int]] = {
    "success": ("GET", LIST, b"", "a-known-token", 200),
    "versions": ("GET", "/ocpi/versions", b"", "a-known-token", 200),
    "bad query": ("GET", f"{LIST}?limit=0", b"", "a-known-token", 200),
    "not json": ("PUT", LOCATION, b"{", "a-known-token", 400),
    "unknown token": ("GET", LIST, b"", None, 401),
    "unknown path": ("GET", "/ocpi/nothing", b"", "a-known-token", 404),
    "unavailable method": ("DELETE", LOCATION, b"", "a-known-token", 405),
    "too large": ("PUT", TARIFF, b" " * 1_000_001, "a-known-token", 413),
}


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status"), ANSWERS.values(), ids=ANSWERS
)
async def test_every_answer_is_an_envelope_with_both_ids(
    call: Caller, method: str, path: str, body: bytes, token: str | None, status: int
) -> None:
    """TRN-05, TRN-08, IDS-01, IDS-02, IDS-07, ROB-05, FAP-02."""
    answer = await call(method, path, body=body, token=token, headers=IDS)

    assert answer.status == status
    assert answer.json.keys() <= {"data", "status_code", "status_message", "timestamp"}
    assert answer.json["timestamp"] == "2026-01-31T12:00:00.000Z"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["x-request-id"] == "their-request"
    assert answer.headers["x-correlation-id"] == "their-correlation"


async def test_missing_ids_are_made(call: Caller) -> None:
    """IDS-08."""
    answer = await call("GET", LIST)

    assert answer.headers["x-request-id"] == call.desk.heard[0].request_id == "made-1"
    assert answer.headers["x-correlation-id"] == call.desk.heard[0].correlation_id == "made-2"


async def test_an_id_that_could_forge_a_header_is_replaced(call: Caller) -> None:
    """T36."""
    answer = await call("GET", LIST, headers={"X-Request-ID": "a\r\nSet-Cookie: x"})

    assert answer.headers["x-request-id"] == "made-1"


# --- bad input -----------------------------------------------------------------------------------

BODIES: dict[str, tuple[bytes, tuple[int, int]]] = {
    "empty": (b"", (400, 2001)),
    "truncated": (b'{"a":', (400, 2001)),
    "not a number": (b'{"a":NaN}', (400, 2001)),
    "not utf-8": (b'{"a":"\xff"}', (400, 2001)),
    "an array": (b"[]", (200, 2001)),
    "null": (b"null", (200, 2001)),
    "a string": (b'"a"', (200, 2001)),
    "an empty object": (b"{}", (200, 2001)),
    "a key twice": (b'{"id":"1","id":"2"}', (200, 2001)),
    "NUL": (b'{"id":"\\u0000"}', (200, 2001)),
    "a lone surrogate": (b'{"id":"\\ud800"}', (200, 2001)),
    "a number beyond numbers": (b'{"id":1e999}', (200, 2001)),
    "deep": (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", (200, 2001)),
}


@pytest.mark.parametrize(("body", "codes"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("row", WRITES)
async def test_a_bad_body_is_a_2001_and_goes_no_further(
    call: Caller, row: Operation, body: bytes, codes: tuple[int, int]
) -> None:
    """STA-01, STA-18, ERR-02 to ERR-06, FAP-01, ROB-07, T26."""
    answer = await call(row.method, url_of(row), body=body)

    assert answer.codes == codes
    assert answer.json["status_message"]
    assert call.desk.heard == []


@pytest.mark.parametrize("row", OWNED)
@pytest.mark.parametrize(
    "owner", [("NLD", "CPO"), ("N1", "CPO"), ("NL", "CPOX"), ("NL", "C%20O")], ids="/".join
)
async def test_an_owner_that_no_party_can_be_is_a_404(
    call: Caller, row: Operation, owner: tuple[str, str]
) -> None:
    """STA-12, ERR-09."""
    path = path_of(row).replace("NL/CPO", "/".join(owner)).replace("DE/EMS", "/".join(owner))

    assert (await call(row.method, path, body=body_of(row))).codes == (404, 2001)


@pytest.mark.parametrize("row", named(*(r for r in OPERATIONS if r.path.endswith("_id}"))))
async def test_an_id_that_is_too_long_is_refused(call: Caller, row: Operation) -> None:
    path = f"{path_of(row).rpartition('/')[0]}/{'a' * 65}"

    answer = await call(row.method, path, body=body_of(row))

    assert answer.json["status_code"] == 2001
    assert call.desk.heard == []


@pytest.mark.parametrize("query", ["x=é", 'x="', "x=\\", "x=a#b", "x=\x7f"])
async def test_a_query_that_cannot_be_passed_on_is_a_2001(call: Caller, query: str) -> None:
    assert (await call("GET", f"{LIST}?{query}")).codes == (200, 2001)


@pytest.mark.parametrize(
    "headers", [{"OCPI-to-party-id": "CPO"}, {"OCPI-from-country-code": "NLD"} | TO], ids=str
)
async def test_half_a_party_is_a_2001(call: Caller, headers: dict[str, str]) -> None:
    """RTE-06, ERR-25."""
    assert (await call("GET", LIST, headers=headers)).codes == (200, 2001)


async def test_half_a_receiver_is_answered_to_the_party_that_speaks(call: Caller) -> None:
    answer = await call("GET", LIST, headers=FROM | {"OCPI-to-party-id": "EMS"})

    assert answer.routing() == ("NL/HUB", "NL/CPO")


@pytest.mark.parametrize("module", ["credentials", "hubclientinfo"])
async def test_routing_headers_of_configuration_modules_are_not_looked_at(
    call: Caller, module: str
) -> None:
    """RTE-02, VER-14."""
    headers = {"OCPI-to-party-id": "nonsense"}

    answer = await call("GET", f"/ocpi/2.2.1/{module}", headers=headers)

    assert answer.codes == (200, 1000)
    assert answer.routing() == (None, None)


@pytest.mark.parametrize("method", ["DELETE", "HEAD", "OPTIONS", "POST"])
async def test_a_405_says_what_is_available(call: Caller, method: str) -> None:
    answer = await call(method, LOCATION)

    assert answer.codes == (405, 2000)
    assert answer.headers["allow"] == "GET, PATCH, PUT"


async def test_a_patch_without_last_updated_is_a_2001(call: Caller) -> None:
    """SEM-05, ERR-05."""
    answer = await call("PATCH", LOCATION, body=b'{"name":"A"}')

    assert answer.codes == (200, 2001)
    assert "last_updated" in answer.json["status_message"]


async def test_a_patch_without_last_updated_is_taken_from_a_peer_known_for_it() -> None:
    """AMB-04."""
    call = caller(Desk(quirks=frozenset({Quirk.PATCH_WITHOUT_LAST_UPDATED.value})))

    assert (await call("PATCH", LOCATION, body=b'{"name":"A"}')).codes == (200, 1000)


# --- caps and deadlines --------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "most"), [(TARIFF, 1_000_000), (LOCATION, 5_000_000)])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
async def test_a_body_over_the_cap_is_a_413(
    call: Caller, path: str, most: int, announced: bool
) -> None:
    """ROB-06."""
    headers = {"Content-Length": str(most + 1)} if announced else {}
    pieces = [b" " * (most // 2)] * 3

    answer = await call("PUT", path, pieces=pieces, headers=headers)

    assert answer.codes == (413, 2000)
    assert str(most) in answer.json["status_message"]


async def test_a_body_that_is_too_large_and_has_ended_is_not_waited_for(call: Caller) -> None:
    answer = await call("PUT", TARIFF, body=b" " * 1_000_001)

    assert answer.codes == (413, 2000)
    assert "connection" not in answer.headers


async def test_a_body_that_is_announced_too_large_is_not_waited_for(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocpi_hub.protocol.server._DRAIN_SECONDS", 0.01)

    answer = await call("PUT", TARIFF, pieces=[None], headers={"Content-Length": "1000001"})

    assert answer.codes == (413, 2000)


async def test_a_body_at_the_cap_is_read(call: Caller) -> None:
    body = dumps(samples.tariff())

    answer = await call("PUT", TARIFF, body=body + b" " * (1_000_000 - len(body)))

    assert answer.codes == (200, 1000)


async def test_a_refused_body_is_read_to_its_end_so_that_the_refusal_arrives(
    call: Caller,
) -> None:
    answer = await call("PUT", LOCATION, pieces=[b"x" * 1000] * 5, token=None)

    assert answer.status == 401
    assert "connection" not in answer.headers


async def test_a_body_that_does_not_end_is_not_waited_for(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocpi_hub.protocol.server._DRAIN_SECONDS", 0.01)

    answer = await call("PUT", LOCATION, pieces=[b"{", None], token=None)

    assert answer.status == 401
    assert answer.headers["connection"] == "close"


async def test_a_body_without_an_end_is_not_read_for_ever(call: Caller) -> None:
    answer = await call("PUT", LOCATION, pieces=[b"x" * 1_000_000] * 20, token=None)

    assert answer.headers["connection"] == "close"


async def test_a_body_that_is_too_slow_is_a_408(monkeypatch: pytest.MonkeyPatch) -> None:
    """T24."""
    monkeypatch.setattr("ocpi_hub.protocol.server._DRAIN_SECONDS", 0.01)
    call = caller(body_timeout=0.01)

    answer = await call("PUT", LOCATION, pieces=[b"{", None])

    assert answer.codes == (408, 2000)
    assert answer.headers["connection"] == "close"
    assert call.desk.heard == []


async def test_a_body_that_breaks_off_goes_no_further(call: Caller) -> None:
    answer = await call("PUT", LOCATION, pieces=[])

    assert answer.codes == (400, 2000)
    assert call.desk.heard == []


# --- answers -------------------------------------------------------------------------------------


async def test_an_error_of_the_service_is_its_code_and_message() -> None:
    answer = await caller(said_by(UnknownReceiver("NL/XXX is not known")))("GET", LIST)

    assert answer.codes == (200, 4001)
    assert answer.json["status_message"] == "NL/XXX is not known"
    assert "data" not in answer.json


async def test_an_error_without_a_message_says_what_its_class_says() -> None:
    answer = await caller(said_by(ReceiverTimeout()))("GET", LIST)

    assert answer.json["status_message"] == "The receiver did not answer in time"


async def test_an_unhandled_error_is_a_500_that_gives_nothing_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """STA-19."""
    answer = await caller(said_by(RuntimeError("a secret of ours")))("GET", LIST)

    assert answer.codes == (500, 3000)
    assert b"secret" not in answer.body
    assert "a secret of ours" in caplog.text


async def test_a_passed_on_answer_keeps_its_bytes_and_headers() -> None:
    """HUB-13."""
    raw = b'{ "data":[1.50], "status_code":1000 }'
    headers = (("x-total-count", "7"), ("x-limit", "5"))
    call = caller(Desk(answer=lambda message: Reply(raw=raw, http_status=201, headers=headers)))

    answer = await call("GET", LIST)

    assert (answer.status, answer.body) == (201, raw)
    assert (answer.headers["x-total-count"], answer.headers["x-limit"]) == ("7", "5")


async def test_the_service_hears_of_every_exchange(call: Caller) -> None:
    await call("GET", LIST, headers=IDS)
    await call("GET", LIST, token=None)

    served, refused = call.desk.observed
    assert (served.method, served.path, served.caller) == (
        "GET",
        "/sender/2.2.1/locations",
        "registered",
    )
    assert served.message is call.desk.heard[0]
    assert (refused.caller, refused.message, refused.reply.http_status) == (None, None, 401)


# --- who stands in which header of an answer -----------------------------------------------------

RESPONSES: dict[str, tuple[Reply, str]] = {
    "passed on (B, D)": (Reply(sender=Party("DE", "EMS")), "DE/EMS"),
    "answered by the hub (C, E)": (Reply(), "NL/HUB"),
}


@pytest.mark.parametrize(("reply", "answerer"), RESPONSES.values(), ids=RESPONSES)
@pytest.mark.parametrize("row", named(*FUNCTIONAL))
async def test_an_answer_names_who_asked_and_who_answered(
    row: Operation, reply: Reply, answerer: str
) -> None:
    """RTE-04, tables B to E."""
    call = caller(Desk(answer=lambda message: reply))

    answer = await call(row.method, url_of(row), body=body_of(row), headers=FROM | TO)

    assert answer.routing() == (answerer, "NL/CPO")


async def test_a_refusal_comes_from_the_hub() -> None:
    call = caller(said_by(UnknownReceiver()))

    answer = await call("GET", LIST, headers=FROM | TO)

    assert answer.routing() == ("NL/HUB", "NL/CPO")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", LOCATION, b"{"), ("GET", f"{LIST}?limit=0", b""), ("PUT", LOCATION, b"{}")],
    ids=["not json", "bad query", "bad body"],
)
async def test_bad_input_is_answered_to_whoever_sent_it(
    call: Caller, method: str, path: str, body: bytes
) -> None:
    assert (await call(method, path, body=body, headers=FROM)).routing() == ("NL/HUB", "NL/CPO")
