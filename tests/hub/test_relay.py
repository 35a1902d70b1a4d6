"""Messages from one party to another: bytes, headers, ids, and what an absence is called."""

from __future__ import annotations

import pytest

from tests import samples
from tests.hub.network import status
from tests.parties import RecordingParty, envelope, raw_response

WEIRD = (
    b'\n{ "country_code":"NL" ,"party_id":"CPO","id":"SESSION1",'
    b'"x_vendor":{"a":1.50,"b":[null,1E2]},'
    b'"start_date_time":"2026-01-15T10:00:00Z","kwh":1.5000000000000000000001e1,"location_id":"LOC1",'
    b'"cdr_token":{"country_code":"DE","party_id":"EMS","uid":"04A1","type":"RFID",'
    b'"contract_id":"DE-EMS-1"},"auth_method":"COMMAND","evse_uid":"EVSE1","connector_id":"1",'
    b'"meter_id":null,"currency":"EUR","status":"ACTIVE","last_updated":"2026-01-15T10:00:00.123Z"}\n'
)


@pytest.fixture
def cpo(shared_cpo: RecordingParty) -> RecordingParty:
    """NL/CPO, with nothing received yet."""
    shared_cpo.begin_anew()
    return shared_cpo


@pytest.fixture
def emsp(shared_emsp: RecordingParty) -> RecordingParty:
    """DE/EMS, with nothing received yet."""
    shared_emsp.begin_anew()
    return shared_emsp


async def test_a_body_goes_through_byte_for_byte(cpo: RecordingParty, emsp: RecordingParty) -> None:
    answer = b' {"status_code":1000,"vendor":1.50 , "timestamp":"2026-01-01T00:00:00Z"}'
    emsp.say(lambda: raw_response(answer), method="PUT")

    response = await cpo.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", WEIRD, to="DE/EMS")

    (received,) = emsp.of("PUT", "/receiver/sessions")
    assert received.body == WEIRD
    assert response.content == answer


async def test_each_leg_has_its_own_ids_and_headers(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    ids = {"X-Request-ID": "request-1", "X-Correlation-ID": "correlation-1"}

    response = await cpo.call(
        "PUT",
        "receiver",
        "sessions",
        "NL/CPO/SESSION1",
        samples.session(),
        to="de/ems",
        from_="nl/cpo",
        headers=ids,
    )

    (received,) = emsp.of("PUT", "/receiver/sessions")
    assert received.headers["x-correlation-id"] == "correlation-1"
    assert received.headers["x-request-id"] not in ("", "request-1")
    assert received.routing() == ("NL/CPO", "DE/EMS")
    assert cpo.hub_token not in str(received.headers)
    assert response.headers["X-Request-ID"] == "request-1"
    assert response.headers["X-Correlation-ID"] == "correlation-1"
    assert response.headers["OCPI-from-party-id"] == "EMS"
    assert response.headers["OCPI-to-party-id"].upper() == "CPO"


async def test_open_routing_names_the_party_that_answered(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    response = await cpo.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session())

    (received,) = emsp.of("PUT", "/receiver/sessions")
    assert received.routing() == ("NL/CPO", "DE/EMS")
    assert response.headers["OCPI-from-party-id"] == "EMS"


async def test_path_and_query_arrive_as_they_were_sent(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await emsp.call(
        "PUT",
        "receiver",
        "tokens",
        "DE/EMS/A%2FB%20C?type=RFID&x=%2F",
        to="NL/CPO",
        body=samples.token(uid="A/B C"),
    )

    (received,) = cpo.of("PUT", "/receiver/tokens")
    assert received.path == "/receiver/tokens/DE/EMS/A%2FB%20C"
    assert received.query == "type=RFID&x=%2F"


async def test_a_custom_module_goes_to_the_party_named(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    url = cpo.hub_endpoints[("locations", "RECEIVER")].replace("locations", "nltst-extra")

    response = await cpo.request(
        "POST", f"{url}/a/b?c=1", b'{"any":1.50}', to="DE/EMS", from_="NL/CPO"
    )

    assert status(response) == (404, 2001)
    (received,) = emsp.of("POST", "/receiver/nltst-extra")
    assert (received.path, received.query) == ("/receiver/nltst-extra/a/b", "c=1")
    assert received.body == b'{"any":1.50}'


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param((200, 1000), (200, 1000), id="done"),
        pytest.param((201, 1000), (201, 1000), id="created"),
        pytest.param((200, 2001), (200, 2001), id="refused"),
        pytest.param((404, 2003), (404, 2003), id="not found"),
        pytest.param((500, 3000), (500, 3000), id="broken"),
        pytest.param((200, 1999), (200, 1999), id="a code of its own"),
    ],
)
async def test_what_the_receiver_answers_is_the_answer(
    cpo: RecordingParty,
    emsp: RecordingParty,
    answer: tuple[int, int],
    expected: tuple[int, int],
) -> None:
    emsp.say(lambda: envelope(None, answer[1], http_status=answer[0]), method="PUT")

    response = await cpo.call(
        "PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session(), to="DE/EMS"
    )

    assert status(response) == expected


@pytest.mark.parametrize(
    ("body", "http_status"),
    [
        pytest.param(b"<html>", 200, id="no JSON"),
        pytest.param(b"[]", 200, id="no envelope"),
        pytest.param(b'{"status_code":"1000"}', 200, id="a code that is no number"),
        pytest.param(b"", 204, id="nothing"),
        pytest.param(b'{"status_code":1000}', 302, id="a redirect"),
        pytest.param(b'{"status_code":1000,"data":"' + b"x" * 300_000 + b'"}', 200, id="too much"),
    ],
)
async def test_an_answer_that_cannot_be_passed_on_is_a_4000(
    cpo: RecordingParty, emsp: RecordingParty, body: bytes, http_status: int
) -> None:
    emsp.say(lambda: raw_response(body, http_status), method="PUT")

    response = await cpo.call(
        "PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session(), to="DE/EMS"
    )

    assert status(response) == (200, 4000)
