"""Transactions of OCPP, which become Sessions and CDRs of OCPI, and what is asked of stations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from cpo_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import (
    amount,
    count,
    details,
    document,
    flag,
    key,
    moment,
    note,
    number_key,
    since,
    words,
)

# One row per transaction; `id` is the Session's id, a UUID. The OCPP id is never exported.
transactions = Table(
    "transactions",
    metadata,
    key("id"),
    words("station_id"),
    # As text: 1.6 has numbers that we issue, 2.0.1 text that the station makes, unique per station.
    note("ocpp_id"),
    count("evse", 0),
    count("connector", 0),
    # The plug as it was mapped when it began; null: not mapped.
    note("location_id"),
    note("evse_uid"),
    note("connector_id"),
    # What the CDR copies of the Location as it was when it began, and what its meter can show:
    # {cdr_location, time_zone, rated_watts, volts}; null: not mapped.
    Column("place", JSONB),
    # As the station sent it.
    note("id_tag"),
    # Whose: Party.key of the eMSP; null: the operator's own or unknown.
    note("owner"),
    # The Token as known at the start; null: unknown.
    Column("token", JSONB),
    note("auth_method"),
    note("authorization_reference"),
    # reserved | pending | active | completed | invalid
    words("state", "active"),
    # Why it will not be billed without a person's word: [{code, message}]; empty: nothing.
    details("suspicions", "[]"),
    # ok | suspect | unbillable | released | written_off
    words("billing", "ok"),
    # When it began in the station's own words: the same start again says the same.
    note("start_stamp"),
    # By the station's clock, corrected, and when we heard.
    moment("started_at"),
    moment("start_received_at"),
    moment("stopped_at"),
    moment("stop_received_at"),
    note("stop_reason"),
    # Registers in Wh.
    amount("meter_start"),
    amount("meter_stop"),
    # Energy so far in Wh, and when and at what power it was last measured.
    amount("energy"),
    moment("measured_at"),
    amount("power_watts"),
    amount("state_of_charge"),
    # charging | suspended_ev | suspended_evse | idle
    words("phase", "idle"),
    Column("seq_no", Integer),
    Column("remote_start_id", Integer),
    Column("reservation_id", Integer),
    # The Tariffs in force when it began, as they will stand in the CDR.
    details("tariffs", "[]"),
    note("charging_preference"),
    # When the CDR is made; null: not yet, or it is.
    moment("bill_at"),
    note("cdr_id"),
    # When the Session was last told, for the pause between two updates.
    moment("told_at"),
    since("last_updated"),
)
# Ids of 1.6 are issued before the answer; several transactions of a station may lack one in 2.0.1.
Index("transactions_ocpp_ix", transactions.c.station_id, transactions.c.ocpp_id, unique=True)
# The same StartTransaction again is the same transaction.
Index(
    "transactions_natural_ix",
    transactions.c.station_id,
    transactions.c.evse,
    transactions.c.start_stamp,
)
Index(
    "transactions_open_ix",
    transactions.c.station_id,
    transactions.c.evse,
    postgresql_where=text("state IN ('reserved', 'pending', 'active')"),
)
Index("transactions_bill_ix", transactions.c.bill_at, postgresql_where=text("bill_at IS NOT NULL"))
Index("transactions_started_ix", transactions.c.started_at)

# What was measured and when the phase changed, in order: the CDR is made of it.
readings = Table(
    "readings",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    words("transaction_id"),
    moment("at"),
    since("received_at"),
    # start | sample | phase | stop
    words("kind"),
    # The register in Wh.
    amount("register"),
    amount("power_watts"),
    amount("current_amps"),
    amount("state_of_charge"),
    # charging | suspended_ev | suspended_evse | idle; null: unchanged.
    note("phase"),
    # What was odd about it: falling, jump, …; such a reading is kept and not counted.
    note("anomaly"),
    # Signed meter values, as they came.
    Column("signed", JSONB),
    # Never read by the billing: all samples as they came.
    details("raw", "null"),
)
Index("readings_transaction_ix", readings.c.transaction_id, readings.c.at, readings.c.id)

cdrs = Table(
    "cdrs",
    metadata,
    key("id"),
    words("transaction_id"),
    document(),
    flag("credit"),
    # The CDR this one credits, or the CDR that replaces it.
    note("about"),
    since("created_at"),
)
Index("cdrs_transaction_ix", cdrs.c.transaction_id)

# Reservations; `id` is the number the station knows, unique over all partners.
reservations = Table(
    "reservations",
    metadata,
    number_key("id"),
    # Party.key of the eMSP; null: the operator's own.
    note("owner"),
    # As the eMSP names it.
    note("reservation_id"),
    words("station_id"),
    count("evse", 0),
    count("connector", 0),
    words("location_id"),
    note("evse_uid"),
    words("id_tag"),
    document("token"),
    note("authorization_reference"),
    since("started_at"),
    moment("expires_at"),
    # requested | active | used | expired | cancelled | refused | faulted
    words("state", "requested"),
    moment("ended_at"),
    # The transaction that stands for it as a Session.
    note("transaction_id"),
    note("response_url"),
    note("peer_id"),
)
Index(
    "reservations_theirs_ix",
    reservations.c.owner,
    reservations.c.location_id,
    reservations.c.reservation_id,
)
Index(
    "reservations_open_ix",
    reservations.c.station_id,
    postgresql_where=text("state IN ('requested', 'active')"),
)

# Commands of eMSPs whose result is owed: done by the station, then told at response_url.
commands = Table(
    "commands",
    metadata,
    # A UUID of ours.
    key("id"),
    # START_SESSION, …, and SET_PROFILE, CLEAR_PROFILE, GET_PROFILE
    words("kind"),
    words("owner"),
    words("peer_id"),
    words("response_url"),
    words("correlation_id"),
    note("station_id"),
    note("transaction_id"),
    document("request"),
    Column("remote_start_id", Integer),
    # waiting | answered | told | given_up
    words("state", "waiting"),
    # What the station made of it, as the result that is owed.
    Column("result", JSONB),
    moment("deadline"),
    since("created_at"),
    count("attempts", 0),
    moment("next_at"),
)
Index("commands_owed_ix", commands.c.next_at, postgresql_where=text("state = 'answered'"))
Index("commands_waiting_ix", commands.c.deadline, postgresql_where=text("state = 'waiting'"))
Index("commands_remote_start_ix", commands.c.station_id, commands.c.remote_start_id)

# The charging profile of a session: one, replaced by the next.
charging_profiles = Table(
    "charging_profiles",
    metadata,
    key("transaction_id"),
    # What the station knows it by.
    Column("profile_id", Integer, Identity(), nullable=False, unique=True),
    # The ChargingProfile of OCPI.
    document(),
    # sent | refused | cleared | lost
    words("state", "sent"),
    note("owner"),
    since("last_updated"),
)
