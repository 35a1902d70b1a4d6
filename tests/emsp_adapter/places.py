"""Locations of NL/CPO for the tests of finding them."""

from __future__ import annotations

from typing import Any

from tests import samples
from tests.emsp_adapter.running import Cpo

# A driver stands here.
UTRECHT = "52.09000,5.11000"


def evse(uid: str, *, status: str = "AVAILABLE", **connector: Any) -> dict[str, Any]:
    """An EVSE with one connector."""
    return samples.evse(uid=uid, status=status, connectors=[samples.connector(**connector)])


def location(
    location_id: str, *, lat: str = "52.09000", lon: str = "5.11000", **overrides: Any
) -> dict[str, Any]:
    """A Location at some degrees, always open."""
    given = {"id": location_id, "name": f"Station {location_id}", "opening_times": None}
    coordinates = samples.coordinates(latitude=lat, longitude=lon)
    return samples.location(coordinates=coordinates, **{**given, **overrides})


async def pushed(partner: Cpo, *documents: dict[str, Any]) -> None:
    """The CPO pushes Locations; each is taken."""
    for document in documents:
        answered = await partner.put("locations", document["id"], document)
        assert answered in ((201, 1000), (200, 1000))
