"""What partners have is read after connecting, after an outage of theirs or ours, and only anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.responses import Response

from emsp_adapter import catching_up
from emsp_adapter.office import Office
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.party import Party
from tests.emsp_adapter.running import Adapter, adapter, cpo
from tests.parties import (
    Answer,
    Received,
    RecordingParty,
    envelope,
    envelope_of,
    json_bytes,
)
from tests.partners import eventually
from tests.peering.scene import behind
from tests.samples import location

Kept = list[tuple[Party, str]]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Which Locations were handed on, with their owners; what is named BAD is refused."""
    found: Kept = []

    async def keep(_office: Office, owner: Party, document: Mapping[str, Any]) -> None:
        if document["id"] == "BAD":
            raise InvalidParameters("id: expected something better")
        if document["id"] == "WORSE":
            raise OverflowError("nobody thought of this")
        found.append((owner, document["id"]))

    monkeypatch.setattr(catching_up, "_KEEPERS", {"locations": keep})
    return found


NL = Party("NL", "CPO")


def asked(party: RecordingParty) -> list[Received]:
    """Every reading of the Locations, page by page."""
    return party.of("GET", "/sender/locations")


async def _connected(to: Adapter, party: RecordingParty) -> None:
    await to.office.side.registrar.connect(
        "again", versions_url=f"{party.url}/ocpi/versions", token=party.token
    )


async def test_every_page_is_read_and_a_bad_object_holds_up_no_other(
    kept: Kept, emsp_database_url: str
) -> None:
    async with adapter(emsp_database_url) as emsp, cpo(emsp, connect=False) as partner:
        partner.party.page_size = 2
        partner.party.lists["locations"] = [
            location(id=name) for name in ("L1", "BAD", "WORSE", "L2", "L3", "L4")
        ] + [location(id="L5") | {"country_code": 5}]
        await _connected(emsp, partner.party)
        await eventually(lambda: len(kept) == 4)

    assert kept == [(NL, "L1"), (NL, "L2"), (NL, "L3"), (NL, "L4")]
    assert [("offset" in page.query) for page in asked(partner.party)] == [False, True, True, True]


BAD_OBJECTS: dict[str, tuple[bytes, str, str]] = {
    "a NUL": (
        b'{"id": "N1", "evses": [{"uid": "a\\u0000b"}]}',
        "N1",
        "evses.0.uid: NUL (U+0000) cannot be kept",
    ),
    "a lone surrogate": (b'{"id": "N1", "x": "\\ud800"}', "N1", "x: a lone surrogate (U+D800)"),
    "a number beyond what is kept": (
        b'{"id": "N1", "price": 1234567890123456789012345678901}',
        "N1",
        "price: the number 1234567890123456789012345678901 has more than 30 digits",
    ),
    "an exponent beyond what is kept": (b'{"id": "N1", "x": 1e99}', "N1", "x: the number 1e99"),
    "a key twice": (
        b'{"id": "N1", "id": "N2"}',
        "one without an id",
        "'id': the key is there twice",
    ),
    "a key twice below": (b'{"id": "N1", "x": {"a": 1, "a": 2}}', "N1", "x: 'a': the key is"),
    "65 levels": (
        b'{"id": "N1", "x": ' + b"[" * 65 + b"]" * 65 + b"}",
        "N1",
        "nested deeper than 64 levels",
    ),
    "no object": (b'["L9"]', "one without an id", "body: expected an object, got an array"),
    "a number": (b"9" * 31, "one without an id", "has more than 30 digits"),
}


@pytest.mark.parametrize(("bad", "name", "reason"), BAD_OBJECTS.values(), ids=BAD_OBJECTS)
async def test_an_object_that_cannot_be_kept_spoils_no_page(
    kept: Kept,
    emsp_database_url: str,
    caplog: pytest.LogCaptureFixture,
    bad: bytes,
    name: str,
    reason: str,
) -> None:
    caplog.set_level("INFO", "emsp_adapter.catching_up")

    async with adapter(emsp_database_url) as emsp, cpo(emsp, connect=False) as partner:
        partner.party.answer = _a_page_with(bad, partner.party)
        await _connected(emsp, partner.party)
        await eventually(lambda: len(kept) == 3)

    assert kept == [(NL, "L1"), (NL, "L2"), (NL, "L3")]
    (said,) = [r.__dict__ for r in caplog.records if r.message == "an object was left out"]
    assert (said["of"], said["object"]) == ("locations", name)
    assert reason in said["reason"]


