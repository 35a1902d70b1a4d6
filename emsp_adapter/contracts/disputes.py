"""What no tariff explains: rules that a CDR breaks by what is known beside it. Pure.

A CDR that breaks one is disputed: nobody is billed for it until staff has looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from emsp_adapter.store.evidence import Evidence
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.pricing.rules import (
    Flag,
    Rule,
    impossible_times,
    moment_of,
    negative,
    no_mirror,
    too_much_energy,
)
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

# Stations stamp loosely; less than an hour's energy too much is no forgery that pays.
_LOOSELY = timedelta(hours=1)
# A last reading may come after the Session, and a clock may be set right.
_MORE_SHARE = Decimal("1.02")
_MORE_KWH = Decimal("0.1")
_LATER = timedelta(minutes=15)
# Such a Session is there before it charges: some leave its start as it was, and some claim what
# came from when it was first told.
_WAITED = {SessionStatus.PENDING.value, SessionStatus.RESERVATION.value}
_REFERRED = (AuthMethod.AUTH_REQUEST, AuthMethod.COMMAND)


class SessionRule(StrEnum):
    """What of a Session its CDR has to keep to."""

    INVALID = "session_invalid"
    DIFFERS = "session_differs"


@dataclass(frozen=True, slots=True)
class Case:
    """A CDR and what is known beside it.

    `misfit` says why the authorization it names is none for it, `permitted_at` when its CPO was
    first told yes for it; `original` is what a Credit CDR takes back.
    """

    cdr: Mapping[str, Any]
    token: TokenRow
    evidence: Evidence
    misfit: str | None
    permitted_at: datetime | None
    connector: Mapping[str, Any] | None
    original: Mapping[str, Any] | None


def broken_rules(case: Case, *, now: datetime) -> list[Flag]:
    """Every hard rule that a validated CDR breaks."""
    return [
        *_matching(case),
        *impossible_times(case.cdr, now),
        *too_much_energy(case.cdr, case.connector, at_least=_LOOSELY),
        *(_credit(case) if case.cdr.get("credit") else _charge(case)),
    ]


def _matching(case: Case) -> Iterator[Flag]:
    """T17, T21: a CDR refers to what we know of."""
    cdr, reference = case.cdr, case.cdr.get("authorization_reference")
    if case.misfit is not None:
        message = f"authorization {reference} {case.misfit}"
        yield Flag(Rule.AUTHORIZATION_REUSED, "authorization_reference", message)
    by_us = cdr["auth_method"] in _REFERRED or case.token.type != TokenType.RFID
    if reference is None and by_us and case.permitted_at is None:
        message = f"{cdr['auth_method']}, and nobody was told yes for this token at that time"
        yield Flag(Rule.UNMATCHED, "auth_method", message)
    if case.evidence.session_of_others:
        owners = ", ".join(each.upper() for each in case.evidence.session_of_others)
        message = f"session {cdr['session_id']} was told of by {owners}"
        yield Flag(Rule.UNMATCHED, "session_id", message)
    named = cdr["cdr_token"]["contract_id"]
    if _plain(named) != _plain(case.token.contract_id):
        message = f"contract {named} is not one of the token's"
        yield Flag(Rule.TOKEN_OWNER, "cdr_token.contract_id", message)
    if case.evidence.session_token_id not in (None, case.token.id):
        message = f"session {cdr['session_id']} began with another token"
        yield Flag(Rule.TOKEN_OWNER, "cdr_token.uid", message)


def _plain(contract_id: str) -> str:
    """The dashes of an eMA ID may be left out."""
    return contract_id.replace("-", "").lower()


def billed_twice(others: Sequence[str]) -> Iterator[Flag]:
    """One charge has one CDR that nothing takes back."""
    if others:
        message = f"the charge was claimed before, by CDR {', '.join(others)}"
        yield Flag(Rule.DUPLICATE_SESSION, "session_id", message)


def _session(case: Case) -> Iterator[Flag]:
    """A CDR claims what its Session said, which is what the driver saw."""
    cdr, evidence = case.cdr, case.evidence
    if evidence.session_status == SessionStatus.INVALID:
        message = f"session {cdr['session_id']} was declared invalid, which is not billed"
        yield Flag(SessionRule.INVALID, "session_id", message)
    kwh = evidence.session_kwh
    over = evidence.session_status == SessionStatus.COMPLETED
    if over and kwh is not None and cdr["total_energy"] > kwh * _MORE_SHARE + _MORE_KWH:
        message = f"total_energy is {cdr['total_energy']} kWh, that of the session was {kwh:f}"
        yield Flag(SessionRule.DIFFERS, "total_energy", message)
    yield from _session_times(cdr, evidence)


def _session_times(cdr: Mapping[str, Any], evidence: Evidence) -> Iterator[Flag]:
    """A CDR is of the time that its Session was of."""
    began, start = evidence.session_start, moment_of(cdr, "start_date_time")
    if began is not None and start is not None:
        waited = bool(_WAITED & set(evidence.session_statuses or ()))
        first = min(began, evidence.session_received_at or began) if waited else began
        if start < first - _LATER or (start > began + _LATER and not waited):
            said = format_datetime(began)
            message = f"it begins at {cdr['start_date_time']}, its session at {said}"
            yield Flag(SessionRule.DIFFERS, "start_date_time", message)
    over, end = evidence.session_end, moment_of(cdr, "end_date_time")
    if over is not None and end is not None and end > over + _LATER:
        said = format_datetime(over)
        message = f"it ends at {cdr['end_date_time']}, its session ended at {said}"
        yield Flag(SessionRule.DIFFERS, "end_date_time", message)


def _charge(case: Case) -> Iterator[Flag]:
    evidence = case.evidence
    yield from billed_twice(evidence.same_charge)
    yield from _session(case)
    if evidence.elsewhere and case.token.type == TokenType.RFID:
        message = (
            "the card charged at another Location at the same time, see"
            f" {', '.join(evidence.elsewhere)}"
        )
        yield Flag(Rule.TOKEN_AT_TWO_PLACES, "cdr_token.uid", message)
    yield from negative(case.cdr)


def _credit(case: Case) -> Iterator[Flag]:
    """T18: a Credit CDR undoes one CDR of the same CPO, once, and all of it."""
    reference, where = case.cdr.get("credit_reference_id"), "credit_reference_id"
    if case.original is None:
        yield Flag(Rule.CREDIT_OF_UNKNOWN, where, f"CDR {reference} has not come")
        return
    if case.original.get("credit"):
        yield Flag(Rule.CREDIT_OF_CREDIT, where, f"CDR {reference} is a Credit CDR itself")
        return
    yield from no_mirror(case.cdr, case.original)
