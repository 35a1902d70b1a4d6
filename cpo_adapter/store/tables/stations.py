"""Stations, and what they say of themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, LargeBinary, Table

from cpo_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import (
    amount,
    count,
    details,
    flag,
    key,
    moment,
    note,
    number_key,
    sealed,
    since,
    words,
)

# One row per charging station, by its OCPP identity (case matters, 1.6 says so of the URL).
stations = Table(
    "stations",
    metadata,
    key("id"),
    # accepted | pending | rejected
    words("status", "accepted"),
    count("security_profile", 1),
    # HMAC-SHA-256 of the Basic password under a key made from SECRET_KEY; null: none is set.
    Column("key_hmac", LargeBinary),
    # What the client certificate's subject must be, for profile 3; null: the station's id.
    note("certificate_subject"),
    # Used when a station offers no sub-protocol; ocpp1.6 | ocpp2.0.1.
    note("subprotocol"),
    # The sub-protocol of its last connection.
    note("protocol"),
    note("vendor"),
    note("model"),
    note("serial_number"),
    note("firmware_version"),
    # Whether a socket is open, as this process last said; what is offline is decided by last_seen.
    flag("connected"),
    moment("connected_at"),
    moment("disconnected_at"),
    moment("last_seen"),
    moment("booted_at"),
    # receive time minus the station's clock, in milliseconds, measured on live frames.
    count("skew_ms", 0),
    # Seconds a CALL to it may take; null: the setting.
    Column("call_timeout", Integer),
    # Several connectors that share one outlet: siblings are BLOCKED while one is in use.
    flag("shared_outlet"),
    # Configuration keys (1.6) or variables (2.0.1) as last read: {name: {value, readonly}}.
    details("configuration"),
    # The maximum in W that it has accepted, to keep its location's limit; null: it knows of none.
    amount("told_watts"),
    # Local authorisation list: its version as last acknowledged.
    count("local_list_version", 0),
    since("created_at"),
)

# The last status each connector reported; connector 0 is the station, or the EVSE in 2.0.1.
statuses = Table(
    "statuses",
    metadata,
    key("station_id"),
    number_key("evse"),
    number_key("connector"),
    # As OCPP says it: Available, Preparing, Occupied, …
    words("status"),
    words("error_code", "NoError"),
    note("info"),
    # By the station's clock, corrected; what is older is not applied.
    moment("at"),
    since("received_at"),
)

# Frames as they went over the wire, redacted; kept for days.
frames = Table(
    "frames",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    since("at"),
    words("station_id"),
    # in | out
    words("direction"),
    # CALL | CALLRESULT | CALLERROR | BAD
    words("kind"),
    note("message_id"),
    note("action"),
    details("payload", "null"),
    # What was wrong with it, one sentence each.
    details("violations", "[]"),
)
Index("frames_station_ix", frames.c.station_id, frames.c.id)
Index("frames_at_ix", frames.c.at)

# When each port was not usable: append-only, an interval is open until `until` is set. `evse` 0 is
# the whole station. Reasons: offline | faulted | unavailable; `excluded`: not the operator's fault.
outages = Table(
    "outages",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    words("station_id"),
    count("evse"),
    words("reason"),
    flag("excluded"),
    since("since"),
    moment("until"),
)
Index("outages_station_ix", outages.c.station_id, outages.c.since)
Index(
    "outages_open_ix",
    outages.c.station_id,
    outages.c.evse,
    outages.c.reason,
    unique=True,
    postgresql_where=outages.c.until.is_(None),
)

# What stations report beside charging: security events, diagnostics, firmware, monitoring.
happenings = Table(
    "happenings",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    since("at"),
    words("station_id"),
    words("kind"),
    details("detail"),
)
Index("happenings_station_ix", happenings.c.station_id, happenings.c.id)

# Keys of the adapter's own, encrypted with SECRET_KEY: a new SECRET_KEY seals them anew, and what
# was made with them stays good.
sealed_keys = Table(
    "sealed_keys",
    metadata,
    key("name"),
    sealed("sealed", nullable=False),
)
