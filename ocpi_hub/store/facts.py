"""What is known of the session of a CDR beside the CDR: plain values, for who knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class About:
    """A CDR, by what it names; every id is folded, and None where the CDR does not say it."""

    owner: str
    id: str
    emsp: str
    session_id: str | None
    reference: str | None
    token_uid: str
    location_id: str
    evse_uid: str
    connector_id: str
    started_at: datetime | None
    ended_at: datetime | None
    credit_of: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts beside a CDR; the ids of CDRs are folded."""

    # Whose session it is and every status it was in, as the CPO told; None: never heard of.
    session_emsp: str | None
    session_statuses: list[str] | None
    # Whether the authorization was given for this token, CPO, location and time; None: never.
    reference_fits: bool | None
    # Other CDRs of the session that came before and were not credited.
    same_session: list[str]
    # The bytes of the CDR that is credited, its eMSP, and whether it is a Credit CDR itself.
    original: bytes | None
    original_emsp: str | None
    original_is_credit: bool | None
    # Other Credit CDRs of the same original, and other CPOs that have a CDR of its id.
    other_credits: list[str]
    original_elsewhere: list[str]
    # CDRs of the same token at the same time at another location.
    elsewhere: list[str]
    # Who issued a token of that uid, as far as it was published.
    issuers: list[str]
    connector: dict[str, Any] | None
    # Of the reservation: whether it was cancelled and when it expires; None: no reservation.
    reserved_until: datetime | None
    cancelled_at: datetime | None


class TariffVersion(NamedTuple):
    """A Tariff as it was published once; `document` is JSON text."""

    id: str
    document: str
    last_updated: datetime
    received_at: datetime
