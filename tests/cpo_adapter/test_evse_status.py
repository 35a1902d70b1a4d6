"""The table from facts to a status, and the ports that are out."""

from __future__ import annotations

import pytest

from cpo_adapter.evse_status import Facts, Lifecycle, Outage, derive, outage
from ocpi_hub.protocol.v2_2_1.locations import Status

TABLE = {
    "removed beats all": (
        Facts(lifecycle=Lifecycle.REMOVED, session=True, connectors=("Charging",)),
        Status.REMOVED,
    ),
    "planned": (Facts(lifecycle=Lifecycle.PLANNED, connectors=("Available",)), Status.PLANNED),
    "offline, whatever it said last": (
        Facts(offline=True, session=True, connectors=("Charging",)),
        Status.UNKNOWN,
    ),
    "the station is faulted": (
        Facts(whole=("Faulted",), connectors=("Available",)),
        Status.OUTOFORDER,
    ),
    "the station is unavailable": (
        Facts(whole=("Unavailable",), connectors=("Available",)),
        Status.INOPERATIVE,
    ),
    "all connectors faulted": (Facts(connectors=("Faulted", "Faulted")), Status.OUTOFORDER),
    "faulted with a session": (Facts(connectors=("Faulted",), session=True), Status.OUTOFORDER),
    "one of two faulted": (Facts(connectors=("Faulted", "Available")), Status.AVAILABLE),
    "charging": (Facts(connectors=("Charging",)), Status.CHARGING),
    "suspended by the car": (Facts(connectors=("SuspendedEV",)), Status.CHARGING),
    "suspended by the station": (Facts(connectors=("SuspendedEVSE",)), Status.CHARGING),
    "a session is open": (Facts(connectors=("Available",), session=True), Status.CHARGING),
    "preparing": (Facts(connectors=("Preparing",)), Status.CHARGING),
    "finishing": (Facts(connectors=("Finishing",)), Status.CHARGING),
    "occupied without a session": (Facts(connectors=("Occupied",)), Status.CHARGING),
    "in use beats reserved": (
        Facts(connectors=("Occupied",), reservation=True),
        Status.CHARGING,
    ),
    "the station says reserved": (Facts(connectors=("Reserved",)), Status.RESERVED),
    "we have reserved": (Facts(connectors=("Available",), reservation=True), Status.RESERVED),
    "unavailable": (Facts(connectors=("Unavailable",)), Status.INOPERATIVE),
    "faulted and unavailable": (Facts(connectors=("Faulted", "Unavailable")), Status.INOPERATIVE),
    "one of two unavailable": (Facts(connectors=("Unavailable", "Available")), Status.AVAILABLE),
    "a sibling draws from the outlet": (
        Facts(connectors=("Available",), sibling_in_use=True),
        Status.BLOCKED,
    ),
    "charging beside a sibling": (
        Facts(connectors=("Charging",), sibling_in_use=True),
        Status.CHARGING,
    ),
    "available": (Facts(connectors=("Available",)), Status.AVAILABLE),
    "available, spelled loosely": (Facts(connectors=(" available ",)), Status.AVAILABLE),
    "one of two has reported": (Facts(connectors=(None, "Available")), Status.AVAILABLE),
    "never reported": (Facts(connectors=(None,)), Status.UNKNOWN),
    "not mapped": (Facts(), Status.UNKNOWN),
    "a word that OCPP does not have": (Facts(connectors=("Napping",)), Status.UNKNOWN),
}


@pytest.mark.parametrize(("facts", "status"), TABLE.values(), ids=TABLE)
def test_the_first_rule_that_holds_decides(facts: Facts, status: Status) -> None:
    assert derive(facts) is status


OUTAGES = {
    "one of two faulted is none": ((), ("Faulted", "Available"), None),
    "all faulted": ((), ("Faulted", "Faulted"), Outage.FAULTED),
    "the station is faulted": (("Faulted",), ("Available",), Outage.FAULTED),
    "all unavailable": ((), ("Unavailable",), Outage.UNAVAILABLE),
    "faulted and unavailable": ((), ("Faulted", "Unavailable"), Outage.UNAVAILABLE),
    "in use": ((), ("Charging",), None),
    "never reported": ((), (None,), None),
    "no connectors": ((), (), None),
}


@pytest.mark.parametrize(("whole", "connectors", "expected"), OUTAGES.values(), ids=OUTAGES)
def test_a_port_is_out_only_while_nobody_can_use_it(
    whole: tuple[str, ...], connectors: tuple[str | None, ...], expected: Outage | None
) -> None:
    assert outage(whole, connectors) is expected
