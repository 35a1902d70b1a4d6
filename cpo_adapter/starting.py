"""START_SESSION, STOP_SESSION and UNLOCK_CONNECTOR.

2.2.1 commands: the token of a START_SESSION is not checked and need not be known; only the partner
whose session it is may stop it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cpo_adapter import aliases, expectations
from cpo_adapter.aliases import Grant
from cpo_adapter.asking import Asked, Call, Desk, Plan, Refused, Result, Settle, result_of
from cpo_adapter.expectations import Wanted
from cpo_adapter.ocpp.calls import CommandAnswer, Outcome, RemoteStart, RemoteStop, Unlock
from cpo_adapter.ocpp.events import IdToken
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store import transactions
from cpo_adapter.store.targets import Target
from cpo_adapter.store.transactions import Transaction
from cpo_adapter.targets import (
    check_owner,
    free_one,
    group_of,
    named,
    needs_connector,
    numbers,
    reachable,
)
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.v2_2_1.commands import CommandResponseType, CommandResultType
from ocpi_hub.protocol.v2_2_1.locations import Status

_BROKEN = frozenset({Status.INOPERATIVE, Status.OUTOFORDER, Status.REMOVED})
_TAKEN = frozenset({Status.RESERVED, Status.BLOCKED})


async def start_session(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Asks a station to start, and expects the session that comes of it."""
    body = asked.body
    check_owner(body["token"], asked.owner)
    found = await named(
        conn,
        body["location_id"],
        evse_uid=body.get("evse_uid"),
        connector_id=body.get("connector_id"),
    )
    there = reachable(found, desk)
    # Asked for before and not begun, or reserved: it is the same session.
    before = await transactions.awaited(
        conn, [each.evse_uid for each in there], owner=asked.owner.key, token=body["token"]
    )
    target = free_one(there) if before is None else _of(there, before)
    if body.get("connector_id") is None and needs_connector(target):
        raise InvalidParameters("connector_id missing: this EVSE needs it to be told")
    if target.starting:
        # CMD-27: no double start.
        raise Refused("the EVSE has been asked to start a session and has not answered yet")
    if before is None:
        return await _first_start(conn, asked, desk, target)
    return await _start_again(conn, asked, target, before, desk.rules.new_number())


async def stop_session(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Asks a station to end the partner's own session."""
    found = await transactions.find(conn, asked.body["session_id"].lower())
    if found is None or found.owner != asked.owner.key or found.state != "active":
        raise Refused("there is no such session running", CommandResponseType.UNKNOWN_SESSION)
    if found.ocpp_id is None or not desk.is_connected(found.station_id):
        raise Refused("the station is offline")
    return Call(found.station_id, RemoteStop(found.ocpp_id), _plain, transaction_id=found.id)


async def unlock_connector(conn: Hot, asked: Asked, desk: Desk) -> Plan:
    """Asks a station to let go of a cable, unless somebody else's session holds it."""
    body = asked.body
    found = await named(
        conn, body["location_id"], evse_uid=body["evse_uid"], connector_id=body["connector_id"]
    )
    (target, *_) = reachable(found, desk)
    if target.session_owner not in (None, asked.owner.key):
        raise Refused("the connector is in use by a session that is not yours")
    _, evse, connector = await numbers(conn, target)
    return Call(target.station_id, Unlock(evse, connector), _plain)


async def _first_start(conn: Hot, asked: Asked, desk: Desk, target: Target) -> Call:
    body, now = asked.body, desk.now()
    version, evse, connector = await numbers(conn, target)
    shown = await aliases.shown(
        conn,
        Grant(asked.owner, body["token"], body.get("authorization_reference"), asked.id),
        station_id=target.station_id,
        version=version,
        now=now,
        window=desk.rules.start_window,
    )
    wanted = Wanted(
        station_id=target.station_id,
        version=version,
        evse=evse,
        connector=connector,
        owner=asked.owner,
        token=body["token"],
        id_tag=shown.value,
        authorization_reference=body.get("authorization_reference"),
        remote_start_id=desk.rules.new_number(),
    )
    expected = await expectations.expect(conn, wanted, rules=desk.rules, now=now)
    start = _remote_start(expected, shown, evse, version)
    return _call(target, start, expected, partial(_started, expected.id, target, desk))


async def _start_again(
    conn: Hot, asked: Asked, target: Target, before: Transaction, number: int
) -> Call:
    """The station knows its driver already, by what it was shown the first time."""
    body = asked.body
    version, evse, _ = await numbers(conn, target)
    reference = body.get("authorization_reference") or before.authorization_reference
    expected = await transactions.change(
        conn, before.id, remote_start_id=number, authorization_reference=reference
    )
    card = aliases.is_card(body["token"])
    shown = aliases.id_token(before.id_tag or "", version=version, card=card)
    start = _remote_start(expected, shown, evse, version)
    return _call(target, start, expected, partial(_started_again, target))


def _remote_start(
    expected: Transaction, shown: IdToken, evse: int, version: Version
) -> RemoteStart:
    group = group_of(expected.token or {}, version)
    return RemoteStart(evse, shown, expected.remote_start_id or 0, group=group)


def _call(target: Target, start: RemoteStart, expected: Transaction, settle: Settle) -> Call:
    return Call(
        target.station_id,
        start,
        settle,
        transaction_id=expected.id,
        remote_start_id=start.remote_start_id,
    )


def _of(there: Sequence[Target], transaction: Transaction) -> Target:
    return next(each for each in there if each.evse_uid == transaction.evse_uid)


async def _started(
    session_id: str, target: Target, desk: Desk, conn: Hot, answer: CommandAnswer
) -> Result:
    """Accepted only says that it will try; a start that comes later is still this session."""
    if answer.outcome.accepted:
        await expectations.announce(conn, session_id, rules=desk.rules, now=desk.now())
    elif answer.outcome is not Outcome.TIMEOUT:
        await expectations.refused(conn, session_id, rules=desk.rules, now=desk.now())
    return result_of(answer, rejected=_why_rejected(target))


async def _started_again(target: Target, conn: Hot, answer: CommandAnswer) -> Result:
    """Whatever the station says now, what it was asked before still holds."""
    del conn
    return result_of(answer, rejected=_why_rejected(target))


def _why_rejected(target: Target) -> CommandResultType:
    if target.session_owner is not None or target.status in _TAKEN:
        return CommandResultType.EVSE_OCCUPIED
    if target.status in _BROKEN:
        return CommandResultType.EVSE_INOPERATIVE
    return CommandResultType.FAILED


async def _plain(conn: Hot, answer: CommandAnswer) -> Result:
    del conn
    return result_of(answer)
