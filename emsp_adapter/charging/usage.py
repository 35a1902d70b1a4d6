"""What of a Session or a CDR says which charge it is about, and how far it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus

_FIRST_YEAR, _LAST_YEAR = 1970, 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """`status` is a Session's; a CDR is of a Session that is over."""

    party: Party
    session_id: str | None
    reference: str | None
    token_uid: str
    token_type: str
    location_id: str
    evse_uid: str
    connector_id: str
    place_name: str
    status: SessionStatus
    kwh: Decimal
    start: datetime
    end: datetime | None
    is_credit: bool = False

    @classmethod
    def of_session(cls, party: Party, session: Mapping[str, Any]) -> Usage:
        """What a Session says."""
        status = SessionStatus(session["status"])
        ended = session.get("end_date_time")
        over = status in (SessionStatus.COMPLETED, SessionStatus.INVALID)
        return cls(
            **_who(party, session, session.get("id")),
            location_id=session["location_id"],
            evse_uid=session["evse_uid"],
            connector_id=session["connector_id"],
            place_name=session["location_id"],
            status=status,
            kwh=Decimal(session["kwh"]),
            start=_moment(session, "start_date_time"),
            end=_moment(session, "end_date_time" if ended else "last_updated") if over else None,
        )

    @classmethod
    def of_cdr(cls, party: Party, cdr: Mapping[str, Any]) -> Usage:
        """What a CDR says."""
        place = cdr["cdr_location"]
        return cls(
            **_who(party, cdr, cdr.get("session_id")),
            location_id=place["id"],
            evse_uid=place["evse_uid"],
            connector_id=place["connector_id"],
            place_name=place.get("name") or place["address"],
            status=SessionStatus.COMPLETED,
            kwh=Decimal(cdr["total_energy"]),
            start=_moment(cdr, "start_date_time"),
            end=_moment(cdr, "end_date_time"),
            is_credit=bool(cdr.get("credit")),
        )

    @property
    def runs(self) -> bool:
        """Whether it goes on now."""
        return self.status is SessionStatus.ACTIVE

    @property
    def counts(self) -> bool:
        """Whether a driver has something of it: not of a reservation, or of a card that was held
        to a station and taken away."""
        return self.runs or (self.status is SessionStatus.COMPLETED and self.kwh > 0)


def _moment(document: Mapping[str, Any], name: str) -> datetime:
    """A moment that something can have been charged at; InvalidParameters for every other."""
    found = parse_datetime(document[name])
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise InvalidParameters(
            f"{name}: expected a year from {_FIRST_YEAR} to {_LAST_YEAR}, got {found.year}"
        )
    return found


def _who(party: Party, document: Mapping[str, Any], session_id: str | None) -> dict[str, Any]:
    token = document["cdr_token"]
    return {
        "party": party,
        "session_id": session_id,
        "reference": document.get("authorization_reference"),
        "token_uid": token["uid"],
        "token_type": token["type"],
    }
