"""What people do at a station, and what breaks there."""

from __future__ import annotations

from cpo_adapter.simulator.connector import Connector
from cpo_adapter.simulator.station import Station
from cpo_adapter.simulator.token import Authorization, Token
from cpo_adapter.simulator.transaction import Reason, Transaction, Trigger
from cpo_adapter.simulator.vehicle import Battery


def plug_in(station: Station, connector: Connector, battery: Battery) -> None:
    """Connects a vehicle; charging begins if somebody is ready."""
    if connector.battery is not None:
        station.say("is taken by another vehicle", connector=connector)
        return
    connector.connect(battery)
    station.say("plugged in", connector=connector, note=f"{battery.charged_percent} % charged")
    station.changed(connector)
    if connector.ready is not None:
        trigger = Trigger.REMOTE_START if connector.ready.is_remote else Trigger.PLUGGED
        station.begin(connector, trigger)


def unplug(station: Station, connector: Connector) -> None:
    """Takes the vehicle away, which ends what it was charged by."""
    if connector.battery is None:
        return
    station.end(connector, Reason.UNPLUGGED)
    connector.disconnect()
    station.say("unplugged", connector=connector)
    station.changed(connector)


async def swipe(station: Station, connector: Connector, token: Token) -> None:
    """Shows a card: to start, or to stop what it started."""
    station.say("card is shown", connector=connector, note=token.uid)
    transaction = connector.transaction
    if transaction is not None and token.is_same(transaction.token):
        station.end(connector, Reason.LOCAL)
        return
    authorization = await station.authorize(token)
    if not authorization.accepted:
        note = f"{token.uid} {authorization.status}".strip()
        station.say("token is refused", connector=connector, note=note)
        return
    _use(station, connector, token, authorization)


def _use(
    station: Station, connector: Connector, token: Token, authorization: Authorization
) -> None:
    transaction, reservation = connector.transaction, connector.reservation
    if transaction is not None:
        if _in_group(transaction, authorization):
            station.end(connector, Reason.LOCAL)
        else:
            station.say("is in use by another driver", connector=connector, note=token.uid)
    elif connector.error is not None or not connector.operative:
        station.say("is out of order", connector=connector, note=token.uid)
    elif reservation is not None and not reservation.admits(token, authorization):
        station.say("is reserved for another driver", connector=connector, note=token.uid)
    else:
        station.admit(connector, token, authorization)


def _in_group(transaction: Transaction, authorization: Authorization) -> bool:
    return authorization.group is not None and authorization.group == transaction.group


def press_stop(station: Station, connector: Connector) -> None:
    """Ends the transaction at the station."""
    station.end(connector, Reason.LOCAL)


def break_down(station: Station, connector: Connector, error: str) -> None:
    """Something fails; the error is one of 1.6's codes."""
    connector.error = error
    station.say("is faulted", connector=connector, note=error)
    station.end(connector, Reason.OTHER)
    if connector.reservation is not None:
        station.drop_reservation(connector, "Removed")
    station.changed(connector)


def recover(station: Station, connector: Connector) -> None:
    """It works again."""
    connector.error = None
    station.say("works again", connector=connector)
    station.changed(connector)
