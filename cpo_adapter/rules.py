"""What every session is kept by: the operator's party, the pauses, and where new ids come from."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from cpo_adapter.settings import CpoSettings
from ocpi_hub.protocol.party import Party

_MOST_NUMBER = 2**31 - 1


def new_id() -> str:
    """An id of a Session or CDR."""
    return str(uuid4())


def new_number() -> int:
    """A transaction id for 1.6: not to be guessed, or one station could end another's (T29)."""
    return secrets.randbelow(_MOST_NUMBER) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings of charging as spans of time, with what is drawn at random."""

    party: Party
    currency: str
    session_interval: timedelta
    billing_grace: timedelta
    start_window: timedelta
    stuck_after: timedelta
    meter_slack: timedelta
    status_settle: timedelta
    authorize_timeout: float
    new_id: Callable[[], str] = new_id
    new_number: Callable[[], int] = new_number

    @classmethod
    def of(cls, settings: CpoSettings) -> Rules:
        """As the operator set them."""
        return cls(
            party=Party(settings.country_code, settings.party_id),
            currency=settings.currency,
            session_interval=timedelta(seconds=settings.session_interval),
            billing_grace=timedelta(seconds=settings.billing_grace),
            start_window=timedelta(seconds=settings.start_window),
            stuck_after=timedelta(seconds=settings.stuck_after),
            meter_slack=timedelta(seconds=settings.meter_slack),
            status_settle=timedelta(seconds=settings.status_settle),
            authorize_timeout=settings.authorize_timeout,
        )
