"""What a central system asks of a station, in the words that both versions answer with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from cpo_adapter.simulator import configuration as settings
from cpo_adapter.simulator import maintenance
from cpo_adapter.simulator.connector import Connector, Reservation, Status
from cpo_adapter.simulator.face import BootReason, Job
from cpo_adapter.simulator.link import Call
from cpo_adapter.simulator.profiles import Profile, Purpose
from cpo_adapter.simulator.station import Station
from cpo_adapter.simulator.token import Authorization, Token
from cpo_adapter.simulator.transaction import Reason, Trigger

ACCEPTED = "Accepted"
REJECTED = "Rejected"
SCHEDULED = "Scheduled"

# What a station can be asked to say; the rest of the messages it does not know.
TRIGGERS = frozenset(
    {
        "BootNotification",
        "Heartbeat",
        "StatusNotification",
        "MeterValues",
        "TransactionEvent",
        "FirmwareStatusNotification",
        "DiagnosticsStatusNotification",
        "LogStatusNotification",
    }
)


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A remote start; without `connector` it is for any that is free."""

    token: Token
    connector: int | None
    remote_start_id: int | None
    profile: Profile | None = None


def startable(station: Station, request: StartRequest) -> Connector | None:
    """The connector that a remote start can use."""
    named = request.connector
    among = (
        station.connectors.values()
        if named is None
        else filter(None, [station.connectors.get(named)])
    )
    nobody = Authorization(accepted=True)
    for connector in among:
        reserved = connector.reservation
        for_this_driver = reserved is None or reserved.admits(request.token, nobody)
        is_usable = connector.is_free or connector.status is Status.RESERVED
        if is_usable and connector.ready is None and for_this_driver:
            return connector
    return None


def start(station: Station, connector: Connector, request: StartRequest) -> None:
    """Begins to charge, or waits for the vehicle."""
    station.say("remote start", connector=connector, note=request.token.uid)
    if request.profile is not None:
        station.profiles.put(replace(request.profile, connector=connector.number))
    if station.configuration.is_on(settings.AUTHORIZE_REMOTE):
        station.spawn(_authorized_start(station, connector, request))
    else:
        _admit(station, connector, request, Authorization(accepted=True))


async def _authorized_start(station: Station, connector: Connector, request: StartRequest) -> None:
    authorization = await station.authorize(request.token)
    if authorization.accepted:
        _admit(station, connector, request, authorization)
    else:
        station.say("token is refused", connector=connector, note=request.token.uid)


def _admit(
    station: Station, connector: Connector, request: StartRequest, authorization: Authorization
) -> None:
    station.admit(
        connector,
        request.token,
        authorization,
        remote_start_id=request.remote_start_id,
        is_remote=True,
    )


def stop(station: Station, connector: Connector) -> None:
    """Ends the transaction."""
    station.say("remote stop", connector=connector)
    station.end(connector, Reason.REMOTE)


def reserve(station: Station, number: int | None, reservation: Reservation) -> str:
    """Keeps a connector for a driver; without a number any that is available."""
    for connector in station.connectors.values():
        if connector.reservation is not None and connector.reservation.id == reservation.id:
            connector.reservation = None
    chosen = _reservable(station, number)
    if chosen is None:
        return REJECTED if number is not None else "Occupied"
    match chosen.status:
        case Status.AVAILABLE:
            chosen.reservation = reservation
            station.say("is reserved", connector=chosen, note=reservation.token.uid)
            return ACCEPTED
        case Status.FAULTED | Status.UNAVAILABLE as status:
            return status.value
        case _:
            return "Occupied"


def _reservable(station: Station, number: int | None) -> Connector | None:
    if number is not None:
        return station.connectors.get(number)
    available = (each for each in station.connectors.values() if each.status is Status.AVAILABLE)
    return next(available, None)


def reserved(station: Station, reservation_id: int) -> Connector | None:
    """The connector that is kept under this number."""
    return next(
        (
            connector
            for connector in station.connectors.values()
            if connector.reservation is not None and connector.reservation.id == reservation_id
        ),
        None,
    )


def cancel(station: Station, connector: Connector) -> None:
    """Gives up a reservation."""
    connector.reservation = None
    station.say("reservation is cancelled", connector=connector)


