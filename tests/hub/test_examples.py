"""The specification's own example objects, through the hub and out again, exactly as they were.

They are not part of this repository: where the folder that holds them is absent, this is skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.hub.network import Network, data_of, eventually, running_network, status
from tests.parties import RecordingParty

FOLDER = Path(
    os.environ.get("OCPI_EXAMPLES", Path(__file__).parents[3] / "shared" / "spec" / "examples")
)
MODULES = {
    "locations": ("location_example*.json",),
    "tariffs": ("tariff_[0-9]*.json", "tariffrestriction_*.json"),
    "tokens": ("token_example*.json", "token_put_example.json"),
    "sessions": ("session_example*.json",),
    "cdrs": ("cdr_example.json",),
}
CPOS = ("BE/BEC", "DE/ALL", "NL/ALF", "NL/ALL", "NL/STK", "SE/EVC")
EMSPS = ("DE/TNM", "NL/TNM", "NL/TST")
# Sessions are listed from a date on.
ALL = "?date_from=2000-01-01T00:00:00Z"


@dataclass(frozen=True)
class Example:
    """One complete object."""

    module: str
    name: str
    raw: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON with exact decimals."""
        read: dict[str, Any] = json.loads(self.raw, parse_float=Decimal)
        return read

    @property
    def owner(self) -> str:
        """Whose it is, as NL/TNM."""
        return f"{self.document['country_code']}/{self.document['party_id']}"

    @property
    def path(self) -> str:
        """Below a Receiver endpoint."""
        if self.module == "cdrs":
            return ""
        return f"{self.owner}/{self.document.get('uid') or self.document['id']}"


def examples(*modules: str) -> list[Any]:
    """The complete objects, of one id the older first: an older one would change nothing."""
    found = [
        Example(module, path.stem, path.read_bytes())
        for module in modules
        for pattern in MODULES[module]
        for path in FOLDER.glob(pattern)
    ]
    found.sort(key=lambda e: (e.module, e.document["last_updated"], e.name))
    if not found:
        reason = f"the specification's examples are not in {FOLDER}"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    return [pytest.param(example, id=example.name) for example in found]


@dataclass(frozen=True)
class Everybody:
    """The owners of the examples, and somebody on each side whom none of them concerns."""

    network: Network
    cpos: RecordingParty
    emsps: dict[str, RecordingParty]
    other_cpo: RecordingParty
    other_emsp: RecordingParty


@pytest.fixture(scope="module")
async def everybody(shared_database_url: str) -> AsyncIterator[Everybody]:
    """One hub for all examples."""
    async with running_network(shared_database_url) as network:
        yield Everybody(
            network,
            await network.join(*(f"{party}/CPO" for party in CPOS)),
            {party: await network.join(f"{party}/EMSP") for party in EMSPS},
            await network.join("FR/CCC/CPO"),
            await network.join("FR/EEE/EMSP"),
        )


def reached(party: RecordingParty, example: Example) -> list[Any]:
    """The objects a party got where the example belongs."""
    return [
        r.json for r in party.received if r.path == f"/receiver/{example.module}/{example.path}"
    ]


async def listed(party: RecordingParty, example: Example) -> list[Any]:
    """Those of its owner in GET All, on one page."""
    answer = await party.call("GET", "sender", example.module, ALL, to="NL/HUB")
    assert status(answer) == (200, 1000), answer.text
    assert len(data_of(answer)) == int(answer.headers["X-Total-Count"])
    return list(data_of(answer))


@pytest.mark.parametrize("example", examples("locations", "tariffs"))
async def test_a_public_object_reaches_others_and_comes_out_as_it_went_in(
    everybody: Everybody, example: Example
) -> None:
    put = await everybody.cpos.call(
        "PUT", "receiver", example.module, example.path, example.raw, from_=example.owner
    )

    assert put.json()["status_code"] == 1000, put.text
    await eventually(lambda: example.document in reached(everybody.other_emsp, example))
    assert example.document in await listed(everybody.other_emsp, example)


@pytest.mark.parametrize("example", examples("tokens"))
async def test_a_token_is_seen_by_cpos_and_by_no_emsp(
    everybody: Everybody, example: Example
) -> None:
    emsp = everybody.emsps[example.owner]

    put = await emsp.call("PUT", "receiver", "tokens", example.path, example.raw)

    assert put.json()["status_code"] == 1000, put.text
    await eventually(lambda: example.document in reached(everybody.other_cpo, example))
    assert example.document in await listed(everybody.other_cpo, example)
    refused = await everybody.other_emsp.call("GET", "sender", "tokens", to="NL/HUB")
    assert status(refused) == (200, 2001)
    assert not reached(everybody.other_emsp, example)


@pytest.mark.parametrize("example", examples("sessions", "cdrs"))
async def test_a_session_or_cdr_is_seen_by_its_emsp_and_by_nobody_else(
    everybody: Everybody, example: Example
) -> None:
    token = example.document["cdr_token"]
    emsp = everybody.emsps[f"{token['country_code']}/{token['party_id']}"]
    method = "POST" if example.module == "cdrs" else "PUT"

    sent = await everybody.cpos.call(
        method, "receiver", example.module, example.path, example.raw, from_=example.owner
    )

    assert sent.json()["status_code"] == 1000, sent.text
    (received,) = emsp.of(method, f"/receiver/{example.module}/{example.path}".rstrip("/"))
    assert received.body == example.raw
    assert example.document in await listed(emsp, example)
    assert await listed(everybody.other_emsp, example) == []
    assert not everybody.other_emsp.of(method, f"/receiver/{example.module}")
