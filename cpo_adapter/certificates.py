"""Certificates of stations: their signing requests, kept until an operator answers them."""

from __future__ import annotations

from datetime import datetime

from cpo_adapter.ocpp.events import SigningRequested
from cpo_adapter.store import happenings
from ocpi_hub.node.engine import Hot

KIND = "signing"
ANSWERED = "signed"


async def requested(conn: Hot, event: SigningRequested) -> None:
    """Keep a SignCertificate; the chain follows in a CertificateSigned when it is there."""
    detail = {"csr": event.csr, "certificate_type": event.certificate_type}
    await happenings.record(conn, event.station_id, kind=KIND, detail=detail, at=event.received_at)


async def answered(conn: Hot, station_id: str, *, actor: str, now: datetime) -> None:
    """The station has taken the certificate that it asked for."""
    detail = {"actor": actor}
    await happenings.record(conn, station_id, kind=ANSWERED, detail=detail, at=now)