def change_availability(station: Station, number: int, *, operative: bool) -> str:
    """Puts a connector, or with 0 all, in or out of service; out only after its transaction."""
    concerned = chosen(station, number)
    if not concerned:
        return REJECTED
    busy = [connector for connector in concerned if connector.transaction is not None]
    for connector in concerned:
        if connector in busy and not operative:
            connector.operative_next = operative
        else:
            connector.operative, connector.operative_next = operative, None
    return SCHEDULED if busy and not operative else ACCEPTED


def chosen(station: Station, number: int) -> list[Connector]:
    """The connector with the number, or with 0 all of them."""
    everything = station.connectors.values()
    return [each for each in everything if number in (0, each.number)]


def tell_all(station: Station) -> None:
    """Tells what has changed since it was last told."""
    for connector in station.connectors.values():
        station.changed(connector)


def reset(station: Station, *, hard: bool) -> None:
    """Ends what runs and starts again."""
    station.say("restarts", note="as it was asked to")
    for connector in station.connectors.values():
        connector.ready = None
        station.end(connector, Reason.HARD_RESET if hard else Reason.SOFT_RESET)
    station.restart(BootReason.RESET)


async def reset_when_idle(station: Station) -> None:
    """Starts again once no transaction runs."""
    await maintenance.idle(station)
    reset(station, hard=False)


def put_profile(station: Station, profile: Profile, transaction: str | None) -> str:
    """Takes a profile if it can count for something here."""
    number = profile.connector
    known = number == 0 or number in station.connectors
    too_much = (
        profile.stack_level > settings.MAX_STACK_LEVEL
        or not 0 < len(profile.periods) <= settings.MAX_PERIODS
    )
    if not known or too_much or (profile.purpose is Purpose.STATION and number != 0):
        return REJECTED
    if profile.purpose is Purpose.TRANSACTION and not _runs(station, number, transaction):
        return REJECTED
    station.profiles.put(profile)
    station.say("charging profile is set", note=f"{profile.id}, level {profile.stack_level}")
    return ACCEPTED


def _runs(station: Station, number: int, transaction: str | None) -> bool:
    connector = station.connectors.get(number)
    if connector is None or connector.transaction is None:
        return False
    return transaction is None or station.transaction(transaction) is connector


def clear_profiles(
    station: Station,
    *,
    profile_id: int | None,
    connector: int | None,
    purpose: Purpose | None,
    stack_level: int | None,
) -> str:
    """Takes out the profiles that fit all that is said; an id says it alone."""
    number = station.profiles.clear(
        lambda profile: (
            profile.id == profile_id
            if profile_id is not None
            else connector in (None, profile.connector)
            and purpose in (None, profile.purpose)
            and stack_level in (None, profile.stack_level)
        )
    )
    return ACCEPTED if number else "Unknown"


def change_list(
    station: Station,
    version: int,
    entries: list[tuple[str, Authorization | None]],
    *,
    full: bool,
) -> str:
    """Takes a local list, or changes to the one that is there."""
    if not station.configuration.is_on(settings.LIST_ENABLED):
        return "NotSupported"
    if len(entries) > settings.MAX_LIST_LENGTH:
        return "Failed"
    if full:
        station.local_list.replace(version, entries)
    elif version <= station.local_list.version:
        return "VersionMismatch"
    else:
        station.local_list.change(version, entries)
    station.say("local list", note=f"version {version}, {len(entries)} entries")
    return ACCEPTED


def trigger(station: Station, message: str, connectors: list[Connector]) -> None:
    """Sends one of TRIGGERS."""
    face, outbox = station.face, station.outbox
    match message:
        case "BootNotification":
            outbox.post(partial(face.boot, station.name, BootReason.TRIGGERED))
        case "Heartbeat":
            outbox.post(lambda: Call("Heartbeat"))
        case "StatusNotification":
            for connector in connectors:
                station.tell_status(connector)
        case "MeterValues" | "TransactionEvent":
            _tell_meters(station, connectors, only_running=message == "TransactionEvent")
        case "FirmwareStatusNotification":
            outbox.post(lambda: face.firmware(Job("Idle")))
        case "DiagnosticsStatusNotification" | "LogStatusNotification":
            outbox.post(lambda: face.log_upload(Job("Idle")))


def _tell_meters(station: Station, connectors: list[Connector], *, only_running: bool) -> None:
    for connector in connectors:
        if connector.transaction is not None:
            station.sample(connector, Trigger.ASKED, context="Trigger")
        elif not only_running:
            reading = connector.read(station.clock.now(), context="Trigger")
            station.outbox.post(partial(station.face.meter_values, connector, reading))
