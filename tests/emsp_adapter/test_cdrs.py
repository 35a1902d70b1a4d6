"""CDRs as CPOs send them: taken once, never changed (CDR)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.emsp_adapter.contracts import card, cdr, cleared, credit, named, publish, status
from tests.emsp_adapter.running import Adapter, Cpo, cpo
from tests.parties import json_bytes


async def at(partner: Cpo, url: str) -> tuple[int, int, bytes]:
    """What is at a Location: HTTP status, OCPI code and the body."""
    response = await partner.party.request("GET", url, from_="/".join(partner.party.first))
    return *status(response), response.content


async def test_a_cdr_is_kept_byte_for_byte_at_a_location(emsp: Adapter, partner: Cpo) -> None:
    ada = await emsp.driver()
    raw = json_bytes(cdr(await card(emsp, ada), note="as it is,  1.50"))

    response = await partner.post_cdr(raw)  # type: ignore[arg-type]  # bytes go out as they are

    assert status(response) == (201, 1000)
    url = response.headers["Location"]
    assert url.startswith(f"{emsp.url}/ocpi/receiver/2.2.1/cdrs/")
    http, code, body = await at(partner, url)
    assert (http, code) == (200, 1000)
    assert raw in body
    kept = await emsp.row("SELECT driver_id, raw, sha256, session_id FROM cdrs")
    assert kept == (ada.id, raw, hashlib.sha256(raw).digest(), "session1")


async def test_the_same_cdr_again_has_the_same_location(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))

    first = await partner.post_cdr(sent)
    again = await partner.post_cdr(dict(reversed(sent.items())))

    assert status(again) == (200, 1000)
    assert again.headers["Location"] == first.headers["Location"]
    assert await emsp.row("SELECT count(*) FROM cdrs") == (1,)


async def test_the_same_in_another_case_is_no_other(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))
    first = await partner.post_cdr(sent)

    again = await partner.post_cdr(sent | {"id": "cdr1"})

    assert status(again) == (200, 1000)
    assert again.headers["Location"] == first.headers["Location"]


async def test_other_content_under_a_known_id_is_refused(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))
    first = await partner.post_cdr(sent)

    response = await partner.post_cdr(sent | {"id": "cdr1", "remark": "dearer"})

    assert status(response) == (200, 2001)
    assert response.json()["status_message"].startswith("id: CDR 'cdr1' was sent before")
    _, _, body = await at(partner, first.headers["Location"])
    assert json_bytes(sent) in body


STRANGERS: dict[str, tuple[dict[str, str], str]] = {
    "another provider's": ({"country_code": "DE", "party_id": "EMS"}, "cdr_token.party_id"),
    "nobody's": ({"uid": "00FFEE00"}, "cdr_token.uid"),
    "of another type": ({"type": "AD_HOC_USER"}, "cdr_token.uid"),
}


@pytest.mark.parametrize(("token", "field"), STRANGERS.values(), ids=STRANGERS)
async def test_a_cdr_for_a_token_that_is_not_ours_is_refused(
    emsp: Adapter, partner: Cpo, token: dict[str, str], field: str
) -> None:
    made = await card(emsp, await emsp.driver())

    response = await partner.post_cdr(cdr(made, cdr_token=named(made, **token)))

    assert status(response) == (200, 2001)
    assert response.json()["status_message"].startswith(field)
    assert "Location" not in response.headers
    assert await emsp.rows("SELECT 1 FROM cdrs") == []


async def test_a_cdr_is_its_cpos_alone(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))
    url = (await partner.post_cdr(sent)).headers["Location"]

    async with cpo(emsp, name="other", roles="BE/OTH/CPO") as other:
        read = await at(other, url)
        own_id = await other.post_cdr(sent | {"country_code": "BE", "party_id": "OTH"})

    assert read[:2] == (404, 2001)
    # Ids are unique for each CPO only.
    assert status(own_id) == (201, 1000)


async def test_a_cdr_may_come_without_its_session(emsp: Adapter, partner: Cpo) -> None:
    ada = await emsp.driver()
    await publish(partner)
    await partner.post_cdr(cdr(await card(emsp, ada)))

    assert (await cleared(emsp))[0] == "accepted"
    assert await emsp.rows("SELECT driver_id, source, state, disputed FROM charges") == [
        (ada.id, "card", "finished", False)
    ]


async def test_a_cdr_is_credited_once(emsp: Adapter, partner: Cpo) -> None:
    sent = cdr(await card(emsp, await emsp.driver()))
    await partner.post_cdr(sent)
    first = await partner.post_cdr(credit(sent))

    again = await partner.post_cdr(credit(sent))
    other = await partner.post_cdr(credit(sent, id="CDR1-C2"))

    assert (status(first), status(again)) == ((201, 1000), (200, 1000))
    assert status(other) == (200, 2001)
    assert other.json()["status_message"].startswith("credit_reference_id: CDR 'CDR1' was")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "money that is text": ({"total_cost": {"excl_vat": "6.00"}}, "total_cost.excl_vat"),
    "energy that is text": ({"total_energy": "20"}, "total_energy"),
    "no total": ({"total_cost": None}, "total_cost"),
    "no periods": ({"charging_periods": []}, "charging_periods"),
    "no token": ({"cdr_token": None}, "cdr_token"),
    "a credit of nothing": ({"credit": True}, "credit_reference_id"),
    "a long id that is no credit's": ({"id": "C" * 37}, "id"),
    "a day that is none": ({"end_date_time": "2026-02-30T10:00:00Z"}, "end_date_time"),
    "a script for a currency": ({"currency": "<script>"}, "currency"),
    "another party's": ({"party_id": "OTH"}, "party_id"),
}


@pytest.mark.parametrize(("wrong", "field"), BAD.values(), ids=BAD)
async def test_a_cdr_that_is_none_is_2001(
    emsp: Adapter, partner: Cpo, wrong: dict[str, Any], field: str
) -> None:
    sent = cdr(await card(emsp, await emsp.driver())) | wrong

    response = await partner.post_cdr(sent)

    assert status(response) == (200, 2001)
    assert field in response.json()["status_message"]
    assert await emsp.rows("SELECT 1 FROM cdrs") == []


RAW = {
    "no JSON": (b"{", 400),
    "nothing": (b"", 400),
    "a list": (b"[]", 200),
    "money that is NaN": (b'{"total_cost": {"excl_vat": NaN}}', 400),
    "a number without end": (b'{"total_energy": 1e999999}', 200),
    "a NUL": (b'{"id": "CDR\\u00001"}', 200),
}


@pytest.mark.parametrize(("body", "http"), RAW.values(), ids=RAW)
async def test_a_body_that_cannot_be_read_is_2001(
    emsp: Adapter, partner: Cpo, body: bytes, http: int
) -> None:
    response = await partner.post_cdr(body)  # type: ignore[arg-type]  # bytes go out as they are

    assert status(response) == (http, 2001)


# Asked for with GET; of a token, with POST.
STRANGE_URLS = {
    "a CDR named NUL": ("GET", "receiver", "cdrs", "%00"),
    "a session named NUL": ("GET", "receiver", "sessions", "NL/CPO/%00"),
    "a token named NUL": ("POST", "sender", "tokens", "%00/authorize"),
    "a surrogate": ("GET", "receiver", "cdrs", "%ED%A0%80"),
    "a path inside": ("GET", "receiver", "cdrs", "..%2F..%2Fetc"),
    "a long one": ("GET", "receiver", "cdrs", "x" * 3000),
}


@pytest.mark.parametrize("asked", STRANGE_URLS.values(), ids=STRANGE_URLS)
async def test_what_there_cannot_be_is_an_answer_of_ocpi(
    partner: Cpo, asked: tuple[str, str, str, str]
) -> None:
    response = await partner.party.call(*asked)

    assert response.status_code < 500
    assert 2000 <= response.json()["status_code"] < 3000
