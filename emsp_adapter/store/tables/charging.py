"""What drivers asked for: charges, reservations, commands, and the names of plugs on stickers."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from emsp_adapter.store.tables.drivers import drivers
from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import amount, details, document, flag, key, moment, note, since, words

# One row per charge of a driver, whoever began it: an app, a card, a guest.
charges = Table(
    "charges",
    metadata,
    # A UUID; it is the authorization_reference of what the app starts.
    key("id"),
    Column("driver_id", Text, ForeignKey(drivers.c.id), nullable=False),
    # app | card | guest
    words("source"),
    # scheduled | starting | charging | stopping | finished | failed | cancelled | missed
    words("state"),
    # Whose station: Party.key of the CPO.
    words("party"),
    words("location_id"),
    words("evse_uid"),
    note("connector_id"),
    # What the driver is shown of the place, as it was then: {location, physical_reference}.
    document("place"),
    # The Token's uid; null until it is needed: a charge that was only planned has none.
    note("token_uid"),
    note("payment_method"),
    # As it is spelled; null until the Session came.
    note("session_id"),
    since("requested_at"),
    # When a planned one is to begin.
    moment("start_at"),
    moment("started_at"),
    moment("ended_at"),
    # When a start or a stop without news is given up; null: nothing is waited for.
    moment("deadline"),
    note("reason"),
    amount("kwh"),
    amount("power_kw"),
    amount("state_of_charge"),
    # Of when the last Session is.
    moment("measured_at"),
    # The ActiveChargingProfile that the CPO pushed last.
    Column("profile", JSONB),
    Column("preferences", JSONB),
    # The CDR that came is not accepted.
    flag("disputed"),
    # What was reserved on the payment method is to be let go.
    flag("release_due"),
    # It is to be stopped as soon as it runs: its driver was blocked.
    flag("stop_due"),
    since("updated_at"),
    Index("charges_driver_id_requested_at_ix", "driver_id", text("requested_at DESC"), "id"),
    # Those at a charger, for support.
    Index(
        "charges_spot_ix",
        "party",
        text("lower(location_id)"),
        text("requested_at DESC"),
        "id",
    ),
    Index(
        "charges_session_id_uq",
        "party",
        text("lower(session_id)"),
        unique=True,
        postgresql_where=text("session_id IS NOT NULL"),
    ),
    Index("charges_start_at_ix", "start_at", postgresql_where=text("state = 'scheduled'")),
    Index("charges_deadline_ix", "deadline", postgresql_where=text("deadline IS NOT NULL")),
    Index("charges_release_due_ix", "id", postgresql_where=text("release_due")),
    Index("charges_stop_due_ix", "id", postgresql_where=text("stop_due")),
    Index(
        "charges_open_ix",
        "party",
        text("lower(location_id)"),
        text("lower(evse_uid)"),
        postgresql_where=text("state IN ('scheduled', 'starting', 'charging', 'stopping')"),
    ),
)

reservations = Table(
    "reservations",
    metadata,
    # A UUID: the reservation_id and the authorization_reference of RESERVE_NOW.
    key("id"),
    Column("driver_id", Text, ForeignKey(drivers.c.id), nullable=False),
    # requested | confirmed | used | expired | cancelled | refused
    words("state"),
    words("party"),
    words("location_id"),
    words("evse_uid"),
    document("place"),
    words("token_uid"),
    # The Session that stands for it; null until it came.
    note("session_id"),
    Column("until", moment("until").type, nullable=False),
    # When an answer that has not come is given up.
    moment("deadline"),
    note("reason"),
    since("created_at"),
    moment("ended_at"),
    Index("reservations_driver_id_created_at_ix", "driver_id", text("created_at DESC"), "id"),
    Index(
        "reservations_until_ix",
        "until",
        postgresql_where=text("state IN ('requested', 'confirmed')"),
    ),
)

# What was asked of CPOs. `id` is in the response_url; a result that comes late is kept too.
commands = Table(
    "commands",
    metadata,
    key("id"),
    words("kind"),
    words("party"),
    # What it is for; neither: support asked.
    Column("charge_id", Text, ForeignKey(charges.c.id), index=True),
    Column("reservation_id", Text, ForeignKey(reservations.c.id), index=True),
    # Without the Token.
    details("request"),
    # sent | taken | refused | done
    words("state", "sent"),
    # CommandResponseType, or unreachable.
    note("response"),
    # CommandResultType.
    note("result"),
    note("message"),
    since("sent_at"),
    moment("deadline"),
    moment("answered_at"),
)

# Short names of plugs, as on a sticker: a name leads nowhere but here.
plug_codes = Table(
    "plug_codes",
    metadata,
    key("code"),
    words("party"),
    words("location_id"),
    words("evse_uid"),
    words("connector_id"),
    UniqueConstraint("party", "location_id", "evse_uid", "connector_id"),
)

# Where the receipt of somebody without an account goes.
guests = Table(
    "guests",
    metadata,
    Column("driver_id", Text, ForeignKey(drivers.c.id, ondelete="CASCADE"), primary_key=True),
    words("email"),
    since("created_at"),
)
