"""Sessions as CPOs tell of them. Source: 2.2.1 sessions, Receiver interface.

Each accepted change goes to the charge it belongs to, in the same transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from emsp_adapter.asking import Asking
from emsp_adapter.charging import charges
from emsp_adapter.contracts.authorization import first_given, misfit
from emsp_adapter.contracts.disputes import SessionRule
from emsp_adapter.contracts.own_tokens import own_token
from emsp_adapter.contracts.suspicion import remark, suspicion_of
from emsp_adapter.network import offers
from emsp_adapter.office import Office
from emsp_adapter.store import authorizations
from emsp_adapter.store import sessions as store
from emsp_adapter.store.outcomes import takes_the_place
from emsp_adapter.store.sessions import SessionRow
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.pricing.rules import Flag, Rule
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.jsontext import dumps, same
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.patch import merge_session
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.sessions import Session, SessionStatus
from ocpi_hub.protocol.v2_2_1.tokens import TokenType
from ocpi_hub.protocol.validation import check

log = logging.getLogger(__name__)

# SES-02: COMPLETED is final; what is INVALID is not billed, so neither changes.
_FINAL = frozenset({SessionStatus.COMPLETED, SessionStatus.INVALID})
# The text of the chapter says RESERVED once, and some send it (AMB-41).
_MEANT = {"RESERVED": SessionStatus.RESERVATION.value}
# From then on the driver charges.
_BEGUN = {SessionStatus.ACTIVE.value, SessionStatus.COMPLETED.value}
_STALE = Reply(message="stale: a newer last_updated is stored, nothing changed")
# A Session that nobody has told of for so long runs no more.
_SILENT = timedelta(days=1)


async def put(office: Office, asking: Asking) -> Reply:
    """Keep a Session; a PUT replaces all of it (SES-12)."""
    document, owner = dict(asking.document), asking.owner
    async with office.db.hot_transaction() as conn:
        fresh = await _replace(conn, office, owner, document)
    return Reply() if fresh else _STALE


async def patch(office: Office, asking: Asking) -> Reply:
    """Change a Session; charging_periods are appended (SES-13), 404 where there is none."""
    changes, owner, session_id = asking.document, asking.owner, asking.param("session_id")
    async with office.db.hot_transaction() as conn:
        await store.claim(conn, owner, session_id)
        known = await store.find(conn, owner, session_id, lock=True)
        if known is None:
            raise _unknown(session_id)
        if _older(known, changes, now=office.now()):
            return _STALE
        merged = merge_session(known.document, changes)
        check(Session, merged)
        await _take(conn, office, owner, known=known, document=merged)
    return Reply()


async def show(office: Office, asking: Asking) -> Reply:
    """The Session as it is kept."""
    async with office.db.hot() as conn:
        known = await store.find(conn, asking.owner, asking.param("session_id"))
    if known is None:
        raise _unknown(asking.param("session_id"))
    return Reply(data=dumps(known.document))


async def keep(office: Office, owner: Party, document: Mapping[str, Any]) -> None:
    """Keep a Session out of a list, unless what is known is newer or final."""
    check(Session, document)
    async with office.db.hot_transaction() as conn:
        await _replace(conn, office, owner, document)


async def _replace(conn: Hot, office: Office, owner: Party, document: Mapping[str, Any]) -> bool:
    """Whether it was not older than what is known."""
    await store.claim(conn, owner, document["id"])
    known = await store.find(conn, owner, document["id"], lock=True)
    if known is not None and _older(known, document, now=office.now()):
        return False
    await _take(conn, office, owner, known=known, document=document)
    return True


async def _take(
    conn: Hot,
    office: Office,
    owner: Party,
    *,
    known: SessionRow | None,
    document: Mapping[str, Any],
) -> None:
    if known is not None and same(known.document, document):
        return
    document, flags = _as_begun(known, document)
    if Decimal(document["kwh"]) < 0:
        raise InvalidParameters(f"kwh: {document['kwh']} is negative, a charger gives energy")
    if known is not None and known.status in _FINAL:
        raise InvalidParameters(
            f"status: session {document['id']!r} is {known.status}, which is final"
        )
    token = await own_token(conn, office, document)
    if known is not None and known.token_id != token.id:
        raise InvalidParameters(
            f"cdr_token.uid: session {document['id']!r} began with another token"
        )
    status = _MEANT.get(document["status"], document["status"])
    permitted_at = await first_given(
        conn,
        token,
        cpo=owner,
        session_id=document["id"],
        started_at=parse_datetime(document["start_date_time"]),
    )
    flags += await _flags(
        conn,
        office,
        owner,
        token=token,
        document=document,
        permitted=permitted_at is not None,
    )
    await _report(conn, office, owner, token, document, known=known, flags=flags)
    await store.put(
        conn,
        owner,
        document,
        driver_id=token.driver_id,
        token_id=token.id,
        status=status,
        tariff_ids=await _hung(conn, owner, document, known=known, permitted_at=permitted_at),
        flags=[each.document() for each in flags],
        last_updated=parse_datetime(document["last_updated"]),
        now=office.now(),
    )
    meant = {**document, "status": status}
    await charges.session_changed(conn, office, token.driver_id, owner, meant)


def _as_begun(
    known: SessionRow | None, document: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Flag]]:
    """A Session that has begun begins no earlier, whatever its CPO says later."""
    if known is None or not _has_begun(known):
        return document, []
    first, start = known.document["start_date_time"], document["start_date_time"]
    if parse_datetime(start) >= parse_datetime(first):
        return document, []
    message = f"it is said to begin at {start}, and began at {first}"
    flag = Flag(SessionRule.DIFFERS, "start_date_time", message)
    return {**document, "start_date_time": first}, [flag]


def _has_begun(known: SessionRow) -> bool:
    return not _BEGUN.isdisjoint(known.statuses)


async def _flags(
    conn: Hot,
    office: Office,
    owner: Party,
    *,
    token: TokenRow,
    document: Mapping[str, Any],
    permitted: bool,
) -> list[Flag]:
    flags: list[Flag] = []
    reference = document.get("authorization_reference")
    if reference is not None:
        why = misfit(
            await authorizations.find(conn, reference),
            token=token,
            cpo=owner,
            location_id=document["location_id"],
            started_at=parse_datetime(document["start_date_time"]),
            ended_at=None,
            permitted=permitted,
        )
        if why is not None:
            message = f"authorization {reference} {why}"
            flags.append(Flag(Rule.AUTHORIZATION_REUSED, "authorization_reference", message))
    if document["status"] == SessionStatus.ACTIVE and token.type == TokenType.RFID:
        others = await store.running_elsewhere(
            conn,
            token.id,
            owner=owner,
            location_id=document["location_id"],
            since=office.now() - _SILENT,
        )
        if others:
            message = f"the card charges elsewhere at the same time: {', '.join(others)}"
            flags.append(Flag(Rule.TOKEN_AT_TWO_PLACES, "cdr_token.uid", message))
    return flags


async def _report(
    conn: Hot,
    office: Office,
    owner: Party,
    token: TokenRow,
    document: Mapping[str, Any],
    *,
    known: SessionRow | None,
    flags: list[Flag],
) -> None:
    """T20: what may be a copied card is for staff to see at once, and once."""
    before = {each["code"] for each in known.flags} if known is not None else set()
    for flag in flags:
        if flag.rule in before:
            continue
        subject = f"session {owner}/{document['id']}"
        log.warning("a session is suspicious", extra={"rule": flag.rule, "session": subject})
        await audit.record(
            conn, "emsp-adapter", action="session flagged", subject=subject, detail=flag.document()
        )
    if {each.rule for each in flags} - before:
        place = document["location_id"]
        suspicion = await suspicion_of(conn, office, token, cpo=owner, location_id=place)
        if suspicion is not None:
            await remark(conn, office, token, suspicion)


async def _hung(
    conn: Hot,
    owner: Party,
    document: Mapping[str, Any],
    *,
    known: SessionRow | None,
    permitted_at: datetime | None,
) -> Sequence[str] | None:
    """What hung at the connector when the charge began, and had been asked for: that is what the
    driver saw, whatever its CPO hangs there later, and whatever it says of the beginning later."""
    if known is not None and known.tariff_ids is not None and _has_begun(known):
        return known.tariff_ids
    place = (document["location_id"], document["evse_uid"], document["connector_id"])
    began = parse_datetime(document["start_date_time"])
    return await offers.hanging(conn, owner, *place, at=max(began, permitted_at or began))


def _older(known: SessionRow, document: Mapping[str, Any], *, now: datetime) -> bool:
    stamp = parse_datetime(document["last_updated"])
    return not takes_the_place(stamp, known.last_updated, now=now, pulled=False)


def _unknown(session_id: str) -> ObjectNotFound:
    return ObjectNotFound(f"session {session_id!r} is not known here")
