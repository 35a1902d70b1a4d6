"""RESERVE_NOW and CANCEL_RESERVATION.

2.2.1 commands: the eMSP's reservation_id never goes to a station; the number that does is ours,
unique over all partners. The same id at the same Location again replaces the reservation.
"""

from __future__ import annotations

from functools import partial

from cpo_adapter import aliases, expectations, sessions, statuses
from cpo_adapter.aliases import Grant
from cpo_adapter.asking import (
    Afterwards,
    Asked,
    Call,
    Desk,
    Done,
    Plan,
    Refused,
    Result,
    command_result,
    result_of,
)
from cpo_adapter.expectations import Wanted
from cpo_adapter.ocpp.calls import CancelReservation, CommandAnswer, ReserveNow
from cpo_adapter.plugs import version_of
from cpo_adapter.reservations import close
from cpo_adapter.store import reservations as store
from cpo_adapter.store import stations, transactions
from cpo_adapter.store.reservations import Reservation
from cpo_adapter.store.targets import Target
from cpo_adapter.targets import (
    able,
    check_owner,
    free_one,
    group_of,
    named,
    numbers,
    reachable,
)
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.commands import CommandResultType
from ocpi_hub.protocol.v2_2_1.locations import Capability


async def reserve_now(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Asks a station to keep an EVSE for a token."""
    body, now = asked.body, desk.now()
    check_owner(body["token"], asked.owner)
    expires_at = parse_datetime(body["expiry_date"])
    if expires_at <= now:
        # CMD-26.
        raise Refused("expiry_date: expected a moment in the future")
    found = await named(conn, body["location_id"], evse_uid=body.get("evse_uid"), connector_id=None)
    known = await store.theirs(
        conn,
        asked.owner.key,
        reservation_id=body["reservation_id"],
        location_id=found[0].location_id,
    )
    held = known if known is not None and known.is_open else None
    target = _target(able(reachable(found, desk), Capability.RESERVABLE), held)
    version, evse, connector = await numbers(conn, target)
    shown = await aliases.shown(
        conn,
        Grant(asked.owner, body["token"], body.get("authorization_reference"), asked.id),
        station_id=target.station_id,
        version=version,
        now=now,
        window=max(desk.rules.start_window, expires_at - now),
    )
    wanted = Reservation(
        id=held.id if held is not None else await _new_number(conn, desk),
        owner=asked.owner.key,
        reservation_id=body["reservation_id"],
        station_id=target.station_id,
        evse=evse,
        connector=connector,
        location_id=target.location_id,
        evse_uid=target.evse_uid,
        id_tag=shown.value,
        token=body["token"],
        authorization_reference=body.get("authorization_reference"),
        started_at=now if held is None else held.started_at,
        expires_at=expires_at,
        state="requested",
        ended_at=None,
        transaction_id=None if held is None else held.transaction_id,
        response_url=asked.response_url,
        peer_id=asked.peer_id,
    )
    await store.put(conn, wanted)
    return Call(
        target.station_id,
        ReserveNow(wanted.id, evse, expires_at, shown, group_of(body["token"], version)),
        partial(_reserved, wanted, held, desk),
        transaction_id=wanted.transaction_id,
        afterwards=_left_behind(wanted, held),
    )


async def cancel_reservation(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Asks a station to let go of what the partner has reserved."""
    found = await store.theirs(conn, asked.owner.key, reservation_id=asked.body["reservation_id"])
    if found is None or not found.is_open:
        return Done(command_result(CommandResultType.UNKNOWN_RESERVATION))
    if not desk.is_connected(found.station_id):
        raise Refused("the station is offline")
    return Call(found.station_id, CancelReservation(found.id), partial(_cancelled, found, desk))


def _target(there: list[Target], held: Reservation | None) -> Target:
    """The EVSE it had before, else one that is free."""
    if held is not None:
        same = [each for each in there if each.evse_uid == held.evse_uid]
        if same:
            return same[0]
    free = [each for each in there if each.reserved_for is None]
    if not free:
        raise Refused("the EVSE is reserved already")
    return free_one(free)


def _left_behind(wanted: Reservation, held: Reservation | None) -> Afterwards | None:
    """A reservation that moves to another station is no longer held by the one before."""
    if held is None or held.station_id == wanted.station_id:
        return None
    return Afterwards(held.station_id, CancelReservation(held.id))


async def _new_number(conn: Hot, desk: Desk) -> int:
    while await store.exists(conn, number := desk.rules.new_number()):
        pass
    return number


async def _reserved(
    wanted: Reservation, held: Reservation | None, desk: Desk, conn: Hot, answer: CommandAnswer
) -> Result:
    current = await store.find(conn, wanted.id)
    if current is None or not current.is_open:
        # It was used, or its time was over, before the station's answer came.
        return result_of(answer)
    if answer.outcome.accepted:
        await _hold(conn, current, desk)
    elif held is not None:
        # The station goes on with what it had.
        await store.put(conn, held)
    else:
        await store.end(conn, wanted.id, state="refused", at=desk.now())
    await _rederive(conn, current, desk)
    if held is not None and held.evse_uid != wanted.evse_uid:
        await _rederive(conn, held, desk)
    return result_of(answer)


async def _hold(conn: Hot, reservation: Reservation, desk: Desk) -> None:
    """The reservation is in force: a Session of its own stands for it."""
    rules, now = desk.rules, desk.now()
    wanted = await _wanted(conn, reservation)
    transaction_id = reservation.transaction_id
    if transaction_id is None:
        transaction_id = (await expectations.reserve(conn, wanted, rules=rules, now=now)).id
    else:
        await expectations.moved(conn, transaction_id, wanted, now=now)
    await store.activate(conn, reservation.id, transaction_id=transaction_id)
    found = await transactions.find(conn, transaction_id, lock=True)
    if found is not None:
        await sessions.tell(conn, found, rules=rules, now=now)


async def _wanted(conn: Hot, reservation: Reservation) -> Wanted:
    station = await stations.find(conn, reservation.station_id)
    return Wanted(
        station_id=reservation.station_id,
        version=version_of(None if station is None else station.protocol),
        evse=reservation.evse,
        connector=reservation.connector,
        owner=Party.of_key(reservation.owner or ""),
        token=reservation.token,
        id_tag=reservation.id_tag,
        authorization_reference=reservation.authorization_reference,
        reservation_id=reservation.id,
    )


async def _cancelled(
    reservation: Reservation, desk: Desk, conn: Hot, answer: CommandAnswer
) -> Result:
    current = await store.find(conn, reservation.id)
    if answer.outcome.accepted and current is not None and current.is_open:
        await close(conn, current, "cancelled", rules=desk.rules, now=desk.now())
    return result_of(answer)


async def _rederive(conn: Hot, reservation: Reservation, desk: Desk) -> None:
    if reservation.evse_uid is not None:
        await statuses.rederive(
            conn, [reservation.evse_uid], now=desk.now(), settle=desk.rules.status_settle
        )
