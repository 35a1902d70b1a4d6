"""Where the drivers of the sandbox eMSP go."""

from __future__ import annotations

from ocpi_hub.demo.journeys import free_plugs
from tests.samples import evse, location


def test_drivers_go_where_a_plug_is_free_and_leave_some_places_to_others() -> None:
    busy = evse(uid="EVSE2", status="CHARGING")
    places = [location(id="LOC1", evses=[evse(), busy]), location(id="LOC2", evses=[evse()])]

    found = free_plugs(places, avoided=frozenset({"LOC2"}))

    assert [(place["id"], plug["uid"]) for place, plug in found] == [("LOC1", "EVSE1")]