def _a_page_with(bad: bytes, party: RecordingParty) -> Answer:
    """Two pages of Locations, the first with something between its good ones."""

    async def answer(heard: Received) -> Response | None:
        if heard.path != "/sender/locations":
            return None
        if "offset" in heard.query:
            return envelope([location(id="L3")])
        first = b",".join((json_bytes(location(id="L1")), bad, json_bytes(location(id="L2"))))
        page = envelope_of(b"[" + first + b"]")
        page.headers["Link"] = f'<{party.url}/ocpi/sender/locations?offset=3>; rel="next"'
        return page

    return answer


async def test_an_object_of_somebody_else_is_left_out(kept: Kept, emsp_database_url: str) -> None:
    async with adapter(emsp_database_url) as emsp, cpo(emsp, connect=False) as partner:
        theirs = location(id="L1", country_code="BE")
        partner.party.lists["locations"] = [theirs, location(id="L2")]
        await _connected(emsp, partner.party)
        await eventually(lambda: bool(kept))

    assert kept == [(NL, "L2")]


async def test_after_our_own_outage_only_what_changed_is_asked_for(
    kept: Kept, emsp_database_url: str
) -> None:
    async with adapter(emsp_database_url) as emsp, cpo(emsp) as partner:
        await eventually(lambda: bool(asked(partner.party)))
        await eventually(lambda: _marked(emsp))
        await emsp.stop()
        partner.party.begin_anew()
        await emsp.start()
        await eventually(lambda: bool(asked(partner.party)))

    assert asked(partner.party)[0].query.startswith("limit=100&date_from=")


async def test_a_partner_that_was_away_is_read_when_it_is_back(
    kept: Kept, emsp_database_url: str
) -> None:
    async with adapter(emsp_database_url) as emsp, cpo(emsp) as partner:
        await eventually(lambda: _marked(emsp))
        partner.party.begin_anew()
        (peer,) = emsp.office.side.peers.ready
        breaker = emsp.office.side.outgoing.breaker(peer)
        for _ in range(20):
            breaker.failed(emsp.office.side.outgoing.clock())
        await eventually(lambda: bool(asked(partner.party)))

    assert kept == []
    assert asked(partner.party)[0].query.startswith("limit=100&date_from=")


async def test_a_peer_that_is_slow_holds_up_no_other(kept: Kept, emsp_database_url: str) -> None:
    async with (
        adapter(emsp_database_url) as emsp,
        cpo(emsp, name="slow", roles="BE/CPO/CPO", connect=False) as slow,
        cpo(emsp, connect=False) as quick,
    ):
        slow.party.answer = slow.party.never
        await _connected(emsp, slow.party)
        await eventually(lambda: bool(asked(slow.party)))
        quick.party.lists["locations"] = [location(id="L1")]
        await emsp.office.side.registrar.connect(
            "quick", versions_url=f"{quick.party.url}/ocpi/versions", token=quick.party.token
        )
        await eventually(lambda: kept == [(NL, "L1")])


async def test_a_newcomer_behind_a_hub_is_asked_for_everything(
    kept: Kept, emsp_database_url: str
) -> None:
    async with (
        adapter(emsp_database_url) as emsp,
        cpo(emsp, roles="XX/HUB/HUB", connect=False) as hub,
    ):
        hub.party.lists["hubclientinfo"] = [behind("NL/CPO", "CPO")]
        hub.party.lists["locations"] = [location(id="L1")]
        await _connected(emsp, hub.party)
        await eventually(lambda: bool(kept))
        await eventually(lambda: _marked(emsp))
        hub.party.begin_anew()
        hub.party.lists["locations"] = [location(id="B1", country_code="BE")]
        info = behind("BE/CPO", "CPO")
        await hub.party.request("PUT", f"{emsp.url}/ocpi/2.2.1/hubclientinfo/BE/CPO", info)
        await eventually(lambda: len(asked(hub.party)) > 1)

    to = {page.routing()[1]: "date_from" in page.query for page in asked(hub.party)}
    assert to == {"XX/HUB": True, "BE/CPO": False}


async def _marked(emsp: Adapter) -> bool:
    return await emsp.row("SELECT true FROM pulls WHERE party = ''") is not None
