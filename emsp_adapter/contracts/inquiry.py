"""Everything that is known beside a CDR, gathered to judge it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from emsp_adapter.contracts.authorization import first_given, misfit
from emsp_adapter.contracts.disputes import Case
from emsp_adapter.contracts.repricing import Known
from emsp_adapter.network import offers
from emsp_adapter.network.places import Plug, UnknownPlace, key_of, plug
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store import authorizations, cdrs, evidence, locations, tariffs, tokens
from emsp_adapter.store.cdrs import CdrRow
from emsp_adapter.store.evidence import Evidence
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.node.engine import Hot
from ocpi_hub.pricing import ReservationOutcome
from ocpi_hub.protocol.types import parse_datetime

_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
_OUTCOMES = {
    "used": ReservationOutcome.USED,
    "expired": ReservationOutcome.EXPIRED,
    "cancelled": ReservationOutcome.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What rules are held against, and what the price is made of."""

    case: Case
    known: Known


async def inquire(conn: Hot, cdr: CdrRow, settings: EmspSettings) -> Inquiry:
    """What is known of a CDR now."""
    found = await evidence.about(conn, cdr)
    place = await _plug(conn, cdr)
    case = await _case(conn, cdr, found, place)
    return Inquiry(case, await _known(conn, cdr, case, settings))


async def _plug(conn: Hot, cdr: CdrRow) -> Plug | None:
    place = cdr.document["cdr_location"]
    try:
        return await plug(
            conn, key_of(cdr.party, place["id"]), place["evse_uid"], place["connector_id"]
        )
    except UnknownPlace:
        # CDR-24: a CDR may be of a Location that was never published.
        return None


async def _case(conn: Hot, cdr: CdrRow, found: Evidence, place: Plug | None) -> Case:
    token = await tokens.get(conn, cdr.token_id)
    if token is None:
        raise LookupError(f"CDR {cdr.id} is of a token that is gone")
    permitted_at = await first_given(
        conn,
        token,
        cpo=cdr.party,
        session_id=cdr.document.get("session_id"),
        started_at=_began(cdr),
    )
    return Case(
        cdr=cdr.document,
        token=token,
        evidence=found,
        misfit=await _misfit(conn, cdr, token, permitted=permitted_at is not None),
        permitted_at=permitted_at,
        connector=None if place is None else place.connector,
        original=await _original(conn, cdr),
    )


async def _misfit(conn: Hot, cdr: CdrRow, token: TokenRow, *, permitted: bool) -> str | None:
    reference = cdr.document.get("authorization_reference")
    if reference is None:
        return None
    return misfit(
        await authorizations.find(conn, reference),
        token=token,
        cpo=cdr.party,
        location_id=cdr.document["cdr_location"]["id"],
        started_at=cdr.started_at,
        ended_at=cdr.ended_at,
        permitted=permitted,
    )


async def _original(conn: Hot, cdr: CdrRow) -> dict[str, Any] | None:
    if not cdr.is_credit:
        return None
    found = await cdrs.find(conn, cdr.party, cdr.document["credit_reference_id"])
    return None if found is None else found.document


async def _known(conn: Hot, cdr: CdrRow, case: Case, settings: EmspSettings) -> Known:
    document, found = cdr.document, case.evidence
    named = [each["id"] for each in document.get("tariffs") or ()]
    named += [each["tariff_id"] for each in document["charging_periods"] if each.get("tariff_id")]
    then = _first(cdr, case)
    offered = await _offered(conn, cdr, found, at=then)
    ids = list(dict.fromkeys([*named, *offered]))
    published = await tariffs.versions_at(conn, cdr.party, ids, then)
    current = [await tariffs.current(conn, cdr.party, each) for each in ids]
    return Known(
        published=published,
        current=[each for each in current if each is not None],
        offered=frozenset(offered),
        told=case.permitted_at is not None or found.session_token_id is not None,
        time_zone=await _time_zone(conn, cdr),
        outcome=_outcome(found),
        profile=found.profile,
        most_unseen=_most_unseen(document["currency"], settings),
    )


def _most_unseen(currency: str, settings: EmspSettings) -> Decimal | None:
    """Twice what is held for a charge is much in that currency, whatever its unit is worth."""
    usual = settings.hold_amounts.get(currency.upper())
    return None if usual is None else 2 * usual


async def _offered(conn: Hot, cdr: CdrRow, found: Evidence, *, at: datetime) -> Sequence[str]:
    """What hung at the connector when the session was new, or, where nobody knows that connector,
    around it."""
    if found.session_tariff_ids is not None:
        return found.session_tariff_ids
    place = cdr.document["cdr_location"]
    where = (cdr.party, place["id"], place["evse_uid"])
    hanging = await offers.hanging(conn, *where, place["connector_id"], at=at)
    return await offers.near(conn, *where, at=at) if hanging is None else hanging


async def _time_zone(conn: Hot, cdr: CdrRow) -> str | None:
    """That of the Location, also where its EVSE is not known: CDR-18, an unused reservation."""
    found = await locations.find(conn, cdr.party, cdr.document["cdr_location"]["id"])
    return None if found is None else str(found["time_zone"])


def _outcome(found: Evidence) -> ReservationOutcome | None:
    """What became of a reservation; None where there was none, or nobody knows."""
    statuses = found.session_statuses or ()
    if found.reservation is None and "RESERVATION" not in statuses:
        return None
    if "ACTIVE" in statuses:
        return ReservationOutcome.USED
    return _OUTCOMES.get(found.reservation or "")


def _first(cdr: CdrRow, case: Case) -> datetime:
    """When the driver saw the price: a CDR does not say that its session began later, nor does its
    CPO say that it began before anybody asked."""
    known = case.evidence.session_start or case.evidence.asked_at
    began = _began(cdr)
    first = began if known is None or known < _EPOCH else min(known, began)
    return max(first, case.permitted_at or first)


def _began(cdr: CdrRow) -> datetime:
    """When the session began; of one that does not say it, when its CDR was made (CDR-21)."""
    if cdr.started_at is None or cdr.started_at < _EPOCH:
        return parse_datetime(cdr.document["last_updated"])
    return cdr.started_at
