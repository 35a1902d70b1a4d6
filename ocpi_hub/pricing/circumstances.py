"""What the hub knows about a session and a CDR does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.reading import mapping, optional_text
from ocpi_hub.pricing.usage import Usage
from ocpi_hub.pricing.zones import country_zone
from ocpi_hub.protocol.errors import InvalidParameters

_NOT_APPLICABLE = "#NA"


class ReservationOutcome(StrEnum):
    """What became of a reservation; a CDR cannot say it."""

    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ZoneSource(StrEnum):
    """Where a time zone comes from."""

    LOCATION = "location"
    CDR = "cdr"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts beside the CDR: the Location's time zone at session start, what became of the
    reservation, the driver's profile."""

    time_zone: str | None = None
    reservation_outcome: ReservationOutcome | None = None
    profile: str | None = None


NOTHING_KNOWN = Circumstances()


class Settled(NamedTuple):
    """The same with what was assumed where nothing is known."""

    time_zone: str | None = None
    zone_source: ZoneSource | None = None
    outcome: ReservationOutcome = ReservationOutcome.USED
    profile: str | None = None
    findings: tuple[Finding, ...] = ()


def settle(cdr: Mapping[str, Any], usage: Usage, known: Circumstances) -> Settled:
    """What a CDR is priced with."""
    time_zone, source = _zone(cdr, known)
    outcome, findings = _outcome(cdr, usage, known)
    return Settled(time_zone, source, outcome, known.profile, findings)


def reservation_outcome(name: str) -> ReservationOutcome:
    """The outcome of that name; InvalidParameters says which there are."""
    try:
        return ReservationOutcome(name)
    except ValueError:
        known = ", ".join(ReservationOutcome)
        raise InvalidParameters(f"reservation outcome: expected {known}, got {name!r}") from None


def _zone(cdr: Mapping[str, Any], known: Circumstances) -> tuple[str | None, ZoneSource | None]:
    """What the hub knows, else an extension of the CPO's, else that of the country."""
    if known.time_zone is not None:
        return known.time_zone, ZoneSource.LOCATION
    location = mapping(cdr.get("cdr_location") or {}, "cdr_location")
    named = optional_text(location.get("time_zone"), "cdr_location.time_zone")
    if named is not None:
        return named, ZoneSource.CDR
    assumed = country_zone(optional_text(location.get("country"), "cdr_location.country"))
    return assumed, None if assumed is None else ZoneSource.COUNTRY


def _outcome(
    cdr: Mapping[str, Any], usage: Usage, known: Circumstances
) -> tuple[ReservationOutcome, tuple[Finding, ...]]:
    """Reserved time without a session is taken as expired."""
    if known.reservation_outcome is not None:
        return known.reservation_outcome, ()
    location = mapping(cdr.get("cdr_location") or {}, "cdr_location")
    unused = cdr.get("session_id") is None or location.get("evse_uid") == _NOT_APPLICABLE
    if not usage.reserved or usage.used or not unused:
        return ReservationOutcome.USED, ()
    message = "nobody says what became of the reservation; taken as expired"
    return ReservationOutcome.EXPIRED, (
        Finding(Code.RESERVATION_OUTCOME_ASSUMED, "/session_id", message),
    )
