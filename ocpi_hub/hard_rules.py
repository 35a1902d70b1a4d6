"""What no tariff explains: rules a CDR breaks by what the hub knows beside it.

Pure functions over a CDR and the evidence about it. A broken rule is a flag for both parties, and
never in itself a reason to drop a CDR.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ocpi_hub.pricing.rules import (
    Flag,
    Rule,
    impossible_times,
    negative,
    no_mirror,
    too_much_energy,
)
from ocpi_hub.protocol.jsontext import load_object
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod
from ocpi_hub.store.facts import Evidence

# A CPO may publish a tariff to some eMSPs by other ways: no reason to hold a CDR.
MILD = frozenset({Rule.TARIFF_NOT_PUBLISHED})

_REFERRED = (AuthMethod.AUTH_REQUEST, AuthMethod.COMMAND)


def broken_rules(
    cdr: Mapping[str, Any], evidence: Evidence, *, emsp: str, now: datetime
) -> list[Flag]:
    """Every hard rule that a validated CDR breaks."""
    return [
        *_matching(cdr, evidence, emsp),
        *impossible_times(cdr, now),
        *too_much_energy(cdr, evidence.connector),
        *(_credit(cdr, evidence, emsp) if cdr.get("credit") else _charge(cdr, evidence)),
    ]


# --- whose session it is -------------------------------------------------------------------------


def _matching(cdr: Mapping[str, Any], evidence: Evidence, emsp: str) -> Iterator[Flag]:
    """T17, T21: a CDR refers to what the hub saw."""
    if cdr["auth_method"] in _REFERRED:
        yield from _unmatched(cdr, evidence)
    if evidence.session_emsp not in (None, emsp):
        message = f"session {cdr['session_id']} is one of {_named(evidence.session_emsp)}"
        yield Flag(Rule.TOKEN_OWNER, "cdr_token", message)
    if evidence.issuers and emsp not in evidence.issuers:
        owners = ", ".join(map(_named, evidence.issuers))
        message = f"the token was published by {owners} and not by {_named(emsp)}"
        yield Flag(Rule.TOKEN_OWNER, "cdr_token.uid", message)
    if evidence.reference_fits is False:
        message = (
            f"authorization {cdr['authorization_reference']} was given for another token, CPO,"
            " Location or day"
        )
        yield Flag(Rule.AUTHORIZATION_REUSED, "authorization_reference", message)


def _unmatched(cdr: Mapping[str, Any], evidence: Evidence) -> Iterator[Flag]:
    session_id, reference = cdr.get("session_id"), cdr.get("authorization_reference")
    if session_id is None and reference is None:
        message = f"{cdr['auth_method']} without session_id and authorization_reference"
        yield Flag(Rule.UNMATCHED, "authorization_reference", message)
    if session_id is not None and evidence.session_emsp is None:
        message = f"session {session_id} did not pass this hub"
        yield Flag(Rule.UNMATCHED, "session_id", message)
    if reference is not None and evidence.reference_fits is None:
        message = f"authorization {reference} did not pass this hub"
        yield Flag(Rule.UNMATCHED, "authorization_reference", message)


def _named(key: str | None) -> str:
    return (key or "").upper()


# --- charged once, credited once -----------------------------------------------------------------


def _charge(cdr: Mapping[str, Any], evidence: Evidence) -> Iterator[Flag]:
    if evidence.same_session:
        others = ", ".join(evidence.same_session)
        message = f"session {cdr['session_id']} was billed before, by CDR {others}"
        yield Flag(Rule.DUPLICATE_SESSION, "session_id", message)
    if evidence.elsewhere:
        others = ", ".join(evidence.elsewhere)
        message = f"the token charged at another Location at the same time, see CDR {others}"
        yield Flag(Rule.TOKEN_AT_TWO_PLACES, "cdr_token.uid", message)
    yield from negative(cdr)


def _credit(cdr: Mapping[str, Any], evidence: Evidence, emsp: str) -> Iterator[Flag]:
    """T18: a Credit CDR undoes one CDR of the same CPO, once, and all of it."""
    reference, where = cdr.get("credit_reference_id"), "credit_reference_id"
    if evidence.original is None:
        if evidence.original_elsewhere:
            others = ", ".join(map(_named, evidence.original_elsewhere))
            yield Flag(Rule.CREDIT_OF_ANOTHER, where, f"CDR {reference} is one of {others}")
        else:
            yield Flag(Rule.CREDIT_OF_UNKNOWN, where, f"CDR {reference} did not pass this hub")
        return
    if evidence.original_is_credit:
        yield Flag(Rule.CREDIT_OF_CREDIT, where, f"CDR {reference} is a Credit CDR itself")
    if evidence.other_credits:
        others = ", ".join(evidence.other_credits)
        message = f"CDR {reference} was credited before, by {others}"
        yield Flag(Rule.CREDIT_TWICE, where, message)
    if evidence.original_emsp != emsp:
        message = f"CDR {reference} was sent to {_named(evidence.original_emsp)}"
        yield Flag(Rule.CREDIT_DIFFERS, "cdr_token", message)
    yield from no_mirror(cdr, load_object(evidence.original))
