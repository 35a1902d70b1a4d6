"""A hub for the public internet: where a registration points, nobody inside is called.

T11, first stage, SEC-06. Later stages are in test_ssrf.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.hub.network import Network, running_network
from tests.parties import RecordingParty
from tests.partners import status
from tests.security.inside import PRIVATE, Listener


@pytest.fixture(scope="module")
async def closed(shared_database_url: str) -> AsyncIterator[Network]:
    """A hub that calls no private network."""
    async with running_network(shared_database_url, allow_private_networks="false") as network:
        yield network


@pytest.fixture(scope="module")
async def party(closed: Network) -> RecordingParty:
    """A platform with an invitation, or several."""
    return await closed.stranger("FR/BAD/EMSP")


@pytest.mark.parametrize("url", PRIVATE.values(), ids=PRIVATE)
async def test_a_registration_leads_nobody_inside(
    closed: Network, party: RecordingParty, inside: Listener, url: str
) -> None:
    """T11, first stage: credentials.url. The invitation stays good, nothing is registered."""
    token = await closed.invite("attacker")
    body = party.credentials(party.token) | {"url": url.replace("PORT", str(inside.port))}

    response = await party.request(
        "POST", f"{closed.url}/ocpi/2.2.1/credentials", body, token=token
    )

    assert status(response) in {(200, 3001), (200, 2001)}, response.text
    assert inside.hits == 0
    assert not closed.hub.registry.snapshot.parties


async def test_the_hub_does_not_register_with_itself(
    closed: Network, party: RecordingParty
) -> None:
    token = await closed.invite("attacker")
    body = party.credentials(party.token) | {"url": closed.versions_url}

    response = await party.request(
        "POST", f"{closed.url}/ocpi/2.2.1/credentials", body, token=token
    )

    assert status(response) == (200, 3001)
