"""What no tariff explains: rules that a CDR breaks by what is known beside it. Pure.

A CDR that breaks one is disputed: nobody is billed for it until staff has looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emsp_adapter.store.evidence import Evidence
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.pricing.rules import (
    Flag,
    Rule,
    impossible_times,
    negative,
    no_mirror,
    too_much_energy,
)
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

# Stations stamp loosely; less than an hour's energy too much is no forgery that pays.
_LOOSELY = timedelta(hours=1)
_REFERRED = (AuthMethod.AUTH_REQUEST, AuthMethod.COMMAND)


@dataclass(frozen=True, slots=True)
class Case:
    """A CDR and what is known beside it.

    `misfit` says why the authorization it names is none for it, `permitted` whether its CPO was
    told yes in its time; `original` is what a Credit CDR takes back.
    """

    cdr: Mapping[str, Any]
    token: TokenRow
    evidence: Evidence
    misfit: str | None
    permitted: bool
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
    if reference is None and by_us and not case.permitted:
        message = f"{cdr['auth_method']}, and nobody was told yes for this token at that time"
        yield Flag(Rule.UNMATCHED, "auth_method", message)
    if case.evidence.session_of_others:
        owners = ", ".join(each.upper() for each in case.evidence.session_of_others)
        message = f"session {cdr['session_id']} was told of by {owners}"
        yield Flag(Rule.UNMATCHED, "session_id", message)
    if case.evidence.session_token_id not in (None, case.token.id):
        message = f"session {cdr['session_id']} began with another token"
        yield Flag(Rule.TOKEN_OWNER, "cdr_token.uid", message)


def _charge(case: Case) -> Iterator[Flag]:
    cdr, evidence = case.cdr, case.evidence
    if evidence.same_session:
        message = (
            f"session {cdr['session_id']} was charged for before, by CDR"
            f" {', '.join(evidence.same_session)}"
        )
        yield Flag(Rule.DUPLICATE_SESSION, "session_id", message)
    if evidence.elsewhere and case.token.type == TokenType.RFID:
        message = (
            "the card charged at another Location at the same time, see"
            f" {', '.join(evidence.elsewhere)}"
        )
        yield Flag(Rule.TOKEN_AT_TWO_PLACES, "cdr_token.uid", message)
    yield from negative(cdr)


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
